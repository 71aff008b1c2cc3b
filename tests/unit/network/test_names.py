"""The names directory of a network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine import paths
from engine.network import names
from engine.network.endpoint import EndpointPlan
from engine.network.names import Names


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYCOMPOSE_RUN", str(tmp_path))
    return tmp_path


def announce(id: str, *called: str, network: str = "net", ipv4: str = "10.0.0.2/24", ipv6: str = "") -> None:  # fmt: skip
    plan: EndpointPlan = {
        "network_id": f"id-{network}", "network": network, "bridge": "", "ipv4": ipv4, "gateway4": "",
        "ipv6": ipv6, "gateway6": "", "mac": "", "interface": "", "mtu": 0, "host_interface": "",
        "internal": False, "default_route": True, "names": list(called), "group": 0,
    }  # fmt: skip
    names.announce(plan, id)


def test_names_lead_to_all_addresses_of_all_who_have_them() -> None:
    announce("a", "shop-web-1", "Web", ipv6="fd00::2/64")
    announce("b", "shop-web-2", "web", ipv4="10.0.0.3/24")
    known = Names(["id-net"])
    assert known.addresses("wEb.") == ["10.0.0.2", "fd00::2", "10.0.0.3"]
    assert known.addresses("shop-web-2.Net") == ["10.0.0.3"]
    assert known.addresses("nobody") == known.addresses("web.other") == []
    assert known.name_of("fd00::2") == "shop-web-1.net"
    assert known.name_of("10.0.0.9") is None


def test_the_first_network_that_has_a_name_answers() -> None:
    announce("a", "web", network="front", ipv4="10.1.0.2/24")
    announce("a", "web", network="back", ipv4="10.2.0.2/24")
    announce("b", "db", network="back", ipv4="10.2.0.3/24")
    known = Names(["id-front", "id-back"])
    assert known.addresses("web") == ["10.1.0.2"]
    assert known.addresses("web.back") == ["10.2.0.2"]
    assert known.addresses("db") == ["10.2.0.3"]


def test_a_network_name_with_dots_is_a_suffix_like_any() -> None:
    announce("a", "web", network="my.net")
    assert Names(["id-my.net"]).addresses("web.my.net") == ["10.0.0.2"]


def test_every_change_is_seen_however_quick() -> None:
    known = Names(["id-net"])
    assert known.addresses("web") == []
    for number in range(200):
        announce("a", "web", ipv4=f"10.0.1.{number}/24")
        assert known.addresses("web") == [f"10.0.1.{number}"]
        if number % 2:
            names.withdraw("id-net", "a")
            assert known.addresses("web") == []


def test_a_settled_directory_is_not_read_again() -> None:
    announce("a", "web")
    directory = paths.names_dir("id-net")
    known = Names(["id-net"])
    os.utime(directory, (1, 1))
    assert known.addresses("web") == ["10.0.0.2"]
    os.unlink(f"{directory}/a")
    os.utime(directory, (1, 1))
    assert known.addresses("web") == ["10.0.0.2"]
    os.utime(directory, (2, 2))
    assert known.addresses("web") == []


def test_half_written_files_are_not_names() -> None:
    announce("a", "web")
    Path(paths.names_dir("id-net"), ".b").write_text("{")
    assert Names(["id-net"]).addresses("web") == ["10.0.0.2"]


def test_withdrawing_who_is_not_there_is_no_error() -> None:
    names.withdraw("id-net", "a")
    announce("a", "web")
    names.withdraw("id-net", "a")
    names.withdraw("id-net", "a")
    assert Names(["id-net", "id-gone"]).addresses("web") == []
