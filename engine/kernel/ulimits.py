"""Resource limits by their Compose names (getrlimit(2))."""

from __future__ import annotations

import resource
from collections.abc import Mapping

from schemas.errors import Failed, InvalidArgument
from schemas.specs import Ulimit

NAMES = {
    "as": resource.RLIMIT_AS,
    "core": resource.RLIMIT_CORE,
    "cpu": resource.RLIMIT_CPU,
    "data": resource.RLIMIT_DATA,
    "fsize": resource.RLIMIT_FSIZE,
    "locks": 10,  # RLIMIT_LOCKS: accepted by the kernel, without effect since Linux 2.4.24
    "memlock": resource.RLIMIT_MEMLOCK,
    "msgqueue": resource.RLIMIT_MSGQUEUE,
    "nice": resource.RLIMIT_NICE,
    "nofile": resource.RLIMIT_NOFILE,
    "nproc": resource.RLIMIT_NPROC,
    "rss": resource.RLIMIT_RSS,
    "rtprio": resource.RLIMIT_RTPRIO,
    "rttime": resource.RLIMIT_RTTIME,
    "sigpending": resource.RLIMIT_SIGPENDING,
    "stack": resource.RLIMIT_STACK,
}


def check(limits: Mapping[str, Ulimit]) -> None:
    """Raise InvalidArgument for an unknown name or a soft limit above its hard limit."""
    for name, limit in limits.items():
        if name not in NAMES:
            raise InvalidArgument(f"ulimits.{name}: unknown limit")
        soft, hard = limit["soft"], limit["hard"]
        if hard != -1 and (soft == -1 or soft > hard):
            raise InvalidArgument(f"ulimits.{name}: soft limit {soft} is above hard limit {hard}")


def apply(limits: Mapping[str, Ulimit]) -> None:
    """Set the limits of the calling process; Failed names the one that the kernel refuses."""
    check(limits)
    for name, limit in limits.items():
        wanted = (limit["soft"], limit["hard"])
        try:
            resource.setrlimit(NAMES[name], wanted)
        except (OSError, ValueError) as err:
            _, hard = resource.getrlimit(NAMES[name])
            raise Failed(
                f"ulimits.{name}: hard limit {_words(wanted[1])} refused: it is above {_words(hard)},"
                " and raising a hard limit needs CAP_SYS_RESOURCE (see: pycompose doctor)"
            ) from err


def _words(value: int) -> str:
    return "unlimited" if value == resource.RLIM_INFINITY else str(value)
