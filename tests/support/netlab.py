"""Networks with bare namespaces in place of containers: what the engine sets up for one, and small servers inside.

The shim's loop runs in the calling thread for as long as a client in another thread is busy.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, TypeVar

from engine.kernel import namespaces
from engine.kernel.netlink import rtnetlink
from engine.network import bridge, endpoint, firewall, ipam, names
from engine.network.bridge import NetworkPlan
from engine.network.endpoint import EndpointPlan
from engine.runtime.loop import Loop
from tests.support.eventually import eventually

T = TypeVar("T")
HOST = "192.0.2.1"  # this host's address on the net that it shares with the neighbour
NEIGHBOUR = "192.0.2.2"


class Container(NamedTuple):
    id: str
    netns: int
    plans: list[EndpointPlan]

    @property
    def ipv4(self) -> str:
        return self.plans[0]["ipv4"].partition("/")[0]

    @property
    def ipv6(self) -> str:
        return self.plans[0]["ipv6"].partition("/")[0]

    @property
    def network_ids(self) -> list[str]:
        return [plan["network_id"] for plan in self.plans]


class Lab:
    """Everything made through it is taken away by ``close()``."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.networks: list[NetworkPlan] = []
        self.containers: list[Container] = []
        self._descriptors: list[int] = []
        self._closing: list[Callable[[], None]] = []

    def network(
        self,
        name: str,
        *,
        internal: bool = False,
        ipv6: bool = False,
        mtu: int = 1500,
        masquerade: bool = True,
        isolated: bool = False,
    ) -> NetworkPlan:
        """A network in the kernel."""
        used = [subnet for plan in self.networks for subnet in plan["subnets"]]
        subnets = [ipam.choose_subnet([*bridge.host_subnets(), *used])]
        id = os.urandom(32).hex()
        if ipv6:
            subnets.append(f"fd{id[:2]}:{id[2:6]}:{id[6:10]}::/64")
        gateways = [
            ipam.choose_address(subnet, taken=[], gateway="", ip_range=None, wanted=None)
            for subnet in subnets
        ]
        plan: NetworkPlan = {
            "id": id,
            "name": name,
            "bridge": f"br-{id[:12]}",
            "subnets": subnets,
            "gateways": gateways,
            "internal": internal,
            "mtu": mtu,
            "driver_opts": {},
            "masquerade": masquerade,
            "isolated": isolated,
        }
        self.networks.append(plan)
        firewall.ensure_base()
        bridge.ensure(plan)
        firewall.ensure_network(plan)
        return plan

    def remove_network(self, plan: NetworkPlan) -> None:
        firewall.remove_network(plan)
        bridge.remove(plan)
        self.networks.remove(plan)

    def container(self, *networks: NetworkPlan, called: tuple[str, ...] = ()) -> Container:
        """A namespace on the networks, the first of which has the default route; known by its names."""
        id = os.urandom(32).hex()
        container = Container(id, self.namespace(), [])
        endpoint.loopback(container.netns)
        for position, network in enumerate(networks):
            plan = self.plan(network, id, position, called or (f"c{id[:6]}",))
            endpoint.attach(plan, container.netns)
            names.announce(plan, id)
            container.plans.append(plan)
        self.containers.append(container)
        return container

    def plan(
        self, network: NetworkPlan, id: str, position: int, called: tuple[str, ...]
    ) -> EndpointPlan:
        taken = [
            address.partition("/")[0]
            for container in self.containers
            for plan in container.plans
            for address in (plan["ipv4"], plan["ipv6"])
            if plan["network_id"] == network["id"] and address
        ]
        found = {"4": ("", ""), "6": ("", "")}
        for subnet, gateway in zip(network["subnets"], network["gateways"], strict=True):
            six = ":" in subnet
            address = ipam.choose_address(
                subnet,
                taken=[item for item in taken if (":" in item) == six],
                gateway=gateway,
                ip_range=None,
                wanted=None,
            )
            found["6" if six else "4"] = (f"{address}/{subnet.partition('/')[2]}", gateway)
        return {
            "network_id": network["id"],
            "network": network["name"],
            "bridge": network["bridge"],
            "ipv4": found["4"][0],
            "gateway4": found["4"][1],
            "ipv6": found["6"][0],
            "gateway6": found["6"][1],
            "mac": ipam.mac_address(found["4"][0].partition("/")[0]),
            "interface": f"eth{position}",
            "mtu": network["mtu"],
            "host_interface": f"pv{id[:9]}{position:03x}",
            "internal": network["internal"],
            "default_route": position == 0 and not network["internal"],
            "names": list(called),
            "group": int(network["id"][:7], 16) | 1,
            "isolated": network.get("isolated", False),
        }

    def namespace(self) -> int:
        """A new network namespace."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        namespaces.unshare(namespaces.CLONE_NEWNET)
        fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        namespaces.setns(home, namespaces.CLONE_NEWNET)
        os.close(home)
        self._descriptors.append(fd)
        return fd

    def neighbour(self) -> int:
        """Another machine on a net that this host has too: (192.0.2.2, with this host as its gateway)."""
        fd = self.namespace()
        endpoint.loopback(fd)
        with rtnetlink.open_channel() as channel:
            pair = rtnetlink.add_veth(
                "lab0", master=0, group=0, mtu=1500, peer="eth0",
                peer_mac="02:00:00:00:00:02", peer_netns=fd,
            )  # fmt: skip
            channel.request([pair])
            index = socket.if_nametoindex("lab0")
            channel.request([rtnetlink.add_address(index, f"{HOST}/24")])
        with inside(fd), rtnetlink.open_channel() as channel:
            index = socket.if_nametoindex("eth0")
            channel.request(
                [
                    rtnetlink.add_address(index, f"{NEIGHBOUR}/24"),
                    rtnetlink.set_up(index, "eth0"),
                    rtnetlink.set_default_route(HOST, index),
                ]
            )

        with rtnetlink.open_channel() as channel:
            eventually(lambda: rtnetlink.find_link(channel, "lab0").running)  # type: ignore[union-attr]

        def remove() -> None:
            with rtnetlink.open_channel() as channel:
                channel.request([rtnetlink.delete_link("lab0")], absent_ok=rtnetlink.GONE)

        self._closing.append(remove)
        return fd

    def serve(self, netns: int | None, port: int, *, address: str = "0.0.0.0") -> None:
        """A TCP server that says who it sees, and a UDP server that says that and what it got."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with inside(netns):
            tcp = socket.create_server((address, port), family=family)
            udp = socket.socket(family, socket.SOCK_DGRAM)
            udp.bind((address, port))
        for target, sock in ((_serve_tcp, tcp), (_serve_udp, udp)):
            threading.Thread(target=target, args=(sock,), daemon=True).start()
            self._closing.append(lambda sock=sock: _shut(sock))  # type: ignore[misc]

    def ask(
        self, netns: int | None, address: str, port: int, *, udp: bool = False, within: float = 3.0
    ) -> str:
        """What a client in the namespace gets from a server there; OSError."""
        return self.during(lambda: _ask(netns, address, port, udp, within))

    def reaches(self, netns: int | None, address: str, port: int) -> bool:
        """Whether a client gets an answer within half a second: for those that must not. Others ``ask``."""
        try:
            self.ask(netns, address, port, within=0.5)
        except OSError:
            return False
        return True

    def during(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a thread and the loop in this one until it is done."""
        result: list[Any] = []

        def run() -> None:
            try:
                result.append((True, work()))
            except BaseException as err:
                result.append((False, err))

        thread = threading.Thread(target=run)
        thread.start()

        def look() -> None:
            if thread.is_alive():
                self.loop.after(0.001, look)
            else:
                self.loop.stop()

        self.loop.after(0.0, look)
        self.loop.run()
        thread.join()
        good, value = result[0]
        if not good:
            raise value
        return value  # type: ignore[no-any-return]

    def close(self) -> None:
        for action in reversed(self._closing):
            action()
        for container in self.containers:
            endpoint.detach_all(container.plans)
            for plan in container.plans:
                names.withdraw(plan["network_id"], container.id)
        for network in list(self.networks):
            self.remove_network(network)
        for fd in self._descriptors:
            os.close(fd)


@contextmanager
def inside(netns: int | None) -> Iterator[None]:
    """Be in the namespace, or where we are for None."""
    if netns is None:
        yield
    else:
        with namespaces.in_namespace(netns, namespaces.CLONE_NEWNET):
            yield


@contextmanager
def parent_interface(name: str = "lab7") -> Iterator[str]:
    """An interface of the host's with a carrier, for macvlan to hang on."""
    with rtnetlink.open_channel() as channel:
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        pair = rtnetlink.add_veth(
            name, master=0, group=0, mtu=1500, peer=f"{name}p",
            peer_mac="02:00:00:00:00:03", peer_netns=home,
        )  # fmt: skip
        channel.request([pair])
        channel.request([rtnetlink.set_up(socket.if_nametoindex(f"{name}p"), f"{name}p")])
        os.close(home)
        yield name
        channel.request([rtnetlink.delete_link(name)], absent_ok=rtnetlink.GONE)


def _ask(netns: int | None, address: str, port: int, udp: bool, within: float) -> str:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside(netns):
        sock = socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
    with sock:
        sock.settimeout(within)
        sock.connect((address, port))
        if udp:
            sock.send(b"hello")
            return sock.recv(65535).decode()
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := sock.recv(65536):
            received += chunk
        if not received:
            raise ConnectionResetError("closed without a word")
        return received.decode()


def _serve_tcp(server: socket.socket) -> None:
    while True:
        try:
            client, peer = server.accept()
        except OSError:
            return
        with client, suppress(OSError):  # a client may have gone by now
            client.sendall(f"{peer[0]}".encode())


def _serve_udp(server: socket.socket) -> None:
    while True:
        try:
            data, peer = server.recvfrom(65535)
        except OSError:
            return
        if not data:
            return
        with suppress(OSError):
            server.sendto(f"{peer[0]} {data.decode()}".encode(), peer)


def _shut(sock: socket.socket) -> None:
    """Wake the thread that waits in the socket, then close it."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()
