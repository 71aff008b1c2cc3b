"""Lists of pairs: ``key=value``, ``host:address``."""

from __future__ import annotations

from compose.loader.faults import Fault
from compose.loader.marks import Map, position_of
from compose.paths import KeyPath
from compose.text import go_value
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def key_values(items: list[Any], *, keep_bare: bool) -> Map:
    """``[k=v, k]`` as a mapping; a bare key is null where the environment may fill it, else empty."""
    result = Map()
    for index, item in enumerate(items):
        key, separator, value = go_value(item).partition("=")
        result.put(
            key, value if separator else (None if keep_bare else ""), position_of(items, index)
        )
    return result


def transform_hosts(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    """``host:ip``, ``host=ip`` or a mapping → mapping from host to list of addresses."""
    result = Map()
    if isinstance(value, dict):
        for host, addresses in value.items():
            listed = addresses if isinstance(addresses, list) else [addresses]
            result.put(host, [_bare(go_value(a)) for a in listed], position_of(value, host))
        return result
    if not isinstance(value, list):
        return value
    for index, item in enumerate(value):
        text = str(item)
        cut = text.find("=")
        if cut < 0:
            cut = text.find(":")
        host, address = text[:cut], text[cut + 1 :]
        if cut < 0 or not host:
            said = f"bad host name '{text}'" if cut == 0 else f"missing address: {text}"
            faults.append(Fault((*path, index), said, at=position_of(value, index)))
            continue
        entry = result.get(host)
        if entry is None:
            result.put(host, [], position_of(value, index))
            entry = result[host]
        entry.extend(_bare(each) for each in address.split(","))
    return result


def _bare(address: str) -> str:
    return address[1:-1] if address[:1] == "[" and address[-1:] == "]" else address
