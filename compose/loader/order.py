"""The order of mapping keys in Go's yaml.v3: letters after everything else, runs of digits by their value."""

from __future__ import annotations

from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


_SORTED: dict[tuple[str, ...], list[str]] = {}  # many mappings of a project have the same keys


def yaml_sorted(keys: Iterable[str]) -> list[str]:
    """Keys as yaml.v3 writes them."""
    ordered = sorted(keys)
    if len(ordered) < 2 or "".join(ordered).isalpha():
        return ordered
    return _natural(tuple(ordered))


def _natural(keys: tuple[str, ...]) -> list[str]:
    found = _SORTED.get(keys)
    if found is None:
        _SORTED[keys] = found = sorted(keys, key=_Natural)
    return found


class _Natural:
    """A key that compares in natural order."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __lt__(self, other: _Natural) -> bool:
        return _less(self.text, other.text)


def _less(a: str, b: str) -> bool:
    """yaml.v3 sorter.go: natural order."""
    index = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), -1)
    if index < 0:
        return len(a) < len(b)
    x, y = a[index], b[index]
    letter_a, letter_b = x.isalpha(), y.isalpha()
    if letter_a and letter_b:
        return x < y
    if letter_a or letter_b:
        digits = index > 0 and a[index - 1].isdigit()
        return letter_a if digits else letter_b
    start = _leading(a, index) if "0" in (x, y) else 0
    number_a, end_a = _number(a, index, start)
    number_b, end_b = _number(b, index, start)
    if number_a != number_b:
        return number_a < number_b
    if end_a != end_b:
        return end_a < end_b
    return x < y


def _leading(text: str, index: int) -> int:
    """1 when digits other than zero stand before: then a zero here counts."""
    index -= 1
    while index >= 0 and text[index].isdigit():
        if text[index] != "0":
            return 1
        index -= 1
    return 0


def _number(text: str, index: int, value: int) -> tuple[int, int]:
    while index < len(text) and "0" <= text[index] <= "9":
        value = value * 10 + ord(text[index]) - 48
        index += 1
    return value, index
