from __future__ import annotations

import pytest

from engine.state import containers, db, networks, volume_uses
from engine.state.containers import ContainerRow, EndpointRow, Facts
from engine.state.networks import NetworkRow
from schemas.errors import Conflict, InvalidArgument, NotFound
from schemas.labels import PROJECT

FACTS: Facts = {
    "command": [],
    "tty": False,
    "exposed": [],
    "network_mode": "",
    "mounts": [],
    "anonymous": [],
    "healthcheck": False,
    "auto_remove": False,
    "logging": "json-file",
}


def container(name: str, id: str, **labels: str) -> ContainerRow:
    row = ContainerRow(id, name, "busybox", "sha256:0", labels, 1.0, FACTS)
    with db.transaction() as database:
        containers.insert(database, row, {"name": name, "image": "busybox"})
    return row


def network(name: str, **labels: str) -> NetworkRow:
    plan: dict[str, object] = {"subnets": ["10.9.0.0/24"]}
    row = NetworkRow(f"net-{name}", name, "bridge", f"br-{name}", plan, {"name": name}, labels, 1.0)
    with db.transaction() as database:
        networks.insert(database, row)
    return row


def attach(row: ContainerRow, place: NetworkRow, ipv4: str) -> None:
    with db.transaction() as database:
        containers.insert_endpoint(
            database,
            EndpointRow(row.id, place.id, place.name, 0, ipv4, "", "", {"network": place.name}),
        )


def test_a_container_is_found_by_id_name_and_prefix() -> None:
    row = container("web", "ab" * 32)
    container("db", "ac" * 32)
    assert containers.get(row.id) == row
    assert containers.get("web") == row
    assert containers.get("/web") == row
    assert containers.get("ab") == row


def test_a_name_wins_over_an_id_prefix() -> None:
    container("web", "ab" * 32)
    other = container("ab", "cd" * 32)
    assert containers.get("ab") == other


def test_an_ambiguous_prefix_is_refused() -> None:
    container("web", "ab" * 32)
    container("db", "ac" * 32)
    with pytest.raises(InvalidArgument, match="more than one"):
        containers.get("a")


@pytest.mark.parametrize("reference", ["nothing", "", "ff", "%", "*"])
def test_an_unknown_container_is_not_found(reference: str) -> None:
    container("web", "ab" * 32)
    with pytest.raises(NotFound, match="No such container"):
        containers.get(reference)


def test_a_name_can_be_had_once() -> None:
    container("web", "ab" * 32)
    with pytest.raises(Conflict, match='container name "web" is already in use'):
        container("web", "cd" * 32)


def test_labels_select_containers() -> None:
    one = container("one", "aa" * 32, **{PROJECT: "p", "x": "1"})
    two = container("two", "bb" * 32, **{PROJECT: "p"})
    container("three", "cc" * 32, **{PROJECT: "q"})
    assert containers.select({PROJECT: "p"}) == [one, two]
    assert containers.select({PROJECT: "p", "x": ""}) == [one]
    assert containers.select({PROJECT: "p", "x": "2"}) == []
    assert len(containers.select({PROJECT: ""})) == 3


def test_an_address_is_given_once_on_a_network() -> None:
    place = network("front")
    attach(container("one", "aa" * 32), place, "10.9.0.2/24")
    with pytest.raises(Conflict, match=r"10\.9\.0\.2"):
        attach(container("two", "bb" * 32), place, "10.9.0.2/24")
    assert networks.taken_addresses(db.connection(), place.id) == (["10.9.0.2"], [])


def test_a_name_is_free_though_another_networks_id_begins_with_it() -> None:
    row = NetworkRow("bb" * 32, "front", "bridge", "br-front", {}, {"name": "front"}, {}, 1.0)
    with db.transaction() as database:
        networks.insert(database, row)
    assert networks.get("bb").name == "front"
    assert networks.named("bb") is None
    assert network("bb").name == "bb"
    assert networks.get("bb").name == "bb", "a name comes before the beginning of an id"


def test_a_network_with_a_container_stays() -> None:
    place = network("front")
    row = container("one", "aa" * 32)
    attach(row, place, "10.9.0.2/24")
    with pytest.raises(Conflict, match=r"active endpoints \(one\)"), db.transaction() as database:
        networks.condemn(database, place)
    with db.transaction() as database:
        containers.delete(database, row.id)
        assert networks.condemn(database, place)
    assert networks.named("front") is None
    assert [found.id for found in networks.condemned("front")] == [place.id]
    with db.transaction() as database:
        networks.delete(database, place)
    assert networks.condemned() == []


def test_removing_a_container_forgets_its_places() -> None:
    place = network("front")
    row = container("one", "aa" * 32)
    attach(row, place, "10.9.0.2/24")
    assert networks.attached(place.id) == [row.id]
    with db.transaction() as database:
        containers.delete(database, row.id)
    assert networks.attached(place.id) == []


def test_a_network_name_can_be_had_once() -> None:
    network("front")
    with pytest.raises(Conflict, match="front already exists"), db.transaction() as database:
        networks.insert(
            database, NetworkRow("x", "front", "bridge", "b", {}, {"name": "front"}, {}, 1.0)
        )


def test_an_anonymous_volume_goes_with_its_last_user() -> None:
    one, two = container("one", "aa" * 32), container("two", "bb" * 32)
    with db.transaction() as database:
        volume_uses.insert_anonymous(database, "v", {}, 1.0)
        volume_uses.insert(database, one.id, ["v"])
        volume_uses.insert(database, two.id, ["v"])
    assert volume_uses.users("v") == [one.id, two.id]
    with db.transaction() as database:
        assert volume_uses.release(database, one.id) == []
        assert volume_uses.release(database, two.id) == ["v"]
        with pytest.raises(NotFound):
            volume_uses.is_anonymous(database, "v")
