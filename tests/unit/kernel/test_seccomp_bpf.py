from __future__ import annotations

import operator
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from engine.kernel.seccomp_bpf import assemble
from engine.kernel.seccomp_rules import ALLOW, EPERM, ERRNO, SECOND, Check, Rule, Rules, numbers
from tests.support.bpf import run_filter

X86_64, I386 = 0xC000003E, 0x40000003
KILLED = 0x80000000
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
VALUES = st.integers(0, 3) | st.sampled_from([2**32 - 1, 2**32, 2**32 + 1, 2**63, 2**64 - 1])
CHECKS = st.builds(Check, st.integers(0, 1), st.sampled_from([*COMPARISONS, "&=="]), VALUES, VALUES)
NAMES = st.sampled_from(["read", "write", "close", "openat", "clone3", "mseal"])
ACTIONS = st.sampled_from([ALLOW, EPERM, ERRNO | 38, 0x7FFC0000])
RULES = st.builds(Rule, NAMES, ACTIONS, st.lists(CHECKS, max_size=2).map(tuple))


def holds(check: Check, arguments: tuple[int, int]) -> bool:
    value = arguments[check.argument]
    if check.operator == "&==":
        return value & check.value == check.second
    return COMPARISONS[check.operator](value, check.value)


def decided(rules: list[Rule], name: str, arguments: tuple[int, int]) -> int:
    """The rules read in words: those with checks first, in order, then the first without."""
    mine = [rule for rule in rules if rule.name == name]
    for rule in [r for r in mine if r.checks] + [r for r in mine if not r.checks]:
        if all(holds(check, arguments) for check in rule.checks):
            return rule.action
    return EPERM


@given(st.lists(RULES, max_size=8), NAMES, st.tuples(VALUES, VALUES))
def test_the_program_decides_as_its_rules_say(
    rules: list[Rule], name: str, arguments: tuple[int, int]
) -> None:
    program = assemble([Rules("x86_64", EPERM, rules)])
    number = numbers("x86_64")[name]
    assert run_filter(program, number, X86_64, arguments) == decided(rules, name, arguments)


@given(st.sets(st.sampled_from(sorted(numbers("x86_64")))))
def test_any_set_of_calls_is_allowed_and_no_other(names: set[str]) -> None:
    program = assemble([Rules("x86_64", EPERM, [Rule(name, ALLOW) for name in names])])
    for name, number in numbers("x86_64").items():
        assert run_filter(program, number, X86_64) == (ALLOW if name in names else EPERM)
    assert run_filter(program, 100_000, X86_64) == EPERM


def test_each_architecture_has_its_own_numbers() -> None:
    rules = [Rules(name, EPERM, [Rule("write", ALLOW)]) for name in ("x86_64", SECOND["x86_64"])]
    program = assemble(rules)
    assert run_filter(program, numbers("x86_64")["write"], X86_64) == ALLOW
    assert run_filter(program, numbers("i386")["write"], I386) == ALLOW
    assert run_filter(program, numbers("x86_64")["write"], I386) == EPERM


def test_an_unknown_architecture_is_killed_and_x32_does_not_exist() -> None:
    program = assemble([Rules("x86_64", EPERM, [Rule("read", ALLOW)])])
    assert run_filter(program, 0, 0xC00000B7) == KILLED
    assert run_filter(program, 0x40000000, X86_64) == ERRNO | 38
