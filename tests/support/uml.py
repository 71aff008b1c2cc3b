"""A second kernel with cgroup v2: Debian's user-mode-linux, booted in about three seconds with the host's files.

It has cgroup v2 (cpu, io, memory, pids), overlayfs, bridge, veth, ipvlan, namespaces, nf_tables filters, nfs and project
quotas; it lacks NAT, seccomp, a second CPU and a route out. The engine's state must be on its tmpfs (/tmp, /run): overlayfs
takes no upperdir on hostfs.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

INIT = """#!/bin/bash
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc; mount -t sysfs sys /sys
mount -t tmpfs -o mode=1777 tmpfs /tmp; mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm 2>/dev/null
mkdir -p /dev/pts; mount -t devpts -o ptmxmode=0666 devpts /dev/pts 2>/dev/null
mount -t cgroup2 none /sys/fs/cgroup
echo '+cpu +io +memory +pids' > /sys/fs/cgroup/cgroup.subtree_control
version=$(uname -r); mkdir -p /tmp/.modules/lib/modules
ln -s /usr/lib/uml/modules/$version /tmp/.modules/lib/modules/$version
for module in overlay veth bridge br_netfilter nf_tables nft_masq tun macvlan ipvlan dummy nfs nfsv4 loop quota_v2; do
  modprobe -d /tmp/.modules $module 2>/dev/null
done
ip link set lo up
cd {cwd} && {command} > {work}/out 2>&1 < /dev/null
echo $? > {work}/status
sync; halt -f 2>/dev/null || echo o > /proc/sysrq-trigger
"""


class Run(NamedTuple):
    status: int
    output: str


def run(command: list[str], *, cwd: str, memory: int = 1536, timeout: float = 600) -> Run:
    """Boot, run one command as root, halt. Raises RuntimeError when the kernel stops before the command has ended."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="uml-") as work:
        init = Path(work, "init")
        init.write_text(INIT.format(cwd=shlex.quote(cwd), command=shlex.join(command), work=work))
        init.chmod(0o755)
        Path(work, "out").touch()
        with open(Path(work, "kernel.log"), "wb") as log:
            subprocess.run(
                [
                    "linux.uml", f"mem={memory}M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw",
                    f"init={init}", "con=null", "con0=null", "con1=null", "ssl=null", "quiet",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=timeout,
                check=False,
                env={"PATH": os.environ.get("PATH", ""), "HOME": work, "LD_PRELOAD": _preload(work)},
            )  # fmt: skip
        output = Path(work, "out").read_text(errors="replace")
        status = Path(work, "status")
        if not status.exists():
            tail = Path(work, "kernel.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"the second kernel stopped early:\n{tail}\n{output[-2000:]}")
        return Run(int(status.read_text()), output)


def _preload(work: str) -> str:
    """A library for processors with more state than this kernel knows of; compiled anew each time, in a tenth of a second."""
    library = f"{work}/xstate.so"
    source = Path(__file__).with_name("uml_xstate.c")
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O2", "-o", library, str(source), "-ldl"], check=True
    )
    return library
