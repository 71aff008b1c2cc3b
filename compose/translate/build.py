"""``services.*.build`` as a BuildSpec: every key is translated, warned of, or refused."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from compose.graph import image_reference
from compose.paths import KeyPath, show
from compose.project import Project
from compose.translate import limits
from compose.translate.refusal import KeyUnsupported
from compose.version import VERSION
from schemas import labels
from schemas.building import BuildSecret, BuildSpec
from schemas.typed import NamedTuple

_NETWORKS = ("default", "none", "host")
_SERVICE = "service:"
_EPOCH = "SOURCE_DATE_EPOCH"


class Choices(NamedTuple):
    """What the command line says beside the files. ``args``: as ``--build-arg`` gives them, values known."""

    args: Mapping[str, str] = {}
    no_cache: bool = False
    pull: bool = False
    ssh: str = ""
    memory: int = 0
    to_run: bool = False  # the image is needed for containers here, not for other machines


class Order(NamedTuple):
    """An image to build for a service. ``needs``: services whose images it is made from."""

    service: str
    reference: str
    spec: BuildSpec
    needs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def order(project: Project, service: str, choices: Choices) -> Order:
    """The build of a service that has a ``build`` section. KeyUnsupported for what cannot be honoured."""
    body = project.services[service]
    path: KeyPath = ("services", service, "build")
    section = body["build"]
    reference = image_reference(project.name, service, body)
    spec: BuildSpec = {"context": ""}
    for key, value in section.items():
        if key.startswith("x-") or value in (None, "", [], {}):
            continue
        if key in _SAME:
            spec[key] = value  # type: ignore[literal-required]
        elif key in _TRANSLATED:
            _TRANSLATED[key](value, spec, (*path, key), project)
        elif key not in _NEUTRAL or value not in _NEUTRAL[key]:
            raise KeyUnsupported((*path, key), f"not supported: {_REFUSED.get(key) or value}")
    warnings = _idle_grants(section.get("secrets") or (), (*path, "secrets"))
    spec["context"] = section.get("context") or project.working_dir
    spec["tags"] = list(dict.fromkeys([reference, *(section.get("tags") or ())]))
    spec["labels"] = {
        **(section.get("labels") or {}),
        labels.PROJECT: project.name,
        labels.SERVICE: service,
        labels.VERSION: VERSION,
    }
    _platform(project, body, spec)
    _chosen(choices, spec)
    if project.environment.get(_EPOCH):
        # As buildx does: reproducible builds set it once for everything.
        spec["args"] = {_EPOCH: project.environment[_EPOCH], **(spec.get("args") or {})}
    needs = _needs(project, spec, (*path, "additional_contexts"))
    return Order(service, reference, spec, needs, tuple(warnings))


def ssh_agents(words: Sequence[str]) -> dict[str, str]:
    """``default`` and ``id=path`` words; "" is the person's own agent."""
    return {name: where for name, _, where in (word.partition("=") for word in words)}


def _args(value: Any, spec: BuildSpec, path: KeyPath, project: Project) -> None:
    # A name alone takes its value from the environment; the loader has looked it up.
    spec["args"] = {name: str(text) for name, text in value.items() if text is not None}


def _flag(value: Any, spec: BuildSpec, path: KeyPath, project: Project) -> None:
    spec[str(path[-1])] = value in (True, "true")  # type: ignore[literal-required]


def _words(value: Any, spec: BuildSpec, path: KeyPath, project: Project) -> None:
    words = [value] if isinstance(value, str) else list(value)
    spec[str(path[-1])] = words  # type: ignore[literal-required]


def _network(value: Any, spec: BuildSpec, path: KeyPath, project: Project) -> None:
    if value not in _NETWORKS:
        raise KeyUnsupported(
            path, f'"{value}" is not supported by builds: there are {", ".join(_NETWORKS)}'
        )
    spec["network"] = value


def _size(value: Any, spec: BuildSpec, path: KeyPath, project: Project) -> None:
    spec["shm_size"] = int(value)


def _ulimits(value: Any, spec: BuildSpec, path: KeyPath, project: Project) -> None:
    spec["ulimits"] = limits.ulimits(value)


def _ssh(value: Any, spec: BuildSpec, path: KeyPath, project: Project) -> None:
    if isinstance(value, dict):
        spec["ssh"] = {name: where or "" for name, where in value.items()}
    else:
        spec["ssh"] = ssh_agents([value] if isinstance(value, str) else value)


