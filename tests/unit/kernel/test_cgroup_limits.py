from __future__ import annotations

import pytest

from engine.kernel.cgroup import limits
from schemas.errors import InvalidArgument, Unsupported
from schemas.specs import Limits

MB = 1024 * 1024


def number(path: str) -> str:
    return {"/dev/sda": "8:0"}[path]


def v1(asked: Limits) -> dict[str, str]:
    return {setting.file: setting.value for setting in limits.v1(asked, number)}


def v2(asked: Limits) -> dict[str, str]:
    return {setting.file: setting.value for setting in limits.v2(asked, number)}


def test_no_limit_means_no_setting() -> None:
    assert v1({}) == v2({}) == {}


def test_cpus_become_a_quota_of_the_usual_period() -> None:
    assert v1({"cpus": 1.5}) == {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "150000"}
    assert v2({"cpus": 1.5}) == {"cpu.max": "150000 100000"}


def test_a_tiny_share_of_a_cpu_is_raised_to_what_the_kernel_takes() -> None:
    assert v2({"cpus": 0.001}) == {"cpu.max": "1000 100000"}


def test_quota_and_period_go_as_they_are() -> None:
    assert v2({"cpu_quota": 5000, "cpu_period": 20000}) == {"cpu.max": "5000 20000"}
    assert v2({"cpu_quota": -1}) == {"cpu.max": "max 100000"}


@pytest.mark.parametrize(("shares", "weight"), [(2, 1), (1024, 39), (262144, 10000), (0, 100)])
def test_shares_map_onto_weights(shares: int, weight: int) -> None:
    assert limits.weight_of_shares(shares) == weight


def test_memory_brings_swap_of_the_same_size() -> None:
    assert v1({"memory": 64 * MB}) == {
        "memory.limit_in_bytes": str(64 * MB),
        "memory.memsw.limit_in_bytes": str(128 * MB),
    }
    assert v2({"memory": 64 * MB}) == {"memory.max": str(64 * MB), "memory.swap.max": str(64 * MB)}


def test_swap_is_counted_with_memory_on_v1_and_alone_on_v2() -> None:
    asked: Limits = {"memory": 64 * MB, "memory_swap": 64 * MB}
    assert v1(asked)["memory.memsw.limit_in_bytes"] == str(64 * MB)
    assert v2(asked)["memory.swap.max"] == "0"
    assert v2({"memory": 64 * MB, "memory_swap": -1})["memory.swap.max"] == "max"


def test_swap_by_default_is_optional_and_by_wish_is_not() -> None:
    by_default = [item.key for item in limits.v2({"memory": 64 * MB}, number)]
    by_wish = [item.key for item in limits.v2({"memory": 64 * MB, "memory_swap": -1}, number)]
    assert by_default == ["mem_limit", ""]
    assert by_wish == ["mem_limit", "memswap_limit"]


def test_pids_without_limit() -> None:
    assert v1({"pids": 10}) == {"pids.max": "10"}
    assert v2({"pids": -1}) == {"pids.max": "max"}


def test_disk_limits_name_the_device_by_its_numbers() -> None:
    asked: Limits = {
        "blkio": {"weight": 500, "device_read_bps": [{"path": "/dev/sda", "rate": 1000}]}
    }
    assert v1(asked) == {"blkio.weight": "500", "blkio.throttle.read_bps_device": "8:0 1000"}
    assert v2(asked) == {"io.weight": "4950", "io.max": "8:0 rbps=1000"}


@pytest.mark.parametrize("key", ["memory_swappiness", "oom_kill_disable", "cpu_rt_runtime"])
def test_what_version_2_lacks_is_refused_by_name(key: str) -> None:
    with pytest.raises(Unsupported, match=key):
        limits.v2({key: 1}, number)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"memory": 1 * MB}, "6 MB"),
        ({"memory_swap": 64 * MB}, "needs a memory limit"),
        ({"memory": 64 * MB, "memory_swap": 32 * MB}, "below the memory limit"),
        ({"cpus": 1.0, "cpu_quota": 1000}, "one of them"),
    ],
)
def test_contradictions_are_refused(asked: Limits, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        limits.v1(asked, number)
    with pytest.raises(InvalidArgument, match=message):
        limits.v2(asked, number)
