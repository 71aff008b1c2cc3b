"""What a daemon has nothing for, whatever its version: refused by name, before anything is made."""

from __future__ import annotations

from compose.backends.docker import bodies
from schemas.errors import Unsupported
from schemas.specs import ContainerSpec

# Every key of a spec that ``bodies`` and its kin put into a request, or that is carried out here.
HANDLED = frozenset(
    (
        "name", "image", "platform", "labels", "command", "entrypoint", "environment", "working_dir", "user", "hostname",
        "domainname", "tty", "stdin_open", "stdin_once", "read_only", "privileged", "stop_signal", "stop_grace_period",
        "security_opt", "ulimits", "mounts", "files", "devices", "device_requests", "endpoints", "network_mode",
        "mac_address", "ports", "expose", "extra_hosts", "links", "healthcheck", "restart", "limits", "logging",
        "auto_remove", "pre_start", "post_start", "pre_stop", *bodies.SAME,
    )
)  # fmt: skip


def check(spec: ContainerSpec) -> None:
    """Unsupported for the first thing that is asked for and cannot be had."""
    for key, value in spec.items():
        if key not in HANDLED and value not in (None, "", [], {}, False):
            raise Unsupported(f"{key}: not supported on a Docker daemon")
    restart = spec.get("restart") or {"name": "no"}
    for key in ("delay", "window"):
        if restart.get(key):
            raise Unsupported(
                f"deploy.restart_policy.{key}: a Docker daemon has a back-off of its own",
                hint=f"leave {key} out, or run it on the local engine",
            )
    if restart.get("max_retries") and restart["name"] != "on-failure":
        raise Unsupported(
            f"deploy.restart_policy.max_attempts: a Docker daemon counts them for on-failure only, not for {restart['name']}"
        )
    if (spec.get("healthcheck") or {}).get("restart"):
        raise Unsupported("healthcheck.x-restart: a Docker daemon leaves what is unhealthy alone")