def _secrets(value: Any, spec: BuildSpec, path: KeyPath, project: Project) -> None:
    found: list[BuildSecret] = []
    for index, grant in enumerate(value):
        source = grant["source"]
        secret = project.section("secrets").get(source) or {}
        id = grant.get("target") or source
        if secret.get("file"):
            found.append({"id": id, "file": secret["file"]})
        elif secret.get("environment"):
            name = secret["environment"]
            if name not in project.environment:
                raise KeyUnsupported(
                    (*path, index), f"secret {source}: environment variable {name} is not set"
                )
            found.append({"id": id, "text": project.environment[name], "variable": name})
        else:
            raise KeyUnsupported(
                (*path, index), f"secret {source} has neither a file nor an environment variable"
            )
    spec["secrets"] = found


def _caches(value: Any, spec: BuildSpec, path: KeyPath, project: Project) -> None:
    spec[str(path[-1])] = [  # type: ignore[literal-required]
        _cache(str(text), (*path, index)) for index, text in enumerate(value)
    ]


def _cache(text: str, path: KeyPath) -> dict[str, str]:
    """``type=registry,ref=…`` as a mapping; a reference alone is of a registry."""
    import csv

    try:
        [fields] = csv.reader([text], strict=True)
    except (csv.Error, ValueError) as error:
        raise KeyUnsupported(path, f"{text} cannot be read: {error}") from None
    if not any("=" in field for field in fields):
        return {"type": "registry", "ref": text}
    found = {}
    for field in fields:
        name, equals, word = field.partition("=")
        if not equals:
            raise KeyUnsupported(path, f"{field} is not name=value")
        found[name.strip().lower()] = word
    for name in ("src", "dest"):
        if name in found:
            found[name] = os.path.abspath(os.path.expanduser(found[name]))
    return found


def _idle_grants(grants: Sequence[Mapping[str, Any]], path: KeyPath) -> list[str]:
    return [
        f"{show((*path, index, key))} has no effect here: RUN --mount=type=secret says it"
        for index, grant in enumerate(grants)
        for key in ("uid", "gid", "mode")
        if grant.get(key) is not None
    ]


def _platform(project: Project, body: Mapping[str, Any], spec: BuildSpec) -> None:
    """What the service runs on goes before what else may be built."""
    wanted = body.get("platform") or project.environment.get("DOCKER_DEFAULT_PLATFORM")
    if wanted:
        spec["platforms"] = [str(wanted)]


def _chosen(choices: Choices, spec: BuildSpec) -> None:
    """The command line goes before the file."""
    if choices.to_run and len(spec.get("platforms") or ()) > 1:
        del spec[
            "platforms"
        ]  # what runs here is of this machine's platform, as with Docker Compose
    if choices.args:
        spec["args"] = {**(spec.get("args") or {}), **choices.args}
    if choices.no_cache:
        spec["no_cache"] = True
    if choices.pull:
        spec["pull"] = True
    if choices.ssh:
        spec["ssh"] = {**(spec.get("ssh") or {}), **ssh_agents(choices.ssh.split(","))}
    if choices.memory:
        spec["limits"] = {"memory": choices.memory}


def _needs(project: Project, spec: BuildSpec, path: KeyPath) -> tuple[str, ...]:
    """Contexts that are images of other services, put into the builder's words; the services."""
    found = []
    contexts = dict(spec.get("additional_contexts") or {})
    for name, where in contexts.items():
        if not where.startswith(_SERVICE):
            continue
        service = where.removeprefix(_SERVICE)
        other = project.services.get(service)
        if other is None:
            raise KeyUnsupported((*path, name), f"no such service: {service}")
        found.append(service)
        contexts[name] = f"docker-image://{image_reference(project.name, service, other)}"
    if contexts:
        spec["additional_contexts"] = contexts
    return tuple(found)


_SAME = frozenset(
    ("additional_contexts", "dockerfile", "dockerfile_inline", "extra_hosts", "target")
)
_TRANSLATED: dict[str, Callable[[Any, BuildSpec, KeyPath, Project], None]] = {
    "args": _args,
    "cache_from": _caches,
    "cache_to": _caches,
    "context": lambda value, spec, path, project: None,
    "entitlements": _words,
    "labels": lambda value, spec, path, project: None,
    "network": _network,
    "no_cache": _flag,
    "no_cache_filter": _words,
    "platforms": _words,
    "pull": _flag,
    "secrets": _secrets,
    "shm_size": _size,
    "ssh": _ssh,
    "tags": lambda value, spec, path, project: None,
    "ulimits": _ulimits,
}
# Keys that are refused, except with values that ask for nothing.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "isolation": ("default",),
    "privileged": (False, "false"),
    "provenance": (False, "false"),
    "sbom": (False, "false"),
}
_REFUSED = {
    "isolation": "Windows containers only",
    "privileged": "grant steps more with entitlements: [security.insecure]",
    "provenance": "no attestations are made",
    "sbom": "no attestations are made",
}
