"""Small containers on the host image for kernel tests, and what a client of one does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from engine.local import LocalEngine
    from schemas.engine import Channel
    from schemas.records import ContainerInfo

HOST = "pycompose/host"


class Done(NamedTuple):
    code: int
    out: bytes
    err: bytes


def make(engine: LocalEngine, name: str, *command: str, **changes: Any) -> ContainerInfo:
    """A container without network, made and not started."""
    spec = {"name": name, "image": HOST, "command": list(command), "network_mode": "none"}
    return engine.create({**spec, **changes})  # type: ignore[typeddict-item]


def start(engine: LocalEngine, name: str, script: str, **changes: Any) -> ContainerInfo:
    """A running container whose program is a shell script."""
    made = make(engine, name, "sh", "-c", script, **changes)
    engine.start(made.id)
    return engine.container(made.id)


def output(engine: LocalEngine, name: str, **query: Any) -> list[str]:
    """What the container has written, by line."""
    return [line.line.decode() for line in engine.logs(name, query)]  # type: ignore[arg-type]


def read_all(descriptor: int) -> bytes:
    """Everything up to the end; the other side of a terminal that closes is an end, too."""
    parts = []
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)


def finish(channel: Channel) -> Done:
    """Read a process to its end."""
    try:
        channel.close_stdin()
        out = read_all(channel.stdout())
        err = read_all(channel.stderr()) if channel.stderr() >= 0 else b""
        return Done(channel.wait(), out, err)
    finally:
        channel.close()


def execute(engine: LocalEngine, name: str, *command: str, **changes: Any) -> Done:
    """Run a further process in a container, to its end."""
    return finish(engine.exec(name, {"command": list(command), **changes}))  # type: ignore[typeddict-item]


def shim(name: str) -> int:
    """The pid of the container's shim."""
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            words = (directory / "cmdline").read_bytes().split(b"\0")[0].decode().split()
        except OSError:
            continue
        if words == ["pycompose-shim", name]:
            return int(directory.name)
    raise AssertionError(f"no shim of {name}")
