"""Lives that are shorter than the reading of a log: what each of them said is seen, and its end once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from compose.ops.attached import Attached, Exited
from compose.ops.follow import Output
from compose.ops.following import Following
from compose.ops.logs import Hooks
from schemas import labels
from schemas.records import Exit, LogLine
from tests.contract.making import make

if TYPE_CHECKING:
    from schemas.engine import Engine, Stream
    from schemas.records import ContainerInfo
    from schemas.specs import LogQuery

TRIES = 3


class Slow:
    """An engine, real in all but that the end of each log is seen only when the container has ended for good."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def logs(self, id: str, query: LogQuery) -> Stream[LogLine]:
        return _Held(self._engine, id, self._engine.logs(id, query))


class _Held:
    def __init__(self, engine: Engine, id: str, stream: Stream[LogLine]) -> None:
        self._stream = stream
        self._lines = self._read(engine, id)

    def __iter__(self) -> Iterator[LogLine]:
        return self

    def __next__(self) -> LogLine:
        return next(self._lines)

    def close(self) -> None:
        self._stream.close()

    def _read(self, engine: Engine, id: str) -> Iterator[LogLine]:
        yield from self._stream
        while engine.container(id).state != "exited":
            time.sleep(0.02)


def _failing(engine: Engine) -> ContainerInfo:
    """Made and not started: it says "try" and fails, thrice."""
    return make(
        engine,
        "one",
        "sh",
        "-c",
        "echo try; exit 2",
        restart={"name": "on-failure", "max_retries": TRIES - 1},
        labels={labels.PROJECT: "p", labels.SERVICE: "s"},
    )


def test_an_attached_one_is_heard_in_every_life(engine: Engine) -> None:
    slow = cast("Engine", Slow(engine))
    attached = Attached(
        slow, "p", watched=frozenset(), shown=frozenset({"s"}), since=time.time() - 1
    )
    try:
        engine.start(_failing(engine).id)
        seen: list[bytes | int] = []
        deadline = time.monotonic() + 20
        while not attached.over():
            assert time.monotonic() < deadline, seen
            for item in attached.items(0.5):
                if isinstance(item, Output):
                    seen.append(item.line.line)
                elif isinstance(item, Exited):
                    seen.append(item.code)
    finally:
        attached.close()
    # In which order is another matter: a start is heard of at once, and the log is slow.
    assert seen.count(b"try") == TRIES, seen
    assert seen.count(2) == TRIES, seen


def test_a_followed_one_is_heard_in_every_life(engine: Engine) -> None:
    slow = cast("Engine", Slow(engine))
    made = _failing(engine)
    hooks = Hooks(speaks=lambda info: None, mute=lambda info, why: None)
    following = Following(slow, "p", [], {}, hooks)
    engine.start(made.id)
    try:
        batches = following.follow([engine.container(made.id)])
        seen = [what for batch in batches for _, what in batch]
    finally:
        following.close()
    assert [what.line for what in seen if isinstance(what, LogLine)] == [b"try"] * TRIES
    assert [what.code for what in seen if isinstance(what, Exit)] == [2] * TRIES
