"""From a step to the engine call that does it, and to the words that say so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal

from compose.execute.mounts import create_container
from compose.execute.waits import wait_for
from compose.plan.actions import (
    CreateContainer,
    CreateNetwork,
    CreateVolume,
    DisconnectContainer,
    KillContainer,
    PauseContainer,
    Plan,
    RemoveContainer,
    RemoveImage,
    RemoveNetwork,
    RemoveVolume,
    RenameContainer,
    RestartContainer,
    RunHooks,
    RunPreStart,
    StartContainer,
    Step,
    StopContainer,
    UnpauseContainer,
    WaitFor,
)
from schemas.engine import Engine
from schemas.errors import Conflict, EngineError, NotFound, StartFailed
from schemas.records import Progress
from schemas.typed import NamedTuple

_IN_USE = "Resource is still in use"
_ABSENT = "Warning: No resource found to remove"


class Deed(NamedTuple):
    """``doing`` and ``done`` are Docker Compose's words. ``lenient``: what is in use or absent is said, not raised;
    ``idempotent``: the kinds of errors that mean it has been done already."""

    doing: str
    done: str
    call: Callable[[Engine, Any], object]
    lenient: bool = False
    idempotent: tuple[type[EngineError], ...] = ()


DEEDS: dict[type, Deed] = {
    CreateNetwork: Deed("Creating", "Created", lambda engine, do: engine.create_network(do.spec)),
    RemoveNetwork: Deed(
        "Removing", "Removed", lambda engine, do: engine.remove_network(do.name), lenient=True
    ),
    CreateVolume: Deed("Creating", "Created", lambda engine, do: engine.create_volume(do.spec)),
    RemoveVolume: Deed(
        "Removing", "Removed", lambda engine, do: engine.remove_volume(do.name), lenient=True
    ),
    RemoveImage: Deed(
        "Removing", "Removed", lambda engine, do: engine.remove_image(do.reference), lenient=True
    ),
    CreateContainer: Deed("Creating", "Created", create_container),
    DisconnectContainer: Deed(
        "", "", lambda engine, do: engine.disconnect(do.name, do.network, force=True)
    ),
    StartContainer: Deed("Starting", "Started", lambda engine, do: engine.start(do.name)),
    StopContainer: Deed(
        "Stopping",
        "Stopped",
        lambda engine, do: engine.stop(do.name, timeout=do.timeout),
        idempotent=(NotFound,),
    ),
    RemoveContainer: Deed(
        "Removing",
        "Removed",
        lambda engine, do: engine.remove(do.name, force=do.force, volumes=do.volumes),
        idempotent=(NotFound,),
    ),
    RenameContainer: Deed("", "", lambda engine, do: engine.rename(do.name, do.to)),
    RestartContainer: Deed(
        "Restarting", "Started", lambda engine, do: engine.restart(do.name, timeout=do.timeout)
    ),
    KillContainer: Deed(
        "Killing",
        "Killed",
        lambda engine, do: engine.kill(do.name, signal=do.signal),
        idempotent=(NotFound, Conflict),
    ),
    PauseContainer: Deed("", "Paused", lambda engine, do: engine.pause(do.name)),
    UnpauseContainer: Deed("", "Unpaused", lambda engine, do: engine.unpause(do.name)),
    # Their output goes to whoever listens: the Dispatch runs them.
    RunHooks: Deed("", "", lambda engine, do: None),
    RunPreStart: Deed("Starting", "Exited", lambda engine, do: None),
}


class Replacement(NamedTuple):
    """The steps of a plan that replace one container: for whoever looks on they are one thing, "Recreate"."""

    subject: str
    first: int
    last: int


def replacements(plan: Plan) -> dict[str, Replacement]:
    """By group: every group of steps that ends with a new container under the old name."""
    found: dict[str, Replacement] = {}
    groups: dict[str, list[Step]] = {}
    for step in plan.steps:
        if step.group:
            groups.setdefault(step.group, []).append(step)
    for group, steps in groups.items():
        names = [step.action.to for step in steps if isinstance(step.action, RenameContainer)]
        if names:
            found[group] = Replacement(f"Container {names[-1]}", steps[0].id, steps[-1].id)
    return found


class Dispatch:
    """Performs the steps of one plan; called from several threads at a time."""

    def __init__(
        self,
        engine: Engine,
        plan: Plan,
        report: Callable[[Progress], None],
        stop: threading.Event,
        hear: Callable[[str, bytes], None] | None = None,
    ) -> None:
        self._engine = engine
        self._report = report
        self._stop = stop
        self._hear = hear or _unheard
        self._replacements = replacements(plan)

    def __call__(self, step: Step) -> None:
        """Do it. Raises EngineError, DependencyError, waits.Stopped."""
        action = step.action
        if isinstance(action, WaitFor):
            wait_for(self._engine, action, self._report, self._stop.is_set)
            return
        deed = DEEDS[type(action)]
        subject, doing, done = self._words(step, deed)
        self._say(subject, doing, "working")
        try:
            if isinstance(action, (StopContainer, RestartContainer)):
                self._run_hooks(action.name, "pre_stop")
            deed.call(self._engine, action)
            if isinstance(action, (RunHooks, RestartContainer)):
                self._run_hooks(action.name, "post_start")
            elif isinstance(action, RunPreStart):
                self._run_pre_start(action)
        except EngineError as error:
            if isinstance(error, deed.idempotent):
                self._say(subject, done, "done")
            elif deed.lenient and isinstance(error, Conflict):
                self._say(subject, _IN_USE, "warning")
            elif deed.lenient and isinstance(error, NotFound):
                self._say(subject, _ABSENT, "done")
            else:
                self._say(subject, "Error", "error")
                if isinstance(error, StartFailed):
                    _name(error, subject)
                raise
        else:
            self._say(subject, done, "done")

    def _run_hooks(self, name: str, kind: Literal["post_start", "pre_stop"]) -> None:
        """Hooks inside a container, if it has any. Failed, Stopped."""
        if not self._engine.spec(name).get(kind):
            return
        from compose.execute import hooks

        run = hooks.before_stop if kind == "pre_stop" else hooks.run_inside
        run(self._engine, name, kind, hear=self._hear, stopped=self._stop.is_set)

    def _run_pre_start(self, action: RunPreStart) -> None:
        from compose.execute import hooks

        hooks.run_before_start(
            self._engine,
            action.name,
            action.hook,
            action.runner,
            hear=self._hear,
            stopped=self._stop.is_set,
        )

    def _words(self, step: Step, deed: Deed) -> tuple[str, str, str]:
        replacement = self._replacements.get(step.group)
        if replacement is None:
            return step.action.subject, deed.doing, deed.done
        return (
            replacement.subject,
            "Recreate" if step.id == replacement.first else "",
            "Recreated" if step.id == replacement.last else "",
        )

    def _say(self, subject: str, text: str, status: Any) -> None:
        if text:
            self._report(Progress(subject, text, status))


def _unheard(name: str, line: bytes) -> None:
    """What hooks write is for those who stay and look on."""


def _name(error: StartFailed, subject: str) -> None:
    """Say whose start failed, among so many. The exit code that tells a shell why is for ``run`` alone."""
    error.message = f"{subject[0].lower()}{subject[1:]}: {error.message}"
    error.exit_code = 1
