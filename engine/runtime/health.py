"""When a health check runs and what its results mean: Docker's rules. Pure; ``probes`` runs the commands."""

from __future__ import annotations

from schemas.records import Health
from schemas.specs import Healthcheck
from schemas.typed import NamedTuple

# moby, daemon/health.go.
INTERVAL = 30.0
TIMEOUT = 30.0
START_INTERVAL = 5.0
RETRIES = 3
KEPT = 5  # results in the log
OUTPUT = 4096  # bytes of output kept of each


class Pulse(NamedTuple):
    """Health so far. ``begun`` is when the container started, on the clock of the caller."""

    begun: float
    status: Health = "starting"
    streak: int = 0  # failures in a row
    started: bool = False  # it was healthy once, or the start period is over


def delay(check: Healthcheck, pulse: Pulse, now: float) -> float:
    """Seconds from ``now`` to the next probe."""
    interval = check.get("interval") or INTERVAL
    if _starting(check, pulse, now):
        return check.get("start_interval") or min(START_INTERVAL, interval)
    return interval


def timeout(check: Healthcheck) -> float:
    """Seconds a probe may take."""
    return check.get("timeout") or TIMEOUT


def judge(check: Healthcheck, pulse: Pulse, now: float, *, code: int) -> Pulse:
    """Health after a probe that ended with ``code`` (0 is healthy, everything else is not)."""
    if code == 0:
        return Pulse(pulse.begun, "healthy", 0, True)
    if _starting(check, pulse, now):
        # A failure while starting is no failure yet.
        return pulse
    streak = pulse.streak + 1
    status = pulse.status
    if streak >= (check.get("retries") or RETRIES):
        status = "unhealthy"
    return Pulse(pulse.begun, status, streak, True)


def command(check: Healthcheck) -> list[str]:
    """The arguments of the probe."""
    kind, *words = check["test"]
    if kind == "CMD-SHELL":
        return ["/bin/sh", "-c", " ".join(words)]
    return words if kind == "CMD" else [kind, *words]


def _starting(check: Healthcheck, pulse: Pulse, now: float) -> bool:
    return not pulse.started and now - pulse.begun < (check.get("start_period") or 0.0)
