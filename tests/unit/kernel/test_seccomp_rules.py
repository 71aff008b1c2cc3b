from __future__ import annotations

import json

import pytest

from engine.kernel import caps
from engine.kernel.seccomp_bpf import assemble
from engine.kernel.seccomp_rules import ALLOW, EPERM, ERRNO, Check, Rule, default, numbers, parse
from schemas.errors import InvalidArgument
from tests.support.bpf import run_filter

X86_64 = 0xC000003E
SYS_ADMIN = frozenset({caps.number("SYS_ADMIN")})


def verdict(name: str, *arguments: int, held: frozenset[int] = caps.DEFAULT) -> int:
    return run_filter(assemble(default("x86_64", held)), numbers("x86_64")[name], X86_64, arguments)


@pytest.mark.parametrize(
    "name", ["read", "execve", "openat2", "futex_waitv", "io_setup", "ptrace", "chroot"]
)
def test_everyday_calls_are_allowed(name: str) -> None:
    assert verdict(name) == ALLOW


@pytest.mark.parametrize(
    "name",
    ["mount", "umount2", "unshare", "setns", "bpf", "keyctl", "add_key", "kexec_load", "reboot", "swapon",
     "init_module", "open_by_handle_at", "perf_event_open", "userfaultfd", "io_uring_setup", "pivot_root"],
)  # fmt: skip
def test_calls_of_the_administrator_are_refused(name: str) -> None:
    assert verdict(name) == EPERM


def test_clone_makes_processes_but_no_namespaces() -> None:
    assert verdict("clone", 0x01200011) == ALLOW
    assert verdict("clone", 0x10000000) == EPERM
    assert verdict("clone", 0x10000000, held=SYS_ADMIN) == ALLOW


def test_clone3_claims_not_to_exist_so_that_libraries_fall_back() -> None:
    assert verdict("clone3") == ERRNO | 38
    assert verdict("clone3", held=SYS_ADMIN) == ALLOW


def test_vsock_and_kernel_crypto_sockets_are_refused() -> None:
    assert [family for family in range(46) if verdict("socket", family) != ALLOW] == [
        12, 19, 20, 23, 25, 34, 37, 38, 40,
    ]  # fmt: skip


def test_personality_takes_only_harmless_values() -> None:
    assert verdict("personality", 0xFFFFFFFF) == ALLOW
    assert verdict("personality", 0x0040000) == EPERM


def test_a_capability_opens_its_calls() -> None:
    assert verdict("mount", held=SYS_ADMIN) == ALLOW
    assert verdict("chroot", held=frozenset()) == EPERM
    assert verdict("settimeofday", held=frozenset({caps.number("SYS_TIME")})) == ALLOW


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_default_fits_the_kernel_on_both_machines(machine: str) -> None:
    assert len(assemble(default(machine, caps.DEFAULT))) // 8 < 1000


PROFILE = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "defaultErrnoRet": 38,
    "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
    "syscalls": [
        {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
        {"name": "close", "action": "SCMP_ACT_ERRNO", "errnoRet": 5},
        {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
         "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]},
        {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["umount2"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
        {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64"]}},
    ],
}  # fmt: skip


def test_a_profile_in_dockers_format() -> None:
    first, second = parse(json.dumps(PROFILE), "x86_64", SYS_ADMIN, (4, 4))
    assert (first.machine, second.machine, first.default) == ("x86_64", "i386", ERRNO | 38)
    assert first.rules == [
        Rule("read", ALLOW),
        Rule("write", ALLOW),
        Rule("close", ERRNO | 5),
        Rule("socket", ALLOW, (Check(0, "==", 1),)),
        Rule("socket", ALLOW, (Check(0, "==", 2),)),
        Rule("mount", ALLOW),
        Rule("arch_prctl", ALLOW),
    ]
    assert "arch_prctl" not in {rule.name for rule in second.rules}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"defaultAction": "SCMP_ACT_NOTIFY"}',
        '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [1]}',
    ],
)
def test_a_malformed_profile_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="seccomp profile"):
        parse(text, "x86_64", frozenset(), (6, 1))
