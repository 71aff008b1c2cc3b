"""Mounts as asked for → mounts as the bundle says them: host paths, checked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.kernel import inroot
from engine.snapshot import merged
from schemas.errors import Failed, InvalidArgument, NotFound
from schemas.specs import Mount

if TYPE_CHECKING:
    from engine.runtime.bundle import BundleMount

# How far a bind mount and its "read only" reach (compose: bind.recursive), in the words of the root filesystem's steps.
_REACH = {"": [], "enabled": [], "disabled": ["bind"], "writable": ["writable"], "readonly": []}


def bind(mount: Mount) -> BundleMount:
    """A directory or file of the host; made when asked for, InvalidArgument when missing."""
    source = mount.get("source") or ""
    options = mount.get("bind") or {}
    if not source.startswith("/"):
        raise InvalidArgument(
            f'invalid mount config for type "bind": invalid mount path: "{source}" must be absolute'
        )
    if not os.path.exists(source):
        if not options.get("create_host_path"):
            raise InvalidArgument(
                f'invalid mount config for type "bind": bind source path does not exist: {source}'
            )
        try:
            os.makedirs(source, mode=0o755, exist_ok=True)
        except OSError as err:
            raise Failed(
                f"error while creating mount source path '{source}': {err.strerror}"
            ) from err
    reach = options.get("recursive") or ""
    if reach not in _REACH:
        raise InvalidArgument(f"mount {mount['target']}: unknown bind.recursive {reach}")
    found: BundleMount = {
        "kind": "bind",
        "source": source,
        "target": mount["target"],
        "read_only": bool(mount.get("read_only")),
        "options": list(_REACH[reach]),
    }
    if options.get("propagation"):
        found["propagation"] = options["propagation"]
    if mount.get("owner"):
        found["owner"] = mount["owner"]
    return found


def tmpfs(mount: Mount) -> BundleMount:
    """A file system in memory."""
    found: BundleMount = {
        "kind": "tmpfs",
        "target": mount["target"],
        "read_only": bool(mount.get("read_only")),
        "options": list(mount.get("options") or ()),
    }
    for key in ("size", "mode", "uid", "gid"):
        if key in mount:
            found[key] = mount[key]
    return found


def volume(mount: Mount, source: str, options: Sequence[str], propagation: str) -> BundleMount:
    """A volume whose content is at ``source``, or a part of it."""
    found: BundleMount = {
        "kind": "bind",
        "source": source,
        "target": mount["target"],
        "read_only": bool(mount.get("read_only")) or "ro" in options,
        "options": [word for word in options if word != "ro"],
    }
    if mount.get("subpath"):
        _check_below(source, mount["subpath"], mount["target"])
        found["below"] = mount["subpath"]
    if propagation:
        found["propagation"] = propagation
    return found


def image(mount: Mount, layers: list[str]) -> BundleMount:
    """The content of an image, read-only: a directory when one layer holds it, else a stack of them."""
    found = merged.resolve(layers, mount.get("subpath") or "/")
    if not found:
        raise NotFound(
            f"mount {mount['target']}: {mount.get('subpath')} is not in image {mount.get('source')}"
        )
    if len(found) == 1:
        return {
            "kind": "bind",
            "source": found[0],
            "target": mount["target"],
            "read_only": True,
            "options": [],
        }
    return {"kind": "overlay", "lowers": found, "target": mount["target"]}


def _check_below(root: str, subpath: str, target: str) -> None:
    """Whether the part of a volume is there; where it is, is settled when it is mounted: who uses the volume may move it."""
    if subpath.startswith("/") or ".." in subpath.split("/"):
        raise InvalidArgument(f"mount {target}: volume subpath {subpath} must stay in the volume")
    with inroot.Root(root) as fd:
        found = inroot.existing(fd, subpath)
        if found is None:
            raise NotFound(
                f"mount {target}: cannot access path {subpath} in the volume: no such file or directory"
            )
        os.close(found)
