"""The networks that are here, narrowed by Docker's filters."""

from __future__ import annotations

import re
from collections.abc import Callable

from compose.ops.filters import Filters, flag, has_labels
from schemas.engine import Engine
from schemas.errors import UsageError
from schemas.records import NetworkInfo

BUILT_IN = ("bridge", "host", "none")
FILTERS = frozenset({"dangling", "driver", "id", "label", "label!", "name", "scope", "type"})


def listed(engine: Engine, filters: Filters) -> list[NetworkInfo]:
    """By name; the host's own stack and no network at all are networks, too."""
    found = {network.name: network for network in engine.networks()}
    for name in ("host", "none"):
        if name not in found:
            found[name] = engine.network(name)
    wanted = flag(filters, "dangling")
    kinds = filters.get("type", ())
    for kind in kinds:
        if kind not in ("builtin", "custom"):
            raise UsageError(f"invalid filter: 'type'='{kind}'")
    used = _used(engine) if wanted is not None else set()
    return [
        network
        for name, network in sorted(found.items())
        if has_labels(network.labels, filters)
        and network.driver in filters.get("driver", [network.driver])
        and "local" in filters.get("scope", ["local"])
        and _any(filters, "name", lambda text, name=name: _found(text, name))  # type: ignore[misc]
        and _any(filters, "id", lambda text, id=network.id: id.startswith(text))  # type: ignore[misc]
        and (not kinds or ("builtin" if name in BUILT_IN else "custom") in kinds)
        and (wanted is None or (name not in BUILT_IN and (name not in used) == wanted))
    ]


def _used(engine: Engine) -> set[str]:
    return {place.network for container in engine.containers() for place in container.networks}


def _any(filters: Filters, key: str, holds: Callable[[str], bool]) -> bool:
    return key not in filters or any(map(holds, filters[key]))


def _found(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return pattern in name
