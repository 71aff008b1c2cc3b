"""``${VAR:-default}``: interpolation of one string (compose-go template; Compose Specification, interpolation)."""

from __future__ import annotations

from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Lookup = Callable[[str], str | None]
    Warn = Callable[[str], None]


_FIRST = frozenset("_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NEXT = _FIRST | frozenset("0123456789")
_OPERATORS = (":-", "-", ":+", "+", ":?", "?")
_MAX_DEPTH = 100  # of nested defaults


class InvalidTemplate(ValueError):
    """A ``${…}`` that is not of any known form."""


class MissingRequired(ValueError):
    """``${VAR:?message}`` and VAR is not there."""


def substitute(text: str, lookup: Lookup, warn: Warn, depth: int = 0) -> str:
    """The string with every variable replaced."""
    start = text.find("$")
    if start < 0:
        return text
    if depth > _MAX_DEPTH:
        raise InvalidTemplate(text)
    out: list[str] = []
    position = 0
    length = len(text)
    while start >= 0:
        out.append(text[position:start])
        following = text[start + 1] if start + 1 < length else ""
        if following == "$":
            out.append("$")
            position = start + 2
        elif following == "{":
            end = closing_brace(text, start)
            if end < 0:
                raise InvalidTemplate(text)
            out.append(_braced(text[start + 2 : end], text, lookup, warn, depth))
            position = end + 1
        elif following in _FIRST and following:
            end = name_end(text, start + 1)
            out.append(_plain(text[start + 1 : end], lookup, warn))
            position = end
        else:  # a dollar that begins nothing stays
            out.append("$")
            position = start + 1
        start = text.find("$", position)
    out.append(text[position:])
    return "".join(out)


def closing_brace(text: str, start: int) -> int:
    """The index of the brace that closes the ``${`` at start, or -1.

    As the reference counts: every brace within the line, not only those of variables, and not a character that follows an
    opening one; where they do not come out even, the last one closes.
    """
    end = name_end(text, start + 2)
    if text[end : end + 1] == "}":
        return end
    stop = text.find("\n", end)
    last = text.rfind("}", end, stop if stop >= 0 else len(text))
    if last < 0:
        return text.find("}", end)  # behind the line: refused with the whole argument
    opened = 0
    index = start
    while index <= last:
        if text[index] == "}":
            opened -= 1
            if opened == 0:
                return index
        elif text[index] == "{":
            opened += 1
            index += 1
        index += 1
    return last


def name_end(text: str, start: int) -> int:
    """Where the variable name that begins at start ends."""
    end = start
    while end < len(text) and text[end] in _NEXT:
        end += 1
    return end


def split_braced(body: str) -> tuple[str, str, str] | None:
    """(name, operator, argument) of what stands between the braces; None when it is malformed."""
    if not body or body[0] not in _FIRST:
        return None
    end = name_end(body, 0)
    name, rest = body[:end], body[end:]
    if not rest:
        return name, "", ""
    for operator in _OPERATORS:
        if rest.startswith(operator):
            return name, operator, rest[len(operator) :]
    return None


def _plain(name: str, lookup: Lookup, warn: Warn) -> str:
    value = lookup(name)
    if value is None:
        warn(f'The "{name}" variable is not set. Defaulting to a blank string.')
        return ""
    return value


def _braced(body: str, whole: str, lookup: Lookup, warn: Warn, depth: int) -> str:
    parts = split_braced(body)
    if parts is None:
        raise InvalidTemplate(whole)
    name, operator, argument = parts
    if not operator:
        return _plain(name, lookup, warn)
    if "\n" in argument:  # the reference's pattern does not cross lines
        raise InvalidTemplate(whole)
    value = lookup(name)
    given = value is not None and (operator[0] != ":" or value != "")
    kind = operator[-1]
    used = given if kind == "+" else not given
    # The reference reads the argument even where it is not used; its errors count, its warnings would only confuse.
    replacement = substitute(argument, lookup, warn if used else _unheard, depth + 1)
    if not used:
        return "" if kind == "+" else value or ""
    if kind == "?":
        raise MissingRequired(
            f"required variable {name} is missing a value: {replacement}".removesuffix(": ")
        )
    return replacement


def _unheard(text: str) -> None:
    """A warning about what is not used."""


def variables(text: str, found: dict[str, tuple[str, str, bool]], depth: int = 0) -> None:
    """Note every variable of a string: name → (default, alternate value, required)."""
    start = text.find("$")
    while start >= 0 and depth <= _MAX_DEPTH:
        following = text[start + 1 : start + 2]
        position = start + 1
        if following == "$":
            position = start + 2
        elif following == "{":
            end = closing_brace(text, start)
            parts = split_braced(text[start + 2 : end]) if end > 0 else None
            if parts is not None:
                name, operator, argument = parts
                kind = operator[-1:]
                default = argument if kind == "-" else ""
                found[name] = (default, argument if kind == "+" else "", kind == "?")
                variables(argument, found, depth + 1)
                position = end + 1
        elif following and following in _FIRST:
            position = name_end(text, start + 1)
            found.setdefault(text[start + 1 : position], ("", "", False))
        start = text.find("$", position)
