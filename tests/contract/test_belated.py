"""A daemon that has done what a killed command asked for when the next command asks for it again."""

from __future__ import annotations

import pytest

from schemas import labels
from schemas.engine import Engine
from schemas.errors import Conflict
from tests.contract.making import make, on

MINE = {labels.PROJECT: "demo", labels.SERVICE: "web", labels.CONFIG_HASH: "1" * 64}
OTHERS = {**MINE, labels.CONFIG_HASH: "2" * 64}


@pytest.fixture(params=["docker"], scope="session")
def whole(whole: Engine) -> Engine:
    """A daemon alone: requests to the local engine end with the command."""
    return whole


def test_a_network_that_is_what_is_wanted_is_taken(engine: Engine) -> None:
    first = engine.create_network({"name": "front", "labels": MINE})
    assert engine.create_network({"name": "front", "labels": MINE}).id == first.id
    for others in (OTHERS, {}):
        with pytest.raises(Conflict, match="front already exists"):
            engine.create_network({"name": "front", "labels": others})


def test_a_container_that_was_never_started_makes_way_for_what_is_wanted(engine: Engine) -> None:
    engine.create_network({"name": "front"})
    first = make(engine, "web-1", "sleep", "1000", labels=MINE)
    second = make(engine, "web-1", "sleep", "1000", labels=MINE, **on("front"))
    assert second.id != first.id
    assert [place.network for place in second.networks] == ["front"]
    with pytest.raises(Conflict, match="already in use"):
        make(engine, "web-1", "sleep", "1000", labels=OTHERS)
    engine.start(second.id)
    with pytest.raises(Conflict, match="already in use"):
        make(engine, "web-1", "sleep", "1000", labels=MINE)
    assert engine.container("web-1").state == "running"
