"""Limits → values of control files (pure); the rules are Docker's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import cast

from engine.kernel.cgroup.group import Setting
from schemas.errors import InvalidArgument, Unsupported
from schemas.specs import Limits

DeviceNumber = Callable[[str], str]  # device path → "8:0"

_PERIOD = 100_000  # µs, the kernel's default
_LEAST_MEMORY = 6 * 1024 * 1024  # below it runc cannot start either
_THROTTLES = {
    # blkio_config key → (version 1 file, version 2 word)
    "device_read_bps": ("blkio.throttle.read_bps_device", "rbps"),
    "device_write_bps": ("blkio.throttle.write_bps_device", "wbps"),
    "device_read_iops": ("blkio.throttle.read_iops_device", "riops"),
    "device_write_iops": ("blkio.throttle.write_iops_device", "wiops"),
}
# What version 2 has no file for.
_ONLY_V1 = ("memory_swappiness", "oom_kill_disable", "cpu_rt_period", "cpu_rt_runtime")


def v1(limits: Limits, number: DeviceNumber) -> list[Setting]:
    """The settings of version 1, in an order that the kernel accepts for a fresh cgroup."""
    _check(limits)
    settings = []
    if "cpu_shares" in limits:
        settings.append(Setting("cpu", "cpu.shares", str(limits["cpu_shares"]), "cpu_shares"))
    bandwidth = _bandwidth(limits)
    if bandwidth is not None:
        quota, period, key = bandwidth
        settings.append(Setting("cpu", "cpu.cfs_period_us", str(period), key))
        settings.append(Setting("cpu", "cpu.cfs_quota_us", str(quota), key))
    for name, file in (
        ("cpu_rt_period", "cpu.rt_period_us"),
        ("cpu_rt_runtime", "cpu.rt_runtime_us"),
    ):
        if microseconds := limits.get(name):
            settings.append(Setting("cpu", file, str(microseconds), name))
    if limits.get("cpuset"):
        settings.append(Setting("cpuset", "cpuset.cpus", limits["cpuset"], "cpuset"))
    settings += _memory_v1(limits)
    settings += _pids(limits)
    blkio = limits.get("blkio", {})
    if "weight" in blkio:
        plain = str(blkio["weight"])
        settings.append(_bfq("blkio", "blkio.weight", plain, "blkio_config.weight", plain))
    for path, weight in _pairs(blkio, "weight_device", "weight"):
        value = f"{number(path)} {weight}"
        settings.append(
            _bfq("blkio", "blkio.weight_device", value, "blkio_config.weight_device", value)
        )
    for key, (file, _) in _THROTTLES.items():
        for path, rate in _pairs(blkio, key, "rate"):
            value = f"{number(path)} {rate}"
            settings.append(Setting("blkio", file, value, f"blkio_config.{key}"))
    return settings


def v2(limits: Limits, number: DeviceNumber) -> list[Setting]:
    """The settings of version 2."""
    _check(limits)
    for name in _ONLY_V1:
        if limits.get(name):
            raise Unsupported(f"{name}: cgroup version 2 has no such setting")
    settings = []
    if "cpu_shares" in limits:
        weight = str(weight_of_shares(limits["cpu_shares"]))
        settings.append(Setting("cpu", "cpu.weight", weight, "cpu_shares"))
    bandwidth = _bandwidth(limits)
    if bandwidth is not None:
        quota, period, key = bandwidth
        value = f"{'max' if quota < 0 else quota} {period}"
        settings.append(Setting("cpu", "cpu.max", value, key))
    if limits.get("cpuset"):
        settings.append(Setting("cpuset", "cpuset.cpus", limits["cpuset"], "cpuset"))
    settings += _memory_v2(limits)
    settings += _pids(limits)
    blkio = limits.get("blkio", {})
    if "weight" in blkio:
        weight = str(_io_weight(blkio["weight"]))
        own = str(blkio["weight"])
        settings.append(_bfq("io", "io.weight", weight, "blkio_config.weight", own))
    for path, rate in _pairs(blkio, "weight_device", "weight"):
        disk = number(path)
        line, own = f"{disk} {_io_weight(rate)}", f"{disk} {rate}"
        settings.append(_bfq("io", "io.weight", line, "blkio_config.weight_device", own))
    for key, (_, word) in _THROTTLES.items():
        for path, rate in _pairs(blkio, key, "rate"):
            line = f"{number(path)} {word}={rate}"
            settings.append(Setting("io", "io.max", line, f"blkio_config.{key}"))
    return settings


def _bfq(controller: str, file: str, value: str, key: str, own: str) -> Setting:
    """A weight, of which a kernel with the BFQ scheduler alone has a file of its own, with ``own`` as its value."""
    return Setting(controller, file, value, key, (file.replace(".", ".bfq.", 1), own))


def weight_of_shares(shares: int) -> int:
    """cpu.weight for cpu.shares: [2, 262144] onto [1, 10000], as runc maps it."""
    if shares == 0:
        return 100
    return 1 + ((max(2, min(shares, 262_144)) - 2) * 9_999) // 262_142


def device_number(path: str) -> str:
    """The "major:minor" of a block device."""
    try:
        found = os.stat(path)
    except OSError as err:
        raise InvalidArgument(f"blkio_config: {path}: {os.strerror(err.errno or 0)}") from err
    return f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"


def _check(limits: Limits) -> None:
    memory = limits.get("memory") or 0
    if 0 < memory < _LEAST_MEMORY:
        raise InvalidArgument(f"memory limit {memory} is below the least possible, 6 MB")
    swap = limits.get("memory_swap") or 0
    if swap > 0 and not memory:
        raise InvalidArgument("memswap_limit needs a memory limit as well")
    if 0 < swap < memory:
        raise InvalidArgument(
            f"memswap_limit {swap} (memory and swap) is below the memory limit {memory}"
        )
    if limits.get("cpus") and limits.get("cpu_quota"):
        raise InvalidArgument("cpus and cpu_quota say the same: give one of them")


def _bandwidth(limits: Limits) -> tuple[int, int, str] | None:
    """(quota, period, asking key), quota -1 for no limit; None when nothing asks."""
    period = limits.get("cpu_period") or _PERIOD
    if cpus := limits.get("cpus"):
        return max(1000, round(cpus * period)), period, "cpus"
    if quota := limits.get("cpu_quota"):
        return quota, period, "cpu_quota"
    if limits.get("cpu_period"):
        return -1, period, "cpu_period"
    return None


def _swap(limits: Limits) -> tuple[int, str]:
    """(memory plus swap, asking key): Docker's default is twice the memory, and nobody asked for it."""
    if swap := limits.get("memory_swap"):
        return swap, "memswap_limit"
    return limits["memory"] * 2, ""


