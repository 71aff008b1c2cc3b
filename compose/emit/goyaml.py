"""YAML as Go's yaml.v3 writes it.

One deliberate difference: text that begins with a line break keeps it (yaml.v3 loses it), so that the output always loads
back to the same model.
"""

from __future__ import annotations

from compose.loader.scalars import Timestamp, resolve_plain
from compose.text import go_float
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_OLD_BOOLEANS = frozenset(
    ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF")
)  # fmt: skip
_START = frozenset(",#[]{}&*!|>'\"%@`")
_BREAKS = frozenset("\n\r\x85\u2028\u2029")
_BLANK = frozenset(" \t") | _BREAKS
_ESCAPES = {
    "\0": "\\0",
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
    "\x1b": "\\e",
    '"': '\\"',
    "\\": "\\\\",
    "\x85": "\\N",
    "\u2028": "\\L",
    "\u2029": "\\P",
}
_LONGEST_SIMPLE_KEY = 128


def to_yaml(tree: dict[str, Any]) -> str:
    """A mapping as a YAML document."""
    if not tree:
        return "{}\n"
    lines: list[str] = []
    _Yaml(lines).mapping(tree, 0)
    lines.append("")
    return "\n".join(lines)


class _Yaml:
    """Block style, two columns a level, sequences indented below their key."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.simple: dict[str, str] = {}
        self.keys: dict[str, str] = {}

    def mapping(self, value: dict[str, Any], column: int, first: str | None = None) -> None:
        """A block mapping at a column; ``first`` replaces the indentation of its first line (after ``- ``)."""
        lines, simple = self.lines, self.simple
        pad = " " * column
        lead = pad if first is None else first
        for key, item in value.items():
            shown = self.keys.get(key)
            if shown is None:
                shown = self.keys[key] = self.key(key)
            if not shown:
                lines.append(f"{lead}? {self.scalar(key, column + 2)}")
                lead = pad
            if type(item) is str and item in simple:
                lines.append(f"{lead}{shown}: {simple[item]}")
            elif isinstance(item, dict) and item:
                lines.append(f"{lead}{shown}:")
                self.mapping(item, column + 2)
            elif isinstance(item, list) and item:
                lines.append(f"{lead}{shown}:")
                self.sequence(item, column + 2)
            else:
                lines.append(f"{lead}{shown}: {self.scalar(item, column + 2)}")
            lead = pad

    def key(self, key: str) -> str:
        """A key as it stands before its colon; empty when it needs a line of its own."""
        if len(key.encode()) > _LONGEST_SIMPLE_KEY or not _BREAKS.isdisjoint(key):
            return ""
        return '"<<"' if key == "<<" else self.word(key)  # unquoted it would merge a mapping

    def sequence(self, value: list[Any], column: int, first: str | None = None) -> None:
        """A block sequence at a column."""
        pad = " " * column
        for item in value:
            lead = (pad if first is None else first) + "- "
            first = None
            if isinstance(item, dict) and item:
                self.mapping(item, column + 2, lead)
            elif isinstance(item, list) and item:
                self.sequence(item, column + 2, lead)
            else:
                self.lines.append(lead + self.scalar(item, column + 2))

    def scalar(self, value: Any, column: int) -> str:
        """Any leaf; text of several lines is indented to the column."""
        if type(value) is str:
            if "\n" in value:
                return _literal(value, column)
            return self.word(value, column)
        if value is None:
            return "null"
        if value is True:
            return "true"
        if value is False:
            return "false"
        if isinstance(value, float):
            shown = go_float(value)
            return {"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}.get(shown, shown)
        if isinstance(value, Timestamp):
            return value.written
        if isinstance(value, dict):
            return "{}"
        if isinstance(value, list):
            return "[]"
        return str(value)

    def word(self, text: str, column: int = 0) -> str:
        """Text of one line, quoted as needed."""
        shown = self.simple.get(text)
        if shown is None:
            shown = _quoted(text, column)
            self.simple[text] = shown
        return shown


def _quoted(text: str, column: int) -> str:
    if text.isalnum() and text.isascii() and text[0] > "9" and text.lower() not in _MAYBE_WORDS:
        return text
    resolved = resolve_plain(text)
    if type(resolved) is not str or resolved != text or text in _OLD_BOOLEANS or _is_base60(text):
        return _double(text)
    if _plain_allowed(text):
        return text
    if any(char == "\t" or not _printable(char) for char in text) or any(
        (before == " " and char in _BREAKS) or (before in _BREAKS and char == " ")
        for before, char in zip(text, text[1:], strict=False)  # noqa: RUF007 - itertools is not loaded here
    ):
        return _double(text)
    quoted = text.replace("'", "''")
    for char in "\u2028\u2029":
        quoted = quoted.replace(char, char + " " * column)
    return f"'{quoted}'"


_MAYBE_WORDS = frozenset(["y", "yes", "on", "n", "no", "off", "true", "false", "null"])


def _is_base60(text: str) -> bool:
    """YAML 1.1 reads ``190:20:30`` as a number."""
    if ":" not in text or text[0] not in "+-0123456789":
        return False
    head, *rest = text.lstrip("+-").split(":") if text[0] in "+-" else text.split(":")
    if not head[:1].isdigit() or not head.replace("_", "").isdigit():
        return False
    last, _, fraction = rest[-1].partition(".")
    if fraction and not fraction.replace("_", "0").isdigit():
        return False
    return all(
        part.isdigit() and (len(part) == 1 or (len(part) == 2 and part[0] < "6"))
        for part in (*rest[:-1], last)
    )


def _printable(char: str) -> bool:
    return (
        " " <= char <= "~"
        or char == "\n"
        or "\xa0" <= char <= "\ud7ff"
        or ("\ue000" <= char <= "\ufffd" and char != "\ufeff")
    )


def _plain_allowed(text: str) -> bool:
    """Whether libyaml's analysis lets a text of one line stand unquoted in block style."""
    first = text[0]
    following = text[1:2]
    if first in _START or text[:3] in ("---", "..."):
        return False
    if first in "?:-" and (not following or following in _BLANK):
        return False
    if first == " " or text[-1] == " ":
        return False
    if text.isascii() and text.isprintable():
        return ": " not in text and text[-1] != ":" and " #" not in text
    before = first
    for index, char in enumerate(text):
        if char == ":" and (index + 1 == len(text) or text[index + 1] in _BLANK):
            return False
        if char == "#" and before in _BLANK:
            return False
        if char in _BREAKS or char == "\t" or not _printable(char):
            return False
        before = char
    return True


def _double(text: str) -> str:
    # libyaml's Go port escapes all of a text that begins with a BOM
    everything = text.startswith("\ufeff")
    out = []
    for char in text:
        if char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif _printable(char) and not everything:
            out.append(char)
        else:
            code = ord(char)
            letter, digits = ("x", 2) if code < 0x100 else ("u", 4) if code < 0x10000 else ("U", 8)
            out.append(f"\\{letter}{code:0{digits}X}")
    return f'"{"".join(out)}"'


def _literal(text: str, column: int) -> str:
    """A block scalar, where its content allows one."""
    if text[-1] == " " or " \n" in text or any(not _printable(c) and c != "\t" for c in text):
        return _double(text)
    if any(char in "\u2028\u2029" for char in text):
        return _double(text)
    hint = "2" if text[0] in " \n" else ""
    if text[-1] != "\n":
        chomp = "-"
    else:
        chomp = "+" if len(text) == 1 or text[-2] == "\n" else ""
    body = text.removesuffix("\n")
    pad = " " * column
    lines = [pad + line if line else "" for line in body.split("\n")]
    return "\n".join([f"|{hint}{chomp}", *lines])
