"""Limits that control groups version 1 alone has, or that the second kernel has no device for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.attributes.conftest import verify
from tests.support.proofs import Case

# Weights of devices are kept by a scheduler, which an idle device may change without harm.
IDLE = Path("/sys/block/loop7")


@pytest.fixture(scope="module", autouse=True)
def scheduler() -> Iterator[None]:
    choice = IDLE / "queue/scheduler"
    before = choice.read_text().partition("[")[2].partition("]")[0]
    choice.write_text("bfq")
    yield
    choice.write_text(before)


def _disk() -> tuple[str, str]:
    """A block device of this machine and its number."""
    for name in sorted(
        os.listdir("/sys/block"), key=lambda name: name.startswith(("loop", "zram"))
    ):
        if os.path.exists(f"/dev/{name}"):
            found = os.stat(f"/dev/{name}").st_rdev
            return f"/dev/{name}", f"{os.major(found)}:{os.minor(found)}"
    raise AssertionError("no block device here")


DISK, NUMBER = _disk()
_THROTTLE = "cd /sys/fs/cgroup/blkio; cat blkio.throttle.%s_device"


def _throttle(kind: str, rate: str) -> str:
    return f"blkio_config:\n  {kind}:\n  - path: {DISK}\n    rate: {rate}"


CASES = (
    Case(
        "cpuset",
        proves=("services.cpuset",),
        body="cpuset: '0'",
        script="nproc; grep Cpus_allowed_list /proc/self/status",
        says="1\nCpus_allowed_list:\t0",
    ),
    Case(
        "realtime",
        proves=("services.cpu_rt_runtime", "services.cpu_rt_period"),
        body="cpu_rt_runtime: 2000\ncpu_rt_period: 500000",
        script="cd /sys/fs/cgroup/cpu; cat cpu.rt_runtime_us cpu.rt_period_us; chrt -f 1 echo runs",
        says=lambda text: text.startswith("2000\n500000"),
    ),
    Case(
        "realtime-beside",
        proves=("services.cpu_rt_runtime",),
        body="cpu_rt_runtime: 3000",
        script="cat /sys/fs/cgroup/cpu/cpu.rt_runtime_us",
        says="3000",
    ),
    Case(
        "swappiness",
        proves=("services.mem_swappiness",),
        body="mem_swappiness: 7",
        script="cat /sys/fs/cgroup/memory/memory.swappiness",
        says="7",
    ),
    Case(
        "oom-kill-disable",
        proves=("services.oom_kill_disable",),
        body="oom_kill_disable: true",
        script="head -1 /sys/fs/cgroup/memory/memory.oom_control",
        says="oom_kill_disable 1",
    ),
    Case(
        "weight",
        proves=("services.blkio_config.weight",),
        body="blkio_config: {weight: 300}",
        script="cd /sys/fs/cgroup/blkio; cat blkio.weight blkio.bfq.weight 2>/dev/null",
        says="300",
    ),
    Case(
        "read-bps",
        proves=("services.blkio_config.device_read_bps.path", "services.blkio_config.device_read_bps.rate"),
        body=_throttle("device_read_bps", "1m"),
        script=_THROTTLE % "read_bps",
        says=f"{NUMBER} 1048576",
    ),
    Case(
        "read-iops",
        proves=("services.blkio_config.device_read_iops.path", "services.blkio_config.device_read_iops.rate"),
        body=_throttle("device_read_iops", "120"),
        script=_THROTTLE % "read_iops",
        says=f"{NUMBER} 120",
    ),
    Case(
        "write-bps",
        proves=("services.blkio_config.device_write_bps.path", "services.blkio_config.device_write_bps.rate"),
        body=_throttle("device_write_bps", "2m"),
        script=_THROTTLE % "write_bps",
        says=f"{NUMBER} 2097152",
    ),
    Case(
        "write-iops",
        proves=("services.blkio_config.device_write_iops.path", "services.blkio_config.device_write_iops.rate"),
        body=_throttle("device_write_iops", "30"),
        script=_THROTTLE % "write_iops",
        says=f"{NUMBER} 30",
    ),
    Case(
        "weight-device",
        proves=("services.blkio_config.weight_device.path", "services.blkio_config.weight_device.weight"),
        body=f"blkio_config:\n  weight_device:\n  - path: /dev/{IDLE.name}\n    weight: 400",
        script="cd /sys/fs/cgroup/blkio; cat blkio.weight_device blkio.bfq.weight_device 2>/dev/null",
        says=lambda text: text.endswith(f"{(IDLE / 'dev').read_text().strip()} 400"),
    ),
)  # fmt: skip


def test_case(case: Case, said: dict[str, str]) -> None:
    verify(case, said)
