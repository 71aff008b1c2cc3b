"""A place for kernel tests: own network and mount namespaces without a route out, and a look at what they leave behind."""

from __future__ import annotations

import fcntl
import glob
import json
import os
import shutil
import socket
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

from engine.kernel import mount, namespaces

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


def enter() -> None:
    """Put this process (its present thread and those to come) into new network and mount namespaces, with lo up."""
    namespaces.unshare(namespaces.CLONE_NEWNET | namespaces.CLONE_NEWNS)
    mount.mount("none", "/", "", mount.MS_REC | mount.MS_PRIVATE)
    loopback_up()


def loopback_up() -> None:
    """Set lo up in the present network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(control, _SIOCGIFFLAGS, name), 16)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


class Traces(NamedTuple):
    """What a test must leave as it found it."""

    mounts: frozenset[str]
    links: frozenset[str]
    elements: frozenset[str]
    processes: frozenset[str]


def traces() -> Traces:
    """The mounts, network interfaces, nft map elements and processes of the present namespaces."""
    return Traces(_mounts(), _links(), _nft(), _processes())


def leaks(before: Traces, root: Path, run: Path) -> list[str]:
    """Everything that was not there before, and every file, cgroup and endpoint of the state directories that remains."""
    found = []
    for kind, old, new in zip(Traces._fields, before, traces(), strict=True):
        found += [f"{kind}: {item}" for item in sorted(new - old)]
    found += [f"cgroup: {path}" for path in _cgroups(root)]
    for directory in (root / "containers", run / "containers"):
        if directory.is_dir():
            found += [f"file: {path}" for path in sorted(directory.iterdir())]
    found += [f"name: {path}" for path in sorted(run.glob("networks/*/*"))]
    return found


def _mounts() -> frozenset[str]:
    lines = Path("/proc/thread-self/mountinfo").read_text().splitlines()
    return frozenset(line.split()[4] for line in lines)


def _links() -> frozenset[str]:
    lines = Path("/proc/thread-self/net/dev").read_text().splitlines()[2:]
    return frozenset(line.partition(":")[0].strip() for line in lines)


def _nft() -> frozenset[str]:
    """Elements of maps and sets of our tables. The tables themselves stay: they are the host's furniture."""
    if shutil.which("nft") is None:
        return frozenset()
    listing = subprocess.run(
        ["nft", "-j", "list", "ruleset"], capture_output=True, text=True, check=False
    ).stdout
    found = set()
    for entry in json.loads(listing or '{"nftables": []}')["nftables"]:
        for holder in (entry.get("map"), entry.get("set")):
            if holder and holder["table"].startswith("pycompose"):
                for element in holder.get("elem", []):
                    found.add(f"{holder['name']} {json.dumps(element)}")
    return frozenset(found)


def _processes() -> frozenset[str]:
    """Processes in our network namespace: shims, launchers and whatever containers share the host's network."""
    ours = os.stat("/proc/thread-self/ns/net").st_ino
    found = set()
    for directory in glob.glob("/proc/[0-9]*"):
        try:
            if os.stat(f"{directory}/ns/net").st_ino == ours:
                state = Path(directory, "stat").read_text().rpartition(")")[2].split()[0]
                name = Path(directory, "comm").read_text().strip()
                if state != "Z":
                    found.add(f"{directory[6:]} {name}")
        except OSError:
            continue
    return frozenset(found)


def _cgroups(root: Path) -> list[str]:
    """Cgroups of every container that the journal below ``root`` tells of."""
    ids = set()
    for journal in root.glob("events.jsonl*"):
        for line in journal.read_text().splitlines():
            _, kind, _, id, _ = json.loads(line)
            if kind == "container":
                ids.add(id)
    return sorted(
        path
        for id in ids
        for pattern in ("/sys/fs/cgroup/pycompose/", "/sys/fs/cgroup/*/pycompose/")
        for path in glob.glob(pattern + id)
    )
