from __future__ import annotations

import pytest

from engine.kernel import caps
from schemas.errors import InvalidArgument, Unsupported


def words(found: frozenset[int]) -> set[str]:
    return {caps.NAMES[cap] for cap in found}


def test_the_default_set_is_dockers_mask() -> None:
    assert sum(1 << cap for cap in caps.DEFAULT) == 0xA80425FB


def test_add_and_drop_change_the_default_set() -> None:
    found = caps.resolve(["net_admin"], ["CAP_CHOWN"], False, available=caps.ALL)
    assert words(found) == words(caps.DEFAULT) - {"CHOWN"} | {"NET_ADMIN"}


def test_what_is_added_wins_over_what_is_dropped() -> None:
    assert caps.number("KILL") in caps.resolve(["KILL"], ["KILL"], False, available=caps.ALL)


def test_drop_all_leaves_only_what_is_added() -> None:
    assert words(caps.resolve(["CHOWN"], ["all"], False, available=caps.ALL)) == {"CHOWN"}


def test_add_all_leaves_out_what_is_dropped() -> None:
    found = caps.resolve(["ALL"], ["SYS_ADMIN"], False, available=caps.ALL)
    assert found == caps.ALL - {caps.number("SYS_ADMIN")}


def test_privileged_means_all_that_the_engine_has() -> None:
    available = caps.ALL - {caps.number("SYS_RESOURCE")}
    assert caps.resolve([], ["CHOWN"], True, available=available) == available


def test_a_capability_the_engine_lacks_is_refused_by_name() -> None:
    available = caps.ALL - {caps.number("SYS_RESOURCE")}
    with pytest.raises(Unsupported, match="cap_add: SYS_RESOURCE"):
        caps.resolve(["SYS_RESOURCE"], [], False, available=available)


def test_a_default_that_the_engine_lacks_is_left_out() -> None:
    available = caps.ALL - {caps.number("MKNOD")}
    assert caps.resolve([], [], False, available=available) == caps.DEFAULT & available


@pytest.mark.parametrize("add", [["NET_ADMINN"], ["CAP_"], [""]])
def test_an_unknown_name_is_refused(add: list[str]) -> None:
    with pytest.raises(InvalidArgument, match="unknown capability"):
        caps.resolve(add, [], False, available=caps.ALL)
