"""Which registries have mirrors, and which need not prove who they are.

Read from Docker's ``/etc/docker/daemon.json`` (keys ``registry-mirrors`` and ``insecure-registries``, so that what holds for
dockerd holds here), then from ``/etc/pycompose/registries.json`` (``$PYCOMPOSE_REGISTRIES``) with the same two keys, where
``registry-mirrors`` may also be an object: a list of mirrors for each registry. ``$PYCOMPOSE_REGISTRY_MIRRORS`` and
``$PYCOMPOSE_INSECURE_REGISTRIES`` (separated by commas) come on top.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from engine.image.reference import DEFAULT_DOMAIN
from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

_DOCKER = "/etc/docker/daemon.json"
_OURS = "/etc/pycompose/registries.json"
_MIRRORS, _INSECURE = "registry-mirrors", "insecure-registries"


class Settings(NamedTuple):
    """``mirrors``: URLs by registry, to be asked first. ``insecure``: hosts, hosts with ports, and networks."""

    mirrors: dict[str, tuple[str, ...]] = {}
    insecure: tuple[str, ...] = ()


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this machine; InvalidArgument names the file that cannot be understood."""
    mirrors: dict[str, list[str]] = {}
    insecure: list[str] = []
    ours = environ.get("PYCOMPOSE_REGISTRIES") or _OURS
    for path in (_DOCKER, ours):
        document = _load(path, must=path != _DOCKER and path != _OURS)
        if path == ours:
            _refuse_unknown(document, path)
        for registry, urls in _mirrors(document.get(_MIRRORS), path).items():
            mirrors.setdefault(registry, []).extend(urls)
        insecure += _strings(document.get(_INSECURE), path, _INSECURE)
    mirrors.setdefault(DEFAULT_DOMAIN, []).extend(_words(environ, "PYCOMPOSE_REGISTRY_MIRRORS"))
    insecure += _words(environ, "PYCOMPOSE_INSECURE_REGISTRIES")
    found = {registry: tuple(map(_mirror, urls)) for registry, urls in mirrors.items() if urls}
    return Settings(found, tuple(insecure))


def _load(path: str, *, must: bool) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except FileNotFoundError:
        if must:
            raise InvalidArgument(f"{path}: no such file (named by PYCOMPOSE_REGISTRIES)") from None
        return {}
    except OSError as err:
        if must:
            raise InvalidArgument(f"{path}: {err.strerror}") from err
        return {}  # dockerd's file may be for root's eyes only
    except ValueError as err:
        raise InvalidArgument(f"{path}: not JSON: {err}") from err
    if not isinstance(document, dict):
        raise InvalidArgument(f"{path}: must be an object")
    return document


def _refuse_unknown(document: dict[str, Any], path: str) -> None:
    for key in document:
        if key not in (_MIRRORS, _INSECURE):
            raise InvalidArgument(
                f"{path}: unknown key {key!r} (there are {_MIRRORS}, {_INSECURE})"
            )


def _mirrors(value: Any, path: str) -> dict[str, list[str]]:
    if isinstance(value, dict):
        return {
            registry: _strings(urls, path, f"{_MIRRORS}.{registry}")
            for registry, urls in value.items()
        }
    return {DEFAULT_DOMAIN: _strings(value, path, _MIRRORS)}


def _strings(value: Any, path: str, key: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidArgument(f"{path}: {key} must be a list of strings")
    return value


def _words(environ: Mapping[str, str], name: str) -> list[str]:
    return [word.strip() for word in environ.get(name, "").split(",") if word.strip()]


def _mirror(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise InvalidArgument(f"registry mirror {url!r}: must begin with http:// or https://")
    return url.rstrip("/")
