"""Merging a Compose file onto what came before: a table of the attributes that do not merge like plain YAML.

Compose Specification "Merge" with the reference's rules: mappings by key, lists appended, scalars replaced, null keeps;
the table below holds the exceptions (compose-go override). Positions travel with what they belong to.
"""

from __future__ import annotations

from compose.loader.faults import Fault
from compose.loader.marks import Map, Seq, position_of
from compose.paths import KeyPath
from compose.text import go_value
from compose.walk import Trie, compile_patterns
from schemas.typed import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Merger = Callable[[Any, Any, KeyPath, "Trie[Any] | None"], Any]

D = TypeVar("D", bound="dict[str, Any]")


def merge(base: Map, other: Map) -> Map:
    """Other merged onto base; both may be consumed."""
    return _mappings(base, other, (), _SPECIALS)


def merge_service(base: D, other: dict[str, Any], name: str) -> D:
    """A service merged onto the one it extends."""
    node = _SPECIALS.child("services")
    return _mappings(base, other, ("services", name), node.child("*") if node else None)


def merge_resource(base: Map, other: Map, path: KeyPath) -> Map:
    """A single resource (``networks.front``) merged onto another definition of it."""
    node: Trie[Any] | None = _SPECIALS
    for part in path:
        node = node.child(part) if node is not None else None
    return _mappings(base, other, path, node)


def _values(base: Any, other: Any, path: KeyPath, node: Trie[Any] | None) -> Any:
    if node is not None and node.value is not None:
        return node.value(base, other, path, node)
    if base is None:
        return other
    if isinstance(base, dict):
        if other is None:
            return base
        if not isinstance(other, dict):
            raise Fault(path, _unlike(base, other))
        return _mappings(base, other, path, node)
    if isinstance(base, list):
        if other is None:
            return base
        if not isinstance(other, list):
            raise Fault(path, _unlike(base, other))
        return _append(base, other)
    return base if other is None else other


def _unlike(base: Any, other: Any) -> str:
    kinds = [
        "a mapping" if isinstance(v, dict) else "a list" if isinstance(v, list) else "a scalar"
        for v in (base, other)
    ]
    return f"cannot override {kinds[0]} by {kinds[1]}"


def _mappings(base: D, other: dict[str, Any], path: KeyPath, node: Trie[Any] | None) -> D:
    for key, value in other.items():
        at = position_of(other, key)
        if key not in base or key.startswith("x-"):
            base[key] = value
        else:
            below = node.child(key) if node is not None else None
            base[key] = _values(base[key], value, (*path, key), below)
            if value is None or (
                isinstance(base[key], (dict, list)) and isinstance(value, (dict, list))
            ):
                at = None  # a merged collection stays where it began
        if at is not None and isinstance(base, Map):
            base.at[key] = at
    return base


def _append(base: Any, other: Any) -> Any:
    if isinstance(base, Seq):
        base.at.extend(other.at if isinstance(other, Seq) else [0] * len(other))
    base.extend(other)
    return base


def _replace(base: Any, other: Any, path: KeyPath, node: Any) -> Any:
    return other


def _to_sequence(value: Any) -> Seq:
    """A list of ``key=value`` (or bare ``key``) from any of the forms."""
    if isinstance(value, dict):
        result = Seq()
        for key in sorted(value):
            item = value[key]
            result.append(key if item is None else f"{key}={go_value(item)}")
            result.at.append(position_of(value, key) or 0)
        return result
    if isinstance(value, list):
        return value if isinstance(value, Seq) else Seq(value, [0] * len(value))
    if isinstance(value, str):
        return Seq([value], [0])
    return Seq()


def _sequences(base: Any, other: Any, path: KeyPath, node: Any) -> Any:
    return _append(_to_sequence(base), _to_sequence(other))


def _hosts_sequence(value: Any) -> Seq:
    if isinstance(value, dict):
        result = Seq()
        for key in sorted(value):
            items = value[key] if isinstance(value[key], list) else [value[key]]
            for item in items:
                result.append(f"{key}={go_value(item)}")
                result.at.append(position_of(value, key) or 0)
        return result
    return _to_sequence(value)


