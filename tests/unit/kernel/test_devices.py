from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernel.cgroup import devices
from engine.kernel.cgroup.devices import ANY, DEFAULT, Rule
from schemas.errors import InvalidArgument
from tests.support.bpf import run_device_program

ACCESSES = ["r", "w", "m", "rw", "rm", "wm", "rwm"]
NUMBERS = st.integers(0, 3)
RULES = st.builds(
    Rule,
    st.booleans(),
    st.sampled_from("abc"),
    NUMBERS | st.just(ANY),
    NUMBERS | st.just(ANY),
    st.sampled_from(ACCESSES),
)


def decided(rules: list[Rule], kind: str, major: int, minor: int, access: str) -> bool:
    """The rules read in words: the last one that covers the access decides."""
    verdict = False
    for rule in rules:
        covers = rule.kind in ("a", kind) and rule.major in (ANY, major)
        if covers and rule.minor in (ANY, minor) and set(access) <= set(rule.access):
            verdict = rule.allow
    return verdict


@given(
    st.lists(RULES, max_size=6), st.sampled_from("bc"), NUMBERS, NUMBERS, st.sampled_from(ACCESSES)
)
def test_the_program_decides_as_its_rules_say(
    rules: list[Rule], kind: str, major: int, minor: int, access: str
) -> None:
    program = devices.program(rules)
    expected = decided(rules, kind, major, minor, access)
    assert run_device_program(program, kind, major, minor, access) == expected


@pytest.mark.parametrize(
    ("access", "allowed"),
    [
        (("c", 1, 3, "rw"), True),
        (("c", 136, 7, "rw"), True),
        (("b", 8, 0, "m"), True),
        (("b", 8, 0, "r"), False),
        (("c", 10, 200, "rw"), False),
        (("c", 1, 1, "r"), False),
    ],
)
def test_the_default_rules_are_dockers(access: tuple[str, int, int, str], allowed: bool) -> None:
    assert run_device_program(devices.program(DEFAULT), *access) is allowed


def test_everything_is_open_to_a_privileged_container() -> None:
    program = devices.program(devices.rules([], [], privileged=True))
    assert run_device_program(program, "b", 8, 0, "rwm")


def test_a_device_asked_for_is_allowed_with_its_permissions() -> None:
    found = devices.rules(
        [{"source": "/dev/null", "target": "/dev/x", "permissions": "r"}], [], privileged=False
    )
    assert found[-1] == Rule(True, "c", 1, 3, "r")


def test_a_rule_of_the_compose_file() -> None:
    assert devices.parse("b *:7 rm") == Rule(True, "b", ANY, 7, "rm")
    assert devices.text(devices.parse("b *:7 rm")) == "b *:7 rm"


@pytest.mark.parametrize(
    "text", ["", "x 1:3 r", "c 1 r", "c 1:3", "c 1:3 z", "c -1:3 r", "c 1:3 r w"]
)
def test_a_malformed_rule_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="device_cgroup_rules"):
        devices.parse(text)
