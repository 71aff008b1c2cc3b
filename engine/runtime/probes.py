"""Run the container's health checks at their times and keep what they say. ``health`` decides what it means."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from engine.runtime import health
from engine.runtime.bundle import Bundle
from engine.runtime.execproc import Processes
from engine.runtime.loop import Loop, Timer
from engine.runtime.status import Status
from schemas.errors import EngineError
from schemas.records import Health
from schemas.specs import Healthcheck

Report = Callable[[Health, tuple[dict[str, Any], ...]], None]


class Probes:
    """One container's checks, while one run of it lasts."""

    def __init__(
        self,
        loop: Loop,
        processes: Processes,
        check: Healthcheck,
        leader: tuple[int, int],
        report: Report,
        log: tuple[dict[str, Any], ...] = (),
        status: Health = "starting",
    ) -> None:
        self._loop = loop
        self._processes = processes
        self._check = check
        self._leader = leader
        self._report = report
        self._log = log
        begun = time.monotonic()
        self._pulse = health.Pulse(begun, status, started=status != "starting")
        self._timer: Timer | None = None
        self._probe: _Probe | None = None
        self._stopped = False
        self._schedule()

    def stop(self) -> None:
        """No further checks; one that runs is killed."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if self._probe is not None:
            self._probe.kill()

    def _schedule(self) -> None:
        delay = health.delay(self._check, self._pulse, time.monotonic())
        self._timer = self._loop.after(delay, self._run)

    def _run(self) -> None:
        self._probe = _Probe(self._loop, health.timeout(self._check), self._judge)
        self._probe.start(self._processes, self._leader, health.command(self._check))

    def _judge(self, began: float, code: int, output: bytes) -> None:
        self._probe = None
        if self._stopped:
            return
        self._pulse = health.judge(self._check, self._pulse, time.monotonic(), code=code)
        entry = {
            "Start": began,
            "End": time.time(),
            "ExitCode": code,
            "Output": output.decode("utf-8", "replace"),
        }
        self._log = (*self._log, entry)[-health.KEPT :]
        self._report(self._pulse.status, self._log)
        self._schedule()


def begin(
    loop: Loop,
    processes: Processes,
    bundle: Bundle,
    leader: tuple[int, int],
    now: Status,
    report: Report,
) -> Probes:
    """The checks of a container that runs; health goes on from where it was."""
    check = bundle["healthcheck"]
    assert check is not None
    shown: Health = now.health or "starting"
    return Probes(loop, processes, check, leader, report, now.health_log, shown)


class _Probe:
    """One run of the check's command: its output up to a limit, and an end in any case."""

    def __init__(
        self, loop: Loop, timeout: float, done: Callable[[float, int, bytes], None]
    ) -> None:
        self._loop = loop
        self._timeout = timeout
        self._done = done
        self._began = time.time()
        self._pid = 0
        self._late = False
        self._output = b""
        self._source, self._sink = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._source, False)
        self._timer = loop.after(timeout, self._too_late)
        loop.on_read(self._source, self._take)

    def start(self, processes: Processes, leader: tuple[int, int], command: list[str]) -> None:
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            processes.start(
                leader,
                processes.program({"command": command}),
                (null, self._sink, self._sink),
                running=self._running,
                failed=lambda error: self._end(error.exit_code, error.message.encode()),
                ended=lambda code: self._end(code, b""),
            )
        except (EngineError, OSError) as err:
            self._end(1, str(err).encode())
        finally:
            os.close(null)
            os.close(self._sink)

    def kill(self) -> None:
        if self._pid:
            try:
                os.kill(self._pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _running(self, pid: int, _terminal: int) -> None:
        self._pid = pid
        if self._late:
            self.kill()

    def _too_late(self) -> None:
        self._late = True
        self.kill()

    def _take(self) -> None:
        try:
            data = os.read(self._source, 65536)
        except BlockingIOError:
            return
        if not data:
            self._loop.on_read(self._source, None)
        self._output += data[: max(0, health.OUTPUT - len(self._output))]

    def _end(self, code: int, reason: bytes) -> None:
        self._timer.cancel()
        self._take()
        self._loop.forget(self._source)
        os.close(self._source)
        output = self._output or reason
        if self._late:
            code = -1
            output = f"Health check exceeded timeout ({self._timeout:g}s)".encode()
        self._done(self._began, code, output)
