"""System call rules (pure): our default profile's and those of a profile file in Docker's format.

The default is Docker's default profile as a table of our own, ``seccomp_profile.json``; numbers of system calls are in
``syscalls.json``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from engine.kernel import caps as capabilities
from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

ALLOW = 0x7FFF0000
ERRNO = 0x00050000
EPERM = ERRNO | 1
_ACTIONS = {
    "SCMP_ACT_ALLOW": ALLOW,
    "SCMP_ACT_ERRNO": ERRNO,
    "SCMP_ACT_KILL": 0,
    "SCMP_ACT_KILL_THREAD": 0,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_TRACE": 0x7FF00000,
}
_OPERATORS = {
    "SCMP_CMP_EQ": "==",
    "SCMP_CMP_NE": "!=",
    "SCMP_CMP_LT": "<",
    "SCMP_CMP_LE": "<=",
    "SCMP_CMP_GT": ">",
    "SCMP_CMP_GE": ">=",
    "SCMP_CMP_MASKED_EQ": "&==",
}
# Machine → the 32-bit one whose programs it runs as well, with its name in profiles.
SECOND = {"x86_64": "i386", "aarch64": "arm"}
_PROFILE_ARCHITECTURES = {"SCMP_ARCH_X86": "i386", "SCMP_ARCH_ARM": "arm"}
_MACHINE_WORDS = {"amd64": "x86_64", "x86": "i386", "arm64": "aarch64", "arm": "arm"}


class Check(NamedTuple):
    """A comparison of one argument; "&==" is (argument & value) == second."""

    argument: int
    operator: str
    value: int
    second: int = 0


class Rule(NamedTuple):
    """All ``checks`` hold → ``action``. The first rule that matches decides."""

    name: str
    action: int
    checks: tuple[Check, ...] = ()


class Rules(NamedTuple):
    machine: str
    default: int  # action when no rule matches
    rules: list[Rule]


def numbers(machine: str) -> dict[str, int]:
    """Name → number of the system calls of ``machine``."""
    table: dict[str, dict[str, int]] = _data("syscalls.json")
    return table[machine]


def default(machine: str, caps: frozenset[int]) -> list[Rules]:
    """The default profile for ``machine`` and its second architecture."""
    profile = _data("seccomp_profile.json")
    return [_default(profile, name, caps) for name in (machine, SECOND[machine])]


def parse(text: str, machine: str, caps: frozenset[int], kernel: tuple[int, int]) -> list[Rules]:
    """A profile in Docker's JSON format; InvalidArgument says what is wrong with it."""
    try:
        profile = json.loads(text)
        default_action = _action(profile["defaultAction"], profile.get("defaultErrnoRet"))
        machines = [machine]
        listed = set(profile.get("architectures") or [])
        for item in profile.get("archMap") or []:
            listed |= {item["architecture"], *(item.get("subArchitectures") or [])}
        machines += [name for word, name in _PROFILE_ARCHITECTURES.items() if word in listed]
        return [
            Rules(name, default_action, list(_listed(profile, name, caps, kernel)))
            for name in machines
            if name in (machine, SECOND[machine])
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise InvalidArgument(f"seccomp profile: {type(err).__name__}: {err}") from err


def _default(profile: dict[str, Any], machine: str, caps: frozenset[int]) -> Rules:
    names = [*profile["always"], *profile["machines"][machine]]
    for cap, more in profile["capabilities"].items():
        if capabilities.NUMBERS[cap] in caps:
            names += more
    rules = [Rule(name, ALLOW) for name in names]
    for item in profile["values"]:
        if not _held(item.get("without"), caps):
            rules += _value_rules(item)
    for item in profile["errors"]:
        if not _held(item.get("without"), caps):
            rules.append(Rule(item["name"], ERRNO | item["errno"]))
    return Rules(machine, EPERM, rules)


def _value_rules(item: dict[str, Any]) -> Iterable[Rule]:
    name, argument = item["name"], item["argument"]
    if "below" in item:
        yield Rule(name, ALLOW, (Check(argument, "<", item["below"]),))
    for value in item.get("one_of", ()):
        yield Rule(name, ALLOW, (Check(argument, "==", value),))
    if "none_of_bits" in item:
        yield Rule(name, ALLOW, (Check(argument, "&==", item["none_of_bits"], 0),))


def _held(cap: str | None, caps: frozenset[int]) -> bool:
    return cap is not None and capabilities.NUMBERS[cap] in caps


def _listed(
    profile: dict[str, Any], machine: str, caps: frozenset[int], kernel: tuple[int, int]
) -> Iterable[Rule]:
    for item in profile.get("syscalls") or []:
        included, excluded = item.get("includes") or {}, item.get("excludes") or {}
        if not all(_matches(included, machine, caps, kernel)):
            continue
        if any(_matches(excluded, machine, caps, kernel)):
            continue
        action = _action(item["action"], item.get("errnoRet"))
        checks = [
            Check(arg["index"], _OPERATORS[arg["op"]], arg["value"], arg.get("valueTwo") or 0)
            for arg in item.get("args") or []
        ]
        # Two comparisons of one argument cannot both be meant: runc reads them as alternatives.
        alternatives = len({check.argument for check in checks}) < len(checks)
        groups = [(check,) for check in checks] if alternatives else [tuple(checks)]
        for name in item.get("names") or [item["name"]]:
            for group in groups:
                yield Rule(name, action, group)


def _matches(
    condition: dict[str, Any], machine: str, caps: frozenset[int], kernel: tuple[int, int]
) -> Iterable[bool]:
    """Whether each condition given holds."""
    if condition.get("caps"):
        yield all(capabilities.number(name) in caps for name in condition["caps"])
    if condition.get("arches"):
        yield machine in {_MACHINE_WORDS.get(word) for word in condition["arches"]}
    if condition.get("minKernel"):
        major, _, minor = condition["minKernel"].partition(".")
        yield kernel >= (int(major), int(minor or 0))


def _action(name: str, errno: int | None) -> int:
    if name not in _ACTIONS:
        raise InvalidArgument(f"seccomp profile: action {name} is not supported")
    action = _ACTIONS[name]
    if name in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"):
        return action | (1 if errno is None else errno)
    return action


def _data(name: str) -> Any:
    with open(f"{os.path.dirname(__file__)}/{name}") as file:
        return json.load(file)
