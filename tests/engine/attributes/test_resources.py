"""How much of the machine a service may use, read in the control files that it sees of itself."""

from __future__ import annotations

from tests.engine.attributes.conftest import verify
from tests.support.proofs import Case

MB = 1 << 20
# A file of whichever version of control groups there is: cat V1 or V2, V2 lying at the top.
_CAT = "cd /sys/fs/cgroup; if [ -e cgroup.controllers ]; then cat %s; else cat %s; fi"


def _file(v2: str, v1: str) -> str:
    return _CAT % (v2, v1)


CASES = (
    Case(
        "cpus",
        proves=("services.cpus",),
        body="cpus: 0.5",
        script=_file("cpu.max", "cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us"),
        says="50000\n100000",
        v2="50000 100000",
    ),
    Case(
        "cpu-quota",
        proves=("services.cpu_quota", "services.cpu_period"),
        body="cpu_quota: 20000\ncpu_period: 50000",
        script=_file("cpu.max", "cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us"),
        says="20000\n50000",
        v2="20000 50000",
    ),
    Case(
        "cpu-shares",
        proves=("services.cpu_shares",),
        body="cpu_shares: 512",
        script=_file("cpu.weight", "cpu/cpu.shares"),
        says="512",
        v2="20",
    ),
    Case(
        "mem-limit",
        proves=("services.mem_limit", "services.memswap_limit"),
        body="mem_limit: 64m\nmemswap_limit: 96m",
        script=_file(
            "memory.max memory.swap.max",
            "memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes",
        ),
        says="67108864\n100663296",
        v2="67108864\n33554432",
    ),
    Case(
        "mem-reservation",
        proves=("services.mem_reservation",),
        body="mem_reservation: 32m",
        script=_file("memory.low", "memory/memory.soft_limit_in_bytes"),
        says="33554432",
    ),
    Case(
        "pids-limit",
        proves=("services.pids_limit",),
        body="pids_limit: 55",
        script=_file("pids.max", "pids/pids.max"),
        says="55",
    ),
    Case(
        "deploy-limits",
        proves=(
            "services.deploy.resources.limits.cpus",
            "services.deploy.resources.limits.memory",
            "services.deploy.resources.limits.pids",
            "services.deploy.resources.reservations.memory",
        ),
        body=(
            "deploy:\n  resources:\n    limits: {cpus: '0.25', memory: 48m, pids: 33}\n"
            "    reservations: {memory: 24m}"
        ),
        script=_file(
            "cpu.max memory.max pids.max memory.low",
            "cpu/cpu.cfs_quota_us memory/memory.limit_in_bytes pids/pids.max memory/memory.soft_limit_in_bytes",
        ),
        says="25000\n50331648\n33\n25165824",
        v2="25000 100000\n50331648\n33\n25165824",
    ),
    Case(
        "oom-score-adj",
        proves=("services.oom_score_adj",),
        body="oom_score_adj: 321",
        script="cat /proc/self/oom_score_adj",
        says="321",
    ),
    Case(
        "ulimits",
        proves=("services.ulimits.soft", "services.ulimits.hard"),
        body="ulimits:\n  nofile: {soft: 100, hard: 200}\n  core: 5\n  nproc: 300",
        script="ulimit -Sn; ulimit -Hn; grep -E 'core|processes' /proc/self/limits | tr -s ' ' | sed 's/ $//'",
        says="100\n200\nMax core file size 5 5 bytes\nMax processes 300 300 processes",
    ),
    Case(
        "shm-size",
        proves=("services.shm_size",),
        body="shm_size: 8m",
        script="df -k /dev/shm | tail -1 | tr -s ' ' | cut -d ' ' -f 2",
        says="8192",
    ),
)


def test_case(case: Case, said: dict[str, str]) -> None:
    verify(case, said)
