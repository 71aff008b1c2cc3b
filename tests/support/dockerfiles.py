"""Dockerfiles with their contexts: how a case is written down, and how it becomes files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from tests.support import images
from tests.support.imagetree import OLD

BASE = "base:1"


class Case(NamedTuple):
    """``files``: path → text, bytes, ("link", target), ("mode", mode, text), or None for a directory. ``options`` in the
    words of BuildSpec; ``before``: images to build first, (tag, Dockerfile). ``served``: it reads what ``served`` serves."""

    name: str
    dockerfile: str
    files: dict[str, Any] = {}
    options: dict[str, Any] = {}
    before: tuple[tuple[str, str], ...] = ()
    served: bool = False


def base_archive() -> bytes:
    """The image that the cases begin with, with a history for its layer."""
    layer = images.busybox_layer()
    config = json.loads(images.config([layer]))
    config["history"] = [{"created": config["created"], "created_by": "busybox"}]
    text = json.dumps(config, sort_keys=True).encode()
    manifest = [{"Config": "config.json", "RepoTags": [BASE], "Layers": ["layer.tar"]}]
    return images.tar(
        images.member("layer.tar", layer),
        images.member("config.json", text),
        images.member("manifest.json", json.dumps(manifest).encode()),
    )


def write(case: Case, directory: Path) -> None:
    """The context of a case."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    for name, content in case.files.items():
        path = directory / name
        for parent in reversed(path.relative_to(directory).parents):
            (directory / parent).mkdir(exist_ok=True)
            (directory / parent).chmod(0o755)
        if content is None:
            path.mkdir(exist_ok=True)
            path.chmod(0o755)
        elif isinstance(content, tuple) and content[0] == "link":
            path.symlink_to(content[1])
        else:
            mode, data = (
                (content[1], content[2]) if isinstance(content, tuple) else (0o644, content)
            )
            path.write_bytes(data.encode() if isinstance(data, str) else data)
            path.chmod(mode)
        if not path.is_symlink():
            os.utime(path, (OLD, OLD))
    path = directory / (case.options.get("dockerfile") or "Dockerfile")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(case.dockerfile)
