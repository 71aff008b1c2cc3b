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
    quote = ""  # the open quote: ' " ` or ( for $(
    for char in text:
        if escaped:
            word += char
            escaped = False
            got = True
        elif char == "\\":
            if quote == "'":
                word += char
            else:
                escaped = True
        elif char in _SPACES:
            if quote:
                word += char
            elif got:
                words.append(word)
                word, got = "", False
        elif char in "'\"" and quote in ("", char, "`"):
            if quote == "`":
                word += char
                got = True
                continue
            got = got or bool(quote)
            quote = "" if quote else char
        elif char in _STOPS and not quote:
            if char == ">" and word[:1].isdigit():
                got = False  # the number of a descriptor
            break
        else:
            if char in "`()":
                quote = _grouped(char, quote, word)
            word += char
            got = True
    if got:
        words.append(word)
    if escaped or quote:
        raise ValueError("invalid command line string")
    return words


def _grouped(char: str, quote: str, word: str) -> str:
    """The open group after a backtick or parenthesis; other characters change nothing."""
    if char == "`" and quote in ("", "`"):
        return "" if quote else "`"
    if char == ")" and quote in ("", "("):
        return "" if quote else "("  # a lone one never closes: an error at the end
    if char == "(" and quote in ("", "("):
        if quote or not word.endswith("$"):
            raise ValueError("invalid command line string")
        return "("
    return quote