def _extra_hosts(base: Any, other: Any, path: KeyPath, node: Any) -> Any:
    both: Seq = _append(_hosts_sequence(base), _hosts_sequence(other))
    kept: dict[str, int] = {}
    for item, at in zip(both, both.at, strict=False):
        kept.setdefault(item, at)
    return Seq(kept, kept.values())


def to_mapping(value: Any, default: Any) -> Any:
    """A list of names as a mapping from name to a default."""
    if isinstance(value, list):
        result = Map()
        for index, item in enumerate(value):
            name = go_value(item)
            result.put(
                name,
                Map(default) if isinstance(default, dict) else default,
                position_of(value, index),
            )
        return result
    return value if isinstance(value, dict) else Map()


STARTED = {"condition": "service_started", "required": True}


def _depends_on(base: Any, other: Any, path: KeyPath, node: Any) -> Any:
    return _mappings(to_mapping(base, STARTED), to_mapping(other, STARTED), path, node)


def _named(base: Any, other: Any, path: KeyPath, node: Any) -> Any:
    return _mappings(to_mapping(base, None), to_mapping(other, None), path, node)


def _build(base: Any, other: Any, path: KeyPath, node: Any) -> Any:
    if base is None or other is None:
        return other if base is None else base

    def long(value: Any) -> Any:
        return value if isinstance(value, dict) else Map({"context": value})

    return _mappings(long(base), long(other), path, node)


def _logging(base: Any, other: Any, path: KeyPath, node: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(other, dict):
        return base if other is None else other
    ours, theirs = base.get("driver"), other.get("driver")
    if ours == theirs or "driver" not in base or "driver" not in other:
        return _mappings(base, other, path, node)
    return other


def _by_subnet(base: Any, other: Any, path: KeyPath, node: Any) -> Any:
    """Pools with the same subnet are merged; pools of the base that no override names are lost (as in the reference)."""
    if not isinstance(base, list) or not isinstance(other, list):
        return base if other is None else other
    pools = Seq()

    def place(pool: dict[str, Any], at: int) -> None:
        for index, known in enumerate(pools):
            if known.get("subnet") == pool.get("subnet"):
                pools[index] = pool
                return
        pools.append(pool)
        pools.at.append(at)

    for index, mine in enumerate(base):
        for number, theirs in enumerate(other):
            if not isinstance(mine, dict) or not isinstance(theirs, dict):
                raise Fault((*path, number), "must be a mapping")
            at = position_of(other, number) or position_of(base, index) or 0
            known = any(pool.get("subnet") == theirs.get("subnet") for pool in pools)
            if mine.get("subnet") != theirs.get("subnet") and not known:
                place(theirs, at)
            else:
                place(_mappings(mine, theirs, (*path, number), None), at)
    return pools


_KEY_VALUES = (
    "networks.*.labels volumes.*.labels services.*.annotations "
    "services.*.build.args services.*.build.labels "
    "services.*.build.additional_contexts services.*.deploy.labels services.*.dns services.*.dns_opt "
    "services.*.dns_search services.*.env_file services.*.label_file services.*.environment services.*.labels "
    "services.*.sysctls services.*.tmpfs services.*.volumes.[].volume.labels"
)


def _table() -> dict[str, Merger]:
    table: dict[str, Merger] = dict.fromkeys(_KEY_VALUES.split(), _sequences)
    for path in ("command", "entrypoint", "healthcheck.test", "ulimits.*"):
        table[f"services.*.{path}"] = _replace
    table["services.*.extra_hosts"] = table["services.*.build.extra_hosts"] = _extra_hosts
    table["services.*.depends_on"] = _depends_on
    table["services.*.networks"] = table["services.*.models"] = _named
    table["services.*.build"] = _build
    table["services.*.logging"] = _logging
    table["networks.*.ipam.config"] = _by_subnet
    return table


_SPECIALS: Trie[Merger] = compile_patterns(_table())
