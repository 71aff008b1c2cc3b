"""Relative paths → absolute ones (compose-go paths): against the project directory, or an extended file's own."""

from __future__ import annotations

import os

from compose.loader.evidence import Evidence
from compose.text import go_value
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_SCHEMES = (
    "https://",
    "http://",
    "git://",
    "ssh://",
    "github.com/",
    "git@",
    "docker-image://",
    "oci-layout://",
    "service:",
)


def resolve_paths(tree: Any, directory: str, home: str | None, evidence: Evidence) -> None:
    """Make every path of a canonical tree absolute, in place."""
    where = _Where(directory, home, evidence)
    for body in (tree.get("services") or {}).values():
        if isinstance(body, dict):
            _service(body, where)
    for section in ("configs", "secrets"):
        for body in (tree.get(section) or {}).values():
            if isinstance(body, dict) and isinstance(body.get("file"), str):
                body["file"] = where.host_path(body["file"])
    for body in (tree.get("volumes") or {}).values():
        if isinstance(body, dict):
            _volume_device(body, where)


class _Where:
    """A directory, and whose home ``~`` is."""

    def __init__(self, directory: str, home: str | None, evidence: Evidence) -> None:
        self.directory = directory
        self.home = home
        self.evidence = evidence

    def local(self, path: str) -> str:
        """Absolute and cleaned; ``~`` expanded."""
        path = self.expand(path)
        if path.startswith("/"):
            return path
        return _clean(os.path.join(self.directory, path))

    def expand(self, path: str) -> str:
        """``~…`` in the user's home; the homes of others are not looked up, as in the reference."""
        if path.startswith("~"):
            return _clean(f"{self.home or '~'}/{path[1:]}")
        return path

    def host_path(self, path: str) -> str:
        """A bind source, or the file of a secret or config; a Windows path stays as it is."""
        return path if _windows_absolute(path) else self.local(path)


def _windows_absolute(path: str) -> bool:
    """Whether a path has a drive and stands at its root, or a host and a share (``\\\\host\\share\\file``)."""
    if path[:1].isalpha() and path[:1].isascii() and path[1:2] == ":":
        return path[2:3] in ("/", "\\")
    parts = path.replace("/", "\\").split("\\")
    if len(parts) < 5 or parts[0] or parts[1]:
        return False
    host, share = parts[2], parts[3]
    return bool(host and share) and not host.startswith(".") and not share.startswith(".")


def _clean(path: str) -> str:
    cleaned = os.path.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _context(value: str, where: _Where) -> str:
    if not value or "://" in value or value.startswith(_SCHEMES):
        return value
    return where.local(value)


def _service(body: dict[str, Any], where: _Where) -> None:
    build = body.get("build")
    if isinstance(build, dict):
        context = build.get("context")
        if context:
            build["context"] = _context(str(context), where)
        keys = build.get("ssh")
        if isinstance(keys, dict):
            for name, value in keys.items():
                if value is not None:
                    keys[name] = where.local(str(value))
        contexts = build.get("additional_contexts")
        if isinstance(contexts, dict):
            for name, value in contexts.items():
                if isinstance(value, str):
                    contexts[name] = _context(value, where)
    for entry in body.get("env_file") or ():
        if isinstance(entry, dict) and isinstance(entry.get("path"), str) and entry["path"]:
            entry["path"] = where.local(entry["path"])
    files = body.get("label_file")
    if isinstance(files, list):
        files[:] = [where.local(name) if name else name for name in map(go_value, files)]
    for volume in body.get("volumes") or ():
        if (
            isinstance(volume, dict)
            and volume.get("type") == "bind"
            and isinstance(volume.get("source"), str)
        ):
            volume["source"] = where.host_path(volume["source"])
    develop = body.get("develop")
    if isinstance(develop, dict):
        for trigger in develop.get("watch") or ():
            if isinstance(trigger, dict) and isinstance(trigger.get("path"), str):
                path = where.local(trigger["path"])
                real = where.evidence.real(path) if path.startswith("/") else path
                trigger["path"] = path if real == os.path.normpath(path) else real
    extends = body.get("extends")
    if isinstance(extends, dict) and isinstance(extends.get("file"), str):
        extends["file"] = where.local(extends["file"])


def _volume_device(body: dict[str, Any], where: _Where) -> None:
    options = body.get("driver_opts")
    if body.get("driver") not in (None, "", "local") or not isinstance(options, dict):
        return
    device = options.get("device")
    if body.get("driver") == "local" and options.get("o") == "bind" and isinstance(device, str):
        options["device"] = where.local(device)
