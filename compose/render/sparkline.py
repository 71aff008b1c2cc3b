"""A small graph in one line of text: the last values, the newest at the right."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_PLAIN = "_.-=+*#@"
WIDTH = 16


def sparkline(
    values: Sequence[float], top: float, *, width: int = WIDTH, plain: bool = False
) -> str:
    """The values as bars between nothing and ``top`` (more is as much); ``plain`` where only ASCII can be shown."""
    bars = _PLAIN if plain else _BARS
    shown = values[-width:]
    text = "".join(bars[_height(value, top, len(bars))] for value in shown)
    return text.rjust(width)


def _height(value: float, top: float, count: int) -> int:
    if top <= 0 or value <= 0:
        return 0
    return min(count - 1, int(value / top * count))
