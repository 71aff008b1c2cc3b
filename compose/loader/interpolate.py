"""Interpolation of a whole tree: every string value, never a key; then casts by path (compose-go interpolation).

The casts are what lets ``replicas: ${N}`` be a number: a string at one of these paths becomes the type that the model
wants there, whether a variable stood in it or not.
"""

from __future__ import annotations

from compose.loader.faults import Fault
from compose.loader.template import InvalidTemplate, MissingRequired, substitute
from compose.paths import KeyPath
from compose.text import parse_float
from compose.walk import Trie, compile_patterns
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from compose.loader.template import Lookup, Warn

    Cast = Callable[[str, Warn], Any]


def _to_int(text: str, warn: Warn) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise ValueError(f'must be an integer, not "{text}"')
    return int(text)


def _to_float(text: str, warn: Warn) -> float:
    try:
        return parse_float(text)
    except ValueError:
        raise ValueError(f'must be a number, not "{text}"') from None


_BOOLEANS = {"true": True, "false": False}
_OLD_BOOLEANS = {"y": True, "yes": True, "on": True, "n": False, "no": False, "off": False}


def _to_bool(text: str, warn: Warn) -> bool:
    lowered = text.lower()
    if lowered in _BOOLEANS:
        return _BOOLEANS[lowered]
    if lowered in _OLD_BOOLEANS:
        value = _OLD_BOOLEANS[lowered]
        warn(
            f'"{text}" for boolean is not supported by YAML 1.2, please use `{str(value).lower()}`'
        )
        return value
    raise ValueError(f'must be true or false, not "{text}"')


_INTS = (
    "configs.[].mode secrets.[].mode cpu_count cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares "
    "deploy.replicas deploy.update_config.parallelism deploy.rollback_config.parallelism "
    "deploy.restart_policy.max_attempts deploy.placement.max_replicas_per_node healthcheck.retries oom_score_adj "
    "pids_limit ports.[].target scale ulimits.* ulimits.*.hard ulimits.*.soft"
)
_FLOATS = "cpu_percent cpus deploy.update_config.max_failure_ratio deploy.rollback_config.max_failure_ratio"
_BOOLS = (
    "init env_file.[].required healthcheck.disable oom_kill_disable privileged read_only stdin_open tty volumes.[].read_only "
    "volumes.[].volume.nocopy"
)
_TOP_BOOLS = (
    "networks.*.external networks.*.internal networks.*.attachable networks.*.enable_ipv4 networks.*.enable_ipv6 "
    "volumes.*.external secrets.*.external configs.*.external"
)


def _table() -> dict[str, Cast]:
    table: dict[str, Cast] = {}
    for paths, cast in ((_INTS, _to_int), (_FLOATS, _to_float), (_BOOLS, _to_bool)):
        table.update({f"services.*.{path}": cast for path in paths.split()})
    table.update(dict.fromkeys(_TOP_BOOLS.split(), _to_bool))
    return table


_CASTS: Trie[Cast] = compile_patterns(_table())


def interpolate(tree: Any, lookup: Lookup, warn: Warn, faults: list[Fault]) -> Any:
    """The tree with every string interpolated and cast, in place; what is wrong is noted in faults."""
    return _visit(tree, _CASTS, (), lookup, warn, faults)


def _visit(
    value: Any,
    node: Trie[Cast] | None,
    path: KeyPath,
    lookup: Lookup,
    warn: Warn,
    faults: list[Fault],
) -> Any:
    if type(value) is str:
        if "$" in value or (node is not None and node.value is not None):
            return _scalar(
                value, node.value if node is not None else None, path, lookup, warn, faults
            )
        return value
    if isinstance(value, dict):
        for key, item in value.items():
            kind = type(item)
            if kind is str:
                below = node.child(key) if node is not None else None
                cast = below.value if below is not None else None
                if cast is not None or "$" in item:
                    value[key] = _scalar(item, cast, (*path, key), lookup, warn, faults)
            elif kind is not int and kind is not bool and item is not None:
                below = node.child(key) if node is not None else None
                value[key] = _visit(item, below, (*path, key), lookup, warn, faults)
    elif isinstance(value, list):
        below = node.children.get("[]") if node is not None else None
        for index, item in enumerate(value):
            if below is not None or type(item) is not str or "$" in item:
                value[index] = _visit(item, below, (*path, index), lookup, warn, faults)
    return value


def _scalar(
    text: str, cast: Cast | None, path: KeyPath, lookup: Lookup, warn: Warn, faults: list[Fault]
) -> Any:
    try:
        text = substitute(text, lookup, warn)
    except InvalidTemplate as error:
        said = f"invalid interpolation format: {error}; you may need to escape any $ with another $"
        faults.append(Fault(path, said))
        return text
    except MissingRequired as error:
        faults.append(Fault(path, str(error)))
        return text
    if cast is None:
        return text
    try:
        return cast(text, warn)
    except ValueError as error:
        faults.append(Fault(path, str(error)))
        return text
