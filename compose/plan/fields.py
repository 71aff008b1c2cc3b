"""What differs between two specs, field by field. Pure; specs are plain JSON, so this knows their shape and little more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compose.hashing import read_digests
from schemas import labels
from schemas.typed import NamedTuple


class Change(NamedTuple):
    """``field`` as people write it (``environment.MODE``, ``mounts[/data].read_only``); None: it is not there."""

    field: str
    old: Any
    new: Any


# Lists whose entries have a name of their own: by it an entry is found again, wherever it stands.
_NAMED = {
    "configs": ("target",),
    "devices": ("target",),
    "endpoints": ("network",),
    "files": ("target",),
    "ipam": ("subnet",),
    "mounts": ("target",),
    "ports": ("published", "host_ip", "target", "protocol"),
    "secrets": ("target",),
}
# What a container or a service is called, and what is only noted on it, is no wish of anybody's.
_APART = ("labels", "name")
_NOTED = (labels.PREFIX, labels.OWN_PREFIX, labels.STACK_PREFIX)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """The fields in which two specs differ, in the order of their names; none for what the reconciler itself notes in labels,
    but for the image and the content of secrets and configs."""
    found = list(_mappings(_plain(old), _plain(new), ""))
    before, after = old.get("labels") or {}, new.get("labels") or {}
    if before.get(labels.IMAGE) and after.get(labels.IMAGE):
        found += _values(before[labels.IMAGE], after[labels.IMAGE], "image_id")
    digests = [read_digests(each.get(labels.CONTENT_DIGESTS, "")) for each in (before, after)]
    found += _mappings(digests[0], digests[1], "content")
    return sorted(found, key=lambda change: change.field)


def _plain(spec: Mapping[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in spec.items() if key not in _APART}
    plain["labels"] = {
        key: value
        for key, value in (spec.get("labels") or {}).items()
        if not key.startswith(_NOTED)
    }
    if plain.get("files"):
        plain["files"] = [_sealed(file) for file in plain["files"]]
    return plain


def _sealed(file: Mapping[str, Any]) -> dict[str, Any]:
    """A secret or config without what it holds: a plan is shown to others. That it differs is told by its digest."""
    return {key: value for key, value in file.items() if key != "content"}


def _values(old: Any, new: Any, field: str) -> Iterator[Change]:
    if old == new or (_empty(old) and _empty(new)):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mappings(old, new, field)
        return
    key = _NAMED.get(field.rpartition(".")[2])
    if key and _listed(old) and _listed(new):
        yield from _named(old or (), new or (), key, field)
        return
    yield Change(field, old, new)


def _mappings(old: Mapping[str, Any], new: Mapping[str, Any], field: str) -> Iterator[Change]:
    for key in sorted({*old, *new}):
        below = f"{field}.{key}" if field else key
        # A value of null says something else than none at all (an environment variable is taken away).
        if (key in old) != (key in new) and (old.get(key) is None and new.get(key) is None):
            yield Change(below, *("null" if key in each else None for each in (old, new)))
            continue
        one, other = old.get(key), new.get(key)
        if isinstance(one, Mapping) or isinstance(other, Mapping):
            yield from _mappings(one or {}, other or {}, below)
        else:
            yield from _values(one, other, below)


def _named(
    old: Sequence[Any], new: Sequence[Any], key: tuple[str, ...], field: str
) -> Iterator[Change]:
    before, after = ({_name(entry, key): entry for entry in each} for each in (old, new))
    for name in sorted({*before, *after}):
        below = f"{field}[{name}]"
        if name in before and name in after:
            yield from _mappings(before[name], after[name], below)
        else:
            yield Change(below, before.get(name), after.get(name))


def _name(entry: Mapping[str, Any], key: tuple[str, ...]) -> str:
    return ":".join(str(entry[part]) for part in key if entry.get(part))


def _listed(value: Any) -> bool:
    return value is None or (
        isinstance(value, Sequence) and all(isinstance(entry, Mapping) for entry in value)
    )


def _empty(value: Any) -> bool:
    return value is None or value == [] or value == {}
