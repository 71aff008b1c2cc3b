"""A container that tries, with what its programs can do, to reach the machine: each attempt fails and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.containers import execute, start

if TYPE_CHECKING:
    from engine.local import LocalEngine

ATTEMPTS = {
    # The helpers that the kernel runs outside of every container.
    "core pattern": "echo '|/escape' > /proc/sys/kernel/core_pattern",
    "modprobe": "echo /escape > /proc/sys/kernel/modprobe",
    "uevent helper": "echo /escape > /sys/kernel/uevent_helper",
    "binfmt": "mount -t binfmt_misc none /mnt; echo ':x:M::x::/escape:' > /proc/sys/fs/binfmt_misc/register",
    "release agent": "for f in /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/release_agent; do echo /escape > $f; done",
    "release agent, mounted": "mkdir /c; mount -t cgroup -o memory none /c && mkdir /c/x && echo /escape > /c/release_agent",
    "release agent, in a user namespace": (
        "unshare -UrmC sh -c 'mkdir /c; mount -t cgroup -o rdma none /c && echo /escape > /c/release_agent'"
    ),
    "notify on release": "for f in /sys/fs/cgroup/*/notify_on_release; do echo 1 > $f; done",
    # The machine's own switches.
    "sysrq": "echo b > /proc/sysrq-trigger",
    "power": "echo mem > /sys/power/state",
    "hostname": "hostname other",
    "a limit of its own": "for f in /sys/fs/cgroup/*/*.limit_in_bytes /sys/fs/cgroup/pids.max; do echo 9 > $f; done",
    "firmware": "cat /sys/firmware/dmi/tables/DMI",
    "kernel memory": "cat /proc/kcore",
    "kernel log": "dmesg",
    "module": "insmod /x.ko || modprobe dummy",
    "clock": "date -s 2001-01-01",
    # The file system around it.
    "mount": "mount -t tmpfs x /mnt",
    "remount": "mount -o remount,rw /sys",
    "bind over a mask": "mount --bind /proc/self /proc/keys",
    "unmount a mask": "umount /proc/keys",
    "move a mount": "mount --move /proc /mnt",
    "enter namespaces": "nsenter -t 1 -m -u -n true",
    "user namespace": "unshare -Ur true",
    "mount namespace": "unshare -m true",
    "pivot": "pivot_root / /mnt",
    "the root of another root": "chroot /proc/1/root/../.. sh -c 'test -e /proc/1/cwd/escape-mark'",
    # Devices.
    "disk": "mknod /d b 254 0 && head -c 1 /d",
    "loop device": "mknod /d b 7 0 && head -c 1 /d",
    "memory": "mknod /d c 1 1 && head -c 1 /d",
    "ports": "mknod /d c 1 4 && head -c 1 /d",
    "kernel log device": "mknod /d c 1 11 && head -c 1 /d",
    "terminal of the machine": "mknod /d c 4 1 && echo x > /d",
    "tty of the machine": "mknod /d c 5 1 && echo x > /d",
    "hypervisor": "mknod /d c 10 232 && head -c 0 /d && exec 3<>/d",
    "handle of a file outside": "python3 -c \"import ctypes,os;l=ctypes.CDLL(None,use_errno=True);\n"
    "b=ctypes.create_string_buffer(136);b[0]=8\n"
    "raise SystemExit(0 if l.open_by_handle_at(os.open('/etc',0),b,0)>=0 else 1)\"",
}  # fmt: skip


@pytest.mark.parametrize("attempt", list(ATTEMPTS))
def test_an_attempt_fails(escaping: LocalEngine, machine: dict[str, str], attempt: str) -> None:
    done = execute(escaping, "one", "sh", "-c", f"set -e; {{ {ATTEMPTS[attempt]}; }} 2>/tmp/why")
    assert done.code != 0, (attempt, done)
    assert machine == facts()


@pytest.fixture(scope="module")
def escaping(
    tmp_path_factory: pytest.TempPathFactory, private_namespaces: None
) -> Iterator[LocalEngine]:
    """One container for all attempts, as each fails."""
    from engine.local import LocalEngine as Engine

    base = tmp_path_factory.mktemp("escapes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYCOMPOSE_ROOT", str(base / "lib"))
        patch.setenv("PYCOMPOSE_RUN", str(base / "run"))
        engine = Engine()
        start(engine, "one", "exec sleep 1000")
        yield engine
        engine.remove("one", force=True)
        engine.close()


def facts() -> dict[str, str]:
    """What an attempt would change on the machine."""
    places = [
        Path("/proc/sys/kernel", name)
        for name in ("core_pattern", "modprobe", "hostname", "domainname")
    ]
    found = {str(path): path.read_text() for path in places if path.exists()}
    found |= {
        str(path): path.read_text() for path in Path("/sys/fs/cgroup").glob("*/release_agent")
    }
    helper = Path("/sys/kernel/uevent_helper")
    return found | {"helper": helper.read_text() if helper.exists() else ""}


@pytest.fixture(scope="module")
def machine() -> dict[str, str]:
    return facts()
