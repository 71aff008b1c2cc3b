"""What a service shares with the machine or another service, and what it has for itself."""

from __future__ import annotations

import os

from tests.engine.attributes.conftest import verify
from tests.support.proofs import Case

_HOST = {
    kind: os.readlink(f"/proc/self/ns/{kind}") for kind in ("pid", "ipc", "uts", "cgroup", "user")
}


def _link(kind: str) -> str:
    return f"readlink /proc/self/ns/{kind}"


CASES = (
    Case(
        "own",
        proves=("services.pid", "services.ipc", "services.uts", "services.cgroup"),
        body="ipc: private\ncgroup: private",
        script="; ".join(_link(kind) for kind in ("pid", "ipc", "uts", "cgroup")),
        says=lambda text: len(text.split()) == 4 and not set(text.split()) & set(_HOST.values()),
    ),
    Case(
        "pid-host",
        proves=("services.pid",),
        body="pid: host",
        script=_link("pid"),
        says=_HOST["pid"],
    ),
    Case(
        "ipc-host",
        proves=("services.ipc",),
        body="ipc: host",
        script=_link("ipc"),
        says=_HOST["ipc"],
    ),
    Case(
        "uts-host",
        proves=("services.uts",),
        body="uts: host",
        script=f"{_link('uts')}; hostname",
        says=f"{_HOST['uts']}\n{os.uname().nodename}",
    ),
    Case(
        "cgroup-host",
        proves=("services.cgroup",),
        body="cgroup: host",
        script=f"{_link('cgroup')}; grep -c pycompose /proc/self/cgroup",
        says=lambda text: text.split()[0] == _HOST["cgroup"] and int(text.split()[1]) > 0,
    ),
    Case(
        "cgroup-parent",
        proves=("services.cgroup_parent",),
        body="cgroup_parent: mine/below\ncgroup: host",
        script="grep -c ':/mine/below/[0-9a-f]*$' /proc/self/cgroup",
        says=lambda text: int(text) > 0,
    ),
    Case(
        "userns-host",
        proves=("services.userns_mode",),
        body="userns_mode: host",
        script=f"{_link('user')}; cat /proc/self/uid_map | tr -s ' '",
        says=lambda text: text.startswith(_HOST["user"]),
    ),
    Case(
        "ipc-none",
        proves=("services.ipc",),
        body="ipc: none",
        script=f"{_link('ipc')}; ls -A /dev/shm; grep -c ' /dev/shm ' /proc/self/mountinfo",
        says=lambda text: text.split()[0] != _HOST["ipc"] and text.split()[-1] == "0",
    ),
    Case(
        "network-none",
        proves=("services.network_mode",),
        body="network_mode: none",
        script="tail -n +3 /proc/net/dev | cut -d : -f 1 | tr -d ' '",
        says="lo",
    ),
)  # fmt: skip


def test_case(case: Case, said: dict[str, str]) -> None:
    verify(case, said)
