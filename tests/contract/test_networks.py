"""Networks, names on them, addresses, published ports."""

from __future__ import annotations

import socket
import urllib.request

import pytest

from schemas.engine import Engine
from schemas.errors import Conflict, NotFound
from tests.contract.making import make, on, sleeper, start
from tests.support.containers import execute
from tests.support.eventually import eventually

SUBNET = "10.213.7.0/24"


def test_a_network_is_what_was_asked_for(engine: Engine) -> None:
    made = engine.create_network(
        {
            "name": "front",
            "internal": True,
            "labels": {"a": "b"},
            "ipam": [{"subnet": SUBNET, "gateway": "10.213.7.9"}],
        }
    )
    assert engine.network("front")[:7] == made[:7]
    assert engine.network(made.id).name == "front"
    assert (made.driver, made.internal, made.labels) == ("bridge", True, {"a": "b"})
    assert (made.subnets, made.gateways) == ((SUBNET,), ("10.213.7.9",))
    engine.create_network({"name": "back"})
    assert [network.name for network in engine.networks(labels={"a": "b"})] == ["front"]
    with pytest.raises(Conflict):
        engine.create_network({"name": "front"})


def test_a_network_in_use_stays(engine: Engine) -> None:
    engine.create_network({"name": "front"})
    made = sleeper(engine, "one", **on("front"))
    assert engine.network("front").containers == (made.id,)
    with pytest.raises(Conflict):
        engine.remove_network("front")
    engine.remove("one", force=True)
    engine.remove_network("front")
    for call in (engine.network, engine.remove_network):
        with pytest.raises(NotFound, match="front"):
            call("front")


def test_a_network_that_is_not_there_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        engine.start(make(engine, "one", "true", **on("nowhere")).id)  # a daemon looks only now


def test_names_are_answered_on_the_networks_that_both_are_on(engine: Engine) -> None:
    engine.create_network({"name": "front"})
    engine.create_network({"name": "back"})
    web = sleeper(engine, "web", **on("front", "back", aliases=["www", "shop"]))
    sleeper(engine, "near", **on("front"))
    engine.create_network({"name": "far"})
    sleeper(engine, "stranger", **on("far"))
    [front, back] = sorted(web.networks, key=lambda place: place.network, reverse=True)
    assert (front.network, back.network) == ("front", "back")
    assert set(front.aliases) >= {"www", "shop"}
    for name in ("web", "www", "shop", web.id[:12]):
        answer = execute(engine, "near", "nslookup", name).out.decode()
        assert front.ipv4 in answer, name
        assert back.ipv4 not in answer, name
    assert execute(engine, "stranger", "ping", "-c1", "-W1", front.ipv4).code != 0
    assert execute(engine, "near", "ping", "-c1", "-W2", "web").code == 0


def test_addresses_can_be_asked_for(engine: Engine) -> None:
    engine.create_network({"name": "front", "ipam": [{"subnet": SUBNET}]})
    made = sleeper(
        engine,
        "one",
        network_mode="",
        endpoints=[
            {
                "network": "front",
                "ipv4_address": "10.213.7.77",
                "mac_address": "02:42:0a:d5:07:4d",
            }
        ],
    )
    [place] = made.networks
    assert (place.ipv4, place.mac) == ("10.213.7.77", "02:42:0a:d5:07:4d")
    shown = execute(engine, "one", "ip", "addr").out
    assert b"10.213.7.77/24" in shown
    assert b"02:42:0a:d5:07:4d" in shown


def test_a_container_joins_and_leaves(engine: Engine) -> None:
    engine.create_network({"name": "front"})
    engine.create_network({"name": "back"})
    sleeper(engine, "one", **on("front"))
    sleeper(engine, "two", **on("back"))
    engine.connect("one", {"network": "back", "aliases": ["guest"]})
    assert {place.network for place in engine.container("one").networks} == {"front", "back"}
    assert execute(engine, "two", "ping", "-c1", "-W2", "guest").code == 0
    engine.disconnect("one", "back")
    assert [place.network for place in engine.container("one").networks] == ["front"]
    assert execute(engine, "two", "ping", "-c1", "-W1", "guest").code != 0
    with pytest.raises(NotFound):
        engine.connect("one", {"network": "nowhere"})


def test_a_renamed_container_is_found_by_its_new_name_after_a_restart(engine: Engine) -> None:
    engine.create_network({"name": "front"})
    sleeper(engine, "one", **on("front"))
    sleeper(engine, "two", **on("front"))
    engine.rename("one", "three")
    engine.restart("three", timeout=0)
    eventually(lambda: execute(engine, "two", "ping", "-c1", "-W1", "three").code == 0)


def test_published_ports_lead_to_the_container(engine: Engine) -> None:
    engine.create_network({"name": "front"})
    made = start(
        engine,
        "one",
        "mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www",
        init=True,
        ports=[
            {"target": 80, "protocol": "tcp", "published": 18931, "host_ip": "127.0.0.1"},
            {"target": 81, "protocol": "udp"},
        ],
        **on("front"),
    )
    [tcp] = [port for port in made.ports if port.protocol == "tcp"]
    assert tcp == ("127.0.0.1", 18931, 80, "tcp")
    assert {port.container_port for port in made.ports if port.protocol == "udp"} == {81}
    assert all(port.host_port > 0 for port in made.ports)

    def answer() -> bytes:
        with urllib.request.urlopen("http://127.0.0.1:18931/", timeout=5) as page:
            return bytes(page.read())

    assert eventually(answer) == b"hello\n"
    with pytest.raises(Conflict, match="18931"):
        engine.check_ports([{"target": 1, "protocol": "tcp", "published": 18931}])
    make(
        engine,
        "two",
        "true",
        ports=[{"target": 80, "protocol": "tcp", "published": 18931, "host_ip": "127.0.0.1"}],
        **on("front"),
    )
    with pytest.raises(Conflict, match="18931"):
        engine.start("two")
    engine.stop("one", timeout=0)
    assert engine.container("one").ports == ()
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        eventually(lambda: free.bind(("127.0.0.1", 18931)) is None)


def test_namespaces_are_shared(engine: Engine) -> None:
    engine.create_network({"name": "front"})
    one = sleeper(engine, "one", hostname="first", **on("front"))
    two = sleeper(engine, "two", network_mode="container:one")
    assert two.network_mode.startswith("container:")
    shown = execute(engine, "two", "ip", "addr", "show", "eth0").out.decode()
    assert one.networks[0].ipv4 in shown
