"""A daemon goes on with what a killed command has asked it for: the next command may meet the result when it asks again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from schemas import labels
from schemas.errors import NotFound

T = TypeVar("T")

# A name is taken before what it belongs to can be looked at; making a container may take seconds on a busy machine.
_PATIENCE = 5.0
_PAUSE = 0.05


def met(look: Callable[[], T]) -> T | None:
    """What ``look`` finds, as soon as it finds it; None when it never does (NotFound): the name is free again."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return look()
        except NotFound:
            if time.monotonic() > deadline:
                return None
        time.sleep(_PAUSE)


def is_ours(wanted: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Whether ``found`` are the labels of the very thing that is wanted: made for the same project by the same file.

    An image may have added some.
    """
    return labels.CONFIG_HASH in wanted and all(
        found.get(key) == value for key, value in wanted.items()
    )
