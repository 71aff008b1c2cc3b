"""What a process in a container finds and may do, ours beside Docker's: read by ``isolation_probe.c``, compared here."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

Facts = dict[str, dict[str, str]]

# How the process comes into the container: the words of ``docker run`` before the image, and whether by ``exec`` then.
WAYS: dict[str, tuple[list[str], bool]] = {
    "run": ([], False),
    "user": (["--user", "1000:1000"], False),
    "exec": ([], True),
    "read-only": (["--read-only"], False),
    "privileged": (["--privileged"], False),
}

_STATUS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Groups", "Uid", "Gid")  # fmt: skip
_SAFE = frozenset(("ro", "nosuid", "nodev", "noexec"))
# EPERM, EACCES, ENOSYS: what a filter or a missing right answers.
_REFUSED = frozenset(("1", "13", "38"))
# A kernel file that comes and goes with hardware and processes.
_PASSING = ("/proc/irq/", "/proc/fs/", "/proc/driver/", "/proc/tty/", "/proc/bus/")

# Where ours gives more than this Docker, and why that is no weakness: (kind, name) → reason.
_NEWER = "Docker's own profile allows it since 28.2 (moby pull request 50077); this one does not know it yet"
ACCEPTED: dict[tuple[str, str], str] = {
    (kind, str(number)): _NEWER
    for kind in ("syscall", "i386")
    for number in (457, 458, 462, 463, 464, 465, 466)
}
# A privileged container may write to what the kernel shows of itself, with Docker as with us.
_OPEN = {"privileged": ("readable", "writable", "mount")}


class Difference(NamedTuple):
    kind: str
    name: str
    ours: str
    docker: str
    weaker: bool

    def __str__(self) -> str:
        mark = "WEAKER" if self.weaker else "other"
        return f"{mark:6} {self.kind} {self.name}: ours {self.ours or '-'}, docker {self.docker or '-'}"


def build(directory: Path) -> Path:
    """The probe, compiled."""
    probe = directory / "probe"
    source = Path(__file__).with_name("isolation_probe.c")
    subprocess.run(["gcc", "-static", "-O1", "-o", str(probe), str(source)], check=True)
    return probe


def parse(text: str, way: str) -> Facts:
    """What the probe printed, by kind and name, without what differs from container to container."""
    found: Facts = {}
    for line in text.splitlines():
        kind, name, value = ([*line.split("\t", 2), "", ""])[:3]
        if kind == "status":
            name, _, value = value.partition(":")
            if name not in _STATUS:
                continue
            value = " ".join(value.split())
        elif kind == "limit":
            name, value = value[:26].strip(), " ".join(value[26:68].split())
            if name == "Limit":
                continue
        elif kind == "mount":
            name, value = _mount(value)
        elif kind == "namespace":
            value = "the machine's" if value == _own_namespace(name) else "own"
        elif kind == "descriptor":
            value = _descriptor(value)
        elif kind == "environment" and name == "HOSTNAME":
            value = "its own"
        if kind == "mount" and name in found.get(kind, {}):
            continue  # the first one at a place is looked at; others lie on top of it
        found.setdefault(kind, {})[name] = value
    if "end" not in found:
        raise ValueError(f"the probe stopped early: {text[-2000:]}")
    for kind in ("end", *_OPEN.get(way, ())):
        del found[kind]
    return found


def differences(ours: Facts, docker: Facts) -> list[Difference]:
    """Everything that is not the same, and whether it makes ours the weaker one."""
    result = []
    for kind in sorted({*ours, *docker}):
        mine, other = ours.get(kind, {}), docker.get(kind, {})
        for name in sorted({*mine, *other}):
            here, there = mine.get(name, ""), other.get(name, "")
            if here != there:
                weak = (kind, name) not in ACCEPTED and _WEAKER[kind](name, here, there, other)
                result.append(Difference(kind, name, here, there, weak))
    return result


def docker(run: Callable[..., str], way: str, probe: Path) -> Facts:
    """What the probe finds in a container of a Docker, whose command line ``run`` is."""
    words, joining = WAYS[way]
    options = ["--network", "none", "-v", f"{probe}:/probe:ro", *words, "busybox"]
    if not joining:
        return parse(run("run", "--rm", *options, "/probe", *arguments(way)), way)
    id = run("run", "-d", *options, "sleep", "60").strip()
    try:
        return parse(run("exec", id, "/probe", *arguments(way)), way)
    finally:
        run("rm", "-f", id)


def arguments(way: str) -> list[str]:
    """Arguments of the probe: thousands of attempts are made once."""
    return [] if way == "run" else ["brief"]


def _mount(line: str) -> tuple[str, str]:
    """A line of mountinfo as its place and the flags that protect, propagation among them."""
    words = line.split()
    optional = words[6 : words.index("-")]
    kind, own = words[words.index("-") + 1], words[words.index("-") + 3]
    flags = _SAFE & {*words[5].split(","), *(["ro"] if own.split(",")[0] == "ro" else [])}
    shared = ["shared"] if any(word.startswith("shared:") for word in optional) else []
    return words[4], " ".join([kind, *sorted(flags), *shared])


def _own_namespace(name: str) -> str:
    return os.readlink(f"/proc/thread-self/ns/{name.removesuffix('_for_children')}")


def _descriptor(target: str) -> str:
    if target.startswith("pipe:") or target.endswith(("/out", "/err")):
        return "pipe"
    return target


def _capabilities(name: str, here: str, there: str, other: dict[str, str]) -> bool:
    if name.startswith("Cap"):
        return bool(int(here, 16) & ~int(there, 16))
    if name in ("NoNewPrivs", "Seccomp"):
        return int(here) < int(there)
    return not {*here.split()} <= {*there.split()}


def _limit(name: str, here: str, there: str, other: dict[str, str]) -> bool:
    """More than Docker gives and more than this machine's own processes have."""
    own = parse_limits(Path("/proc/self/limits").read_text()).get(name, "")
    return any(
        _number(mine) > max(_number(theirs), _number(hosts))
        for mine, theirs, hosts in zip(here.split(), there.split(), own.split(), strict=True)
    )


