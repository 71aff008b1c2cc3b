"""A network as asked for → as it must be."""

from __future__ import annotations

from typing import Any

import pytest

from engine.network import driver_options, planning
from engine.network.bridge import NetworkPlan
from schemas.errors import Conflict, EngineError, InvalidArgument

ID = "ab" * 32
SUBNET = "10.1.0.0/24"


def plan(*, host: tuple[str, ...] = (), used: tuple[str, ...] = (), **keys: Any) -> NetworkPlan:
    return planning.plan(ID, {"name": "n", **keys}, list(host), list(used))  # type: ignore[typeddict-item]


def test_what_is_not_asked_for_is_chosen() -> None:
    found = plan(host=("10.200.0.0/20",))
    assert found["bridge"] == "br-abababababab"
    assert (found["subnets"], found["gateways"]) == (["10.200.16.0/20"], ["10.200.16.1"])
    assert (found["mtu"], found["internal"], "driver" in found) == (1500, False, False)


def test_ipv6_gets_a_local_prefix_and_may_be_alone() -> None:
    both = plan(enable_ipv6=True)["subnets"]
    assert [":" in subnet for subnet in both] == [False, True]
    assert plan(enable_ipv6=True, enable_ipv4=False)["subnets"] == both[1:]
    assert both[1].startswith("fdab:abab:abab::")


def test_several_subnets_have_a_gateway_each() -> None:
    pools = [{"subnet": SUBNET}, {"subnet": "fd00:1::/64", "gateway": "fd00:1::fe"}]
    found = plan(ipam=pools, enable_ipv6=True)
    assert found["gateways"] == ["10.1.0.1", "fd00:1::fe"]


def test_the_gateway_is_not_an_auxiliary_address() -> None:
    aux = {"a": "10.1.0.1", "b": "10.1.0.2"}
    assert plan(ipam=[{"subnet": SUBNET, "aux_addresses": aux}])["gateways"] == ["10.1.0.3"]
    with pytest.raises(Conflict, match="gateway"):
        plan(ipam=[{"subnet": SUBNET, "gateway": "10.1.0.1", "aux_addresses": aux}])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"ipam": [{"gateway": "10.1.0.1"}]}, "needs a subnet"),
        ({"ipam": [{"subnet": "10.1.0.1/24"}]}, "has host bits set"),
        ({"ipam": [{"subnet": SUBNET, "gateway": "10.2.0.1"}]}, "gateway 10.2.0.1"),
        ({"ipam": [{"subnet": SUBNET, "gateway": "x"}]}, "gateway"),
        ({"ipam": [{"subnet": SUBNET, "ip_range": "10.2.0.0/28"}]}, "ip_range"),
        ({"ipam": [{"subnet": SUBNET, "aux_addresses": {"a": "1.1.1.1"}}]}, "aux_addresses.a"),
        ({"ipam": [{"subnet": SUBNET}, {"subnet": "10.1.0.128/25"}]}, "overlaps"),
        ({"ipam": [{"subnet": "fd00::/64"}]}, "enable_ipv6"),
        ({"ipam": [{"subnet": SUBNET}], "enable_ipv4": False, "enable_ipv6": True}, "enable_ipv4"),
    ],
)
def test_what_cannot_be_is_named(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        plan(**keys)


def test_options_are_read() -> None:
    prefix = "com.docker.network"
    found = plan(
        driver_opts={
            f"{prefix}.bridge.name": "mine",
            f"{prefix}.bridge.enable_icc": "false",
            f"{prefix}.bridge.enable_ip_masquerade": "false",
            f"{prefix}.bridge.host_binding_ipv4": "127.0.0.1",
            f"{prefix}.container_iface_prefix": "net",
            f"{prefix}.driver.mtu": 1400,
        }
    )
    assert (found["bridge"], found["mtu"], found["prefix"]) == ("mine", 1400, "net")
    assert (found["isolated"], found["masquerade"], found["binding"]) == (True, False, "127.0.0.1")


def test_macvlan_and_ipvlan_have_a_parent_and_a_mode() -> None:
    found = plan(driver="macvlan", driver_opts={"parent": "eth0"})
    assert (found["driver"], found["parent"], found["mode"]) == ("macvlan", "eth0", "bridge")
    assert found["bridge"] == "" and "own_parent" not in found
    alone = plan(driver="ipvlan", driver_opts={"ipvlan_mode": "l3", "ipvlan_flag": "private"})
    assert (alone["parent"], alone["own_parent"]) == ("dm-abababababab", True)
    assert (alone["mode"], alone["flag"]) == ("l3", "private")


def test_no_family_at_all_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="enable_ipv4"):
        driver_options.check({"name": "n", "enable_ipv4": False})
