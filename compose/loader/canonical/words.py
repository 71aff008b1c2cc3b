"""A command string → words, as mattn/go-shellwords splits it (no expansion, not Python's shlex)."""

from __future__ import annotations

_SPACES = " \t\r\n"
_STOPS = ";&|<>"
_PLAIN = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_./:=,@%+"
)  # no word has another meaning


def split_words(text: str) -> list[str]:
    """Words of a command; from an unquoted ``;``, ``&``, ``|``, ``<`` or ``>`` on nothing is read."""
    if _PLAIN.issuperset(text):
        return text.split()
    words: list[str] = []
    word = ""
    got = False  # whether there is a word, though it may be empty
    escaped = False
    quote = ""  # the open one: ' or "
    group = ""  # the open one: ` or ( for $(, in which quotes are only looked for between backticks
    for char in text:
        if escaped:
            word += char
            escaped, got = False, True
        elif char == "\\":
            if quote == "'":
                word += char
            else:
                escaped = True
        elif char in _SPACES:
            if quote or group:
                word += char
            elif got:
                words.append(word)
                word, got = "", False
        elif char in "'\"" and quote in ("", char) and group != "(":
            got = got or bool(quote)
            quote = "" if quote else char
        elif char in _STOPS and not quote and not group:
            if char == ">" and word[:1].isdigit():
                got = False  # the number of a descriptor
            break
        else:
            if char in "`()" and not quote:
                group = _grouped(char, group, word)
            word += char
            got = True
    if got:
        words.append(word)
    if escaped or quote or group:
        raise ValueError("invalid command line string")
    return words


def _grouped(char: str, group: str, word: str) -> str:
    """The open group after a backtick or parenthesis."""
    if char == "`" and group != "(":
        return "" if group else "`"
    if char == ")" and group != "`":
        return "" if group else "("  # a lone one never closes: an error at the end
    if char == "(" and group != "`":
        if group or not word.endswith("$"):
            raise ValueError("invalid command line string")
        return "("
    return group
