"""The shim's side of a start: make the first process when the builder asks for it, and take over what was built."""

from __future__ import annotations

import os

from engine.runtime import birth, messages
from engine.runtime.builder import as_engine_error
from engine.runtime.drivers import options
from engine.runtime.sandbox import Place, Surroundings
from schemas.errors import EngineError, Failed
from schemas.typed import NamedTuple


class Built(NamedTuple):
    """What the shim gets when the container runs."""

    pid: int
    name: str
    place: Place
    made: Surroundings
    pipes: tuple[int, int]  # our ends of stdout and stderr, -1 for none
    control: int  # the control socket, listening; -1 when the shim has it already
    stdin: int  # our end, -1 for none
    terminal: int  # the master, -1 for none
    health: bool
    logging: options.Plan
    memory: bool  # it has a limit, so that a lack of it is to be told


class Receiver:
    """Collects what a builder hands over."""

    def __init__(self, id: str) -> None:
        self._id = id
        self._fds: dict[str, list[int]] = {}

    def take(self, builder: messages.Socket) -> Built | None:
        """Read one message; the whole when it is complete. EngineError (Taken: nothing is ours) when the builder failed,
        or is gone."""
        message, fds = messages.receive_plain(builder)
        if message is None:
            raise Failed("the process that starts containers ended unexpectedly")
        if "birth" in message:
            _give_birth(self._id, builder, message["birth"], fds)
            return None
        if "kinds" in message:
            for kind, fd in zip(message["kinds"], fds, strict=True):
                self._fds.setdefault(kind, []).append(fd)
            return None
        if "error" in message:
            raise as_engine_error(messages.to_error(message))
        held = tuple(zip(message["bindings"], self._fds.get("port", ()), strict=True))
        names = (self._one("udp"), self._one("tcp"))
        return Built(
            pid=message["pid"],
            name=message["name"],
            place=message["place"],
            made=Surroundings(self._one("netns"), names if names[0] >= 0 else None, held),
            pipes=(self._one("out"), self._one("err")),
            control=self._one("control"),
            stdin=self._one("stdin"),
            terminal=self._one("terminal"),
            health=message["health"],
            logging=options.Plan(*message["logging"]),
            memory=message["memory"],
        )

    def _one(self, kind: str) -> int:
        return self._fds.get(kind, [-1])[0]


def _give_birth(id: str, builder: messages.Socket, words: birth.Words, fds: list[int]) -> None:
    """Make the first process, which must be the shim's child, and let the builder know its pid."""
    try:
        reply: messages.Message = {"pid": birth.first(id, words, fds)}
    except EngineError as err:
        reply = messages.from_error(err)
    finally:
        for fd in fds:
            os.close(fd)
    messages.send_plain(builder, reply)