def parse_limits(text: str) -> dict[str, str]:
    """The limits of a process: name → "soft hard"."""
    return {line[:26].strip(): " ".join(line[26:68].split()) for line in text.splitlines()[1:]}


def _number(word: str) -> float:
    return float("inf") if word == "unlimited" else float(word)


def _mounted(name: str, here: str, there: str, other: dict[str, str]) -> bool:
    """A flag less than Docker's; a mount that Docker has not must be read-only. What lacks shows as readable or writable."""
    if not here:
        return False
    mine = {*here.split()[1:]}
    return bool(({*there.split()[1:]} & _SAFE) - mine if there else "ro" not in mine) or (
        "shared" in mine
    )


def _readable(name: str, here: str, there: str, other: dict[str, str]) -> bool:
    return here == "yes" and there != "yes" and not name.startswith(_PASSING)


def _writable(name: str, here: str, there: str, other: dict[str, str]) -> bool:
    return here == "yes" and not name.startswith(_PASSING)


def _device(name: str, here: str, there: str, other: dict[str, str]) -> bool:
    """A node that Docker's containers do not have, another device, or more rights on it."""
    if not here:
        return False
    if not there:
        return True
    (mode, *mine), (mode_there, *theirs) = here.split(), there.split()
    return bool(int(mode, 8) & ~int(mode_there, 8)) or mine != theirs


def _attempt(name: str, here: str, there: str, other: dict[str, str]) -> bool:
    return there in _REFUSED and here not in _REFUSED


def _added(name: str, here: str, there: str, other: dict[str, str]) -> bool:
    return bool(here) and not there


def _namespace(name: str, here: str, there: str, other: dict[str, str]) -> bool:
    return there == "own"


def _process(name: str, here: str, there: str, other: dict[str, str]) -> bool:
    """A container inherits how nice its command was; only a better priority than Docker's is more."""
    return name != "nice" or int(here) < int(there)


_WEAKER: dict[str, Callable[[str, str, str, dict[str, str]], bool]] = {
    "act": _attempt,
    "clone": _attempt,
    "descriptor": _added,
    "device": _device,
    "environment": _added,
    "family": _attempt,
    "i386": _attempt,
    "limit": _limit,
    "mount": _mounted,
    "namespace": _namespace,
    "node": _attempt,
    "oom": lambda name, here, there, other: int(here) < int(there),
    "personality": _attempt,
    "process": _process,
    "readable": _readable,
    "status": _capabilities,
    "syscall": _attempt,
    "unshare": _attempt,
    "writable": _writable,
    "x32": _attempt,
}
