"""A container as a document: the same members, with the same meaning, whichever engine runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.making import make, start
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from schemas.engine import Engine

# Path of a member → the members that it has.
KEYS = {
    "": (
        "AppArmorProfile Args Config Created Driver ExecIDs GraphDriver HostConfig HostnamePath HostsPath Id Image "
        "LogPath MountLabel Mounts Name NetworkSettings Path Platform ProcessLabel ResolvConfPath RestartCount "
        "State"
    ),
    "State": "Dead Error ExitCode FinishedAt Health OOMKilled Paused Pid Restarting Running StartedAt Status",
    "State.Health": "FailingStreak Log Status",
    "HostConfig": (
        "AutoRemove Binds BlkioDeviceReadBps BlkioDeviceReadIOps BlkioDeviceWriteBps BlkioDeviceWriteIOps "
        "BlkioWeight BlkioWeightDevice CapAdd CapDrop Cgroup CgroupParent CgroupnsMode ConsoleSize ContainerIDFile "
        "CpuCount CpuPercent CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime CpuShares CpusetCpus "
        "CpusetMems DeviceCgroupRules DeviceRequests Devices Dns DnsOptions DnsSearch ExtraHosts GroupAdd "
        "IOMaximumBandwidth IOMaximumIOps IpcMode Isolation Links LogConfig MaskedPaths Memory MemoryReservation "
        "MemorySwap MemorySwappiness NanoCpus NetworkMode OomKillDisable OomScoreAdj PidMode PidsLimit "
        "PortBindings Privileged PublishAllPorts ReadonlyPaths ReadonlyRootfs RestartPolicy Runtime SecurityOpt "
        "ShmSize UTSMode Ulimits UsernsMode VolumeDriver VolumesFrom"
    ),
    "HostConfig.LogConfig": "Config Type",
    "HostConfig.RestartPolicy": "MaximumRetryCount Name",
    "Config": (
        "AttachStderr AttachStdin AttachStdout Cmd Domainname Entrypoint Env Healthcheck Hostname Image Labels "
        "OnBuild OpenStdin StdinOnce Tty User Volumes WorkingDir"
    ),
    "Config.Healthcheck": "Test",
    "NetworkSettings": (
        "Bridge EndpointID Gateway GlobalIPv6Address GlobalIPv6PrefixLen HairpinMode IPAddress IPPrefixLen "
        "IPv6Gateway LinkLocalIPv6Address LinkLocalIPv6PrefixLen MacAddress Networks Ports SandboxID SandboxKey "
        "SecondaryIPAddresses SecondaryIPv6Addresses"
    ),
    "GraphDriver": "Data Name",
}


def member(document: Any, path: str) -> Any:
    for name in filter(None, path.split(".")):
        document = document[name]
    return document


@pytest.mark.parametrize("path", list(KEYS))
def test_a_document_has_dockers_members(engine: Engine, path: str) -> None:
    check = {"test": ["CMD", "true"], "interval": 0.05}
    start(engine, "one", "exec sleep 100", healthcheck=check, init=True)
    eventually(lambda: engine.container("one").health == "healthy")
    missing = set(KEYS[path].split()) - set(member(engine.inspect("one"), path))
    assert missing == set()


@pytest.mark.parametrize(
    ("changes", "path", "value"),
    [
        ({"limits": {"memory": 64 << 20, "cpus": 0.5, "pids": 70}}, "HostConfig.Memory", 64 << 20),
        ({"limits": {"cpus": 0.5}}, "HostConfig.NanoCpus", 500_000_000),
        ({"limits": {"pids": 70}}, "HostConfig.PidsLimit", 70),
        ({"limits": {"blkio": {"device_read_bps": [{"path": "/dev/null", "rate": 9}]}}},
         "HostConfig.BlkioDeviceReadBps", [{"Path": "/dev/null", "Rate": 9}]),
        ({"cap_add": ["SYS_NICE"]}, "HostConfig.CapAdd", ["SYS_NICE"]),
        ({"read_only": True}, "HostConfig.ReadonlyRootfs", True),
        ({"privileged": True}, "HostConfig.MaskedPaths", None),
        ({"shm_size": 1 << 20}, "HostConfig.ShmSize", 1 << 20),
        ({"ulimits": {"nofile": {"soft": 9, "hard": 10}}}, "HostConfig.Ulimits",
         [{"Name": "nofile", "Soft": 9, "Hard": 10}]),
        ({"restart": {"name": "on-failure", "max_retries": 3}}, "HostConfig.RestartPolicy",
         {"Name": "on-failure", "MaximumRetryCount": 3}),
        ({"logging": {"driver": "json-file", "options": {"max-size": "1m"}}}, "HostConfig.LogConfig",
         {"Type": "json-file", "Config": {"max-size": "1m"}}),
        ({"user": "5:6"}, "Config.User", "5:6"),
        ({"working_dir": "/work"}, "Config.WorkingDir", "/work"),
        ({"stop_signal": "SIGUSR1"}, "Config.StopSignal", "SIGUSR1"),
        ({"labels": {"a": "b"}}, "Config.Labels", {"a": "b"}),
        ({"hostname": "box"}, "Config.Hostname", "box"),
        ({"tty": True}, "Config.Tty", True),
        ({"healthcheck": {"test": ["CMD", "true"], "interval": 2.0}}, "Config.Healthcheck.Interval", 2_000_000_000),
        ({}, "State.Status", "created"),
        ({}, "Path", "true"),
    ],
    ids=str,
)  # fmt: skip
def test_what_was_asked_for_stands_in_its_place(
    engine: Engine, changes: dict[str, Any], path: str, value: object
) -> None:
    make(engine, "one", "true", **changes)
    assert member(engine.inspect("one"), path) == value


def test_an_end_is_told_with_its_code_and_time(engine: Engine) -> None:
    start(engine, "one", "sleep 1; exit 7")
    engine.wait("one", timeout=20)
    state: Any = engine.inspect("one")["State"]
    assert (state["Status"], state["Running"], state["ExitCode"], state["OOMKilled"]) == (
        "exited",
        False,
        7,
        False,
    )
    assert state["FinishedAt"] > state["StartedAt"] > "2020"
