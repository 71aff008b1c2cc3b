"""Patterns of paths: those of .dockerignore and --exclude (Moby's patternmatcher), and wildcards (Go's filepath.Match). Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence

from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

_LITERAL = frozenset(".+()|{}$^")
_WILD = frozenset("*?[")


class Pattern(NamedTuple):
    expression: re.Pattern[str]
    exception: bool  # "!": what matches is in again


class Matcher:
    """An ordered list of patterns; the last one that says something about a path, or a directory above it, decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.patterns = [found for line in lines if (found := _pattern(line)) is not None]
        self.exceptions = any(pattern.exception for pattern in self.patterns)

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def matches(self, path: str) -> bool:
        """Whether ``path`` (relative, no "..") is meant."""
        parts = path.split("/")
        prefixes = ["/".join(parts[: length + 1]) for length in range(len(parts))]
        matched = False
        for pattern in self.patterns:
            # An exception cannot take out what is not in, nor a pattern put in what is.
            if pattern.exception == matched and any(map(pattern.expression.fullmatch, prefixes)):
                matched = not pattern.exception
        return matched


def read_ignore_file(text: str) -> list[str]:
    """The patterns of a .dockerignore, cleaned."""
    found = []
    for row in text.removeprefix("\ufeff").splitlines():
        if row.startswith("#"):
            continue
        line = row.strip()
        if not line:
            continue
        exception = line.startswith("!")
        line = line[1:].strip() if exception else line
        if line:
            line = posixpath.normpath(line)
            if len(line) > 1:
                line = line.lstrip("/") or "/"
        found.append("!" + line if exception else line)
    return found


def _pattern(line: str) -> Pattern | None:
    text = line.strip()
    exception = text.startswith("!")
    text = text[1:].strip() if exception else text
    if not text:
        if exception:
            raise InvalidArgument('illegal exclusion pattern: "!"')
        return None
    text = posixpath.normpath(text).lstrip("/")
    try:
        return Pattern(re.compile(_expression(text), re.DOTALL), exception)
    except re.error as err:
        raise InvalidArgument(f'invalid pattern "{line}": {err}') from err


def _expression(text: str) -> str:
    out, index = "", 0
    while index < len(text):
        char = text[index]
        index += 1
        if text.startswith("**", index - 1):
            index += 1
            index += text.startswith("/", index)
            out += "(?:.*/)?" if index < len(text) else ".*"
        elif char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "\\":
            out += re.escape(text[index : index + 1] or "\\")
            index += 1
        elif char in _LITERAL and not (char == "^" and out.endswith("[")):
            out += "\\" + char
        else:
            out += char
    return out


def has_wildcards(text: str) -> bool:
    """Whether a path is a pattern (``*``, ``?``, ``[``), escaped ones not counted."""
    return bool(_WILD.intersection(re.sub(r"\\.", "", text)))


def unescaped(text: str) -> str:
    """A path without wildcards as it is meant."""
    return re.sub(r"\\(.)", r"\1", text)


def component(text: str) -> re.Pattern[str]:
    """One component of a wildcard pattern; InvalidArgument."""
    out, index = "", 0
    while index < len(text):
        char = text[index]
        index += 1
        if char == "*":
            out += ".*"
        elif char == "?":
            out += "."
        elif char == "\\":
            out += re.escape(text[index : index + 1])
            index += 1
        elif char == "[":
            end = text.find("]", index + 1)
            if end < 0:
                raise InvalidArgument(f'syntax error in pattern "{text}"')
            inner = text[index:end]
            out += f"[{inner.replace('[', chr(92) + '[')}]"
            index = end + 1
        else:
            out += re.escape(char)
    try:
        return re.compile(out, re.DOTALL)
    except re.error as err:
        raise InvalidArgument(f'syntax error in pattern "{text}"') from err


class Parents:
    """The one pattern of ``COPY --parents``: what matches it, and all below that."""

    def __init__(self, pattern: str) -> None:
        self._matcher = Matcher([pattern])
        self._parts: Sequence[str] = pattern.split("/")
        self._deep = "**" in pattern

    def matches(self, path: str) -> bool:
        return self._matcher.matches(path)

    def may_hold(self, path: str) -> bool:
        """Whether something below the directory ``path`` can match."""
        if self._deep:
            return True
        parts = path.split("/")
        if len(parts) >= len(self._parts):
            return False
        pairs = zip(parts, self._parts, strict=False)
        return all(component(pattern).fullmatch(part) for part, pattern in pairs)
