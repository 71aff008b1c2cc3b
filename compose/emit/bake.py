"""Builds as a bake file (docs.docker.com/build/bake/reference), for who wants to carry them out with buildx. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from compose.translate.build import Order
from schemas.building import BuildSpec
from schemas.specs import Ulimit

_SERVICE = "target:"  # a context that is another target's outcome
_IMAGE = "docker-image://"
# Keys of a BuildSpec that are the same in a bake file but for their name.
_SAME = {
    "context": "context",
    "dockerfile": "dockerfile",
    "dockerfile_inline": "dockerfile-inline",
    "args": "args",
    "labels": "labels",
    "tags": "tags",
    "target": "target",
    "platforms": "platforms",
    "pull": "pull",
    "no_cache": "no-cache",
    "no_cache_filter": "no-cache-filter",
    "network": "network",
    "shm_size": "shm-size",
    "entitlements": "entitlements",
}


def bake(orders: Sequence[Order], *, push: bool = False) -> str:
    """The file as JSON; ``push``: the images are to go to their registries."""
    images = {order.reference: order.service for order in orders}
    targets = {order.service: _target(order.spec, images, push=push) for order in orders}
    group = {"default": {"targets": [order.service for order in orders]}}
    return json.dumps({"group": group, "target": targets}, indent=2) + "\n"


def _target(spec: BuildSpec, images: Mapping[str, str], *, push: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: value
        for key, name in _SAME.items()
        if (value := spec.get(key)) not in (None, "", [], {}, False)
    }
    contexts = {
        name: _context(where, images)
        for name, where in (spec.get("additional_contexts") or {}).items()
    }
    listed = {
        "cache-from": [_words(each) for each in spec.get("cache_from") or ()],
        "cache-to": [_words(each) for each in spec.get("cache_to") or ()],
        "secret": [_secret(dict(each)) for each in spec.get("secrets") or ()],
        "ssh": [f"{id}={path}" if path else id for id, path in (spec.get("ssh") or {}).items()],
        "ulimits": [_ulimit(name, each) for name, each in (spec.get("ulimits") or {}).items()],
    }
    hosts = dict(each.split("=", 1) for each in spec.get("extra_hosts") or ())
    found |= {"contexts": contexts} if contexts else {}
    found |= {name: words for name, words in listed.items() if words}
    found |= {"extra-hosts": hosts} if hosts else {}
    found["output"] = ["type=registry" if push else "type=docker"]
    return found


def _context(where: str, images: Mapping[str, str]) -> str:
    service = images.get(where.removeprefix(_IMAGE)) if where.startswith(_IMAGE) else None
    return f"{_SERVICE}{service}" if service else where


def _words(values: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in values.items())


def _secret(each: Mapping[str, Any]) -> str:
    """A secret's value is not printed: it is to be in a variable of its name."""
    if each.get("file"):
        return f"id={each['id']},type=file,src={each['file']}"
    return f"id={each['id']},type=env,env={each.get('variable') or each['id']}"


def _ulimit(name: str, each: Ulimit) -> str:
    return f"{name}={each['soft']}:{each['hard']}"
