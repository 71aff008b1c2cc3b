"""Words of a Dockerfile: quotes, escapes and the expansion of variables. Pure.

The forms are the Dockerfile reference's: ``$v``, ``${v}``, ``:-``, ``-``, ``:+``, ``+``, ``:?``, ``?``, ``#``, ``##``, ``%``,
``%%``, ``/`` and ``//``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

_SPECIAL = frozenset("@*#?-$!0")
_REGEX = frozenset("[]{}.+()|^$")


class Expanded(NamedTuple):
    """``matched`` and ``unmatched``: names of variables that were asked for, set and not."""

    text: str
    words: list[str]
    matched: frozenset[str]
    unmatched: frozenset[str]


class Lexicon:
    """How words are read: ``raw_*`` leaves quotes or escapes in the result, ``keep_unset`` leaves unset variables."""

    def __init__(
        self,
        escape: str = "\\",
        *,
        raw_quotes: bool = False,
        raw_escapes: bool = False,
        keep_unset: bool = False,
        plain_quotes: bool = False,
    ) -> None:
        self.escape = escape
        self.raw_quotes = raw_quotes
        self.raw_escapes = raw_escapes
        self.keep_unset = keep_unset
        self.plain_quotes = plain_quotes  # quotes are ordinary characters

    def expand(self, text: str, values: Mapping[str, str]) -> Expanded:
        """Resolve ``text``; InvalidArgument for a substitution that is none."""
        reading = _Reading(self, text, values)
        try:
            result, words = reading.until("", self.raw_escapes)
        except InvalidArgument as err:
            raise InvalidArgument(f'failed to process "{text}": {err.message}') from err
        return Expanded(result, words, frozenset(reading.matched), frozenset(reading.unmatched))

    def word(self, text: str, values: Mapping[str, str]) -> str:
        """The text with variables and quotes resolved."""
        return self.expand(text, values).text

    def words(self, text: str, values: Mapping[str, str]) -> list[str]:
        """The same, split at spaces that are not quoted."""
        return self.expand(text, values).words


class _Words:
    """Collects words: spaces that were not quoted end one."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._word = ""

    def char(self, char: str) -> None:
        if not char.isspace():
            self._word += char
        elif self._word:
            self.found.append(self._word)
            self._word = ""

    def raw(self, text: str) -> None:
        self._word += text

    def all(self) -> list[str]:
        return [*self.found, self._word] if self._word else self.found


