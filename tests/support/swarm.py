"""A real Docker Swarm on one machine: a dockerd for each node, each in a network namespace of its own, joined by a bridge.

The kernels of test machines often lack IPVS, and then virtual IPs and the routing mesh do not work: services use
``endpoint_mode: dnsrr`` and ports in host mode, which are reached from inside a node's namespace (``Node.run``).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from tests.support import dockerd, images
from tests.support.eventually import eventually

_NET = "10.99.0"
REGISTRY = f"{_NET}.254:5000"  # where one that the nodes reach may be
# Seconds for what a loaded machine may take: a daemon to answer, a daemon to end.
_READY, _ENDED = 60, 20


class Node:
    """A dockerd with its network namespace, which a sleeping process holds."""

    def __init__(self, base: Path, number: int) -> None:
        self.number = number
        self.name = f"node{number}"
        self.address = f"{_NET}.{number}"
        self.base = base / self.name
        self.base.mkdir(parents=True)
        self.socket = self.base / "docker.sock"
        self.log = self.base / "dockerd.log"
        # A host name of its own, as every node of a real Swarm has.
        self._holder = _hold(f"hostname {self.name}; ", "--uts")
        self._daemon: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def namespace(self) -> int:
        """A process in the node's network namespace."""
        return self._holder.pid

    def start(self) -> None:
        """Start dockerd; ``ready`` says when it answers."""
        programs = dockerd.directory() / "bin"
        words = [
            *self._enter(), f"{programs}/dockerd", "--data-root", f"{self.base}/data", "--exec-root", f"{self.base}/exec",
            "-H", self.url, "--pidfile", f"{self.base}/pid", "--bip", f"172.29.{self.number}.1/24",
            "--insecure-registry", REGISTRY,
            "--containerd-namespace", f"swarm-{os.getpid()}-{self.name}",
            "--containerd-plugins-namespace", f"swarm-{os.getpid()}-{self.name}-plugins",
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self._daemon = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={
                    **os.environ,
                    "PATH": f"{programs}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin",
                },
                start_new_session=True,
            )

    def ready(self) -> None:
        """Wait until the daemon answers."""
        eventually(lambda: self.docker("info", check=False).returncode == 0, within=_READY)

    def docker(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """docker's own client, on this node's daemon."""
        return subprocess.run(
            [f"{dockerd.directory()}/bin/docker", "-H", self.url, *words],
            capture_output=True,
            text=True,
            check=check,
            timeout=_READY,
            env={**os.environ, "HOME": str(self.base)},
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the node's network namespace."""
        return subprocess.run(
            [*self._enter(), *words], capture_output=True, text=True, check=False, timeout=30
        )

    def kill(self) -> None:
        """Lose the node: its daemon, and the containers that would outlive it."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGKILL)
        self._daemon.wait()
        self._daemon = None
        _kill_containers(self.base)

    def close(self) -> None:
        """End containers, daemon and namespace; nothing of it stays. No manager must be left that would start them again."""
        if self._daemon is not None:
            ids = self.docker("ps", "-aq", check=False).stdout.split()
            if ids:
                self.docker("rm", "-f", *ids, check=False)
            self._daemon.terminate()
            try:
                self._daemon.wait(_ENDED)
            except subprocess.TimeoutExpired:
                self._daemon.kill()
                self._daemon.wait()
        _kill_containers(self.base)
        self._holder.kill()
        self._holder.wait()

    def _enter(self) -> list[str]:
        return [
            "nsenter",
            f"--net=/proc/{self.namespace}/ns/net",
            f"--uts=/proc/{self.namespace}/ns/uts",
        ]


class Swarm:
    """Nodes that are to become one Swarm; the first will be its manager."""

    def __init__(self, base: Path, count: int = 3) -> None:
        self.base = base
        address = REGISTRY.partition(":")[0]
        self.hub = _hold(
            "ip link add br0 type bridge; ip link set br0 up; ip link set lo up; "
            f"ip address add {address}/24 dev br0; "
        )
        self.nodes = [Node(base, number) for number in range(1, count + 1)]
        for node in self.nodes:
            _join(node, self.hub.pid)
            node.start()
        archive = images.write_busybox(base / "busybox.tar")
        for node in self.nodes:
            node.ready()
            node.docker("load", "-i", str(archive))

    @property
    def manager(self) -> Node:
        return self.nodes[0]

    def close(self) -> None:
        """Take everything away."""
        self.manager.docker("swarm", "leave", "--force", check=False)
        threads = [threading.Thread(target=node.close) for node in self.nodes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.hub.kill()
        self.hub.wait()
        _unmount(self.base)
        shutil.rmtree(self.base, ignore_errors=True)


def _hold(script: str, *unshared: str) -> subprocess.Popen[bytes]:
    """A process in a network namespace of its own that runs the script and then only sleeps."""
    holder = subprocess.Popen(
        ["unshare", "--net", *unshared, "sh", "-ec", f"{script}echo ready; exec sleep 100000"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    with holder.stdout as said:
        assert said.readline() == b"ready\n"
    return holder


def _join(node: Node, hub: int) -> None:
    """Lay a cable between a node and the hub."""
    name = f"sw{os.getpid() % 10000}n{node.number}"
    _ip("link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b")
    _ip("link", "set", f"{name}b", "netns", str(hub))
    _inside(hub, "ip", "link", "set", f"{name}b", "master", "br0", "up")
    _ip("link", "set", f"{name}a", "netns", str(node.namespace))
    for words in (
        ("ip", "link", "set", f"{name}a", "name", "eth0"),
        ("ip", "address", "add", f"{node.address}/24", "dev", "eth0"),
        ("ip", "link", "set", "eth0", "up"),
        ("ip", "link", "set", "lo", "up"),
    ):
        _inside(node.namespace, *words)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _inside(process: int, *words: str) -> None:
    subprocess.run(["nsenter", f"--net=/proc/{process}/ns/net", *words], check=True)


def _kill_containers(base: Path) -> None:
    """End what the daemon's containerd still runs: its own processes, and those of containers whose state is below ``base``."""
    marks = [f"{base}/exec".encode(), f"{base}/data".encode()]
    ids = [entry.name.encode() for entry in base.glob("data/containers/*")]

    def left() -> list[int]:
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes()
                groups = (entry / "cgroup").read_bytes()
            except OSError:
                continue
            if any(mark in words for mark in marks) or any(id in groups for id in ids):
                found.append(int(entry.name))
        return found

    deadline = time.monotonic() + _ENDED
    while (found := left()) and time.monotonic() < deadline:
        for process in found:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.2)


def _unmount(base: Path) -> None:
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for point in sorted((point for point in points if point.startswith(f"{base}/")), reverse=True):
        subprocess.run(["umount", "-l", point], check=False, capture_output=True)
