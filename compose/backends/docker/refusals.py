"""What a daemon has nothing for, whatever its version: refused by name, before anything is made."""

from __future__ import annotations

from schemas.errors import Unsupported
from schemas.specs import ContainerSpec


def check(spec: ContainerSpec) -> None:
    """Unsupported for the first thing that is asked for and cannot be had."""
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
