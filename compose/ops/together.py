"""Long calls of the engine side by side, ended together by the first that fails, or by Ctrl-C."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def run_together(work: Callable[[T], None], items: Sequence[T], *, limit: int = 0) -> None:
    """``work`` for every item, ``limit`` at a time (0: all at once); the first error is raised at once.

    What is at work then is left to itself in threads that end with the command: the engine's calls keep their promises
    even when they are killed.
    """
    if len(items) == 1:
        work(items[0])
        return
    from compose.execute.interrupts import BEAT

    waiting = list(items)[::-1]
    failures: list[BaseException] = []
    changed = threading.Condition()
    count = min(limit or len(items), len(items))
    running = count

    def run() -> None:
        nonlocal running
        while True:
            with changed:
                if failures or not waiting:
                    running -= 1
                    changed.notify()
                    return
                item = waiting.pop()
            try:
                work(item)
            except BaseException as error:  # noqa: BLE001 - raised by whoever waits
                with changed:
                    failures.append(error)

    for _ in range(count):
        threading.Thread(target=run, name="together", daemon=True).start()
    with changed:
        while running and not failures:
            changed.wait(BEAT)
    if failures:
        raise failures[0]
