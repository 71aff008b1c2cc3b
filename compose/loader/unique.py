"""Uniqueness within lists: a later entry with the same key takes the earlier one's place (compose-go override)."""

from __future__ import annotations

from compose.loader.faults import Fault
from compose.loader.marks import Seq, position_of
from compose.paths import KeyPath
from compose.walk import Trie, compile_patterns
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Indexer = Callable[
        [Any, KeyPath], "str | None"
    ]  # None: this entry has no key and is kept as it is


def enforce(tree: Any) -> None:
    """Drop redefined list entries, in place."""
    if isinstance(tree, dict):
        _visit(tree, _INDEXERS, ())


def enforce_long_forms(tree: Any) -> None:
    """The same once more for lists whose short forms have become long ones: entries may be the same only now."""
    _visit(tree, _LONG_FORMS, ())


def _visit(value: Any, node: Trie[Indexer], path: KeyPath) -> None:
    children = node.children
    if isinstance(value, dict):
        if not children:
            return
        wild = children.get("*")
        for key, item in value.items():
            child = children.get(key) or wild
            if child is not None and item:
                _visit(item, child, (*path, key))
    elif isinstance(value, list):
        if node.value is not None:
            _unique(value, node.value, path)
        below = children.get("[]") or children.get("*")
        if below is not None:
            for index, item in enumerate(value):
                _visit(item, below, (*path, index))


def _unique(items: list[Any], indexer: Indexer, path: KeyPath) -> None:
    if len(items) < 2 and indexer not in _STRICT:
        return
    keys = [indexer(item, (*path, index)) for index, item in enumerate(items)]
    given = [key for key in keys if key is not None]
    if len(set(given)) == len(given):
        return
    places: dict[str, int] = {}
    kept: list[Any] = []
    at: list[int] = []
    for index, (key, item) in enumerate(zip(keys, items, strict=True)):
        position = position_of(items, index) or 0
        if key is not None:
            place = places.setdefault(key, len(kept))
            if place < len(kept):
                kept[place] = item
                at[place] = position
                continue
        kept.append(item)
        at.append(position)
    items[:] = kept
    if isinstance(items, Seq):
        items.at[:] = at


def _key_value(item: Any, path: KeyPath) -> str | None:
    return item.partition("=")[0] if isinstance(item, str) else None


def _volume(item: Any, path: KeyPath) -> str | None:
    if isinstance(item, dict):
        target = item.get("target")
        if not isinstance(target, str):
            raise Fault(path, "is missing a mount target")
        return target
    if isinstance(item, str):
        from compose.loader.canonical.volumes import parse_volume

        target = parse_volume(item, path)["target"]
        return target if isinstance(target, str) else None
    return None


def _expose(item: Any, path: KeyPath) -> str | None:
    if isinstance(item, float):
        raise Fault(path, f"unsupported expose value {item}")
    return str(item) if isinstance(item, (str, int)) else None


def _mount(default: str) -> Indexer:
    def index(item: Any, path: KeyPath) -> str | None:
        if isinstance(item, str):
            return f"{default}/{item}"
        if isinstance(item, dict):
            target = item.get("target")
            # One of another type is refused with the other types.
            return (
                target if target and isinstance(target, str) else f"{default}/{item.get('source')}"
            )
        return None

    return index


def _device(item: Any, path: KeyPath) -> str | None:
    if isinstance(item, dict):
        target = item.get("target")
        if not isinstance(target, str):
            raise Fault(path, "is missing a mount target")
        return target
    if isinstance(item, str):
        parts = item.split(":")
        return parts[1] if len(parts) > 1 else parts[0]
    return None


def _env_file(item: Any, path: KeyPath) -> str | None:
    if isinstance(item, dict):
        name = item.get("path")
        return name if isinstance(name, str) else None
    return item if isinstance(item, str) else None


def _port(item: Any, path: KeyPath) -> str | None:
    if isinstance(item, dict):
        target = item.get("target")
        if target is None:
            raise Fault(path, "is missing a target port")
        # As in the reference, ``published: 80`` and ``published: "80"`` are not the same here, nor are "" and nothing.
        published = item.get("published")
        published = f"({published})" if isinstance(published, int) else published
        return (
            f"{item.get('host_ip', '0.0.0.0')}:{'(none)' if published is None else published}:{target}"
            f"/{item.get('protocol') or 'tcp'}"
        )
    return str(item) if isinstance(item, (str, int)) and not isinstance(item, bool) else None


_STRICT = frozenset((_volume, _port, _expose, _device))  # these also say what an entry lacks
_BY_KEY = (
    "networks.*.labels volumes.*.labels services.*.annotations services.*.build.args "
    "services.*.build.additional_contexts services.*.build.tags services.*.build.labels services.*.cap_add "
    "services.*.cap_drop services.*.deploy.labels services.*.dns services.*.dns_opt services.*.dns_search "
    "services.*.environment services.*.labels services.*.links services.*.networks.*.aliases "
    "services.*.networks.*.link_local_ips services.*.profiles services.*.sysctls services.*.tmpfs "
    "services.*.volumes.[].volume.labels"
)


# Entries that have a short and a long form.
_ENTRIES: dict[str, Indexer] = {
    "services.*.volumes": _volume,
    "services.*.secrets": _mount("/run/secrets"),
    "services.*.configs": _mount(""),
    "services.*.devices": _device,
    "services.*.env_file": _env_file,
    "services.*.ports": _port,
}
_INDEXERS: Trie[Indexer] = compile_patterns(
    {
        **dict.fromkeys(_BY_KEY.split(), _key_value),
        "services.*.expose": _expose,
        **_ENTRIES,
    }
)
_LONG_FORMS: Trie[Indexer] = compile_patterns(_ENTRIES)
