"""The built-in image ``pycompose/host``: a sanitised, copy-on-write view of the operating system of this machine.

There is nothing to download and nothing to build: the root is a small skeleton directory (see ``skeleton``), and the
host's /usr lies in it under an overlay of the container's own, so that the container can write and the host stays as it is.
"""

from __future__ import annotations

import os
from typing import Any

from engine.image import config as configs
from engine.image import digest as digests
from engine.image import platform
from engine.state.images import ImageRow

NAME = "docker.io/pycompose/host:latest"
# Where these are directories of their own and not links into /usr, programs need them as well.
SYSTEM_DIRECTORIES = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def row() -> ImageRow:
    """The image as it is today: another release of the host's system is another image."""
    release, created = _os_release()
    config: dict[str, Any] = {
        "architecture": platform.architecture(),
        "os": "linux",
        "created": configs.rfc3339(created),
        "config": {
            "Env": [f"PATH={configs.DEFAULT_PATH}"],
            "Cmd": ["/bin/sh"],
            "WorkingDir": "/",
            "Labels": {
                "org.opencontainers.image.title": "pycompose/host",
                "org.opencontainers.image.description": f"This host's own system ({release}), copy-on-write",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": []},
        "history": [{"comment": "built into pycompose", "empty_layer": True}],
    }
    text = configs.encode(config)
    return ImageRow(
        id=digests.of(text.encode()),
        kind="host",
        config=text,
        created=created,
        size=0,
        architecture=config["architecture"],
        os="linux",
    )


def extra_directories() -> list[str]:
    """System directories of a host without merged /usr, to be bound read-only at their own place."""
    return [
        f"/{name}"
        for name in SYSTEM_DIRECTORIES
        if os.path.isdir(f"/{name}") and not os.path.islink(f"/{name}")
    ]


def _os_release() -> tuple[str, float]:
    """(name, time of its file) of the host's system, os-release(5)."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                words = dict(line.strip().partition("=")[::2] for line in file)
                return words.get("PRETTY_NAME", "Linux").strip("\"'"), float(
                    int(os.fstat(file.fileno()).st_mtime)
                )
        except FileNotFoundError:
            continue
    return "Linux", 0.0