class _Reading:
    """One pass over a text."""

    def __init__(self, lexicon: Lexicon, text: str, values: Mapping[str, str]) -> None:
        self._lexicon = lexicon
        self._text = text
        self._values = values
        self._at = 0
        self._raw_escapes = lexicon.raw_escapes
        self.matched: set[str] = set()
        self.unmatched: set[str] = set()

    def until(self, stop: str, raw_escapes: bool) -> tuple[str, list[str]]:
        """Up to the character ``stop`` (consumed), or the end for ""."""
        before, self._raw_escapes = self._raw_escapes, raw_escapes
        try:
            return self._until(stop)
        finally:
            self._raw_escapes = before

    def _until(self, stop: str) -> tuple[str, list[str]]:
        result, words = "", _Words()
        while self._at < len(self._text):
            char = self._text[self._at]
            if stop and char == stop:
                self._at += 1
                return result, words.all()
            if char == "$":
                value = self._dollar()
                result += value
                for each in value:
                    words.char(each)
            elif char in "'\"" and not self._lexicon.plain_quotes:
                value = self._single() if char == "'" else self._double()
                result += value
                words.raw(value)
            elif char == self._lexicon.escape:
                result += self._escaped(words)
            else:
                self._at += 1
                result += char
                words.char(char)
        if stop:
            raise InvalidArgument(f"unexpected end of statement while looking for matching {stop}")
        return result, words.all()

    def _escaped(self, words: _Words) -> str:
        kept = self._lexicon.escape if self._raw_escapes else ""
        words.raw(kept)
        following = self._text[self._at + 1 : self._at + 2]
        self._at += 2
        words.raw(following)
        return kept + following

    def _single(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise InvalidArgument(
                "unexpected end of statement while looking for matching single-quote"
            )
        inner = self._text[self._at + 1 : end]
        self._at = end + 1
        return f"'{inner}'" if self._lexicon.raw_quotes else inner

    def _double(self) -> str:
        quote = '"' if self._lexicon.raw_quotes else ""
        result = quote
        self._at += 1
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == '"':
                self._at += 1
                return result + quote
            if char == "$":
                result += self._dollar()
                continue
            self._at += 1
            if char == self._lexicon.escape:
                following = self._text[self._at : self._at + 1]
                if self._raw_escapes:
                    result += char
                if not following:
                    continue
                if following in ('"', "$", self._lexicon.escape):
                    char = following
                    self._at += 1
            result += char
        raise InvalidArgument("unexpected end of statement while looking for matching double-quote")

    def _dollar(self) -> str:
        self._at += 1
        if not self._text.startswith("{", self._at):
            name = self._name()
            if not name:
                return "$"
            value = self._value(name)
            if value is None:
                return f"${name}" if self._lexicon.keep_unset else ""
            return value
        self._at += 1
        following = self._text[self._at : self._at + 1]
        if not following:
            raise InvalidArgument("syntax error: missing '}'")
        if following in "{}:":
            raise InvalidArgument("syntax error: bad substitution")
        name = self._name()
        operator = self._text[self._at : self._at + 1]
        self._at += 1
        if operator == "}":
            value = self._value(name)
            if value is None:
                return f"${{{name}}}" if self._lexicon.keep_unset else ""
            return value
        if operator == "/":
            return self._replaced(name)
        colon = operator == ":"
        if colon:
            operator = self._text[self._at : self._at + 1]
            self._at += 1
        if not operator:
            raise InvalidArgument("syntax error: missing '}'")
        return self._modified(name, operator, colon=colon)

    def _modified(self, name: str, operator: str, *, colon: bool) -> str:
        shown = ":" + operator if colon else operator
        if operator not in "+-?#%":
            raise InvalidArgument(f"unsupported modifier ({shown}) in substitution")
        word = self._inner("}", operator in "#%")
        value = self._value(name)
        if value is None and self._lexicon.keep_unset:
            return f"${{{name}{shown}{word}}}"
        missing = value is None or (colon and not value)
        if operator == "-":
            return word if missing else value or ""
        if operator == "+":
            return "" if missing else word
        if operator == "?":
            if missing:
                state = "unset" if value is None else "empty"
                raise InvalidArgument(f"{name}: {word or f'is not allowed to be {state}'}")
            return value or ""
        greedy = word.startswith(operator)
        pattern = word[1:] if greedy else word
        return _trimmed(pattern, value or "", greedy=greedy, front=operator == "#")

    def _replaced(self, name: str) -> str:
        every = self._text.startswith("/", self._at)
        self._at += every
        pattern = self._inner("/", True)
        replacement = self._inner("}", True)
        value = self._value(name)
        if value is None and self._lexicon.keep_unset:
            return f"${{{name}/{pattern}/{replacement}}}"
        found = re.compile(_regex(pattern, greedy=True))
        return found.sub(lambda _: replacement, value or "", count=0 if every else 1)

    def _inner(self, stop: str, raw_escapes: bool) -> str:
        try:
            return self.until(stop, raw_escapes)[0]
        except InvalidArgument:
            if self._at < len(self._text):
                raise
            missing = "'/' in ${}" if stop == "/" else "'}'"
            raise InvalidArgument(f"syntax error: missing {missing}") from None

    def _name(self) -> str:
        """A name; a number; or one of the shell's special parameters."""
        start = self._at
        char = self._text[start : start + 1]
        if char.isdigit():
            while self._text[self._at : self._at + 1].isdigit():
                self._at += 1
        elif char in _SPECIAL and char:
            self._at += 1
        else:
            while (char := self._text[self._at : self._at + 1]).isalnum() or char == "_":
                self._at += 1
        return self._text[start : self._at]

    def _value(self, name: str) -> str | None:
        value = self._values.get(name)
        (self.unmatched if value is None else self.matched).add(name)
        return value


def _trimmed(pattern: str, value: str, *, greedy: bool, front: bool) -> str:
    """``value`` without the shortest or longest part at one end that the pattern matches."""
    if front:
        match = re.match(_regex(pattern, greedy=greedy), value)
        return value[match.end() :] if match else value
    expression = re.compile(_regex(pattern, greedy=True) + r"\Z")
    starts = range(len(value) + 1) if greedy else range(len(value), -1, -1)
    for start in starts:
        if expression.match(value, start):
            return value[:start]
    return value


def _regex(pattern: str, *, greedy: bool) -> str:
    """A shell pattern (``*`` and ``?`` only) as a regular expression; InvalidArgument for an escape that makes no sense."""
    out, index = "", 0
    while index < len(pattern):
        char = pattern[index]
        index += 1
        if char == "*":
            out += ".*" if greedy else ".*?"
        elif char == "?":
            out += "."
        elif char == "\\":
            following = pattern[index : index + 1]
            if following in ("}", "/"):
                continue
            if following not in ("*", "?", "\\"):
                raise InvalidArgument(
                    f"invalid pattern ({pattern}) in substitution: invalid escape '\\{following}'"
                )
            out += "\\" + following
            index += 1
        else:
            out += "\\" + char if char in _REGEX else char
    return out
