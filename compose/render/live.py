"""The progress display of a terminal: one line for each thing, redrawn in place."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from compose.render.text import human_size
from schemas.records import Progress
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from rich.text import Text

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_MARKS = {"done": ("✔", "green"), "warning": ("!", "yellow"), "error": ("✘", "red")}
_BAR = 20
_SHORT = 0.5  # seconds that say nothing about a rate yet


class Item(NamedTuple):
    """The state of one line: what was said last, since when, until when (0.0: still working).

    ``counted``: since when its bytes are counted, and how many there were then; ``below``: it is a part of the line before.
    """

    progress: Progress
    started: float
    ended: float
    counted: tuple[float, int] = (0.0, 0)
    below: bool = False


class Line(NamedTuple):
    """A line as parts, so that layout is separate from colour."""

    mark: str
    style: str
    name: str
    text: str
    elapsed: str


def layout(items: list[Item], now: float) -> list[Line]:
    """The lines of the display at the moment ``now``, names aligned."""
    names = [f"  {item.progress.id}" if item.below else item.progress.id for item in items]
    width = max(map(len, names), default=0)
    texts = [_text(item, now) for item in items]
    text_width = max(map(len, texts), default=0)
    lines = []
    for item, name, text in zip(items, names, texts, strict=True):
        spin = _SPINNER[int(now * 10) % len(_SPINNER)]
        mark, style = _MARKS.get(item.progress.status, (spin, "cyan"))
        elapsed = f"{(item.ended or now) - item.started:.1f}s"
        lines.append(Line(mark, style, f"{name:<{width}}", f"{text:<{text_width}}", elapsed))
    return lines


def renewed(known: Item | None, progress: Progress, now: float) -> Item:
    """A line after something was said of it."""
    started = known.started if known and not known.ended else now
    counted = (now, progress.current)
    if known and known.progress.text == progress.text and known.progress.total:
        counted = known.counted
    return Item(progress, started, 0.0 if progress.status == "working" else now, counted)


def arranged(items: list[Item]) -> list[Item]:
    """What belongs to another line stands below it; otherwise in the order of their first appearance."""
    tops = {item.progress.id for item in items if not item.progress.parent}
    below: dict[str, list[Item]] = {}
    for item in items:
        if item.progress.parent in tops:
            below.setdefault(item.progress.parent, []).append(item._replace(below=True))
    found: list[Item] = []
    for item in items:
        if item.progress.parent not in tops:
            found += [item, *(below.get(item.progress.id, ()) if not item.progress.parent else ())]
    return found


class Live:
    """A reporter over rich's Live display. Progress may come from several threads."""

    def __init__(self, *, colour: bool, title: str = "Running") -> None:
        from rich.console import Console
        from rich.live import Live as Display

        self._title = title
        self._items: dict[tuple[str, str], Item] = {}
        self._closed = False
        self._lock = threading.Lock()
        self._console = Console(
            stderr=True, no_color=not colour, highlight=False, force_terminal=True
        )
        self._whole = False  # as many lines as there are, and not only as many as the terminal has
        # The display draws itself while it is made, so all that _render needs is there before it.
        self._display = Display(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=10,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self._shown = False

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        key = (progress.parent, progress.id)
        with self._lock:
            if self._closed:
                return
            self._items[key] = renewed(self._items.get(key), progress, now)
            first, self._shown = not self._shown, True
        if first:
            self._display.start()

    def close(self) -> None:
        """Draw the last state in full and leave it on the screen."""
        self._closed = True
        if self._shown:
            self._whole = True
            self._display.vertical_overflow = "visible"
            self._display.stop()
            self._shown = False

    def _render(self) -> Text:
        from rich.text import Text

        with self._lock:
            items = arranged(list(self._items.values()))
        done = sum(bool(item.ended) for item in items)
        text = Text(f"[+] {self._title} {done}/{len(items)}", no_wrap=True, overflow="crop")
        room = self._console.height - 2
        shown = items if self._whole else _most_telling(items, room)
        for line in layout(shown, time.monotonic()):
            text.append("\n ")
            text.append(line.mark, line.style)
            text.append(f" {line.name}  ")
            text.append(line.text, line.style)
            text.append(f"  {line.elapsed:>6}", "blue")
        return text


def _most_telling(items: list[Item], room: int) -> list[Item]:
    """As many items as there is room for: those at work before those that are done, order kept."""
    if len(items) <= room:
        return items
    ranked = sorted(range(len(items)), key=lambda index: (bool(items[index].ended), -index))
    return [items[index] for index in sorted(ranked[: max(room, 1)])]


def _text(item: Item, now: float) -> str:
    progress = item.progress
    parts = [progress.text]
    if progress.total:
        filled = min(progress.current, progress.total) * _BAR // progress.total
        parts.append(f"[{'=' * filled}{' ' * (_BAR - filled)}]")
        parts.append(f"{human_size(progress.current)}/{human_size(progress.total)}")
        since, before = item.counted
        if not item.ended and now - since > _SHORT:
            parts.append(f"{human_size(int((progress.current - before) / (now - since)))}/s")
    if progress.detail:
        parts.append(progress.detail)
    return " ".join(parts)
