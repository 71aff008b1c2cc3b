"""A step carried out: by kind of step, with what a failure looks like to the person who wrote the Dockerfile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from engine.build import faults, files
from engine.build.reading import Reader
from engine.build.runmounts import Preparer
from engine.build.running import Exited, Runner
from engine.build.stack import Stack
from engine.build.steps import CopyStep, DirectoryStep, RunStep, Step
from engine.build.store import Draft
from schemas.errors import EngineError, Failed

Log = Callable[[bytes], None]


class Carrier:
    """Carries out the steps of one build. ``epoch``: seconds that times are cut to, None for none."""

    def __init__(
        self,
        reader: Reader,
        runner: Runner,
        preparer: Preparer,
        *,
        epoch: int | None,
        excerpt: Callable[[int, int], str],
    ) -> None:
        self._reader = reader
        self._runner = runner
        self._preparer = preparer
        self._epoch = epoch
        self._excerpt = excerpt

    def stop(self) -> None:
        """End what runs."""
        self._runner.stop()

    def now(self) -> float:
        """When a step is said to have been done."""
        return time.time() if self._epoch is None else float(self._epoch)

    def carry_out(self, step: Step, stack: Stack, draft: Draft, log: Log) -> None:
        """Fill the draft. BuildFailed with the lines of the Dockerfile, and the output of what failed."""
        try:
            self._carry_out(step, stack, draft, log)
            if self._epoch is not None:
                cut_times(draft.upper, self._epoch * 1_000_000_000)
        except Exited as err:
            words = " ".join(step.argv) if isinstance(step, RunStep) else ""
            message = f'process "{words}" did not complete successfully: exit code: {err.code}'
            raise faults.failed(
                step, message, self._excerpt, output=err.tail, code=err.code
            ) from err
        except (EngineError, OSError) as err:
            raise faults.explained(step, err, self._excerpt) from err

    def _carry_out(self, step: Step, stack: Stack, draft: Draft, log: Log) -> None:
        epoch = None if self._epoch is None else self._epoch * 1_000_000_000

        def say(words: str) -> None:
            log(f"WARNING: {words}\n".encode())

        if isinstance(step, RunStep):
            with self._preparer.prepared(step) as extra:
                self._runner.run(step, stack, draft, extra, log)
        elif isinstance(step, CopyStep):
            files.copy(step, stack, draft, self._reader, epoch, say)
        elif isinstance(step, DirectoryStep):
            files.make_directory(step, stack, draft, epoch, say)
        else:
            raise Failed(f"{step}: no such step")


def cut_times(directory: str, limit: int) -> None:
    """No file below is younger than ``limit`` (ns): what was made by the step depends on the clock otherwise."""
    for path, names, files_ in os.walk(directory, topdown=False):
        for name in (*files_, *names):
            _cut(f"{path}/{name}", limit)
    _cut(directory, limit)


def _cut(path: str, limit: int) -> None:
    found = os.lstat(path)
    if found.st_mtime_ns > limit:
        os.utime(path, ns=(limit, limit), follow_symlinks=False)
