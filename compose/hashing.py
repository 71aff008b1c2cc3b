"""Hashes of what is asked for: they decide what is made anew.

A service's hash is Docker Compose's, so that both tools agree on a container's ``config-hash`` label: SHA-256 of the JSON
of the service, without build, pull_policy, scale and replicas.
"""

from __future__ import annotations

from zlib import crc32

from compose.emit.gojson import go_json, json_service
from compose.project import Project
from schemas.digest import sha256
from schemas.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_NOT_HASHED = frozenset(("build", "pull_policy", "scale"))
# Part of the reference's hash, but no reason to replace a container.
HARMLESS = frozenset(("attach", "depends_on", "develop", "profiles"))
# How the reference's JSON writes what was not asked for.
_EMPTY = ("null", '{"resources":{},"placement":{}}')


class ServiceHash(NamedTuple):
    """The hash of a service, and a short digest of each of its attributes, which tells what has changed."""

    hash: str
    parts: dict[str, str]


def service_hash(project: Project, name: str) -> str:
    """The hash of an active service, as ``docker compose config --hash`` prints it."""
    return hash_service(project.services[name]).hash


def hash_service(body: Mapping[str, Any]) -> ServiceHash:
    """Hash a service of the canonical tree."""
    pieces = {key: go_json(value) for key, value in hashed_document(body).items()}
    text = ",".join(f'"{key}":{piece}' for key, piece in pieces.items())
    return ServiceHash(
        sha256(b"{%b}" % _bytes(text)).hexdigest(),
        {
            key: f"{crc32(_bytes(piece)):08x}"
            for key, piece in pieces.items()
            if piece not in _EMPTY
        },
    )


def hashed_document(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the hash of a service is made of."""
    document = {key: value for key, value in body.items() if key not in _NOT_HASHED}
    deploy = document.get("deploy")
    if deploy and deploy.get("replicas") is not None:
        document["deploy"] = {key: value for key, value in deploy.items() if key != "replicas"}
    env_files = document.get("env_file")
    if (
        env_files
    ):  # only in a project whose environment is not resolved, which is what ``config --hash`` loads
        document["env_file"] = [
            entry["path"] if entry.get("required", True) else entry for entry in env_files
        ]
    return json_service(document)


def network_hash(body: Mapping[str, Any]) -> str:
    """The hash of a network of the canonical tree: of all that cannot be changed while it exists."""
    return _resource_hash(
        body,
        ("driver", "driver_opts", "ipam", "internal", "attachable", "enable_ipv4", "enable_ipv6"),
    )


def volume_hash(body: Mapping[str, Any]) -> str:
    """The same of a volume."""
    return _resource_hash(body, ("driver", "driver_opts"))


def write_digests(digests: Mapping[str, str]) -> str:
    """Digests by name as the text of a label: ``image:1a2b3c4d,ports:5e6f7a8b``."""
    return ",".join(f"{name}:{digest}" for name, digest in digests.items())


def read_digests(text: str) -> dict[str, str]:
    """The digests that a label holds."""
    found = {}
    for word in text.split(",") if text else ():
        name, _, digest = word.rpartition(":")
        found[name] = digest
    return found


def changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """The names whose digests differ, or that only one side has."""
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def _resource_hash(body: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    # Labels are left out: they can change without anybody's data or connections being lost for it.
    document = {key: body[key] for key in keys if body.get(key) not in (None, {}, [])}
    return sha256(_bytes(go_json(document))).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
