"""Mounts of a spec in the daemon's words. Pure."""

from __future__ import annotations

from schemas.errors import InvalidArgument, Unsupported
from schemas.specs import ContainerSpec, FileMount, Mount
from schemas.typed import Any

Body = dict[str, Any]
SUBPATH = (1, 45)
IMAGE = (1, 48)
RECURSIVE = (1, 44)


def host_config(spec: ContainerSpec, version: tuple[int, ...]) -> Body:
    """``Binds``, ``Mounts`` and ``Tmpfs``. Unsupported for what this daemon is too old for."""
    binds: list[str] = []
    found: list[Body] = []
    tmpfs: dict[str, str] = {}
    for mount in spec.get("mounts") or []:
        kind = mount["type"]
        if mount.get("owner"):
            raise Unsupported(
                f"volumes {mount['target']}: x-owner is not supported on a Docker daemon",
                hint="it is for --engine local; on a daemon, chown in the image or in a pre_start hook",
            )
        if kind == "bind" and _as_bind(mount):
            binds.append(_bind(mount))
        elif kind == "tmpfs" and (mount.get("options") or "uid" in mount or "gid" in mount):
            tmpfs[mount["target"]] = _tmpfs_words(mount)
        else:
            found.append(_mount(mount, version))
    found += [
        {"Type": "bind", "Source": file["source"], "Target": file["target"], "ReadOnly": True}
        for file in spec.get("files") or []
        if bound(file)
    ]
    return {"Binds": binds, "Mounts": found, "Tmpfs": tmpfs}


def bound(file: FileMount) -> bool:
    """Whether a secret or config is mounted, as Docker Compose does; else it is copied into the container."""
    return "source" in file and not any(key in file for key in ("uid", "gid", "mode"))


def copied(spec: ContainerSpec) -> list[FileMount]:
    """The files to be put into a container before it starts. Unsupported where nothing can be written."""
    found = [file for file in spec.get("files") or [] if not bound(file)]
    if found and spec.get("read_only"):
        raise Unsupported(
            f"{found[0]['target']}: a secret or config with content, uid, gid or mode of its own cannot be put into a container"
            " that is read_only on a Docker daemon",
            hint="have it as a file without uid, gid and mode, or leave read_only out",
        )
    return found


def _as_bind(mount: Mount) -> bool:
    """``Binds`` make a source that does not exist, and know SELinux labels; ``Mounts`` do not."""
    options = mount.get("bind") or {}
    wanted = bool(options.get("create_host_path") or options.get("selinux"))
    if wanted and ":" in mount["target"] + (mount.get("source") or ""):
        raise InvalidArgument(
            f"{mount.get('source')}: a colon in a bind mount's path needs create_host_path: false"
        )
    return wanted and "recursive" not in options


def _bind(mount: Mount) -> str:
    options = mount.get("bind") or {}
    words = ["ro" if mount.get("read_only") else "rw"]
    words += [options[key] for key in ("selinux", "propagation") if options.get(key)]
    return f"{mount.get('source')}:{mount['target']}:{','.join(words)}"


def _mount(mount: Mount, version: tuple[int, ...]) -> Body:
    body: Body = {
        "Type": mount["type"],
        "Source": mount.get("source") or "",
        "Target": mount["target"],
        "ReadOnly": bool(mount.get("read_only")),
    }
    _OPTIONS[mount["type"]](mount, body, version)
    return body


def _bind_options(mount: Mount, body: Body, version: tuple[int, ...]) -> None:
    given = mount.get("bind") or {}
    options: Body = {}
    if given.get("propagation"):
        options["Propagation"] = given["propagation"]
    recursive = given.get("recursive") or "enabled"
    if recursive == "disabled":
        options["NonRecursive"] = True
    elif recursive in ("writable", "readonly"):
        if version < RECURSIVE:
            raise Unsupported(f"bind.recursive: {recursive}: this daemon is too old for it")
        options["ReadOnlyNonRecursive" if recursive == "writable" else "ReadOnlyForceRecursive"] = (
            True
        )
    if options:
        body["BindOptions"] = options


def _volume_options(mount: Mount, body: Body, version: tuple[int, ...]) -> None:
    options: Body = {}
    if mount.get("nocopy"):
        options["NoCopy"] = True
    if mount.get("labels"):
        options["Labels"] = mount["labels"]
    if mount.get("subpath"):
        if version < SUBPATH:
            raise Unsupported(
                "volumes.subpath: this daemon is too old for it", hint="Docker 26 brought it"
            )
        options["Subpath"] = mount["subpath"]
    if options:
        body["VolumeOptions"] = options


def _tmpfs_options(mount: Mount, body: Body, version: tuple[int, ...]) -> None:
    options: Body = {}
    if "size" in mount:
        options["SizeBytes"] = mount["size"]
    if "mode" in mount:
        options["Mode"] = mount["mode"]
    if options:
        body["TmpfsOptions"] = options


def _image_options(mount: Mount, body: Body, version: tuple[int, ...]) -> None:
    if version < IMAGE:
        raise Unsupported(
            f"{mount['target']}: this daemon is too old for mounts of images",
            hint="Docker 28 brought them",
        )
    if mount.get("subpath"):
        body["ImageOptions"] = {"Subpath": mount["subpath"]}


_OPTIONS = {
    "bind": _bind_options,
    "volume": _volume_options,
    "tmpfs": _tmpfs_options,
    "image": _image_options,
}


def _tmpfs_words(mount: Mount) -> str:
    words = ["ro"] if mount.get("read_only") else []
    words += [f"{key}={mount[key]}" for key in ("size", "uid", "gid") if key in mount]
    if "mode" in mount:
        words.append(f"mode={mount['mode']:o}")
    return ",".join([*words, *(mount.get("options") or [])])