def _memory_v1(limits: Limits) -> list[Setting]:
    settings = []
    if limits.get("memory"):
        swap, key = _swap(limits)
        value = str(limits["memory"])
        settings.append(Setting("memory", "memory.limit_in_bytes", value, "mem_limit"))
        settings.append(Setting("memory", "memory.memsw.limit_in_bytes", str(swap), key))
    if reserved := limits.get("memory_reservation"):
        settings.append(
            Setting("memory", "memory.soft_limit_in_bytes", str(reserved), "mem_reservation")
        )
    if "memory_swappiness" in limits:
        value = str(limits["memory_swappiness"])
        settings.append(Setting("memory", "memory.swappiness", value, "mem_swappiness"))
    if limits.get("oom_kill_disable"):
        settings.append(Setting("memory", "memory.oom_control", "1", "oom_kill_disable"))
    return settings


def _memory_v2(limits: Limits) -> list[Setting]:
    settings = []
    if memory := limits.get("memory"):
        swap, key = _swap(limits)
        value = "max" if swap < 0 else str(swap - memory)
        settings.append(Setting("memory", "memory.max", str(memory), "mem_limit"))
        settings.append(Setting("memory", "memory.swap.max", value, key))
    if reserved := limits.get("memory_reservation"):
        settings.append(Setting("memory", "memory.low", str(reserved), "mem_reservation"))
    return settings


def _pids(limits: Limits) -> list[Setting]:
    if "pids" not in limits:
        return []
    value = str(limits["pids"]) if limits["pids"] > 0 else "max"
    # 0 and -1 mean no limit: that needs no controller.
    return [Setting("pids", "pids.max", value, "pids_limit" if value != "max" else "")]


def _io_weight(weight: object) -> int:
    """io.weight for a blkio weight: [10, 1000] onto [1, 10000], as runc maps it."""
    return 1 + (int(cast("int", weight)) - 10) * 9_999 // 990


def _pairs(blkio: dict[str, object], key: str, value: str) -> Iterable[tuple[str, int]]:
    for item in cast("list[dict[str, object]]", blkio.get(key) or []):
        yield str(item["path"]), int(cast("int", item[value]))
