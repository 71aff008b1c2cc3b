"""Wait for something to become true, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(probe: Callable[[], T], *, within: float = 30.0, every: float = 0.02) -> T:
    """The first true value of ``probe``; AssertionError with its last value or error when there is none in time."""
    deadline = time.monotonic() + within
    while True:
        error: Exception | None = None
        value: T | None = None
        try:
            value = probe()
            if value:
                return value
        except Exception as err:
            error = err
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {within:g} s: last was {value!r}") from error
        time.sleep(every)
