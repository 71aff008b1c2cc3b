"""Run lifecycle hooks: ``post_start`` and ``pre_stop`` inside a container, ``pre_start`` in one of its own before it starts."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from compose.execute.mounts import inherited
from compose.execute.waits import Stopped
from compose.translate.hooks import PRE_START
from schemas import labels
from schemas.errors import Conflict, EngineError, Failed, NotFound
from schemas.specs import ContainerSpec, ExecSpec, Hook

if TYPE_CHECKING:
    from schemas.engine import Channel, Engine

Kind = Literal["post_start", "pre_stop"]
# Is given the name of the container and a line that a hook of it has written.
Hear = Callable[[str, bytes], None]
Wanted = Callable[[], bool]

_LAST_LINES = 5  # of a hook that failed
_SLICE = 0.2  # seconds after which a wait looks whether it is still wanted
_LAST_WORDS = 0.5  # seconds that output may take to come after its process has ended
_LAST_LOG = 10.0  # the same for a log, which ends with its container
_CHUNK = 65536


def run_inside(engine: Engine, name: str, kind: Kind, *, hear: Hear, stopped: Wanted) -> None:
    """Run the hooks of a kind in a container that runs, in their order; Failed at the first that does. Raises Stopped."""
    for index, hook in enumerate(engine.spec(name).get(kind) or ()):
        _run(engine, name, f"{kind}[{index}]", hook, hear, stopped)


def before_stop(engine: Engine, name: str, kind: Kind, *, hear: Hear, stopped: Wanted) -> None:
    """The same before a stop: a container that does not run, or has ended meanwhile, has nothing to say."""
    if engine.container(name).state != "running":
        return
    try:
        run_inside(engine, name, kind, hear=hear, stopped=stopped)
    except Conflict:
        return  # it is about to end
    except Failed:
        if engine.container(name).state == "running":
            raise


def _run(engine: Engine, name: str, what: str, hook: Hook, hear: Hear, stopped: Wanted) -> None:
    spec: ExecSpec = {"command": hook["command"]}
    for key in ("environment", "user", "working_dir", "privileged"):
        if key in hook:
            spec[key] = hook[key]
    try:
        channel = engine.exec(name, spec)
    except (Failed, Conflict) as error:
        raise type(error)(f"container {name}: {what} hook: {error.message}") from error
    try:
        channel.close_stdin()
        tail = _Tail(lambda line: hear(name, line))
        code = _finish(channel, tail, stopped)
    finally:
        channel.close()
    if code:
        raise Failed(f"container {name}: {what} hook exited with status {code}{tail.text()}")


class _Tail:
    """Lines on their way to whoever hears them; the last ones are kept."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        self._lines: list[bytes] = []
        self._lock = threading.Lock()

    def line(self, line: bytes) -> None:
        with self._lock:
            self._lines = [*self._lines, line][-_LAST_LINES:]
            self._hear(line)

    def text(self) -> str:
        """The last lines, to follow an error's message."""
        found = [line.decode("utf-8", "replace").rstrip() for line in self._lines]
        return "".join(f"\n  {line}" for line in found if line)


def _finish(channel: Channel, tail: _Tail, stopped: Wanted) -> int:
    """Read a process to its end; its exit code. What it leaves in the background may keep its output open."""
    readers = [
        threading.Thread(target=_pump, args=(fd, tail), daemon=True)
        for fd in (channel.stdout(), channel.stderr())
        if fd >= 0
    ]
    codes: list[int] = []
    waiter = threading.Thread(target=lambda: codes.append(channel.wait()), daemon=True)
    for thread in (*readers, waiter):
        thread.start()
    while waiter.is_alive():
        waiter.join(_SLICE)
        if stopped():
            raise Stopped
    deadline = time.monotonic() + _LAST_WORDS
    for reader in readers:
        reader.join(max(0.0, deadline - time.monotonic()))
    if not codes:
        raise Failed("the container ended while a hook ran in it")
    return codes[0]


def _pump(fd: int, tail: _Tail) -> None:
    # A descriptor of its own: the channel may be closed while a background process still holds the other end.
    try:
        with open(os.dup(fd), "rb") as file:
            for line in file:
                tail.line(line.rstrip(b"\n"))
    except OSError:
        return  # it was closed before we came


def run_before_start(
    engine: Engine, name: str, index: int, runner: str, *, hear: Hear, stopped: Wanted
) -> None:
    """Run a ``pre_start`` hook of a container that is made and not started, to its end; Failed with its last words.

    Nothing of it remains but what it has written to volumes. Raises Stopped.
    """
    spec = engine.spec(name)
    hook = spec["pre_start"][index]
    try:
        engine.remove(runner, force=True, volumes=True)  # what a killed command left
    except NotFound:
        pass
    own = {each.target: each.source for each in engine.container(name).mounts if each.anonymous}
    made = engine.create(inherited(runner_spec(spec, hook, runner), own))
    tail = _Tail(lambda line: hear(runner, line))
    try:
        engine.start(made.id)
        reader = threading.Thread(target=_follow, args=(engine, made.id, tail), daemon=True)
        reader.start()
        end = None
        while end is None:
            try:
                end = engine.wait(made.id, timeout=_SLICE)
            except TimeoutError:
                if stopped():
                    raise Stopped from None
        reader.join(_LAST_LOG)
        if end.code:
            raise Failed(
                f"service {spec['labels'].get(labels.SERVICE, name)}: {PRE_START}[{index}] hook exited with status"
                f" {end.code}{tail.text()}"
            )
    finally:
        try:
            engine.remove(made.id, force=True, volumes=True)
        except NotFound:
            pass


def _follow(engine: Engine, id: str, tail: _Tail) -> None:
    try:
        for said in engine.logs(id, {"follow": True}):
            tail.line(said.line)
    except EngineError:
        return  # removed meanwhile


# What belongs to the service's own container: its names, addresses and ports, and how it is watched over.
_NOT_ITS_OWN = (
    "ports", "expose", "restart", "auto_remove", "hostname", "mac_address", "stdin_open", "stdin_once", "tty", "logging",
    *("pre_start", "post_start", "pre_stop"), "command",
)  # fmt: skip
_NOT_ITS_PLACE = (
    "aliases", "ipv4_address", "ipv6_address", "link_local_ips", "mac_address",
)  # fmt: skip


def runner_spec(spec: ContainerSpec, hook: Hook, name: str) -> ContainerSpec:
    """The container that runs a ``pre_start`` hook: as the service's own, where the hook says nothing else. Pure."""
    found: ContainerSpec = {**spec, "name": name, "healthcheck": {"test": ["NONE"]}}
    for key in _NOT_ITS_OWN:
        found.pop(key, None)  # type: ignore[misc]
    if hook["command"]:
        found["command"] = hook["command"]
    if "image" in hook:
        found["image"] = hook["image"]
        for key in ("entrypoint", "user", "working_dir"):
            found.pop(key, None)  # type: ignore[misc]
    for key in ("user", "working_dir", "privileged"):
        if key in hook:
            found[key] = hook[key]  # type: ignore[literal-required]
    found["environment"] = {**(spec.get("environment") or {}), **(hook.get("environment") or {})}
    if "endpoints" in spec:
        found["endpoints"] = [
            {key: value for key, value in place.items() if key not in _NOT_ITS_PLACE}  # type: ignore[misc]
            for place in spec["endpoints"]
        ]
    found["labels"] = {
        key: value
        for key, value in spec["labels"].items()
        if key not in (labels.CONFIG_HASH, labels.NUMBER, labels.HOOKS)
    } | {labels.ONEOFF: "True", labels.HOOK: PRE_START}
    return found
