"""Id maps in which two ids have changed places."""

from __future__ import annotations

import pytest

from engine.runtime.ownership import exchange


def mapped(text: str, id: int) -> int:
    for line in text.splitlines():
        inside, outside, count = map(int, line.split())
        if inside <= id < inside + count:
            return outside + id - inside
    raise AssertionError(f"{id} is not mapped")


@pytest.mark.parametrize(("one", "other"), [(1000, 70), (0, 1000), (0, 1), (5, 5), (65534, 65535)])
def test_two_ids_change_places_and_all_others_stay(one: int, other: int) -> None:
    text = exchange(one, other)
    assert (mapped(text, one), mapped(text, other)) == (other, one)
    for id in {0, 1, 2, 69, 71, 999, 1001, 65533, 65536, 2**32 - 2} - {one, other}:
        assert mapped(text, id) == id
