"""What runs in a container: the image's configuration with the spec laid over it. Pure.

The rules are Docker's: an entrypoint that is asked for takes the image's command away, a variable without a value takes
the image's away, and a health check inherits each setting that it does not name.
"""

from __future__ import annotations

from typing import Any

from schemas.specs import ContainerSpec, Healthcheck

# moby/docker-image-spec: the config's healthcheck has nanoseconds.
_TIMES = (
    ("interval", "Interval"),
    ("timeout", "Timeout"),
    ("start_period", "StartPeriod"),
    ("start_interval", "StartInterval"),
)


def arguments(spec: ContainerSpec, config: dict[str, Any]) -> list[str]:
    """Entrypoint and command; empty when neither names a program."""
    entrypoint, command = spec.get("entrypoint"), spec.get("command")
    if not entrypoint and command is None:
        command = (
            config.get("Cmd") or []
        )  # an empty entrypoint takes only the image's entrypoint away
    if entrypoint is None:
        entrypoint = config.get("Entrypoint") or []
    # [""] is how a command line clears the entrypoint.
    return [*([] if entrypoint == [""] else entrypoint), *(command or [])]


def environment(spec: ContainerSpec, config: dict[str, Any]) -> list[str]:
    """``K=V`` in the image's order, then what is new."""
    values: dict[str, str | None] = {}
    for entry in config.get("Env") or []:
        key, _, value = entry.partition("=")
        values[key] = value
    values.update(spec.get("environment") or {})
    return [f"{key}={value}" for key, value in values.items() if value is not None]


def healthcheck(spec: ContainerSpec, config: dict[str, Any]) -> Healthcheck | None:
    """The check that applies; None when there is none or it is switched off."""
    image: dict[str, Any] = config.get("Healthcheck") or {}
    found: Healthcheck = {}
    if image.get("Test"):
        found["test"] = list(image["Test"])
    if image.get("Retries"):
        found["retries"] = image["Retries"]
    for key, name in _TIMES:
        if image.get(name):
            found[key] = image[name] / 1e9  # type: ignore[literal-required]
    found.update(spec.get("healthcheck") or {})
    if not found.get("test") or found["test"][0] == "NONE":
        return None
    return found
