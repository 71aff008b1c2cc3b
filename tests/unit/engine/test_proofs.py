"""The table of attributes: what the engine says it honours is what tests prove, and nothing is in neither."""

from __future__ import annotations

from engine.grades import TABLE
from tests.engine.attributes.elsewhere import ELSEWHERE, NOT_AT_RUN_TIME, UNPROVEN
from tests.support import proofs

_SECTIONS = ("services", "networks", "volumes", "secrets", "configs")
ALL = frozenset(proofs.attributes())
GRADES = {path.replace(".*", ""): support for path, support in TABLE.items()}
PROVEN = {**ELSEWHERE, **proofs.proven()}


def members(attribute: str) -> list[str]:
    return [other for other in ALL if other.startswith(f"{attribute}.")]


def level(attribute: str) -> str:
    """The engine's grade of an attribute."""
    return GRADES[attribute].level


def wanted() -> set[str]:
    """What must be proven: every attribute without members of its own that counts while a container runs."""
    return {
        attribute
        for attribute in ALL
        if attribute.partition(".")[0] in _SECTIONS
        and "." in attribute
        and not members(attribute)
        and not attribute.startswith(tuple(NOT_AT_RUN_TIME))
    }


def test_every_honoured_attribute_is_proven() -> None:
    missing = {
        attribute
        for attribute in wanted() - set(PROVEN)
        if level(attribute) != "unsupported" and attribute not in UNPROVEN
    }
    assert sorted(missing) == []


def test_nothing_is_proven_that_the_engine_says_it_does_not_honour() -> None:
    assert sorted(name for name in PROVEN if level(name) == "unsupported") == []
    assert sorted(set(UNPROVEN) & set(PROVEN)) == []


def test_the_table_names_attributes_and_tests_that_exist() -> None:
    assert sorted(name for name in PROVEN if name not in ALL) == []
    assert sorted(name for name in UNPROVEN if name not in ALL) == []
    assert sorted(node for node in ELSEWHERE.values() if not proofs.defined(node)) == []


def test_a_test_that_is_not_there_is_noticed() -> None:
    assert proofs.defined(
        "tests/unit/engine/test_proofs.py::test_a_test_that_is_not_there_is_noticed"
    )
    assert not proofs.defined("tests/unit/engine/test_proofs.py::test_nothing")
    assert not proofs.defined("tests/unit/engine/test_nowhere.py::test_nothing")
