"""Whether and when a container that has ended starts again: Docker's restart policies, and those of Swarm. Pure.

As with Docker, attempts are counted over the container's whole life; a ``window`` makes a run of that length a success,
after which they are counted anew.
"""

from __future__ import annotations

from schemas.specs import Restart
from schemas.typed import NamedTuple

FIRST_DELAY = 0.1
LONGEST_DELAY = 60.0
# A run of this length was a good one: the next end begins with the first delay again.
GOOD_RUN = 10.0


class History(NamedTuple):
    """What has happened so far."""

    attempts: int = 0  # since the start, or since the last success
    delay: float = 0.0  # before the last start; 0.0 before the first


class Decision(NamedTuple):
    again: bool
    delay: float
    history: History


def decide(
    policy: Restart | None, *, code: int, ran: float, stopped: bool, history: History
) -> Decision:
    """What follows an end with exit ``code`` after ``ran`` seconds; ``stopped`` when somebody asked for it."""
    name = policy["name"] if policy is not None else "no"
    if policy is None or name == "no" or stopped or (name == "on-failure" and code == 0):
        return Decision(False, 0.0, History())
    window = policy.get("window")
    if window and ran >= window:
        history = History()
    elif ran >= GOOD_RUN:
        history = history._replace(delay=0.0)
    most = policy.get("max_retries") or 0
    if most and history.attempts >= most:
        return Decision(False, 0.0, history)
    fixed = policy.get("delay")
    if fixed is not None:
        delay = fixed
    else:
        delay = min(history.delay * 2, LONGEST_DELAY) if history.delay else FIRST_DELAY
    return Decision(True, delay, History(history.attempts + 1, delay))
