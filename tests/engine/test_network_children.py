"""macvlan and ipvlan below an interface of the host's: what there is of them on this kernel, and what is said otherwise."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from engine.kernel.netlink import rtnetlink
from engine.local import LocalEngine
from schemas.errors import Conflict, EngineError, NotFound, Unsupported
from schemas.specs import NetworkSpec
from tests.support import containers
from tests.support.containers import execute
from tests.support.eventually import eventually
from tests.support.netlab import parent_interface


@pytest.fixture
def parent() -> Iterator[str]:
    with parent_interface() as name:
        yield name


def link(engine: LocalEngine, name: str, interface: str = "eth0") -> dict[str, object]:
    done = execute(engine, name, "ip", "-j", "-d", "link", "show", interface)
    found: list[dict[str, object]] = json.loads(done.out)
    return found[0]


def start(engine: LocalEngine, name: str, *networks: str) -> str:
    """A container on the networks; its address on the first."""
    endpoints = [{"network": network} for network in networks]
    info = containers.start(engine, name, "sleep 1000", network_mode="", endpoints=endpoints)
    return next(place.ipv4 for place in info.networks if place.network == networks[0])


def reaches(engine: LocalEngine, name: str, address: str) -> bool:
    return execute(engine, name, "busybox", "ping", "-c", "1", "-W", "1", address).code == 0


def await_answer(engine: LocalEngine, name: str, address: str) -> None:
    """Soon, that is before the kernel would ask anew who has an address that it knows."""
    eventually(lambda: reaches(engine, name, address), within=6)


def test_two_containers_below_one_interface_reach_each_other(
    parent: str, engine: LocalEngine
) -> None:
    engine.create_network({"name": "m", "driver": "macvlan", "driver_opts": {"parent": parent}})
    start(engine, "one", "m")
    address = start(engine, "two", "m")
    assert link(engine, "one")["linkinfo"]["info_kind"] == "macvlan"  # type: ignore[index]
    await_answer(engine, "one", address)
    engine.restart("two", timeout=0)
    await_answer(engine, "one", address)


def test_a_running_container_joins_and_leaves(parent: str, engine: LocalEngine) -> None:
    engine.create_network({"name": "b"})
    engine.create_network({"name": "m", "driver": "macvlan", "driver_opts": {"parent": parent}})
    start(engine, "one", "b")
    address = start(engine, "two", "m")
    engine.connect("one", {"network": "m"})
    await_answer(engine, "one", address)
    engine.disconnect("one", "m")
    assert not reaches(engine, "one", address)
    assert execute(engine, "one", "ip", "link", "show", "eth1").code != 0


def test_modes_are_the_kernels(parent: str, engine: LocalEngine) -> None:
    options = {"parent": parent, "macvlan_mode": "private"}
    engine.create_network({"name": "m", "driver": "macvlan", "driver_opts": options})
    start(engine, "one", "m")
    address = start(engine, "two", "m")
    assert link(engine, "one")["linkinfo"]["info_data"]["mode"] == "private"  # type: ignore[index]
    assert not reaches(engine, "one", address)


def test_a_parent_that_is_away_is_named(engine: LocalEngine) -> None:
    engine.create_network({"name": "m", "driver": "macvlan", "driver_opts": {"parent": "gone0.7"}})
    with pytest.raises(NotFound, match=r"parent interface gone0\.7 does not exist") as caught:
        start(engine, "one", "m")
    assert caught.value.hint == "make it: ip link add link gone0 name gone0.7 type vlan id 7"


def lacks(driver: str) -> bool:
    """Whether this kernel has no interfaces of the kind, as iproute2 says: then we say so, too."""
    make = ["ip", "link", "add", "link", "lo", "name", "probe9", "type", driver]
    done = subprocess.run(make, capture_output=True, text=True, check=False)
    subprocess.run(["ip", "link", "delete", "probe9"], capture_output=True, check=False)
    return "Unknown device type" in done.stderr


@pytest.mark.parametrize("driver", ["macvlan", "ipvlan"])
def test_a_network_without_a_parent_has_one_of_its_own(driver: str, engine: LocalEngine) -> None:
    if lacks("dummy") or lacks(driver):
        with pytest.raises(Unsupported, match="this kernel has no") as caught:
            start_on_new(engine, driver)
        assert caught.value.hint
        return
    before = names()
    start_on_new(engine, driver)
    assert len(names() - before) == 1
    await_answer(engine, "one", start(engine, "two", "m"))
    for info in engine.containers():
        engine.remove(info.id, force=True)
    engine.remove_network("m")
    assert names() == before


def start_on_new(engine: LocalEngine, driver: str) -> None:
    engine.create_network({"name": "m", "driver": driver})
    start(engine, "one", "m")


def test_an_ipvlan_interface_has_its_parents_address(parent: str, engine: LocalEngine) -> None:
    spec: NetworkSpec = {"name": "i", "driver": "ipvlan", "driver_opts": {"parent": parent}}
    if lacks("ipvlan"):
        with pytest.raises(Unsupported, match="network i: this kernel has no ipvlan interfaces"):
            engine.create_network(spec)
        return
    engine.create_network(spec)
    with pytest.raises(EngineError, match="mac_address"):
        containers.make(
            engine, "mac", "true", network_mode="",
            endpoints=[{"network": "i", "mac_address": "02:00:00:00:00:09"}],
        )  # fmt: skip
    start(engine, "one", "i")
    address = start(engine, "two", "i")
    found = link(engine, "one")
    assert found["linkinfo"]["info_kind"] == "ipvlan"  # type: ignore[index]
    with rtnetlink.open_channel() as channel:
        own = rtnetlink.find_link(channel, parent)
    assert own is not None and found["address"] == own.mac
    await_answer(engine, "one", address)
    engine.restart("two", timeout=0)
    await_answer(engine, "one", address)


def test_between_networks_ipvlan_needs_no_gateway(parent: str, engine: LocalEngine) -> None:
    specs: list[NetworkSpec] = [
        {
            "name": name, "driver": "ipvlan", "ipam": [{"subnet": subnet}],
            "driver_opts": {"parent": parent, "ipvlan_mode": "l3"},
        }
        for name, subnet in (("one", "10.97.1.0/24"), ("two", "10.97.2.0/24"))
    ]  # fmt: skip
    if lacks("ipvlan"):
        with pytest.raises(Unsupported, match="no ipvlan interfaces"):
            engine.create_network(specs[0])
        return
    for spec in specs:
        engine.create_network(spec)
    start(engine, "here", "one")
    there = start(engine, "there", "two")
    routes = execute(engine, "here", "ip", "route", "show", "default").out.decode()
    assert routes.split()[:3] == ["default", "dev", "eth0"]
    await_answer(engine, "here", there)


def test_a_subnet_is_one_networks_whatever_its_driver(parent: str, engine: LocalEngine) -> None:
    engine.create_network({"name": "b", "ipam": [{"subnet": "10.98.0.0/24"}]})
    with pytest.raises(Conflict, match="overlaps"):
        engine.create_network(
            {
                "name": "m", "driver": "macvlan", "driver_opts": {"parent": parent},
                "ipam": [{"subnet": "10.98.0.0/24"}],
            }
        )  # fmt: skip


def names() -> set[str]:
    with rtnetlink.open_channel() as channel:
        return {link.name for link in rtnetlink.links(channel)}
