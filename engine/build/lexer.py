"""A Dockerfile's text → logical lines: directives, comments, continuations, flags and here-documents. Pure.

The rules are BuildKit's (frontend/dockerfile/parser): a line ends unless the escape character is its last one; comment
lines inside a continued line vanish; empty ones do too, with a warning.
"""

from __future__ import annotations

import re

from engine.build.words import Lexicon
from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_HEREDOC = re.compile(r"(\d*)<<(-?)([^<]*)")
_WITH_HEREDOCS = frozenset({"add", "copy", "run"})
_BOM = "\ufeff"


class Heredoc(NamedTuple):
    """A here-document as written: ``expand`` unless a part of its name was quoted, ``chomp`` for ``<<-``."""

    name: str
    expand: bool
    chomp: bool
    content: str

    def text(self) -> str:
        """The content, without leading tabs where they are to go."""
        if not self.chomp:
            return self.content
        return "".join(line.lstrip("\t") for line in self.content.splitlines(keepends=True))


class Line(NamedTuple):
    """One instruction: ``text`` is the joined line, ``rest`` what follows keyword and flags."""

    keyword: str
    flags: tuple[str, ...]
    rest: str
    text: str
    start: int
    end: int
    heredocs: tuple[Heredoc, ...] = ()
    comments: tuple[str, ...] = ()
    gap: bool = False  # an empty line was inside


class Source(NamedTuple):
    lines: tuple[Line, ...]
    directives: dict[str, str]
    escape: str


class DockerfileError(InvalidArgument):
    """The Dockerfile is wrong at the lines ``start`` to ``end``."""

    def __init__(self, message: str, start: int, end: int = 0, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.start = start
        self.end = end or start


def read(text: str) -> Source:
    """Take a Dockerfile apart; DockerfileError for a directive or here-document that makes no sense."""
    # Not str.splitlines(): form feeds and their kin are ordinary characters here.
    rows = [row.removesuffix("\r") for row in text.removeprefix(_BOM).split("\n")]
    if not rows[-1]:
        rows.pop()
    directives = _directives(rows)
    escape = directives.get("escape", "\\")
    reader = _Reader(rows, escape)
    lines = tuple(reader.lines())
    if not lines:
        raise DockerfileError("the Dockerfile has no instructions", len(rows))
    return Source(lines, directives, escape)


def _directives(rows: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        match = _DIRECTIVE.match(row.lstrip())
        name = match[1].lower() if match else ""
        if match is None or name not in _DIRECTIVES:
            break
        if name in found:
            raise DockerfileError(f"only one {name} parser directive can be used", number)
        if name == "escape" and match[2] not in ("\\", "`"):
            raise DockerfileError(
                f"invalid escape token '{match[2]}' does not match ` or \\", number
            )
        found[name] = match[2]
    return found


class _Reader:
    """Walks over the rows of a file."""

    def __init__(self, rows: list[str], escape: str) -> None:
        self._rows = rows
        self._escape = escape
        self._next = 0  # index of the row to come
        self._continued = re.compile(re.escape(escape) + r"[ \t]*$")

    def lines(self) -> list[Line]:
        found: list[Line] = []
        comments: list[str] = []
        while self._next < len(self._rows):
            row = self._rows[self._next].lstrip()
            if row.startswith("#"):
                comments.append(row[1:].strip())
                self._next += 1
                continue
            if not row:
                comments = []
                self._next += 1
                continue
            found.append(self._line(tuple(comments)))
            comments = []
        return [line for line in found if line.keyword]

    def _line(self, comments: tuple[str, ...]) -> Line:
        start = self._next + 1
        text, gap = self._joined()
        keyword, flags, rest = split(text)
        heredocs = self._heredocs(keyword, rest, start)
        return Line(
            keyword, tuple(flags), rest, text.strip(), start, self._next, heredocs, comments, gap
        )

    def _joined(self) -> tuple[str, bool]:
        """The line that begins here with all its continuations, and whether an empty one was among them."""
        row = self._rows[self._next].lstrip()
        self._next += 1
        parts, gap = [self._continued.sub("", row)], False
        more = parts[0] != row
        while more and self._next < len(self._rows):
            row = self._rows[self._next]
            self._next += 1
            if row.lstrip().startswith("#"):
                continue
            if not row.strip():
                gap = True
                continue
            parts.append(self._continued.sub("", row))
            more = parts[-1] != row
        return "".join(parts), gap

    def _heredocs(self, keyword: str, rest: str, start: int) -> tuple[Heredoc, ...]:
        if "<<" not in rest or not _may_hold_heredocs(keyword, rest):
            return ()
        found = []
        for word in Lexicon(self._escape, raw_quotes=True, raw_escapes=True, keep_unset=True).words(
            rest, {}
        ):
            mark = heredoc_mark(word, self._escape)
            if mark is not None:
                found.append(mark._replace(content=self._content(mark, start)))
        return tuple(found)

    def _content(self, mark: Heredoc, start: int) -> str:
        rows: list[str] = []
        while self._next < len(self._rows):
            row = self._rows[self._next]
            self._next += 1
            if (row.lstrip("\t") if mark.chomp else row) == mark.name:
                return "".join(f"{row}\n" for row in rows)
            rows.append(row)
        raise DockerfileError(f"unterminated heredoc {mark.name}", start, self._next)


def _may_hold_heredocs(keyword: str, rest: str) -> bool:
    word = keyword.lower()
    if word == "onbuild":
        inner, _, rest = split(rest)
        word = inner.lower()
    return word in _WITH_HEREDOCS and not _is_json(rest)


def _is_json(rest: str) -> bool:
    import json

    if not rest.startswith("["):
        return False
    try:
        json.loads(rest)
    except ValueError:
        return False
    return True


def heredoc_mark(word: str, escape: str) -> Heredoc | None:
    """The here-document that ``word`` begins (without its content); None for an ordinary word."""
    match = _HEREDOC.fullmatch(word)
    if match is None or not match[3]:
        return None
    words = Lexicon(escape, keep_unset=True).words(match[3], {})
    if len(words) != 1:
        return None
    return Heredoc(words[0], words[0] == match[3], match[2] == "-", "")


def split(text: str) -> tuple[str, list[str], str]:
    """(keyword, flags, the rest) of a line."""
    parts = re.split(r"[\t\v\f\r ]+", text.strip(), maxsplit=1)
    if len(parts) == 1:
        return parts[0], [], ""
    flags, rest = _flags(parts[1].strip())
    return parts[0], flags, rest


def _flags(text: str) -> tuple[list[str], str]:
    """The words at the beginning that start with "--" (quotes and backslashes resolved), and what follows them."""
    flags: list[str] = []
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if not text.startswith("--", position):
            return flags, text[position:]
        word, position = _flag(text, position)
        if word == "--":
            return flags, text[position:].lstrip()
        flags.append(word)


def _flag(text: str, position: int) -> tuple[str, int]:
    word, quote = "", ""
    while position < len(text):
        char = text[position]
        if quote and char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif not quote and char.isspace():
            break
        elif char == "\\":
            position += 1
            word += text[position : position + 1]
        else:
            word += char
        position += 1
    return word, position
