"""What ``doctor`` finds, on this kernel and where something was taken away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import doctor
from schemas.records import Finding
from tests.support import isolation

ROOT = Path(__file__).parents[2]


def _by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def test_everything_essential_is_found_here_and_nothing_is_left_behind(
    state: tuple[Path, Path],
) -> None:
    before, groups = isolation.traces(), _cgroups()
    found = _by_name(doctor.findings())
    lacking = [each for each in found.values() if each.essential and not each.ok]
    assert lacking == []
    for name in (
        "root",
        "mount namespace",
        "overlayfs",
        "bridge",
        "veth",
        "nftables",
        "nftables NAT",
        "seccomp",
        "memory limit",
        "pids limit",
    ):
        assert found[name].ok, found[name]
    after = isolation.traces()
    assert after._replace(processes=frozenset()) == before._replace(processes=frozenset())
    assert _cgroups() == groups
    assert list(state[0].parent.iterdir()) == []


def _cgroups() -> list[str]:
    return sorted(str(path) for path in Path("/sys/fs/cgroup").glob("*/pycompose/doctor-*"))


def test_every_lack_comes_with_a_remedy(state: tuple[Path, Path]) -> None:
    for finding in doctor.findings():
        assert finding.ok or finding.remedy, finding


def test_a_place_that_cannot_hold_containers_is_named(
    state: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYCOMPOSE_ROOT", "/proc/nowhere")
    found = _by_name(doctor.findings())
    assert not found["state directory"].ok
    assert "PYCOMPOSE_ROOT" in found["state directory"].remedy
    assert not found["overlayfs"].ok


_WITHOUT_RIGHTS = """
import sys
sys.path.insert(0, sys.argv[1])
from engine.kernel import caps
from engine import doctor
import engine.probing, engine.erase, engine.network.firewall, engine.kernel.seccomp, engine.kernel.netlink.rtnetlink
import json, shutil, resource
caps.set_current(caps.permitted() - {caps.number("SYS_ADMIN"), caps.number("NET_ADMIN")})
print(json.dumps([finding._asdict() for finding in doctor.findings()]))
"""


def test_rights_that_are_held_back_are_named(state: tuple[Path, Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_RIGHTS, str(ROOT)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    found = {each["name"]: Finding(**each) for each in json.loads(done.stdout)}
    assert found["capabilities"].found == "lacking SYS_ADMIN, NET_ADMIN"
    assert not found["network namespace"].ok
    assert not found["overlayfs"].ok
    assert found["root"].ok
