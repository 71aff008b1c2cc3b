"""Specs as bodies of the API, and back."""

from __future__ import annotations

from typing import Any

import pytest

from compose.backends.docker import bodies, mounts, refusals
from schemas.errors import Unsupported
from schemas.specs import ContainerSpec

NOW = (1, 45)


def host(version: tuple[int, ...] = NOW, **more: Any) -> dict[str, Any]:
    spec: ContainerSpec = {"name": "x", "image": "busybox", **more}  # type: ignore[typeddict-item]
    found: dict[str, Any] = bodies.container(spec, version)["HostConfig"]
    return found


def test_an_empty_entrypoint_takes_the_images_away_and_none_keeps_it() -> None:
    assert bodies.container({"name": "x", "image": "i", "entrypoint": []}, NOW)["Entrypoint"] == [
        ""
    ]
    assert "Entrypoint" not in bodies.container({"name": "x", "image": "i"}, NOW)


def test_a_variable_without_a_value_is_taken_away() -> None:
    assert bodies.environment({"A": "1", "B": None, "C": ""}) == ["A=1", "B", "C="]


def test_binds_that_make_their_source_are_binds_and_others_are_mounts() -> None:
    found = host(
        mounts=[
            {"type": "bind", "source": "/a", "target": "/b", "bind": {"create_host_path": True}},
            {"type": "bind", "source": "/c", "target": "/d", "read_only": True},
            {"type": "volume", "source": "v", "target": "/v", "nocopy": True, "subpath": "s"},
            {"type": "volume", "target": "/anonymous"},
            {"type": "tmpfs", "target": "/t", "size": 5, "mode": 0o700},
            {"type": "tmpfs", "target": "/u", "mode": 0o1777, "uid": 3, "options": ["exec"]},
        ]
    )
    assert found["Binds"] == ["/a:/b:rw"]
    assert found["Tmpfs"] == {"/u": "uid=3,mode=1777,exec"}
    assert [mount["Type"] for mount in found["Mounts"]] == ["bind", "volume", "volume", "tmpfs"]
    assert found["Mounts"][1]["VolumeOptions"] == {"NoCopy": True, "Subpath": "s"}
    assert found["Mounts"][2]["Source"] == ""
    assert found["Mounts"][3]["TmpfsOptions"] == {"SizeBytes": 5, "Mode": 0o700}


def test_what_a_daemon_is_too_old_for_is_refused_by_name() -> None:
    subpath = [{"type": "volume", "source": "v", "target": "/v", "subpath": "s"}]
    for version, more, words in (
        ((1, 44), {"mounts": subpath}, "subpath"),
        ((1, 45), {"mounts": [{"type": "image", "source": "i", "target": "/i"}]}, "images"),
        ((1, 43), {"healthcheck": {"start_interval": 1.0}}, "start_interval"),
        ((1, 42), {"annotations": {"a": "b"}}, "annotations"),
        ((1, 47), {"endpoints": [{"network": "n", "gw_priority": 1}]}, "gw_priority"),
    ):
        with pytest.raises(Unsupported, match=words):
            host(version, **more)


def test_an_old_daemon_gets_one_network_at_first_and_the_others_later() -> None:
    spec: ContainerSpec = {
        "name": "x",
        "image": "i",
        "endpoints": [{"network": "a"}, {"network": "b", "priority": 9}],
    }
    old, new = bodies.container(spec, (1, 41)), bodies.container(spec, NOW)
    assert list(old["NetworkingConfig"]["EndpointsConfig"]) == ["b"]
    assert [place["network"] for place in bodies.later(spec, (1, 41))] == ["a"]
    assert list(new["NetworkingConfig"]["EndpointsConfig"]) == ["b", "a"]
    assert bodies.later(spec, NOW) == []
    assert new["HostConfig"]["NetworkMode"] == "b"


def test_ports_are_published_and_exposed() -> None:
    spec: ContainerSpec = {
        "name": "x",
        "image": "i",
        "expose": ["9000-9001", "53/udp"],
        "ports": [
            {"target": 80, "protocol": "tcp", "published": 8080, "host_ip": "127.0.0.1"},
            {"target": 81, "protocol": "udp", "published_range": [5, 9]},
        ],
    }
    body = bodies.container(spec, NOW)
    assert sorted(body["ExposedPorts"]) == ["53/udp", "80/tcp", "81/udp", "9000/tcp", "9001/tcp"]
    assert body["HostConfig"]["PortBindings"] == {
        "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}],
        "81/udp": [{"HostIp": "", "HostPort": "5-9"}],
    }


def test_files_with_an_owner_are_copied_and_plain_ones_mounted() -> None:
    spec: ContainerSpec = {
        "name": "x",
        "image": "i",
        "files": [{"target": "/run/secrets/a", "source": "/a"}, {"target": "/c", "content": "c"}],
    }
    assert [mount["Target"] for mount in host(files=spec["files"])["Mounts"]] == ["/run/secrets/a"]
    assert [file["target"] for file in mounts.copied(spec)] == ["/c"]
    with pytest.raises(Unsupported, match=r"/c: .* read_only"):
        mounts.copied({**spec, "read_only": True})


def test_limits_are_in_the_daemons_units() -> None:
    found = host(limits={"cpus": 0.5, "memory": 64 << 20, "pids": 10, "blkio": {"weight": 300}})
    assert (found["NanoCpus"], found["Memory"], found["PidsLimit"]) == (5 * 10**8, 64 << 20, 10)
    assert found["BlkioWeight"] == 300


def test_every_key_of_a_spec_is_known() -> None:
    keys = frozenset(ContainerSpec.__annotations__)
    assert keys - refusals.HANDLED == frozenset()
    assert refusals.HANDLED - keys == frozenset()
    with pytest.raises(Unsupported, match="novelty"):
        refusals.check({"name": "x", "image": "i", "novelty": 1})  # type: ignore[typeddict-unknown-key]


def test_what_a_daemon_does_on_its_own_cannot_be_asked_for() -> None:
    for more in (
        {"restart": {"name": "always", "delay": 1.0}},
        {"restart": {"name": "on-failure", "window": 1.0}},
        {"restart": {"name": "always", "max_retries": 2}},
        {"healthcheck": {"test": ["CMD", "true"], "restart": True}},
    ):
        with pytest.raises(Unsupported):
            refusals.check({"name": "x", "image": "i", **more})  # type: ignore[typeddict-item]


def test_devices_are_asked_for_by_what_they_are() -> None:
    found = host(device_requests=[{"count": -1, "capabilities": ["gpu"]}], runtime="other")
    [request] = found["DeviceRequests"]
    assert (request["Count"], request["Capabilities"]) == (-1, [["gpu"]])
    assert found["Runtime"] == "other"
