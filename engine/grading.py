"""How far this engine honours an attribute with the value it has: the table of ``support``, and the very checks that refuse.

A key that is honoured in part has a question here where its value decides; the answer is that of the check which
``create`` asks, so that what is graded honoured is not refused later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine import support
from schemas.errors import InvalidArgument, Unsupported
from schemas.records import Support

_YES = Support("honoured")
_Question = Callable[[Any], Support | None]  # None: nothing speaks against it


def grade(kind: str, key: str, value: object) -> Support:
    """The grade of ``key: value`` of a service, network or volume (``kind``: services, networks, volumes)."""
    entry = support.TABLES[kind].get(key)
    if entry is None:
        return Support("unsupported", "unknown to this engine")
    if entry.level != "partial":
        return entry
    question = _QUESTIONS.get((kind, key))
    if question is None:
        return entry
    try:
        return question(value) or _YES
    except (Unsupported, InvalidArgument) as error:
        return Support("unsupported", error.message.removeprefix("network : "))


def _container(key: str, prepare: Callable[[Any], Any] = lambda value: value) -> _Question:
    def ask(value: Any) -> None:
        spec: Any = {"name": "", "image": "", key: prepare(value)}
        support.check_container(spec)

    return ask


def _network(key: str, prepare: Callable[[Any], Any] = lambda value: value) -> _Question:
    def ask(value: Any) -> None:
        spec: Any = {"name": "", key: prepare(value)}
        support.check_network(spec)

    return ask


def _endpoints(networks: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"network": name, **(attachment or {})} for name, attachment in networks.items()]


def _ipam(value: Mapping[str, Any]) -> Support | None:
    if value.get("options"):
        return Support("unsupported", "options of an IPAM driver")
    _network("ipam_driver")(value.get("driver"))
    return None


def _mounts(value: list[dict[str, Any]]) -> Support | None:
    kinds = sorted({mount["type"] for mount in value} & {"npipe", "cluster"})
    if kinds:
        return Support("unsupported", f"type {' and '.join(kinds)}")
    _container("mounts")(value)
    return None


def _restart(value: str) -> Support | None:
    return support.SERVICE["restart"] if value in ("always", "unless-stopped") else None


def _attachable(value: bool) -> Support | None:
    return None if value else support.NETWORK["attachable"]


def _volume_driver(value: str) -> Support | None:
    return None if value == "local" else Support("unsupported", f"driver {value}")


def _volume_options(value: dict[str, str]) -> None:
    from engine.volume.mounts import check_options

    if value:
        check_options(value)


_QUESTIONS: dict[tuple[str, str], _Question] = {
    ("services", "logging"): _container("logging"),
    ("services", "networks"): _container("endpoints", _endpoints),
    ("services", "platform"): _container("platform"),
    ("services", "ports"): _container("ports"),
    ("services", "restart"): _restart,
    ("services", "security_opt"): _container("security_opt"),
    ("services", "userns_mode"): _container("userns_mode"),
    ("services", "volumes"): _mounts,
    ("networks", "attachable"): _attachable,
    ("networks", "driver"): _network("driver"),
    ("networks", "driver_opts"): _network("driver_opts"),
    ("networks", "enable_ipv4"): _network("enable_ipv4"),
    ("networks", "ipam"): _ipam,
    ("volumes", "driver"): _volume_driver,
    ("volumes", "driver_opts"): _volume_options,
}
