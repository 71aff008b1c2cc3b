"""The shim: one small process that stays with one container and takes everything away at its end.

It is forked by the launcher and outlives the command. Its life: lock → builder → running ⇄ restarting → ended. It alone
changes the container's state; whoever holds the lock is the shim. A crash of the shim is no end of the container: the
next command starts another one, which adopts it.

It keeps little in memory: the bundle and the status are read from their files when something happens.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from engine import paths
from engine.kernel import pidfd, pty, title
from engine.runtime import (
    adoption,
    builder,
    cleaning,
    fresh,
    logwriter,
    messages,
    output,
    probes,
    reaper,
    restart,
    sandbox,
    status,
)
from engine.runtime.bundle import Bundle, load
from engine.runtime.drivers import options
from engine.runtime.execproc import Processes
from engine.runtime.handover import Built, Receiver
from engine.runtime.lacks import Lacks
from engine.runtime.loop import Loop, Timer
from engine.runtime.probes import Probes
from engine.runtime.sandbox import Sandbox
from engine.runtime.server import Server
from engine.runtime.status import Status
from schemas.errors import EngineError, PycomposeError
from schemas.records import Health
from schemas.specs import Restart

_FAREWELL = 5.0  # seconds that the last bytes may take to reach an attached client after the end
_START_FAILED = 128
_NAME = "pycompose-shim"
# Ready to be sent: what a waiting shim does not execute, it does not own in memory.
_OK = b'{"ok":true}'
_SIGKILL = int(signal.SIGKILL)
_ALWAYS: Restart = {"name": "always"}


class Shim:
    """The container's life as this process sees it."""

    def __init__(self, id: str, reply: messages.Socket) -> None:
        self.id = id
        self.loop = Loop()
        self.output = output.Output(self.loop, self._drained)
        self.server = Server(self)
        self.processes = Processes(self.loop, self.load_bundle)
        self.sandbox: Sandbox | None = None
        self.leader = (0, -1)  # pid, pidfd of the first process
        self.terminal = -1
        self.stdin = -1
        self._reply: messages.Socket | None = reply
        self._building: messages.Socket | None = None
        # Exit codes of children that ended while a builder was at work.
        self._early: dict[int, int] = {}
        self._stopped = False  # somebody asked for the end
        self._killed = False  # we have sent SIGKILL
        self._ill = False  # we have stopped it because it was unhealthy
        self._waiting: list[messages.Socket] = []  # for the end
        self._history: restart.History | None = None
        self._timer: Timer | None = None
        self._probes: Probes | None = None
        self._lacks = Lacks(self.loop, self._lacking)
        self._last: Status | None = None  # what counts while there is no state.json
        self._leaving = False
        reaper.watch(self.loop, self._child_ended, self._terminated)

    def load_bundle(self) -> Bundle:
        return load(self.id)

    @property
    def status(self) -> Status:
        """What we have shown last."""
        return status.load_state(self.id) or self._last or status.read(self.id)

    # start --------------------------------------------------------------------------------------

    def begin(self, jobs: messages.Socket) -> None:
        """Have the container built."""
        ours, theirs = messages.pair()
        messages.send_plain(jobs, {"id": self.id}, (theirs.fileno(),))
        theirs.close()
        self._await(ours)

    def adopt(self) -> None:
        """Take over from a shim that was killed, unless there is nothing to take over any more."""
        found = adoption.adopt(self.id)
        if found is None:
            self._answer_ok()  # if it has ended meanwhile, cleaning up is the caller's
            os._exit(0)
        title.set_title(_NAME, f"{_NAME} {found.bundle['name']}")
        self.leader = found.leader
        reaper.adopted(self.loop, *found.leader, found.status.start_time, self._adopted_ended)
        self.sandbox = Sandbox(self.loop, sandbox.place(found.bundle), found.made)
        self.output.log = self._log(options.plan(found.bundle["logging"]))
        if found.bundle["cgroup"]["limits"].get("memory"):
            self._lacks.watch(sandbox.group(found.bundle))
        if found.pipes is not None:
            self.output.pipes(found.pipes)
        self.server.listen(found.control)
        self._serve(health=bool(found.bundle["healthcheck"]))
        if found.status.stopping:
            self._stop_alone()  # nobody else knows how far that had come

    def _await(self, channel: messages.Socket) -> None:
        """Do what the builder asks for until the container runs or has failed."""
        self._building = channel
        receiver = Receiver(self.id)

        def told() -> None:
            try:
                built = receiver.take(channel)
            except messages.Taken as err:
                messages.tell(self._reply or channel, messages.from_error(err))
                os._exit(0)
            except EngineError as err:
                self._built()
                self._failed(err)
                return
            if built is not None:
                self._built()
                self._running(built)

        self.loop.on_read(channel.fileno(), told)

    def _built(self) -> None:
        assert self._building is not None
        self.loop.forget(self._building.fileno())
        self._building.close()
        self._building = None

    def _running(self, built: Built) -> None:
        if self.sandbox is None:
            title.set_title(_NAME, f"{_NAME} {built.name}")
            self.sandbox = Sandbox(self.loop, built.place, built.made)
            self.output.log = self._log(built.logging)
            self.server.listen(built.control)
        else:  # a new run: what others have us show meanwhile is not lost, since nobody but us writes it
            before = self.status
            builder.show_running(self.load_bundle(), before, built.pid, before.ports)
        self.leader = (built.pid, -1)
        self.stdin, self.terminal = built.stdin, built.terminal
        if built.terminal >= 0:
            self.output.terminal(built.terminal)
        else:
            self.output.pipes(built.pipes)
        if built.memory:
            self._lacks.watch(sandbox.group(self.load_bundle()))
        early = self._early.pop(built.pid, None)
        self._early.clear()
        if early is None:
            self.leader = (built.pid, pidfd.pidfd_open(built.pid))
        self._serve(health=built.health and early is None)
        if early is not None:
            self._ended(early)
        elif self._waiting:
            self.signal(_SIGKILL)  # it was stopped while it started again

    def _lacking(self) -> None:
        """The kernel has killed for lack of memory, and the container may go on; what its end brings is told there."""
        now = self.status
        if self.leader[0] and now.state in status.ACTIVE:
            bundle = self.load_bundle()
            if self._lacks.fresh(sandbox.group(bundle).oom_kills(), now.oom_kills):
                builder.record(bundle, "oom")
                self.show(now._replace(oom_killed=True))

    def _log(self, plan: options.Plan) -> logwriter.Writer:
        return logwriter.open_log(self.id, plan, self.loop, self.load_bundle)

    def _serve(self, *, health: bool) -> None:
        if health:
            self._probes = probes.begin(
                self.loop,
                self.processes,
                self.load_bundle(),
                self.leader,
                self.status,
                self._health,
            )
        self._answer_ok()

    def _failed(self, error: PycomposeError) -> None:
        """It did not start: take everything away and say why."""
        now = self.status
        first = self.sandbox is None
        self._last = now._replace(
            state="created" if first else "exited",
            health="",
            pid=0,
            exit_code=error.exit_code if error.exit_code > 1 else _START_FAILED,
            error=error.message,
            finished=time.time(),
        )
        self._end(messages.from_error(error))

    def _answer_ok(self) -> None:
        if self._reply is not None:
            try:
                self._reply.send(_OK)
            except OSError:
                pass  # the command was killed; the container runs all the same
            self._reply.close()
            self._reply = None

    # end ----------------------------------------------------------------------------------------

    def stop(self, connection: messages.Socket, number: int, timeout: float | None) -> None:
        """Have it end for good; ``connection`` is answered when everything is taken away."""
        self._stopped = True
        self._waiting.append(connection)
        if self._timer is not None:  # between two runs
            self._timer.cancel()
            self._timer = None
            self._last = self.status._replace(state="exited")
            self._end(None)
            return
        if self._building is not None:
            return  # see _running
        if self.status.state == "paused":
            self.unpause()
        self.signal(number)
        grace = self.load_bundle()["stop_grace_period"] if timeout is None else timeout
        if number != _SIGKILL and grace >= 0:
            self.loop.after(grace, lambda: self.signal(_SIGKILL))

    def signal(self, number: int) -> None:
        """Send a signal to the first process; one that is made to end it keeps it from being restarted."""
        if number == _SIGKILL or str(number) == self.load_bundle()["stop_signal"]:
            self._stopped = True
        if self.leader[1] >= 0:
            self._killed = self._killed or number == _SIGKILL
            pidfd.pidfd_send_signal(self.leader[1], number)
            if number == _SIGKILL and self.status.state == "paused":
                self.unpause()

    def pause(self) -> None:
        sandbox.group(self.load_bundle()).freeze()
        self.show(self.status._replace(state="paused"))

    def unpause(self) -> None:
        sandbox.group(self.load_bundle()).thaw()
        self.show(self.status._replace(state="running"))

    def _ended(self, code: int) -> None:
        """The first process is gone, and with it (in a pid namespace of its own) all others."""
        if self._probes is not None:
            self._probes.stop()
            self._probes = None
        if self.leader[1] >= 0:
            self.loop.forget(self.leader[1])
            os.close(self.leader[1])
        self.leader = (0, -1)
        self._killed = False
        bundle = self.load_bundle()
        group = sandbox.group(bundle)
        if bundle["namespaces"]["pid"] != "new":
            group.kill()
        self.output.finish()
        self.terminal = -1
        if self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1
        before = self.status
        ooms = group.oom_kills()
        now = before._replace(
            health="",
            pid=0,
            exit_code=code,
            finished=time.time(),
            oom_killed=ooms > before.oom_kills,
            oom_kills=ooms,
        )
        if self._lacks.fresh(ooms, before.oom_kills):
            builder.record(bundle, "oom")
        ran = now.finished - now.started
        builder.record(bundle, "die", exitCode=str(code), execDuration=str(int(ran)))
        decision = restart.decide(
            _ALWAYS if self._ill else bundle["restart"],
            code=code,
            ran=ran,
            stopped=self._stopped,
            history=self._history or restart.History(),
        )
        if not decision.again:
            self._last = now._replace(state="exited")
            self._end(None)
            return
        self._ill = False
        self._history = decision.history
        self.show(now._replace(state="restarting"))
        self._timer = self.loop.after(decision.delay, self._restart)

    def _restart(self) -> None:
        self._timer = None
        now = self.status
        self.show(now._replace(restarts=now.restarts + 1))
        assert self.sandbox is not None
        self._await(builder.fork(self.id, self.sandbox.netns))

    def _end(self, reply: messages.Message | None) -> None:
        """Take everything away, record the end, and leave as soon as attached clients have read all."""
        # First of all, for we may be killed: who looks believes in the state that is shown until that is taken away.
        last = (self._last or self.status)._replace(ports=(), oom_kills=0, stopping=False)
        status.write_last(self.id, last)
        self.server.close()
        self.output.log.close()
        if self.sandbox is not None:
            self.sandbox.release()
        bundle = self.load_bundle()
        group = sandbox.group(bundle)
        group.kill()
        group.remove()
        cleaning.remove_directory(paths.runtime_dir(self.id))
        if reply is not None and self._reply is not None:
            messages.tell(self._reply, reply)
        for connection in self._waiting:
            messages.tell(connection, {"ok": True})
        self.server.ended(last.exit_code)
        if bundle["auto_remove"]:
            # As a process of its own: removing knows far more of the engine than a shim does.
            fresh.spawn("engine.removal", f"remove({self.id!r}, volumes=True)")
        self._leaving = True
        self.output.end_clients()
        if self.output.idle:
            os._exit(0)
        self.loop.after(_FAREWELL, lambda: os._exit(0))

    def _drained(self) -> None:
        if self._leaving:
            os._exit(0)

    # children -----------------------------------------------------------------------------------

    def _child_ended(self, pid: int, code: int) -> None:
        if self._building is not None:
            self._early[pid] = code
        if pid == self.leader[0]:
            self._ended(code)
        else:
            self.processes.reaped(pid, code)

    def _adopted_ended(self, code: int | None) -> None:
        if code is None:
            code = 128 + _SIGKILL if self._killed else status.UNSEEN
        self._ended(code)

    def _terminated(self) -> None:
        """The machine goes down: give the container its grace."""
        if not self._stopped and self.leader[0]:
            self._stop_alone()

    def _stop_alone(self) -> None:
        """Stop it with nobody who waits for the end."""
        ours, theirs = messages.pair()
        theirs.close()
        self.show_stopping(True)
        self.stop(ours, int(self.load_bundle()["stop_signal"]), None)

    # what others see ----------------------------------------------------------------------------

    def show(self, now: Status) -> None:
        """Let everybody see the status."""
        status.write(self.id, now)

    def show_stopping(self, stopping: bool) -> None:
        """Let everybody see whether it is made to end."""
        now = self.status
        if now.stopping != stopping:
            self.show(now._replace(stopping=stopping))

    def _health(self, found: Health, log: tuple[dict[str, Any], ...]) -> None:
        before = self.status
        self.show(before._replace(health=found, health_log=log))
        if found != before.health:
            bundle = self.load_bundle()
            builder.record(bundle, f"health_status: {found}")
            if found == "unhealthy" and (bundle["healthcheck"] or {}).get("restart"):
                self._start_anew(bundle)

    def _start_anew(self, bundle: Bundle) -> None:
        """Stop what has turned unhealthy; its end will start it again."""
        self._ill, run = True, self.leader
        pidfd.pidfd_send_signal(run[1], int(bundle["stop_signal"]))
        self.loop.after(bundle["stop_grace_period"], lambda: self._end_run(run))

    def _end_run(self, run: tuple[int, int]) -> None:
        if self.leader == run and run[1] >= 0:
            pidfd.pidfd_send_signal(run[1], _SIGKILL)

    def resize(self, rows: int, columns: int) -> None:
        """Set the size of the container's terminal."""
        if self.terminal >= 0 and rows and columns:
            pty.set_size(self.terminal, rows, columns)
