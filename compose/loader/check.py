"""Consistency: what the schema cannot say (compose-go validation and checkConsistency).

Each check notes all its faults, so that a person sees every independent mistake at once.
"""

from __future__ import annotations

from compose.loader.faults import Fault, meant
from compose.loader.normalize import device_requests
from compose.text import MAX_INTEGER, parse_bytes
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def check_model(tree: dict[str, Any], faults: list[Fault]) -> None:
    """Checks of single resources, before anything is resolved."""
    for section, keys in (
        ("configs", ("file", "environment", "content")),
        ("secrets", ("file", "environment")),
    ):
        for name, body in (tree.get(section) or {}).items():
            _source(section, name, body or {}, keys, faults)
    for name, body in (tree.get("volumes") or {}).items():
        _external(("volumes", name), body, {"name", "external"}, faults)
    for name, body in (tree.get("services") or {}).items():
        if isinstance(body, dict):
            _watch(name, body, faults)
            _binds(name, body, faults)
            _requests(name, body, faults)


def _source(
    section: str, name: str, body: dict[str, Any], keys: tuple[str, ...], faults: list[Fault]
) -> None:
    given = [key for key in keys if key in body]
    path = (section, name)
    if len(given) > 1:
        faults.append(Fault(path, f"{'|'.join(keys)} attributes are mutually exclusive"))
    if not given and "driver" not in body and "external" not in body:
        faults.append(Fault(path, f"one of {'|'.join(keys)} must be set"))
    if section == "secrets" and "content" in body:
        faults.append(Fault((*path, "content"), "content is not allowed for secrets"))


def _external(path: tuple[str, str], body: Any, allowed: set[str], faults: list[Fault]) -> None:
    if not isinstance(body, dict) or not body.get("external"):
        return
    faults.extend(
        Fault(
            (*path, key),
            f'conflicting parameters "external" and "{key}" specified',
        )
        for key in body
        if key not in allowed and not key.startswith("x-")
    )


def _binds(name: str, body: dict[str, Any], faults: list[Fault]) -> None:
    for index, volume in enumerate(body.get("volumes") or ()):
        if isinstance(volume, dict) and volume.get("type") == "bind" and "source" not in volume:
            text = 'invalid mount config for type "bind": field Source must not be empty'
            faults.append(Fault(("services", name, "volumes", index), text))


def _requests(name: str, body: dict[str, Any], faults: list[Fault]) -> None:
    for key, requests in device_requests(body):
        for index, request in enumerate(requests):
            if "count" in request and "device_ids" in request:
                path = ("services", name, *key, index)
                faults.append(Fault(path, '"count" and "device_ids" attributes are exclusive'))


def _watch(name: str, body: dict[str, Any], faults: list[Fault]) -> None:
    develop = body.get("develop")
    for index, trigger in enumerate((develop or {}).get("watch") or ()):
        path = ("services", name, "develop", "watch", index)
        if not trigger.get("path"):
            faults.append(Fault((*path, "path"), "value can't be blank"))
        if not trigger.get("target") and trigger.get("action") in (
            "sync",
            "sync+restart",
            "sync+exec",
        ):
            faults.append(
                Fault(
                    path,
                    f"target is required for non-rebuild actions, such as {trigger.get('action')}",
                )
            )


def check_services(
    tree: dict[str, Any], active: dict[str, Any], disabled: dict[str, Any], faults: list[Fault]
) -> None:
    """Checks of the active services against each other and against what they refer to."""
    for name, body in active.items():
        _image(name, body, faults)
        _contexts(name, body.get("build") or {}, active, faults)
        _references(name, body, tree, active, disabled, faults)
        _modes(name, body, active, faults)
        _limits(name, body, faults)
        _healthcheck(name, body, faults)
    for name, secret in (tree.get("secrets") or {}).items():
        if not any(
            (secret or {}).get(key) for key in ("external", "file", "environment", "driver")
        ):
            text = f'secret "{name}" must declare either `file` or `environment`'
            faults.append(Fault(("secrets", name), text))
    _cycles(active, faults)


def _image(name: str, body: dict[str, Any], faults: list[Fault]) -> None:
    path = ("services", name)
    build = body.get("build")
    if build is None and not body.get("image") and not body.get("provider"):
        faults.append(
            Fault(path, f'service "{name}" has neither an image nor a build context specified')
        )
    if isinstance(build, dict):
        if build.get("dockerfile_inline") and build.get("dockerfile"):
            faults.append(
                Fault(
                    (*path, "build"),
                    f'service "{name}" declares mutualy exclusive dockerfile and dockerfile_inline',
                )
            )
        platforms = build.get("platforms")
        if platforms and body.get("platform") and body["platform"] not in platforms:
            faults.append(
                Fault(
                    (*path, "build", "platforms"),
                    f'service.build.platforms MUST include service.platform "{body["platform"]}"',
                )
            )


def _contexts(
    name: str, build: dict[str, Any], services: dict[str, Any], faults: list[Fault]
) -> None:
    """``additional_contexts`` may name a service, which must be built itself."""
    for context, where in (build.get("additional_contexts") or {}).items():
        if not where.startswith("service:"):
            continue
        other = where.removeprefix("service:")
        if other not in services:
            text = f'service "{name}" declares unknown service "{other}" as additional contexts {context}'
        elif services[other].get("build") is None:
            text = f'service "{name}" declares non-buildable service "{other}" as additional contexts {context}'
        else:
            continue
        faults.append(Fault(("services", name, "build", "additional_contexts", context), text))


