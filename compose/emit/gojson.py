"""JSON as Go's encoding/json writes it, and the model in the form that the reference gives to it."""

from __future__ import annotations

from json.encoder import encode_basestring

from compose.text import json_float
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_ESCAPES = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def to_json(value: Any) -> str:
    """JSON with two columns a level; as in the reference, no line break at its end."""
    return go_json(value, indent=2)


def go_json(value: Any, indent: int | None = None) -> str:
    """JSON as Go's encoder writes it; without ``indent`` on one line, without spaces."""
    out: list[str] = []
    _json(value, out, "\n" if indent else "", " " * (indent or 0), ": " if indent else ":")
    text = "".join(out)
    for char, escape in _ESCAPES.items():
        if char in text:
            text = text.replace(char, escape)
    return text


def _json(value: Any, out: list[str], line: str, step: str, colon: str) -> None:
    """Append a value; ``line`` is a line break with the indentation of the level, empty for one line."""
    if isinstance(value, str):
        out.append(encode_basestring(value))
    elif value is None or value is True or value is False:
        out.append("null" if value is None else "true" if value else "false")
    elif isinstance(value, float):
        out.append(json_float(value))
    elif not isinstance(value, (dict, list)):
        out.append(str(value))
    elif not value:
        out.append("{}" if isinstance(value, dict) else "[]")
    else:
        inner = line + step
        lead = ("{" if isinstance(value, dict) else "[") + inner
        items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        for key, item in items:
            out.append(lead if key is None else f"{lead}{encode_basestring(key)}{colon}")
            _json(item, out, inner, step, colon)
            lead = "," + inner
        out.append(line + ("}" if isinstance(value, dict) else "]"))


def json_form(tree: dict[str, Any]) -> dict[str, Any]:
    """The model as the reference's JSON has it: some zero values are written, extensions only at the top."""
    result: dict[str, Any] = {}
    for key in sorted(tree):
        value = tree[key]
        if key.startswith("x-"):
            value = _without_empty_lists(in_byte_order(value))
        elif isinstance(value, dict):
            change = _SECTIONS.get(key, _strip)
            value = {name: change(value[name]) for name in sorted(value)}
        result[key] = value
    return result


def in_byte_order(value: Any) -> Any:
    """Mappings in byte order, all the way down."""
    if isinstance(value, dict):
        return {key: in_byte_order(value[key]) for key in sorted(value)}
    return [in_byte_order(item) for item in value] if isinstance(value, list) else value


def _without_empty_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty_lists(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_empty_lists(item) for item in value] or None
    return value


_TEXTS = frozenset(
    (
        "environment", "labels", "annotations", "args", "options", "driver_opts",
        "sysctls", "storage_opt", "additional_contexts", "aux_addresses",
    )
)  # fmt: skip
_NAMED = frozenset(("depends_on", "networks", "ulimits", "models"))


def _strip(value: Any) -> Any:
    """Extensions dropped from structures, but not from mappings whose keys are the user's."""
    if isinstance(value, dict):
        return {
            key: in_byte_order(item)
            if key in _TEXTS
            else _strip_named(item)
            if key in _NAMED
            else _strip(item)
            for key, item in value.items()
            if not key.startswith("x-")
        }
    return [_strip(item) for item in value] if isinstance(value, list) else value


def _strip_named(value: Any) -> Any:
    return (
        {name: _strip(value[name]) for name in sorted(value)}
        if isinstance(value, dict)
        else _strip(value)
    )


def json_service(body: dict[str, Any]) -> dict[str, Any]:
    """A service as the reference's JSON has it; also what its configuration hash is made of."""
    from compose.loader.shape_tables import STRUCTURES

    body = _strip(body)
    body.setdefault("command", None)
    body.setdefault("entrypoint", None)
    deploy = body.get("deploy")
    if isinstance(deploy, dict):
        body["deploy"] = _ordered(
            {"resources": {}, "placement": {}, **deploy}, STRUCTURES["deploy"]
        )
    develop = body.get("develop") or {}
    if develop.get("watch"):
        develop["watch"] = [
            _ordered({"exec": {"command": None}, **trigger}, STRUCTURES["trigger"])
            for trigger in develop["watch"]
        ]
    for owner in (body, body.get("build") or {}):
        limits = owner.get("ulimits") or {}
        for name, limit in limits.items():
            if isinstance(limit, dict):  # a pair; a single number is none
                limits[name] = {key: value for key, value in limit.items() if value}
    for key in ("post_start", "pre_stop"):
        for hook in body.get(key) or ():
            hook.setdefault("command", None)
    blkio: Any = body.get("blkio_config")
    for key, entries in blkio.items() if isinstance(blkio, dict) else ():
        if isinstance(entries, list):
            blkio[key] = [
                {name.capitalize(): item for name, item in entry.items()} for entry in entries
            ]
    return _ordered(body, STRUCTURES["service"])


def _ordered(body: dict[str, Any], structure: str) -> dict[str, Any]:
    order = [item.partition(":")[0] for item in structure.split()]
    return {key: body[key] for key in order if key in body}


def _json_network(body: dict[str, Any]) -> dict[str, Any]:
    from compose.loader.shape_tables import STRUCTURES

    return _ordered({"ipam": {}, **_strip(body)}, STRUCTURES["network"])


_SECTIONS = {"services": json_service, "networks": _json_network}
