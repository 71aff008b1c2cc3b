"""What an image archive (docker save, or ours) holds: its config, and its files as a running container would see them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import Any

Tree = dict[str, list[Any]]
OLD = 1_600_000_000
_KINDS = {
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "link",
    tarfile.CHRTYPE: "char",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}


def read(archive: bytes) -> tuple[dict[str, Any], Tree]:
    """(config, tree) of the first image of the archive; the tree is path → [kind, mode, uid, gid, what, more]: ``more`` are its
    extended attributes, and "old" for the time that files of contexts have. Names of one file share one list."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as outer:
        (image, *_) = json.load(_file(outer, "manifest.json"))
        config = json.load(_file(outer, image["Config"]))
        tree: Tree = {}
        for name in image["Layers"]:
            with tarfile.open(fileobj=_file(outer, name), mode="r:*") as layer:
                _apply(layer, tree)
    return config, tree


def _file(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.getmember(name)
    if member.issym():
        member = archive.getmember(f"{name.rpartition('/')[0]}/{member.linkname}")
    return archive.extractfile(member)


def _apply(layer: tarfile.TarFile, tree: Tree) -> None:
    members = layer.getmembers()
    for member in members:
        directory, _, name = member.name.rpartition("/")
        if name == ".wh..wh..opq":
            _remove_below(tree, directory)
        elif name.startswith(".wh."):
            gone = f"{directory}/{name[4:]}" if directory else name[4:]
            tree.pop(gone, None)
            _remove_below(tree, gone)
    for member in members:
        name = member.name.removeprefix("./").rstrip("/")
        if name.rpartition("/")[2].startswith(".wh.") or name in ("", "."):
            continue
        kind = _KINDS.get(member.type, "file")
        if kind != "directory":
            _remove_below(tree, name)
        if member.islnk():
            tree[name] = tree[member.linkname.removeprefix("./")]
            continue
        what: Any = ""
        if kind == "link":
            what = member.linkname
        elif kind in ("char", "block"):
            what = f"{member.devmajor}:{member.devminor}"
        elif kind == "file":
            data = layer.extractfile(member).read()  # type: ignore[union-attr]
            what = (
                data.decode()
                if len(data) < 300 and data.isascii()
                else hashlib.sha256(data).hexdigest()
            )
        more = sorted(key for key in member.pax_headers if "xattr" in key)
        more += ["old"] if member.mtime == OLD and kind == "file" else []
        tree[name] = [kind, f"{member.mode & 0o7777:o}", member.uid, member.gid, what, *more]


def _remove_below(tree: Tree, directory: str) -> None:
    for name in [name for name in tree if name.startswith(f"{directory}/")]:
        del tree[name]


def changes(tree: Tree, base: Tree) -> dict[str, Any]:
    """What a tree has that its base has not, or otherwise; and what it lacks."""
    names: dict[int, list[str]] = {}
    for name, facts in sorted(tree.items()):
        names.setdefault(id(facts), []).append(name)
    found = {
        "files": {name: facts for name, facts in sorted(tree.items()) if base.get(name) != facts},
        "gone": sorted(set(base) - set(tree)),
    }
    linked = sorted(group for group in names.values() if len(group) > 1)
    return {**found, "linked": linked} if linked else found


def settings(config: dict[str, Any]) -> dict[str, Any]:
    """The config without what differs from run to run, and without what says nothing."""
    found = {
        key: value
        for key, value in (config.get("config") or {}).items()
        if value not in (None, "", [], {}, False)
    }
    history = [
        {key: entry[key] for key in ("created_by", "comment", "empty_layer") if entry.get(key)}
        for entry in config.get("history") or []
    ]
    about = {
        key: config.get(key)
        for key in ("architecture", "os", "author", "variant")
        if config.get(key)
    }
    return {"config": found, "history": history, **about}