def _references(
    name: str,
    body: dict[str, Any],
    tree: dict[str, Any],
    active: dict[str, Any],
    disabled: dict[str, Any],
    faults: list[Fault],
) -> None:
    path = ("services", name)

    def undefined(kind: str, key: tuple[str | int, ...], what: Any, section: str) -> None:
        known = tree.get(section) or ()
        if what not in known:
            said = f'service "{name}" refers to undefined {kind} {what}'
            faults.append(Fault((*path, *key), said, hint=meant(what, known)))

    for network in body.get("networks") or ():
        undefined("network", ("networks", network), network, "networks")
    for index, volume in enumerate(body.get("volumes") or ()):
        if volume.get("type") == "volume" and volume.get("source"):
            undefined("volume", ("volumes", index), volume["source"], "volumes")
    for section in ("configs", "secrets"):
        for index, mount in enumerate(body.get(section) or ()):
            undefined(section[:-1], (section, index), mount.get("source"), section)
    for index, mount in enumerate((body.get("build") or {}).get("secrets") or ()):
        undefined("build secret", ("build", "secrets", index), mount.get("source"), "secrets")
    for model in body.get("models") or ():
        undefined("model", ("models", model), model, "models")
    for wanted, how in (body.get("depends_on") or {}).items():
        if wanted in active:
            continue
        if not (how or {}).get("required", True) and wanted in disabled:
            continue
        text = f'service "{name}" depends on undefined service "{wanted}"'
        if wanted in disabled:
            text += " (it exists, but none of its profiles is active)"
            faults.append(Fault((*path, "depends_on", wanted), text))
            continue
        others = (other for other in active if other != name)
        faults.append(Fault((*path, "depends_on", wanted), text, hint=meant(wanted, others)))


def _modes(name: str, body: dict[str, Any], active: dict[str, Any], faults: list[Fault]) -> None:
    path = ("services", name)
    mode = body.get("network_mode")
    if mode and body.get("networks"):
        faults.append(
            Fault(
                (*path, "network_mode"),
                f"service {name} declares mutually exclusive `network_mode` and `networks`",
            )
        )
    replicas = (body.get("deploy") or {}).get("replicas")
    scale = body.get("scale")
    if scale is not None and scale < 0:
        faults.append(Fault((*path, "scale"), "must be greater than or equal to 0"))
    if scale is not None and replicas is not None and scale != replicas:
        faults.append(
            Fault(
                (*path, "scale"),
                "can't set distinct values on 'scale' and 'deploy.replicas'",
            )
        )
    count = scale if scale is not None else replicas
    if body.get("container_name") and count is not None and count > 1:
        faults.append(
            Fault(
                (*path, "container_name"),
                f"can't set container_name and scale to {count}, each container must have a unique name",
            )
        )


_PAIRS = (
    ("mem_limit", "limits", "memory"),
    ("mem_reservation", "reservations", "memory"),
    ("cpus", "limits", "cpus"),
    ("pids_limit", "limits", "pids"),
)


def _limits(name: str, body: dict[str, Any], faults: list[Fault]) -> None:
    resources = (body.get("deploy") or {}).get("resources") or {}
    for own, kind, deployed in _PAIRS:
        ours, section = body.get(own), resources.get(kind)
        if not ours or section is None:
            continue
        try:
            same = _amount(ours, deployed) == _amount(section.get(deployed) or 0, deployed)
        except (ValueError, TypeError):  # a value that is wrong in itself is reported elsewhere
            continue
        if not same and _amount(ours, deployed):
            text = f"can't set distinct values on '{own}' and 'deploy.resources.{kind}.{deployed}'"
            faults.append(Fault(("services", name, own), text))


def _amount(value: Any, what: str) -> float:
    if what != "memory":
        return float(value)
    if isinstance(value, str):
        return parse_bytes(value)
    return value if isinstance(value, int) and value <= MAX_INTEGER else 0  # as it is printed


def _healthcheck(name: str, body: dict[str, Any], faults: list[Fault]) -> None:
    test = (body.get("healthcheck") or {}).get("test")
    if test and test[0] not in ("NONE", "CMD", "CMD-SHELL"):
        faults.append(
            Fault(
                ("services", name, "healthcheck", "test"),
                f'healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE", not {test[0]!r}',
            )
        )


def _cycles(active: dict[str, Any], faults: list[Fault]) -> None:
    """The first cycle of dependencies, shown with its path."""
    done: set[str] = set()
    for start in active:
        if start in done:
            continue
        trail: list[str] = []
        on_trail: set[str] = set()
        stack: list[tuple[str, Any]] = [(start, iter(()))]
        entering = True
        while stack:
            name, rest = stack[-1]
            if entering:
                trail.append(name)
                on_trail.add(name)
                rest = iter(active[name].get("depends_on") or ())
                stack[-1] = (name, rest)
            entering = False
            following = next((n for n in rest if n in active and n not in done), None)
            if following is None:
                stack.pop()
                trail.pop()
                on_trail.discard(name)
                done.add(name)
            elif following in on_trail:
                cycle = [*trail[trail.index(following) :], following]
                faults.append(
                    Fault(
                        ("services", name, "depends_on", following),
                        f"dependency cycle detected: {' -> '.join(cycle)}",
                    )
                )
                return
            else:
                stack.append((following, iter(())))
                entering = True
