"""How far this engine honours an attribute with the value it has: the table of ``grades``, and the very checks that refuse.

Where the value decides, the answer is that of the check which ``create`` asks, so that what is graded honoured is not
refused later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import grades, support
from schemas.errors import EngineError, InvalidArgument, Unsupported
from schemas.grades import HONOURED, Grades, Question
from schemas.records import Support

_CLOUDS = ("gha", "s3", "azblob")  # kinds of build caches that others have


def _asked(check: Callable[[Any], None]) -> Question:
    """What a check says of a value."""

    def answer(value: Any) -> Support:
        try:
            check(value)
        except (Unsupported, InvalidArgument) as error:
            return Support("unsupported", error.message.removeprefix("network : "))
        return HONOURED

    return answer


def _container(key: str, prepare: Callable[[Any], Any] = lambda value: value) -> Question:
    def check(value: Any) -> None:
        spec: Any = {"name": "", "image": "", key: prepare(value)}
        support.check_container(spec)

    return _asked(check)


def _network(key: str) -> Question:
    def check(value: Any) -> None:
        spec: Any = {"name": "", key: value}
        support.check_network(spec)

    return _asked(check)


def _network_options(value: dict[str, str]) -> Support:
    """Each driver has options of its own; which one it is stands elsewhere."""
    from engine.network.driver_options import DRIVERS

    answers: list[Support] = []
    for driver in DRIVERS:

        def check(value: Any, driver: str = driver) -> None:
            support.check_network({"name": "", "driver": driver, "driver_opts": value})

        answers.append(_asked(check)(value))
    return next((answer for answer in answers if answer.level == "honoured"), answers[0])


def _volume_options(value: dict[str, str]) -> None:
    support.check_volume({"name": "any", "driver_opts": value})


def _only(path: str, *words: object) -> Question:
    """Honoured with these values; with others the entry's reason is why not."""

    def answer(value: Any) -> Support:
        return HONOURED if value in words else Support("unsupported", grades.TABLE[path].reason)

    return answer


def _restart(value: str) -> Support:
    return support.SERVICE["restart"] if value in ("always", "unless-stopped") else HONOURED


def _attachable(value: bool) -> Support:
    return HONOURED if value else support.NETWORK["attachable"]


def _mount_type(value: str) -> Support:
    if value in ("npipe", "cluster"):
        return Support("unsupported", f"type {value}")
    return HONOURED


def _caches(value: list[str]) -> Support:
    other = [text for text in value if any(f"type={kind}" in text for kind in _CLOUDS)]
    if not other:
        return HONOURED
    return Support("unsupported", f"{other[0]}: caches are inline, registry and local")


def _log_options(value: dict[str, str]) -> Support:
    """Whether one of the drivers takes them: which one it is stands elsewhere."""
    from engine.runtime.drivers.options import DRIVERS

    answers = [
        _container("logging")({"driver": name, "options": value})
        for name in DRIVERS
        if name != "none"
    ]
    return next((answer for answer in answers if answer == HONOURED), answers[0])


def _requests(value: list[dict[str, Any]]) -> Support:
    """Whether the devices are here."""
    from engine.cdi import injection

    try:
        injection(value)  # type: ignore[arg-type]
    except EngineError as error:
        return Support("unsupported", error.message)
    return HONOURED


_QUESTIONS: dict[str, Question] = {
    "services.*.build.cache_from": _caches,
    "services.*.build.cache_to": _caches,
    "services.*.build.network": _only("services.*.build.network", "default", "none", "host"),
    "services.*.build.provenance": _only("services.*.build.provenance", False, "false"),
    "services.*.build.sbom": _only("services.*.build.sbom", False, "false"),
    "services.*.build.isolation": _only("services.*.build.isolation", "default"),
    "services.*.deploy.mode": _only("services.*.deploy.mode", "replicated"),
    "services.*.gpus": _requests,
    "services.*.deploy.resources.reservations.devices": _requests,
    "services.*.isolation": _only("services.*.isolation", "default"),
    "services.*.logging.driver": _container("logging", lambda value: {"driver": value}),
    "services.*.logging.options": _log_options,
    "services.*.networks.*.driver_opts": _container(
        "endpoints", lambda value: [{"network": "", "driver_opts": value}]
    ),
    "services.*.platform": _container("platform"),
    "services.*.ports.*.protocol": _container(
        "ports", lambda value: [{"target": 0, "protocol": value}]
    ),
    "services.*.restart": _restart,
    "services.*.runtime": _only("services.*.runtime", "runc"),
    "services.*.security_opt": _container("security_opt"),
    "services.*.storage_opt": _container("storage_opt"),
    "services.*.userns_mode": _container("userns_mode"),
    "services.*.volumes.*.type": _mount_type,
    "networks.*.attachable": _attachable,
    "networks.*.driver": _network("driver"),
    "networks.*.driver_opts": _network_options,
    "networks.*.ipam.driver": _network("ipam_driver"),
    "volumes.*.driver": _only("volumes.*.driver", "local"),
    "volumes.*.driver_opts": _asked(_volume_options),
}
GRADES = Grades("local", grades.TABLE, _QUESTIONS)
