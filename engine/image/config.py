"""Image configs (OCI image spec, config.md): times, new ones, and Docker's ``--change`` instructions."""

from __future__ import annotations

import json
from typing import Any

from engine.image import platform
from schemas.errors import InvalidArgument, Unsupported

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def epoch(text: str) -> float:
    """RFC 3339 time as epoch seconds; 0.0 for none (and for Go's year 1)."""
    from datetime import datetime

    try:
        return max(datetime.fromisoformat(text).timestamp(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return 0.0


def rfc3339(time: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")


def imported(diff_id: str, *, created: float, changes: list[str], comment: str) -> dict[str, Any]:
    """The config of a one-layer image made from a root filesystem."""
    time = rfc3339(created)
    return {
        "architecture": platform.architecture(),
        "os": "linux",
        "created": time,
        "config": apply_changes({}, changes),
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": time, "comment": comment}],
    }


def encode(config: dict[str, Any]) -> str:
    """The text whose digest is the image's id."""
    return json.dumps(config, separators=(",", ":"), sort_keys=True)


def apply_changes(config: dict[str, Any], changes: list[str]) -> dict[str, Any]:
    """Apply Dockerfile instructions as ``docker import --change`` does; InvalidArgument for a wrong one."""
    config = dict(config)
    for change in changes:
        word, _, rest = change.strip().partition(" ")
        apply = _CHANGES.get(word.upper())
        if apply is None:
            raise InvalidArgument(f"{word.upper()} is not a valid change command")
        apply(config, rest.strip(), change)
    return config


def _command(key: str) -> Any:
    def apply(config: dict[str, Any], rest: str, change: str) -> None:
        config[key] = _exec_or_shell(rest, change)

    return apply


def _exec_or_shell(rest: str, change: str) -> list[str]:
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except ValueError as err:
            raise InvalidArgument(f"{change}: not a JSON list: {err}") from err
        if not all(isinstance(word, str) for word in words):
            raise InvalidArgument(f"{change}: not a list of strings")
        return list(words)
    return ["/bin/sh", "-c", rest]


def _env(config: dict[str, Any], rest: str, change: str) -> None:
    merged = dict(item.partition("=")[::2] for item in config.get("Env") or ())
    merged.update(_pairs(rest, change))
    config["Env"] = [f"{key}={value}" for key, value in merged.items()]


def _label(config: dict[str, Any], rest: str, change: str) -> None:
    config["Labels"] = {**(config.get("Labels") or {}), **_pairs(rest, change)}


def _pairs(rest: str, change: str) -> dict[str, str]:
    """``k=v k2="v 2"`` or the old ``k v``."""
    import shlex

    key, space, value = rest.partition(" ")
    if space and "=" not in key:
        return {key: value}
    try:
        words = shlex.split(rest)
    except ValueError as err:
        raise InvalidArgument(f"{change}: {err}") from err
    if not words or not all(word.partition("=")[1] and word.partition("=")[0] for word in words):
        raise InvalidArgument(f"{change}: must be name=value")
    return dict(word.partition("=")[::2] for word in words)


def _set(key: str) -> Any:
    def apply(config: dict[str, Any], rest: str, change: str) -> None:
        config[key] = rest

    return apply


def _ports(config: dict[str, Any], rest: str, change: str) -> None:
    ports = dict(config.get("ExposedPorts") or {})
    for word in rest.split():
        ports[word if "/" in word else f"{word}/tcp"] = {}
    config["ExposedPorts"] = ports


def _volumes(config: dict[str, Any], rest: str, change: str) -> None:
    paths = _exec_or_shell(rest, change) if rest.startswith("[") else rest.split()
    config["Volumes"] = {**(config.get("Volumes") or {}), **{path: {} for path in paths}}


def _workdir(config: dict[str, Any], rest: str, change: str) -> None:
    import posixpath

    config["WorkingDir"] = posixpath.join(config.get("WorkingDir") or "/", rest)


def _healthcheck(config: dict[str, Any], rest: str, change: str) -> None:
    kind, _, command = rest.partition(" ")
    if kind.upper() == "NONE":
        config["Healthcheck"] = {"Test": ["NONE"]}
    elif kind.upper() == "CMD":
        command = command.strip()
        test = ["CMD", *_exec_or_shell(command, change)] if command.startswith("[") else None
        config["Healthcheck"] = {"Test": test or ["CMD-SHELL", command]}
    else:
        raise Unsupported(f"{change}: options of HEALTHCHECK are not supported here")


def _on_build(config: dict[str, Any], rest: str, change: str) -> None:
    config["OnBuild"] = [*(config.get("OnBuild") or ()), rest]


_CHANGES = {
    "CMD": _command("Cmd"),
    "ENTRYPOINT": _command("Entrypoint"),
    "ENV": _env,
    "EXPOSE": _ports,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "ONBUILD": _on_build,
    "STOPSIGNAL": _set("StopSignal"),
    "USER": _set("User"),
    "VOLUME": _volumes,
    "WORKDIR": _workdir,
}
