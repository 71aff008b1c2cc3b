"""What is asked of a running container: signals, pauses, output, processes. Most of it is passed to its shim."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine import containers
from engine.state import containers as rows
from schemas.errors import Conflict, InvalidArgument, Unsupported

if TYPE_CHECKING:
    from engine.runtime.status import Status
    from engine.state.containers import ContainerRow
    from schemas.engine import Channel, Stream
    from schemas.records import LogLine, Process, Stats
    from schemas.specs import ExecSpec, LogQuery

# After SIGKILL the kernel needs a moment only; longer means a process that cannot die (state D).
KILL_SECONDS = 10.0


def stop(reference: str, *, timeout: float | None = None, signal: str | None = None) -> None:
    """Signal, wait for the grace period, then SIGKILL. A no-op when not running."""
    from engine.runtime import control

    row = rows.get(reference)
    if status_of(row).state not in containers.ACTIVE:
        return
    if signal is not None:
        number(signal)
    control.stop(row.id, timeout=timeout, signal=signal)
    containers.record(row, "stop")


def kill(reference: str, *, signal: str = "SIGKILL") -> None:
    """Send a signal to pid 1; Conflict when not running."""
    from engine.runtime import control

    row = rows.get(reference)
    _running(row)
    control.request(row.id, {"type": "kill", "signal": number(signal)})
    containers.record(row, "kill", signal=str(number(signal)))


def pause(reference: str) -> None:
    """Freeze all processes; Conflict when not running or paused already."""
    from engine.runtime import control

    row = rows.get(reference)
    if _running(row).state == "paused":
        raise Conflict(f'container "{row.name}" is already paused')
    control.request(row.id, {"type": "pause"})
    containers.record(row, "pause")


def unpause(reference: str) -> None:
    """Let the processes go on; Conflict when not paused."""
    from engine.runtime import control

    row = rows.get(reference)
    if _running(row).state != "paused":
        raise Conflict(f'container "{row.name}" is not paused')
    control.request(row.id, {"type": "unpause"})
    containers.record(row, "unpause")


@contextmanager
def held(row: ContainerRow, *, still: bool) -> Iterator[None]:
    """With ``still``, the processes of a container that runs stand still meanwhile."""
    still = still and status_of(row).state == "running"
    if still:
        pause(row.id)
    try:
        yield
    finally:
        if still:
            unpause(row.id)


def logs(reference: str, query: LogQuery) -> Stream[LogLine]:
    """The lines written so far and, when followed, those to come until the container ends."""
    from engine.runtime import logfile

    row = rows.get(reference)
    driver = row.facts["logging"]
    if driver not in ("json-file", "local") and not _is_kept(row):
        raise Unsupported(
            f'container "{row.name}": the logging driver "{driver}" keeps nothing to read'
        )
    if query.get("details"):
        return logfile.read(row.id, query, before=_details(row))
    return logfile.read(row.id, query)


def _details(row: ContainerRow) -> bytes:
    """What stands before each line with ``details``: as Docker prints it, "key=value,key=value "."""
    from urllib.parse import quote

    from engine.runtime.drivers import tag

    spec = containers.resolved_spec(row)
    options = (spec.get("logging") or {}).get("options") or {}
    given = (spec.get("environment") or {}).items()
    variables = [f"{key}={value}" for key, value in given if value is not None]
    found = tag.attributes(options, row.labels, variables)
    if options.get("tag"):
        about: tag.About = {
            "id": row.id,
            "name": row.name,
            "image": row.image,
            "image_id": row.image_id,
        }
        found["tag"] = tag.render(options["tag"], about)
    words = [f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in found.items()]
    return (",".join(words) + " ").encode() if words else b""


def _is_kept(row: ContainerRow) -> bool:
    from engine.runtime.drivers import options

    return options.plan(containers.resolved_spec(row).get("logging") or {}).kept


def exec(reference: str, spec: ExecSpec) -> Channel:
    """Run a further process in the container; Conflict when it does not run."""
    from engine.runtime import control

    row = rows.get(reference)
    if _running(row).state == "paused":
        raise Conflict(f'container "{row.name}" is paused', hint="unpause it first")
    if not spec["command"]:
        raise InvalidArgument("no command to run")
    return control.exec(row.id, spec)


def attach(reference: str, *, stdin: bool = False, logs: bool = False) -> Channel:
    """The container's own streams; Conflict when it does not run."""
    from engine.runtime import control

    row = rows.get(reference)
    _running(row)
    return control.attach(row.id, stdin=stdin, logs=logs)


def top(reference: str) -> list[Process]:
    """Conflict when it does not run."""
    from engine import top as table

    row = rows.get(reference)
    _running(row)
    return table.processes(table.members(row.id, rows.spec(row.id).get("cgroup_parent")))


def stats(reference: str) -> Stats:
    """Conflict when it does not run."""
    from engine import top as table

    row = rows.get(reference)
    status = _running(row)
    return table.stats(row.id, status.pid, rows.spec(row.id).get("cgroup_parent"))


def kill_and_wait(row: ContainerRow) -> None:
    """Have the container dead, its restart policy notwithstanding."""
    from engine import waiting
    from engine.runtime import control

    if status_of(row).state in containers.ACTIVE:
        control.stop(row.id, timeout=0.0, signal="SIGKILL")
        waiting.ended(row.id, KILL_SECONDS)


def active(row: ContainerRow) -> bool:
    """Whether it runs, after a lost shim has been replaced."""
    return status_of(row).state in containers.ACTIVE


def number(name: str) -> int:
    """A signal by number, or by name with or without SIG; InvalidArgument."""
    import signal

    text = name.strip().upper()
    if text.isdecimal():
        if 0 < int(text) < signal.NSIG:
            return int(text)
    else:
        text = text if text.startswith("SIG") else f"SIG{text}"
        base, sign, offset = text.partition("+")
        if base == "SIGRTMIN" and sign and offset.isdecimal():
            return int(signal.SIGRTMIN) + int(offset)
        found = getattr(signal, text, None)
        if isinstance(found, signal.Signals):
            return int(found)
    raise InvalidArgument(f"invalid signal: {name}")


def _running(row: ContainerRow) -> Status:
    """The status of a container that runs; Conflict when it does not."""
    status = status_of(row)
    if status.state not in containers.ACTIVE:
        raise Conflict(f'container "{row.name}" is not running')
    return status


def status_of(row: ContainerRow) -> Status:
    """The status, after a lost shim has been replaced."""
    from engine.runtime import status

    now = status.read(row.id)
    if now.needs_adoption:
        from engine.runtime import launcher

        launcher.adopt(row.id)
        now = status.read(row.id)
    return now
