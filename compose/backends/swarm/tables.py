"""Words of both sides: keys of a ServiceSpec and of the daemon's documents that mean the same."""

from __future__ import annotations

Version = tuple[int, ...]

NANO = 10**9

# Taken as they are; what is empty is left out.
CONTAINER = {
    "cap_add": "CapabilityAdd",
    "cap_drop": "CapabilityDrop",
    "command": "Args",
    "entrypoint": "Command",
    "extra_hosts": "Hosts",
    "group_add": "Groups",
    "hostname": "Hostname",
    "init": "Init",
    "oom_score_adj": "OomScoreAdj",
    "read_only": "ReadOnly",
    "stdin_open": "OpenStdin",
    "stop_signal": "StopSignal",
    "sysctls": "Sysctls",
    "tty": "TTY",
    "user": "User",
    "working_dir": "Dir",
}
DNS = {"dns": "Nameservers", "dns_opt": "Options", "dns_search": "Search"}
ROLLOUT = {
    "parallelism": "Parallelism",
    "delay": "Delay",
    "failure_action": "FailureAction",
    "monitor": "Monitor",
    "max_failure_ratio": "MaxFailureRatio",
    "order": "Order",
}
RESTART = {
    "condition": "Condition",
    "delay": "Delay",
    "max_attempts": "MaxAttempts",
    "window": "Window",
}
CHECK = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start_period": "StartPeriod",
    "start_interval": "StartInterval",
}
# Times are nanoseconds to the daemon.
TIMES = frozenset(("delay", "monitor", "window", *CHECK))
# From which API on a manager has it, and the release that brought it.
NEEDS: dict[str, tuple[Version, str]] = {
    "jobs": ((1, 41), "20.10"),
    "security_opt": ((1, 44), "25"),
    "healthcheck.start_interval": ((1, 44), "25"),
    "volume.subpath": ((1, 45), "26"),
    "oom_score_adj": ((1, 46), "27"),
    "image mounts": ((1, 48), "28"),
}
