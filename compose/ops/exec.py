"""A further process in a running container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.ops.selection import running_container
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from schemas.engine import Channel, Engine
    from schemas.specs import ExecSpec


class ExecOptions(NamedTuple):
    service: str
    command: tuple[str, ...]
    number: int = 0  # of the replica; 0: the first
    environment: tuple[str, ...] = ()  # K=V, or K to take it from the command's own environment
    user: str = ""
    working_dir: str = ""
    privileged: bool = False
    tty: bool = False
    detach: bool = False
    rows: int = 0
    columns: int = 0


def exec_in(engine: Engine, project: str, options: ExecOptions, environ: dict[str, str]) -> Channel:
    """Start the process; NotFound when the service does not run."""
    info = running_container(engine, project, options.service, options.number)
    return engine.exec(info.id, exec_spec(options, environ))


def exec_spec(options: ExecOptions, environ: dict[str, str]) -> ExecSpec:
    """The engine's words for the options."""
    spec: ExecSpec = {
        "command": list(options.command),
        "tty": options.tty,
        "stdin": not options.detach,
        "detach": options.detach,
        "privileged": options.privileged,
        "environment": assignments(options.environment, environ),
    }
    if options.user:
        spec["user"] = options.user
    if options.working_dir:
        spec["working_dir"] = options.working_dir
    if options.rows and options.columns:
        spec["rows"], spec["columns"] = options.rows, options.columns
    return spec


def assignments(words: tuple[str, ...], environ: dict[str, str]) -> dict[str, str]:
    """``-e`` flags as a mapping; a name alone takes the command's own value, and counts for nothing when there is none."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            found[name] = value
        elif name in environ:
            found[name] = environ[name]
    return found
