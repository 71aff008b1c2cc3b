from __future__ import annotations

import os

import pytest

from engine import support
from engine.network import wishes
from schemas.errors import EngineError, InvalidArgument, Unsupported
from schemas.specs import ContainerSpec

OTHER = "arm64" if os.uname().machine == "x86_64" else "amd64"


def spec(**keys: object) -> ContainerSpec:
    return {"name": "x", "image": "y", **keys}  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"platform": f"linux/{OTHER}"}, f"platform linux/{OTHER}"),
        ({"platform": "windows/amd64"}, "platform windows/amd64"),
        ({"userns_mode": "private"}, "userns_mode: private"),
        ({"ipc": "mine"}, "ipc: mine"),
        ({"pid": "container:"}, "pid: container:"),
        ({"uts": "container:x"}, "uts: container:x"),
        ({"ports": [{"target": 9, "protocol": "sctp"}]}, "sctp"),
        ({"security_opt": ["apparmor=mine"]}, "security_opt apparmor=mine"),
        ({"security_opt": ["label:type:x"]}, "security_opt label=type:x"),
        ({"logging": {"driver": "gelf"}}, "logging.driver gelf"),
        ({"logging": {"options": {"tag": "{{.Nonsense}}"}}}, "logging.options tag"),
        ({"storage_opt": {"other": "1"}}, "storage_opt other"),
        (
            {"endpoints": [{"network": "n", "driver_opts": {"a.b": "c"}}]},
            "networks.n.driver_opts a.b",
        ),
    ],
)
def test_what_cannot_be_had_is_named(keys: dict[str, object], message: str) -> None:
    with pytest.raises(Unsupported, match=message):
        support.check_container(spec(**keys))


@pytest.mark.parametrize(
    "keys",
    [
        {"network_mode": "host", "endpoints": [{"network": "n"}]},
        {"network_mode": "container:x", "ports": [{"target": 80, "protocol": "tcp"}]},
        {"mounts": [{"type": "tmpfs", "target": "relative"}]},
        {"storage_opt": {"size": "much"}},
        {"storage_opt": {"size": "0"}},
        {"endpoints": [{"network": "n", "link_local_ips": ["169.254.1"]}]},
        {"endpoints": [{"network": "n", "interface_name": "a/b"}]},
        {"endpoints": [{"network": "n", "driver_opts": {wishes.SYSCTLS: "kernel.msgmax=1"}}]},
    ],
)
def test_what_makes_no_sense_is_refused(keys: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument):
        support.check_container(spec(**keys))


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"platform": "linux"},
        {"pid": "host", "ipc": "shareable", "uts": "host", "cgroup": "host"},
        {"network_mode": "container:web"},
        {"security_opt": ["no-new-privileges", "seccomp:unconfined", "label=disable"]},
        {"logging": {"driver": "local", "options": {"max-size": "10m", "max-file": "3"}}},
    ],
)
def test_what_can_be_had_passes(keys: dict[str, object]) -> None:
    support.check_container(spec(**keys))


@pytest.mark.parametrize(
    "network",
    [
        {"driver": "overlay"},
        {"ipam_driver": "mine"},
        {"enable_ipv4": False},
        {"driver_opts": {"com.docker.network.bridge.enable_icc": "maybe"}},
        {"driver_opts": {"com.docker.network.driver.mtu": "12"}},
        {"driver_opts": {"com.docker.network.bridge.name": "a-name-that-is-too-long"}},
        {"driver_opts": {"com.docker.network.bridge.host_binding_ipv4": "here"}},
        {"driver_opts": {"parent": "eth0"}},
        {"driver": "macvlan", "driver_opts": {"ipvlan_flag": "private"}},
        {"driver": "ipvlan", "driver_opts": {"ipvlan_mode": "l4"}},
    ],
)
def test_a_network_that_cannot_be_had_is_refused_by_name(network: dict[str, object]) -> None:
    with pytest.raises(EngineError, match="network n"):
        support.check_network({"name": "n", **network})  # type: ignore[typeddict-item]
