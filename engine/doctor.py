"""What this machine offers containers, what it lacks, and what to do about each lack."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator

from engine import paths, probing
from engine.kernel import caps, cgroup
from schemas.errors import PycomposeError
from schemas.records import Finding
from schemas.specs import Limits

_OLDEST_KERNEL = (5, 10)
# What making a container takes, and what a container may ask for beyond that.
_NEEDED_CAPS = (
    "SYS_ADMIN", "NET_ADMIN", "SYS_CHROOT", "MKNOD", "CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETUID", "SETGID",
    "SETPCAP",
)  # fmt: skip
_USEFUL_CAPS = (
    "SYS_RESOURCE", "SYS_PTRACE", "FSETID", "SETFCAP", "NET_RAW", "NET_BIND_SERVICE", "AUDIT_WRITE",
)  # fmt: skip
_LEAST_FILES = 4096  # open files that a shim of a busy container with many ports may need
_LEAST_SPACE = 1 << 30
_AGAIN = "look again as root"
_ROOT_HINT = "run it as root: sudo pycompose …"
_CONTAINER_HINT = (
    "whoever started this environment holds them back (in a container: --privileged, --cap-add)"
)

# Name, probe, whether nothing runs without it, what to do.
_NO_NAT = "until then ports are forwarded by a process, and containers have no way out"
_PROBES = (
    (
        "overlayfs",
        "overlayfs",
        True,
        "load the module overlay; keep PYCOMPOSE_ROOT on ext4, xfs or btrfs, not on NFS or another overlay",
    ),
    ("bridge", "bridge", True, "load the module bridge (CONFIG_BRIDGE)"),
    ("veth", "veth", True, "load the module veth (CONFIG_VETH)"),
    ("nftables", "nftables", False, f"load the module nf_tables; {_NO_NAT}"),
    ("nftables NAT", "nat", False, f"load the modules nft_chain_nat and nft_masq; {_NO_NAT}"),
    (
        "seccomp",
        "seccomp",
        False,
        "a kernel with CONFIG_SECCOMP_FILTER; until then services need security_opt: [seccomp=unconfined]",
    ),
)
_LIMITS: tuple[tuple[str, Limits], ...] = (
    ("memory", {"memory": 64 << 20}),
    ("pids", {"pids": 64}),
    ("cpu", {"cpus": 1.0}),
)


def findings() -> list[Finding]:
    """Everything that was looked at, the essential first. Nothing is left behind."""
    found = [*_rights(), _kernel()]
    outcome = _tried()
    found += [*_namespaces(outcome), *_facilities(outcome)]
    found += [*_cgroups(), _forwarding(), _open_files()]
    found += [*_directories(), *_libraries()]
    return found


def _rights() -> Iterator[Finding]:
    uid = os.geteuid()
    yield Finding(
        "root", uid == 0, "yes" if uid == 0 else f"user id {uid}", "" if uid == 0 else _ROOT_HINT
    )
    held = caps.permitted()
    for name, wanted, essential in (
        ("capabilities", _NEEDED_CAPS, True),
        ("more capabilities", _USEFUL_CAPS, False),
    ):
        lacking = [word for word in wanted if caps.number(word) not in held]
        found = f"lacking {', '.join(lacking)}" if lacking else "all that is needed"
        remedy = _CONTAINER_HINT if uid == 0 else _ROOT_HINT
        yield Finding(name, not lacking, found, remedy if lacking else "", essential)


def _kernel() -> Finding:
    release = os.uname().release
    numbers = tuple(
        int(part) for part in release.partition("-")[0].split(".")[:2] if part.isdigit()
    )
    ok = numbers >= _OLDEST_KERNEL
    return Finding("kernel", ok, release, "" if ok else "Linux 5.10 or newer")


def _tried() -> probing.Outcome:
    scratch = ""
    place = _existing(paths.root())
    try:
        scratch = f"{place}/{_scratch_name()}"
        os.mkdir(scratch, 0o700)
    except OSError:
        scratch = ""
    try:
        return probing.tried(scratch)
    finally:
        if scratch:
            from engine.erase import erase

            erase(scratch)


def _namespaces(outcome: probing.Outcome) -> Iterator[Finding]:
    for kind in probing.KINDS:
        lack = outcome.get(kind, "the probe did not end")
        yield Finding(
            f"{kind} namespace",
            not lack,
            lack or "works",
            _right_or(lack, f"a kernel with {kind} namespaces"),
        )
    lack = outcome.get("user", "the probe did not end")
    yield Finding(
        "user namespace", not lack, lack or "works", "not used yet" if lack else "", essential=False
    )


def _facilities(outcome: probing.Outcome) -> Iterator[Finding]:
    for name, key, essential, remedy in _PROBES:
        lack = outcome.get(key, "could not be tried")
        yield Finding(name, not lack, lack or "works", _right_or(lack, remedy), essential)


def _right_or(lack: str, remedy: str) -> str:
    if not lack:
        return ""
    return _AGAIN if os.geteuid() != 0 else remedy


def _cgroups() -> Iterator[Finding]:
    kind = cgroup.detect()
    words = {
        "v1": "version 1",
        "v2": "version 2",
        "hybrid": "version 1, with version 2 beside it",
        "none": "not mounted",
    }
    yield Finding(
        "control groups",
        kind != "none",
        words[kind],
        "" if kind != "none" else "mount -t cgroup2 none /sys/fs/cgroup",
    )
    for name, limits in _LIMITS if kind != "none" else ():
        lack = _limit_lack(limits)
        yield Finding(
            f"{name} limit",
            not lack,
            lack or "works",
            _right_or(lack, f"mount the {name} controller, or boot with it enabled"),
            essential=False,
        )


def _limit_lack(limits: Limits) -> str:
    group = cgroup.open_cgroup(f"pycompose/doctor-{os.urandom(6).hex()}")
    try:
        group.create(limits)
    except PycomposeError as err:
        return err.message
    except OSError as err:
        return os.strerror(err.errno or 0)
    finally:
        group.remove()
    return ""


def _forwarding() -> Finding:
    path = "/proc/sys/net/ipv4/ip_forward"
    try:
        with open(path) as file:
            on = file.read().strip() == "1"
    except OSError as err:
        return Finding(
            "IPv4 forwarding", False, f"{path}: {err.strerror}", "mount /proc", essential=False
        )
    if on:
        return Finding("IPv4 forwarding", True, "on")
    settable = os.access(path, os.W_OK)
    found = (
        "off; switched on with the first network" if settable else "off, and cannot be switched on"
    )
    return Finding(
        "IPv4 forwarding",
        settable,
        found,
        "" if settable else "sysctl -w net.ipv4.ip_forward=1",
        False,
    )


def _open_files() -> Finding:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ok = hard == resource.RLIM_INFINITY or hard >= _LEAST_FILES
    shown = "no limit" if hard == resource.RLIM_INFINITY else f"{hard} at most"
    return Finding(
        "open files", ok, shown, "" if ok else f"ulimit -Hn {_LEAST_FILES} or more", essential=False
    )


def _directories() -> Iterator[Finding]:
    for name, path, variable in (
        ("state directory", paths.root(), "PYCOMPOSE_ROOT"),
        ("run directory", paths.run(), "PYCOMPOSE_RUN"),
    ):
        place = _existing(path)
        ok = _writable(place)
        found = path if os.path.isdir(path) else f"{path} (will be made)"
        remedy = (
            ""
            if ok
            else (
                _ROOT_HINT if os.geteuid() else f"set {variable} to a directory that can be written"
            )
        )
        yield Finding(name, ok, found if ok else f"{path}: cannot be written", remedy)
    free = shutil.disk_usage(_existing(paths.root())).free
    ok = free >= _LEAST_SPACE
    yield Finding(
        "free space",
        ok,
        f"{free / 1e9:.1f} GB",
        "" if ok else "make room, or set PYCOMPOSE_ROOT to a larger disk",
        essential=False,
    )


def _existing(path: str) -> str:
    """The path, or the nearest directory above it that is there."""
    while not os.path.isdir(path):
        path = os.path.dirname(path) or "/"
    return path


def _writable(directory: str) -> bool:
    """Tried: rights alone do not tell of read-only and virtual file systems."""
    place = f"{directory}/{_scratch_name()}"
    try:
        os.mkdir(place, 0o700)
        os.rmdir(place)
    except OSError:
        return False
    return True


def _scratch_name() -> str:
    return f".pycompose-doctor-{os.urandom(6).hex()}"


def _libraries() -> Iterator[Finding]:
    zstd = any(map(_there, ("compression.zstd", "backports.zstd")))
    yield Finding(
        "zstd archives", zstd, "can be read" if zstd else "cannot be read",
        "" if zstd else "pip install backports-zstd", essential=False,
    )  # fmt: skip
    isal = _there("isal.isal_zlib")
    yield Finding(
        "gzip archives", True, "read fast, by isal" if isal else "read by zlib (pip install isal reads them twice as fast)",
        essential=False,
    )  # fmt: skip


def _there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
