"""The name that was probably meant."""

from __future__ import annotations

from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def suggestion(word: object, names: Iterable[str]) -> str:
    """``, did you mean `x`?`` for what resembles one of the names, or begins as few of them do; "" otherwise."""
    known = list(names)
    if not isinstance(word, str) or not known or len(word) > 2 * max(map(len, known)):
        return ""
    import difflib

    for close in difflib.get_close_matches(word, known, n=3, cutoff=0.6):
        alike = difflib.SequenceMatcher(None, close, word).ratio()
        if alike >= 0.7 or close[:1] == word[:1]:
            return _meant([close])
    if len(word) < 3:
        return ""
    return _meant([name for name in known if name.startswith(word)][:3])


def _meant(names: list[str]) -> str:
    return f", did you mean {' or '.join(f'`{name}`' for name in names)}?" if names else ""
