"""What a service may do beyond, or not even, what Docker allows; and the devices it has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Compose
from tests.engine.attributes.conftest import verify
from tests.support.proofs import Case, proves

_CAPS = "grep CapEff /proc/self/status | cut -f 2"
_STATUS = "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | tr '\\n' ' '"

CASES = (
    Case(
        "cap-add",
        proves=("services.cap_add",),
        body="cap_add: [SYS_NICE, CAP_SYS_TIME]",
        script=_CAPS,
        says=f"{0xA80425FB | 1 << 23 | 1 << 25:016x}",
    ),
    Case(
        "cap-drop",
        proves=("services.cap_drop",),
        body="cap_drop: [ALL]\ncap_add: [CHOWN]",
        script=f"{_CAPS}; grep CapBnd /proc/self/status | cut -f 2",
        says="0000000000000001\n0000000000000001",
    ),
    Case(
        "privileged",
        proves=("services.privileged",),
        body="privileged: true",
        script=f"{_CAPS}; {_STATUS}; test -w /proc/sys/kernel/hostname && mount -t tmpfs x /mnt && echo; ls /dev | wc -l",
        says=lambda text: int(text.split()[0], 16) & 1 << 21 and int(text.split()[-1]) > 20,
    ),
    Case(
        "no-new-privileges",
        proves=("services.security_opt",),
        body="security_opt: [no-new-privileges]",
        script=_STATUS,
        says="NoNewPrivs:\t1 Seccomp:\t2",
    ),
    Case(
        "seccomp-unconfined",
        proves=("services.security_opt",),
        body="security_opt: [seccomp=unconfined]",
        script=f"{_STATUS}; unshare -U true && echo",
        says="NoNewPrivs:\t0 Seccomp:\t0",
    ),
    Case(
        "systempaths",
        proves=("services.security_opt",),
        body="security_opt: [systempaths=unconfined]",
        script="grep -c ' /proc/' /proc/self/mountinfo",
        says="0",
    ),
    Case(
        "devices",
        proves=("services.devices.source", "services.devices.target", "services.devices.permissions"),
        body="devices: ['/dev/loop6:/dev/disk:r']",
        script=(
            "stat -c '%t:%T' /dev/disk; cat /dev/disk && echo readable; echo x 2>/dev/null > /dev/disk || echo not writable"
        ),
        says="7:6\nreadable\nnot writable",
    ),
    Case(
        "device-cgroup-rules",
        proves=("services.device_cgroup_rules",),
        body="device_cgroup_rules: ['b 7:5 rm']",
        script=(
            "mknod /five b 7 5; mknod /four b 7 4; cat /five && echo allowed; cat /four 2>/dev/null || echo refused"
        ),
        says="allowed\nrefused",
    ),
)  # fmt: skip


def test_case(case: Case, said: dict[str, str]) -> None:
    verify(case, said)


@proves("services.security_opt")
def test_a_profile_of_ones_own_filters(place: Compose) -> None:
    profile = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}],
    }
    place.write(json.dumps(profile), "profile.json")
    place.write(
        "services:\n  own:\n    image: pycompose/host\n    network_mode: none\n"
        "    security_opt: ['seccomp=profile.json']\n    command: sh -c 'mkdir /x'\n"
    )
    done = place.run("up")
    assert "Operation not supported" in done.out


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("seccomp=nowhere.json", "seccomp"),
        ("apparmor=mine", "apparmor"),
        ("label=type:x_t", "label"),
        ("nonsense=1", "nonsense"),
    ],
)
def test_what_this_machine_cannot_enforce_is_refused(
    place: Compose, option: str, message: str
) -> None:
    assert Path("/sys/kernel/security/apparmor").exists() is False
    place.write(
        "services:\n  own:\n    image: pycompose/host\n    network_mode: none\n"
        f"    security_opt: ['{option}']\n    command: 'true'\n"
    )
    done = place.run("up", "-d")
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err
