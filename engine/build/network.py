"""Networks of RUN steps: namespaces with a place on the default network, kept for the steps that come after.

An address is claimed for as long as the build's process lives: a claim whose process is gone is anybody's.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from engine import networks
from engine.kernel import pidfd
from engine.state import db
from engine.state import networks as rows
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from engine.network.endpoint import EndpointPlan


class Place(NamedTuple):
    """A namespace that can be used by one step at a time."""

    netns: int
    address: str
    gateway: str


class Pool:
    """The namespaces of one build."""

    def __init__(self) -> None:
        self._free: list[Place] = []
        self._plans: list[EndpointPlan] = []
        self._fds: list[int] = []
        self._lock = threading.Lock()

    def take(self) -> Place:
        """A place nobody uses; give it back with ``give``."""
        with self._lock:
            if self._free:
                return self._free.pop()
        return self._make()

    def give(self, place: Place) -> None:
        with self._lock:
            self._free.append(place)

    def close(self) -> None:
        """Take all places down."""
        from engine.network import endpoint

        if self._plans:
            endpoint.detach_all(self._plans)
        for fd in self._fds:
            os.close(fd)
        if self._fds:
            with db.transaction() as database:
                rows.release_claims(database, os.getpid())

    def _make(self) -> Place:
        from engine.network import endpoint

        network = networks.default()
        networks.ensure(network)
        plan = _claim(network)
        netns = _namespace()
        try:
            endpoint.attach(plan, netns)
        except BaseException:
            os.close(netns)
            raise
        with self._lock:
            self._plans.append(plan)
            self._fds.append(netns)
        return Place(netns, plan["ipv4"].partition("/")[0], plan["gateway4"])


def _namespace() -> int:
    from engine.kernel import namespaces
    from engine.network import endpoint

    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        namespaces.unshare(namespaces.CLONE_NEWNET)
        netns = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        namespaces.setns(home, namespaces.CLONE_NEWNET)
    finally:
        os.close(home)
    endpoint.loopback(netns)
    return netns


def _claim(network: rows.NetworkRow) -> EndpointPlan:
    """An address of the network for this process, written down before it is used."""
    from engine.network import bridge, ipam

    plan = networks.plan_of(network)
    pid = os.getpid()
    with db.transaction() as database:
        rows.sweep_claims(database, _alive)
        taken, _ = rows.taken_addresses(database, network.id)
        index = next(i for i, subnet in enumerate(plan["subnets"]) if ":" not in subnet)
        subnet, gateway = plan["subnets"][index], plan["gateways"][index]
        address = ipam.choose_address(
            subnet, taken=taken, gateway=gateway, ip_range=None, wanted=None
        )
        rows.claim(
            database,
            network.id,
            f"{address}/{subnet.partition('/')[2]}",
            pid,
            pidfd.start_time(pid),
        )
    return {
        "network_id": network.id,
        "network": network.name,
        "bridge": network.bridge,
        "ipv4": f"{address}/{subnet.partition('/')[2]}",
        "gateway4": gateway,
        "ipv6": "",
        "gateway6": "",
        "mac": ipam.mac_address(str(address)),
        "interface": "eth0",
        "mtu": plan["mtu"],
        "host_interface": f"pb{os.urandom(6).hex()}",
        "internal": False,
        "default_route": True,
        "names": [],
        "group": bridge.group(network.id),
    }


def _alive(pid: int, start_time: int) -> bool:
    return pidfd.start_time(pid) == start_time
