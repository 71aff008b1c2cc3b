"""Try what containers need, for real: in a child with namespaces of its own, which takes all it made with it."""

from __future__ import annotations

import json
import os
import select
import signal
from collections.abc import Callable

from engine.kernel import mount, namespaces
from schemas.errors import PycomposeError

KINDS = {
    "mount": namespaces.CLONE_NEWNS,
    "network": namespaces.CLONE_NEWNET,
    "pid": namespaces.CLONE_NEWPID,
    "ipc": namespaces.CLONE_NEWIPC,
    "uts": namespaces.CLONE_NEWUTS,
    "cgroup": namespaces.CLONE_NEWCGROUP,
}
_PATIENCE = 10.0
_MTU = 1500

# What was tried → why it did not work; "" when it did.
Outcome = dict[str, str]


def tried(scratch: str) -> Outcome:
    """All probes; ``scratch`` is an empty directory on the file system where containers are kept ("": none)."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, json.dumps(_probe(scratch)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    try:
        return _outcome(reading)
    finally:
        os.close(reading)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _outcome(reading: int) -> Outcome:
    data = b""
    while select.select([reading], [], [], _PATIENCE)[0]:
        chunk = os.read(reading, 65536)
        if not chunk:
            found: Outcome = json.loads(data) if data else {}
            return found
        data += chunk
    return {}


def _probe(scratch: str) -> Outcome:
    """In the child. Each kind of namespace is entered for itself, so that one lack does not hide the others."""
    found = {kind: _attempt(namespaces.unshare, flag) for kind, flag in KINDS.items()}
    if not found["mount"]:
        found["overlayfs"] = _attempt(_overlay, scratch)
    if not found["network"]:
        found["bridge"] = _attempt(_bridge)
        found["veth"] = _attempt(_veth) if not found["bridge"] else "no bridge to attach it to"
        found["nftables"] = _attempt(_tables)
        found["nat"] = _attempt(_translation) if not found["nftables"] else "no nftables"
    found["seccomp"] = _attempt(_seccomp)
    # Last: in a user namespace of its own the child would be root of nothing else.
    found["user"] = _attempt(namespaces.unshare, namespaces.CLONE_NEWUSER)
    return found


def _attempt(call: Callable[..., None], *arguments: object) -> str:
    try:
        call(*arguments)
    except PycomposeError as err:
        return err.message
    except OSError as err:
        return os.strerror(err.errno or 0)
    return ""


def _overlay(scratch: str) -> None:
    """Stack directories with the writable one where containers have theirs, and write through it."""
    mount.mount("none", "/", "", mount.MS_REC | mount.MS_PRIVATE)
    if not scratch:
        raise PycomposeError("nowhere to try it")
    lower, upper, work, place = (
        f"{scratch}/{name}" for name in ("lower", "upper", "work", "merged")
    )
    for path in (lower, upper, work, place):
        os.mkdir(path)
    mount.fsopen_overlay([lower], upper, work, place)
    try:
        os.mkdir(f"{place}/made")
        # Removing what is below needs whiteouts, which not every file system can hold.
        os.rmdir(f"{place}/made")
    finally:
        mount.umount(place, mount.MNT_DETACH)


def _bridge() -> None:
    from engine.kernel.netlink import rtnetlink

    with rtnetlink.open_channel() as channel:
        channel.request([rtnetlink.add_bridge("probe0", mac="02:00:00:00:00:01", mtu=_MTU)])


def _veth() -> None:
    import _socket

    from engine.kernel.netlink import rtnetlink

    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    with rtnetlink.open_channel() as channel:
        pair = rtnetlink.add_veth(
            "probe1",
            master=_socket.if_nametoindex("probe0"),
            group=0,
            mtu=_MTU,
            peer="probe2",
            peer_mac="02:00:00:00:00:02",
            peer_netns=own,
        )
        channel.request([pair])


def _tables() -> None:
    from engine.network import firewall

    firewall.ensure_base()


def _translation() -> None:
    from engine.network import firewall

    if not firewall.nat_available():
        raise PycomposeError("the kernel translates no addresses (nf_nat, nft_chain_nat)")


def _seccomp() -> None:
    from engine.kernel import seccomp

    if not seccomp.available():
        raise PycomposeError("no CONFIG_SECCOMP_FILTER")
