"""Some threads that work through a list; the first error ends the work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def each(
    items: Iterable[T], work: Callable[[T], None], *, limit: int, abort: Callable[[], None]
) -> None:
    """``work`` for every item, ``limit`` at a time. After an error (KeyboardInterrupt too) no further one is begun, ``abort``
    is called to end those that are at work, and the error is raised when they have ended."""
    queue = list(items)[::-1]
    failures: list[BaseException] = []
    lock = threading.Lock()

    def run() -> None:
        while True:
            with lock:
                if failures or not queue:
                    return
                item = queue.pop()
            try:
                work(item)
            except BaseException as err:  # noqa: BLE001  raised in the caller's thread
                with lock:
                    failures.append(err)
                    first = len(failures) == 1
                if first:
                    abort()
                return

    if len(queue) == 1:
        work(queue.pop())
        return
    threads = [
        threading.Thread(target=run, name="registry", daemon=True)
        for _ in range(min(limit, len(queue)))
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException as err:
        with lock:
            failures.insert(0, err)
        abort()
        for thread in threads:
            thread.join()
        raise
    if failures:
        raise failures[0]
