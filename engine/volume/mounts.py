"""Mounts as asked for → mounts as the bundle says them: host paths, checked."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from engine.kernel import inroot
from engine.snapshot import merged
from engine.state import db
from schemas.errors import Failed, InvalidArgument, NotFound, Unsupported
from schemas.specs import Mount

if TYPE_CHECKING:
    from engine.runtime.bundle import BundleMount

# How far a bind mount and its "read only" reach (compose: bind.recursive), in the words of the root filesystem's steps.
_REACH = {"": [], "enabled": [], "disabled": ["bind"], "writable": ["writable"], "readonly": []}
_OPTION_KEYS = frozenset({"type", "o", "device"})
_BIND_WORDS = frozenset({"bind", "rbind", "defaults", "rw"})
_BIND_FLAGS = frozenset({"noexec", "nosuid", "nodev"})


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


def volume(mount: Mount, source: str, options: list[str]) -> BundleMount:
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


def volume_source(name: str, own: str) -> tuple[str, list[str]]:
    """(host path, mount options) of a volume: ``own``, or what its driver options bind."""
    row = db.connection().execute("SELECT options FROM volumes WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFound(f"get {name}: no such volume")
    options = json.loads(row[0])
    if not options:
        return own, []
    words = check_options(options)
    device = options["device"]
    if not os.path.exists(device):
        raise InvalidArgument(
            f'volume "{name}": failed to mount local volume: mount {device}: no such file or directory'
        )
    return device, words


def check_options(options: dict[str, str]) -> list[str]:
    """The mount words of a local volume's driver options; Unsupported names what is not a bind mount."""
    for key in options:
        if key not in _OPTION_KEYS:
            raise InvalidArgument(f'invalid option: "{key}"')
    words = [word for word in (options.get("o") or "").split(",") if word]
    kind = options.get("type") or ""
    if kind not in ("none", "bind", "") or not {"bind", "rbind"} & set(words):
        raise Unsupported(
            f"driver_opts: type {kind or 'none'!s} with o={options.get('o', '')} is not supported"
            " by the local engine (bind mounts are: type: none, o: bind, device: PATH)"
        )
    if not (options.get("device") or "").startswith("/"):
        raise InvalidArgument("driver_opts: device must be an absolute path")
    found = []
    for word in words:
        if word in _BIND_FLAGS or word == "ro":
            found.append(word)
        elif word not in _BIND_WORDS:
            raise Unsupported(f"driver_opts: o: {word} is not supported by the local engine")
    if "rbind" not in words:
        found.append("bind")
    return found


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
