"""Images as people and programs are shown them: records, and the shape of ``docker image inspect``."""

from __future__ import annotations

import json
from typing import Any

from engine.image import config as configs
from engine.image import reference
from engine.state.images import ImageRow, LayerRow
from schemas.records import ImageInfo

_NEVER = "0001-01-01T00:00:00Z"


def info(row: ImageRow, references: list[str], tagged: float = 0.0) -> ImageInfo:
    """The record of an image with its full ``references``; ``tagged``: when it last was given one."""
    document = json.loads(row.config)
    settings = document.get("config") or {}
    test = (settings.get("Healthcheck") or {}).get("Test") or ["NONE"]
    tags, digests = _split(references)
    return ImageInfo(
        id=row.id,
        tags=tags,
        digests=digests,
        created=row.created,
        size=row.size,
        architecture=row.architecture,
        os=row.os,
        labels=dict(settings.get("Labels") or {}),
        volumes=tuple(settings.get("Volumes") or ()),
        exposed=tuple(settings.get("ExposedPorts") or ()),
        has_healthcheck=test != ["NONE"],
        tagged=tagged,
    )


def document(
    row: ImageRow,
    references: list[str],
    layers: list[LayerRow],
    directories: list[str],
    tagged: float = 0.0,
) -> dict[str, Any]:
    """What ``docker image inspect`` prints of an image; ``directories`` top first."""
    config = json.loads(row.config)
    tags, digests = _split(references)
    history = config.get("history") or []
    drawn: dict[str, Any] = (
        {"LowerDir": ":".join(directories[1:]), "UpperDir": directories[0]} if directories else {}
    )
    return {
        "Id": row.id,
        "RepoTags": list(tags),
        "RepoDigests": list(digests),
        "Parent": "",
        "Comment": history[-1].get("comment", "") if history else "",
        "Created": config.get("created") or configs.rfc3339(row.created),
        "DockerVersion": config.get("docker_version", ""),
        "Author": config.get("author", ""),
        "Config": config.get("config") or {},
        "Architecture": row.architecture,
        **({"Variant": config["variant"]} if config.get("variant") else {}),
        "Os": row.os,
        "Size": row.size,
        "GraphDriver": {"Data": {k: v for k, v in drawn.items() if v}, "Name": "overlay2"},
        "RootFS": {"Type": "layers", "Layers": [layer.diff_id for layer in layers]},
        "Metadata": {"LastTagTime": configs.rfc3339(tagged) if tagged else _NEVER},
    }


def _split(references: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(tags, digests), familiar."""
    short = [reference.familiar(item) for item in references]
    return (
        tuple(item for item in short if "@" not in item),
        tuple(item for item in short if "@" in item),
    )
