"""One stage: its instructions in order, each by the function that knows its kind. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.build import changes, settings
from engine.build import instructions as kinds
from engine.build.instructions import Instruction
from engine.build.lexer import DockerfileError
from engine.build.walk import Walk
from schemas.errors import InvalidArgument

_COUNTED = (kinds.Add, kinds.Copy, kinds.Run, kinds.Workdir)


def go(
    walk: Walk, triggers: list[Instruction], instructions: tuple[Instruction, ...], *, pulled: bool
) -> None:
    """The base image's triggers, then the stage's own; ``pulled``: an image to be brought counts as a step."""
    counted = sum(isinstance(item, _COUNTED) for item in (*triggers, *instructions))
    walk.total, walk.index = counted + pulled, int(pulled)
    for group, trigger in ((triggers, True), (instructions, False)):
        walk.trigger = trigger
        for instruction in group:
            try:
                _HANDLERS[type(instruction)](walk, instruction)
            except DockerfileError:
                raise
            except InvalidArgument as err:
                place = instruction.place
                raise DockerfileError(err.message, place.start, place.end, hint=err.hint) from err


_HANDLERS: dict[type, Callable[[Walk, Any], None]] = {
    kinds.Add: changes.add,
    kinds.Arg: settings.arg,
    kinds.Cmd: settings.cmd,
    kinds.Copy: changes.copy,
    kinds.Entrypoint: settings.entrypoint,
    kinds.Env: settings.env,
    kinds.Expose: settings.expose,
    kinds.Healthcheck: settings.healthcheck,
    kinds.Label: settings.label,
    kinds.Maintainer: settings.maintainer,
    kinds.Onbuild: settings.onbuild,
    kinds.Run: changes.run,
    kinds.Shell: settings.shell,
    kinds.StopSignal: settings.stop_signal,
    kinds.User: settings.user,
    kinds.Volume: settings.volume,
    kinds.Workdir: changes.workdir,
}
