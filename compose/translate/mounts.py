"""``volumes``, ``tmpfs``, ``secrets`` and ``configs`` of a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from compose.paths import KeyPath
from compose.translate.refusal import KeyUnsupported
from schemas.digest import sha256
from schemas.errors import UsageError
from schemas.specs import BindOptions, FileMount, Mount
from schemas.typed import NamedTuple

Section = Mapping[str, Mapping[str, Any]]

_REFUSED = {
    "npipe": "named pipes are for Windows containers",
    "cluster": "cluster volumes are for Swarm",
}
_NUMBERS: dict[str, Callable[[str], int]] = {
    "uid": int,
    "gid": int,
    "mode": lambda text: int(text, 8),
}


def volume_mount(body: Mapping[str, Any], volumes: Section, path: KeyPath) -> Mount:
    """A long-form entry of ``volumes``; names of volumes become those of the project. KeyUnsupported."""
    kind = body["type"]
    if kind in _REFUSED:
        raise KeyUnsupported((*path, "type"), f"{kind} is not supported: {_REFUSED[kind]}")
    mount: Mount = {"type": kind, "target": body["target"]}
    source = body.get("source")
    if source:
        mount["source"] = (
            (volumes.get(source) or {}).get("name") or source if kind == "volume" else source
        )
    if body.get("read_only"):
        mount["read_only"] = True
    owner = body.get("x-owner")
    if owner not in (None, ""):
        if kind not in ("bind", "volume"):
            raise KeyUnsupported(
                (*path, "x-owner"), f"a mount of type {kind} has no owner to change"
            )
        mount["owner"] = str(owner)
    _OPTIONS[kind](mount, body.get(kind) or {})
    return mount


def _bind(mount: Mount, options: Mapping[str, Any]) -> None:
    found: BindOptions = {}
    for key in ("propagation", "create_host_path", "selinux", "recursive"):
        if options.get(key):
            found[key] = options[key]
    if found:
        mount["bind"] = found


def _volume(mount: Mount, options: Mapping[str, Any]) -> None:
    for key in ("nocopy", "subpath", "labels"):
        if options.get(key):
            mount[key] = options[key]


def _tmpfs(mount: Mount, options: Mapping[str, Any]) -> None:
    if options.get("size"):
        mount["size"] = int(options["size"])
    if options.get("mode"):
        mount["mode"] = options["mode"]


def _image(mount: Mount, options: Mapping[str, Any]) -> None:
    if options.get("subpath"):
        mount["subpath"] = options["subpath"]


_OPTIONS: dict[str, Callable[[Mount, Mapping[str, Any]], None]] = {
    "bind": _bind,
    "volume": _volume,
    "tmpfs": _tmpfs,
    "image": _image,
}


def tmpfs_mount(text: str, path: KeyPath) -> Mount:
    """An entry of ``tmpfs``: ``/run:size=64m,mode=1777,exec``. UsageError for a number that is none."""
    from compose.text import parse_bytes

    target, _, words = text.partition(":")
    mount: Mount = {"type": "tmpfs", "target": target}
    options = []
    for word in words.split(",") if words else ():
        key, _, value = word.partition("=")
        try:
            # A share of the memory ("50%") is for the kernel to read.
            if key == "size" and not value.endswith("%"):
                mount["size"] = parse_bytes(value)
            elif key in _NUMBERS:
                mount[key] = _NUMBERS[key](value)  # type: ignore[literal-required]
            elif word == "ro":
                mount["read_only"] = True
            elif word:
                options.append(word)
        except ValueError:
            raise _wrong(path, f"invalid option {word!r}") from None
    if options:
        mount["options"] = options
    return mount


class Files(NamedTuple):
    """Secrets and configs: the sections that define them, what the environment holds, digests of files by path."""

    sections: Mapping[str, Section]
    environment: Mapping[str, str]
    digests: Mapping[str, str]


def file_mount(kind: str, grant: Mapping[str, Any], files: Files, path: KeyPath) -> FileMount:
    """A use of a secret or config (``kind``: secrets, configs). KeyUnsupported, UsageError."""
    source = grant["source"]
    body = files.sections[kind].get(source) or {}
    place = (kind, source)
    if body.get("external"):
        raise KeyUnsupported(
            (*place, "external"), f"external {kind} are not supported: no store holds them"
        )
    for key in ("driver", "driver_opts", "template_driver"):
        if body.get(key):
            raise KeyUnsupported((*place, key), "only Swarm has it")
    mount: FileMount = {"target": _target(kind, grant)}
    if "file" in body:
        mount["source"] = body["file"]
    elif "environment" in body:
        variable = body["environment"]
        if variable not in files.environment:
            raise _wrong((*place, "environment"), f'environment variable "{variable}" is not set')
        mount["content"] = files.environment[variable]
    else:
        mount["content"] = body.get("content") or ""
    for key in ("uid", "gid"):
        if grant.get(key):
            if not str(grant[key]).isdecimal():
                raise _wrong((*path, key), f"{grant[key]!r} is not a number")
            mount[key] = int(grant[key])  # type: ignore[literal-required]
    if grant.get("mode") is not None:
        mount["mode"] = grant["mode"]
    return mount


def file_digest(mount: FileMount, digests: Mapping[str, str]) -> str:
    """A digest of what the file will hold; "" when the content of its source is not known."""
    if "content" in mount:
        return sha256(mount["content"].encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return digests.get(mount.get("source", ""), "")[:16]


def _target(kind: str, grant: Mapping[str, Any]) -> str:
    target = str(grant.get("target") or grant["source"])
    if target.startswith("/"):
        return target
    return f"/run/secrets/{target}" if kind == "secrets" else f"/{target}"


def _wrong(path: KeyPath, reason: str) -> UsageError:
    from compose.paths import show

    return UsageError(f"{show(path)}: {reason}")
