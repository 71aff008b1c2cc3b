"""Beside a firewall that drops what is forwarded, as dockerd's does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from engine.network import firewall
from tests.support.netlab import NEIGHBOUR, Lab, inside

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.close()


def iptables(*words: str) -> str:
    return subprocess.run(
        ["iptables-nft", *words], capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def filtering() -> Iterator[None]:
    """The filter table as dockerd leaves it."""
    for words in (
        "-P FORWARD DROP",
        "-N DOCKER-USER",
        "-A DOCKER-USER -j RETURN",
        "-A FORWARD -j DOCKER-USER",
    ):
        iptables(*words.split())  # fmt: skip
    yield
    subprocess.run(["nft", "delete", "table", "ip", "filter"], check=True)


@pytest.fixture
def dropping() -> Iterator[None]:
    """A host whose own firewall forwards nothing."""
    iptables("-P", "FORWARD", "DROP")
    yield
    subprocess.run(["nft", "delete", "table", "ip", "filter"], check=True)


@pytest.mark.parametrize("around", ["filtering", "dropping"])
def test_containers_reach_outside(around: str, request: pytest.FixtureRequest, lab: Lab) -> None:
    request.getfixturevalue(around)
    outside = lab.neighbour()
    container = lab.container(lab.network("n"))
    lab.serve(outside, 80)
    assert lab.ask(container.netns, NEIGHBOUR, 80)


def test_without_our_rules_nothing_is_forwarded(filtering: None, lab: Lab) -> None:
    outside = lab.neighbour()
    container = lab.container(lab.network("n"))
    iptables("-F", "DOCKER-USER")
    lab.serve(outside, 80)
    assert not lab.reaches(container.netns, NEIGHBOUR, 80)


def test_our_networks_stay_apart(filtering: None, lab: Lab) -> None:
    one, two = lab.container(lab.network("a")), lab.container(lab.network("b"))
    lab.serve(two.netns, 80)
    assert not lab.reaches(one.netns, two.ipv4, 80)


def test_what_another_bridge_isolates_stays_isolated(filtering: None, lab: Lab) -> None:
    container = lab.container(lab.network("n"))
    theirs = lab.namespace()
    shell("ip link add docker9 type bridge; ip addr add 198.51.100.1/24 dev docker9")
    try:
        shell("ip link add dk0 type veth peer name eth0; ip link set dk0 master docker9 up")
        shell(f"ip link set docker9 up; ip link set eth0 netns /proc/{os.getpid()}/fd/{theirs}")
        with inside(theirs):
            shell("ip addr add 198.51.100.2/24 dev eth0; ip link set eth0 up")
            shell("ip route add default via 198.51.100.1")
        lab.serve(theirs, 80)
        assert lab.ask(None, "198.51.100.2", 80)
        assert not lab.reaches(container.netns, "198.51.100.2", 80)
    finally:
        shell("ip link del docker9; ip link del dk0")


def shell(text: str) -> None:
    subprocess.run(["sh", "-ec", text], check=True)


def test_rules_are_added_once_and_go_with_the_network(filtering: None, lab: Lab) -> None:
    before = iptables("-S")
    plan, internal = lab.network("n", ipv6=True), lab.network("i", internal=True)
    with_rules = iptables("-S")
    assert f"-A DOCKER-USER -o {plan['bridge']}" in with_rules
    assert f"-A DOCKER-USER -i {internal['bridge']} -o {internal['bridge']}" in with_rules
    firewall.ensure_network(plan)
    assert iptables("-S") == with_rules
    lab.remove_network(plan)
    lab.remove_network(internal)
    assert iptables("-S") == before


def test_a_firewall_that_comes_later_gets_the_rules_at_the_next_start(lab: Lab) -> None:
    plan = lab.network("n")
    iptables("-N", "DOCKER-USER")
    try:
        firewall.ensure_network(plan)
        assert plan["bridge"] in iptables("-S", "DOCKER-USER")
        lab.remove_network(plan)
        assert plan["bridge"] not in iptables("-S", "DOCKER-USER")
    finally:
        subprocess.run(["nft", "delete", "table", "ip", "filter"], check=True)
