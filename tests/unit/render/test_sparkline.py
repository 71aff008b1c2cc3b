from __future__ import annotations

import pytest

from compose.render.sparkline import sparkline


@pytest.mark.parametrize(
    ("values", "top", "text"),
    [
        ([0, 50, 100], 100, "  ▁▅█"),
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▄▅▆▇█"),
        ([500], 100, "    █"),
        ([], 100, "     "),
        ([5], 0, "    ▁"),
        ([-1], 100, "    ▁"),
    ],
)
def test_the_last_values_are_bars_below_the_top(values: list[float], top: float, text: str) -> None:
    assert sparkline(values, top, width=5) == text


def test_without_blocks_it_is_plain_text() -> None:
    assert sparkline([0, 50, 100], 100, width=3, plain=True) == "_+@"
