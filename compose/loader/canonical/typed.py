"""Texts and lists → the types of the model, once, after everything is merged.

The reference does this when it decodes the merged tree into its structures. It matters where the line is drawn: until
then ``labels: [a=b]`` is a list, which is merged as one, and ``config --no-interpolate`` prints it as one.
"""

from __future__ import annotations

from compose.loader.canonical.pairs import key_values, transform_hosts
from compose.loader.canonical.words import split_words
from compose.loader.faults import Fault
from compose.paths import KeyPath
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Convert = Callable[[Any, KeyPath, list[Fault]], Any]


def settle(tree: Any, faults: list[Fault]) -> None:
    """Give every attribute of a canonical tree its type, in place; what cannot be understood is noted as a fault."""
    for name, body in (tree.get("services") or {}).items():
        if isinstance(body, dict):
            _attributes(body, _SERVICE, ("services", name), faults)
    for section in ("networks", "volumes", "secrets", "configs"):
        for name, body in (tree.get(section) or {}).items():
            if isinstance(body, dict):
                _attributes(body, _RESOURCE, (section, name), faults)


def _attributes(
    body: dict[str, Any], table: dict[str, Convert], path: KeyPath, faults: list[Fault]
) -> None:
    for key, value in body.items():
        convert = table.get(key)
        if convert is not None and value is not None:
            body[key] = convert(value, (*path, key), faults)


def _within(table: dict[str, Convert]) -> Convert:
    """The attributes of a mapping, or of each mapping in a list."""

    def convert(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
        if isinstance(value, dict):
            _attributes(value, table, path, faults)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    _attributes(item, table, (*path, index), faults)
        return value

    return convert


def _variables(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    return key_values(value, keep_bare=True) if isinstance(value, list) else value


def _mapping(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    return key_values(value, keep_bare=False) if isinstance(value, list) else value


def _list(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    return [value] if isinstance(value, str) else value


def _words(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if isinstance(value, str):
        try:
            return split_words(value)
        except ValueError as error:
            faults.append(Fault(path, f"{error}: {value!r}"))
    return value


def _test(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    return ["CMD-SHELL", value] if isinstance(value, str) else value


def _count(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if not isinstance(value, str):
        return value
    if value.lower() == "all":
        return -1
    digits = value.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) < 19:
        return int(value)
    faults.append(
        Fault(path, f'invalid value "{value}", the only value allowed is "all" or a number')
    )
    return value


_HOOK: dict[str, Convert] = {"command": _words, "environment": _variables}
_REQUEST: dict[str, Convert] = {"count": _count, "options": _mapping}
_SERVICE: dict[str, Convert] = {
    "annotations": _mapping,
    "build": _within({"args": _variables, "labels": _mapping, "extra_hosts": transform_hosts}),
    "command": _words,
    "deploy": _within(
        {
            "labels": _mapping,
            "resources": _within({"reservations": _within({"devices": _within(_REQUEST)})}),
        }
    ),
    "develop": _within(
        {"watch": _within({"ignore": _list, "include": _list, "exec": _within(_HOOK)})}
    ),
    "dns_search": _list,
    "entrypoint": _words,
    "environment": _variables,
    "extra_hosts": transform_hosts,
    "gpus": _within(_REQUEST),
    "healthcheck": _within({"test": _test}),
    "labels": _mapping,
    "post_start": _within(_HOOK),
    "pre_start": _within(_HOOK),
    "pre_stop": _within(_HOOK),
    "sysctls": _mapping,
    "tmpfs": _list,
    "volumes": _within({"volume": _within({"labels": _mapping})}),
}
_RESOURCE: dict[str, Convert] = {
    "labels": _mapping,
    "ipam": _within({"config": _within({"aux_addresses": _mapping})}),
}
