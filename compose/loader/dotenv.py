"""The ``.env`` dialect of Compose (compose-go dotenv): not a shell, not python-dotenv.

``export`` is allowed, ``:`` separates like ``=``, an inline comment needs a blank before it, single quotes are literal,
double quotes know escapes, both may span lines; a bare key is inherited from the environment or dropped.
"""

from __future__ import annotations

from compose.loader.template import InvalidTemplate, MissingRequired, substitute
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.loader.template import Lookup, Warn

_SPACES = "\t\v\f\r \x85\xa0"
_KEY_EXTRA = "_.-[]"
_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    '"': '"',
    "\\": "\\",
    "$": "$$",  # the template reads $$ as a dollar
}


class DotenvError(ValueError):
    """A line that cannot be read; the message begins with ``line N``."""


def parse(text: str, lookup: Lookup, warn: Warn) -> dict[str, str]:
    """The variables of a file; values may use the environment (by lookup) and earlier keys."""
    found: dict[str, str] = {}
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")

    def inner(name: str) -> str | None:
        value = lookup(name)
        return found.get(name) if value is None else value

    position = _statement(text, 0)
    while position < len(text):
        key, position, inherited = _key(text, position)
        if inherited:
            value = lookup(key)
            if value is not None:
                found[key] = value
        else:
            found[key], position = _value(text, position, inner, warn)
        position = _statement(text, position)
    return found


def parse_raw(text: str, lookup: Lookup) -> dict[str, str]:
    """``format: raw``: no quotes, no interpolation, everything after ``=`` is the value."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        stripped = line.lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        key, separator, value = stripped.partition("=")
        if not key or any(char.isspace() for char in key):
            raise DotenvError(f"line {number}: variable {key!r} contains whitespaces")
        if separator:
            found[key] = value
        else:
            inherited = lookup(key)
            if inherited is not None:
                found[key] = inherited
    return found


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _statement(text: str, position: int) -> int:
    """The next character that is neither blank nor comment."""
    while position < len(text):
        if text[position].isspace():
            position += 1
        elif text[position] == "#":
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        else:
            break
    return position


def _key(text: str, position: int) -> tuple[str, int, bool]:
    """(key, where its value begins, whether the key stands alone)."""
    if text.startswith("export", position) and text[position + 6 : position + 7].isspace():
        position += 6
        while position < len(text) and text[position].isspace():
            position += 1
    start = position
    while position < len(text):
        char = text[position]
        if char in "=:\n":
            break
        if char not in _SPACES and char not in _KEY_EXTRA and not char.isalnum():
            line = text[start:].split("\n", 1)[0]
            raise DotenvError(
                f"line {_line(text, start)}: unexpected character {_quoted(char)} in variable name {_quoted(line)}"
            )
        position += 1
    key = text[start:position].rstrip()
    if " " in key:
        raise DotenvError(f"line {_line(text, start)}: key cannot contain a space")
    inherited = position >= len(text) or text[position] == "\n"
    position += 1
    if not inherited:
        while position < len(text) and text[position] in _SPACES:
            position += 1
    return key, position, inherited


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _expand(value: str, line: int, lookup: Lookup, warn: Warn) -> str:
    try:
        return substitute(value, lookup, warn)
    except InvalidTemplate as error:
        raise DotenvError(f"line {line}: invalid template: {_quoted(str(error))}") from None
    except MissingRequired as error:
        raise DotenvError(f"line {line}: {error}") from None


def _value(text: str, position: int, lookup: Lookup, warn: Warn) -> tuple[str, int]:
    line = _line(text, position)
    quote = text[position : position + 1]
    if quote not in ("'", '"'):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        value = text[position:end].split(" #", 1)[0].rstrip()
        return _expand(value, line, lookup, warn), end + 1
    end = position + 1
    chars: list[str] = []
    while end < len(text):
        char = text[end]
        if char == quote:
            value = "".join(chars)
            if quote == '"':
                value = _expand(_unescape(value), line, lookup, warn)
            return value, end + 1
        if char == "\\" and end + 1 < len(text):
            following = text[end + 1]
            chars.append(following if following == quote else char + following)
            end += 2
            continue
        chars.append(char)
        end += 1
    shown = text[position:].split("\n", 1)[0]
    raise DotenvError(f"line {line}: unterminated quoted value {shown}")


def _unescape(value: str) -> str:
    if "\\" not in value:
        return value
    out: list[str] = []
    position = 0
    while position < len(value):
        char = value[position]
        following = value[position + 1 : position + 2]
        if char == "\\" and following in _ESCAPES and following:
            out.append(_ESCAPES[following])
            position += 2
        elif char == "\\" and following == "0":
            end = position + 2
            while end < len(value) and end < position + 5 and value[end] in "01234567":
                end += 1
            code = int(value[position + 2 : end] or "0", 8)
            out.append(chr(code))
            position = end
        else:
            out.append(char)
            position += 1
    return "".join(out)
