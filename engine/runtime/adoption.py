"""What a new shim takes over from one that was killed: everything is there, only nobody serves it."""

from __future__ import annotations

import time

from engine.kernel import pidfd
from engine.runtime import builder, claim, output, sandbox, status
from engine.runtime.bundle import Bundle, load
from engine.runtime.messages import Taken
from engine.runtime.sandbox import Surroundings
from engine.runtime.status import Status
from schemas.errors import Conflict
from schemas.typed import NamedTuple

# A child of the killed shim that was just being made holds copies of its sockets for a moment.
_PATIENCE = 2.0
_PAUSE = 0.01


class Adopted(NamedTuple):
    bundle: Bundle
    status: Status
    leader: tuple[int, int]  # pid and pidfd
    made: Surroundings
    pipes: (
        tuple[int, int] | None
    )  # our ends of stdout and stderr; None with a terminal, which is lost
    control: int  # the control socket, listening


def adopt(id: str) -> Adopted | None:
    """Take the container over; None when it has ended, or has another shim by now. Conflict when a port is lost to others."""
    now = status.load_state(id)
    try:
        claim.lock(id)
    except Taken:
        return None
    if now is None or not pidfd.alive(now.pid, now.start_time):
        return None
    leader = (now.pid, pidfd.pidfd_open(now.pid))
    bundle = load(id)
    made = _surroundings(bundle, now)
    pipes = None if bundle["tty"] else output.reopen_pipes(id)
    return Adopted(bundle, now, leader, made, pipes, builder.listen(id))


def _surroundings(bundle: Bundle, now: Status) -> Surroundings:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return sandbox.adopt(bundle, now)
        except Conflict:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
