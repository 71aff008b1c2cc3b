"""A single-threaded event loop of descriptors and timers: all a shim needs (asyncio costs 48 ms and 4 MB)."""

from __future__ import annotations

import heapq
import select
import time
from collections.abc import Callable

Callback = Callable[[], None]


def _nothing() -> None:
    """What is called back when nothing is any more."""


class Timer:
    """A call that will be made; ``cancel()`` takes it back."""

    __slots__ = ("callback", "cancelled", "when")

    def __init__(self, when: float, callback: Callback) -> None:
        self.when = when
        self.callback = callback
        self.cancelled = False

    def __lt__(self, other: Timer) -> bool:
        return self.when < other.when

    def cancel(self) -> None:
        self.cancelled = True
        self.callback = _nothing  # whoever is called back often holds the timer: nobody collects cycles in a shim


class Loop:
    """epoll with one reader and one writer callback a descriptor, and timers on the monotonic clock."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._readers: dict[int, Callback] = {}
        self._writers: dict[int, Callback] = {}
        self._timers: list[Timer] = []
        self._running = False

    def on_read(self, fd: int, callback: Callback | None) -> None:
        """Call back while ``fd`` is readable or hung up; None forgets it."""
        self._set(fd, self._readers, callback)

    def on_write(self, fd: int, callback: Callback | None) -> None:
        """Call back while ``fd`` is writable; None forgets it."""
        self._set(fd, self._writers, callback)

    def forget(self, fd: int) -> None:
        """Watch ``fd`` no more; call before closing it. Not watched is not an error."""
        self._readers.pop(fd, None)
        self._writers.pop(fd, None)
        try:
            self._epoll.unregister(fd)
        except (OSError, ValueError):
            pass

    def at(self, when: float, callback: Callback) -> Timer:
        """Call back at ``when`` (``time.monotonic()``)."""
        timer = Timer(when, callback)
        heapq.heappush(self._timers, timer)
        return timer

    def after(self, seconds: float, callback: Callback) -> Timer:
        """Call back in ``seconds``."""
        return self.at(time.monotonic() + seconds, callback)

    def stop(self) -> None:
        """Leave ``run()`` after the present callback."""
        self._running = False

    def run(self) -> None:
        """Serve until ``stop()``."""
        self._running = True
        while self._running:
            self._once()

    def _once(self) -> None:
        while self._timers and self._timers[0].cancelled:
            heapq.heappop(self._timers)
        timeout = -1.0
        if self._timers:
            timeout = max(0.0, self._timers[0].when - time.monotonic())
        try:
            events = self._epoll.poll(timeout)
        except InterruptedError:
            events = []
        for fd, mask in events:
            if mask & ~select.EPOLLOUT:
                callback = self._readers.get(fd) or self._writers.get(fd)
                if callback is not None:
                    callback()
            if mask & select.EPOLLOUT:
                callback = self._writers.get(fd)
                if callback is not None:
                    callback()
            if not self._running:
                return
        now = time.monotonic()
        while self._timers and self._timers[0].when <= now:
            timer = heapq.heappop(self._timers)
            if not timer.cancelled:
                callback = timer.callback
                timer.cancel()
                callback()
                if not self._running:
                    return

    def _set(self, fd: int, table: dict[int, Callback], callback: Callback | None) -> None:
        known = fd in self._readers or fd in self._writers
        if callback is None:
            table.pop(fd, None)
        else:
            table[fd] = callback
        mask = (select.EPOLLIN if fd in self._readers else 0) | (
            select.EPOLLOUT if fd in self._writers else 0
        )
        if mask == 0:
            if known:
                self._epoll.unregister(fd)
        elif known:
            self._epoll.modify(fd, mask)
        else:
            self._epoll.register(fd, mask)
