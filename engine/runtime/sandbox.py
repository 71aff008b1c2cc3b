"""What surrounds the container's processes and outlives their restarts: network namespace, name server, published ports.

The builder makes it (``make_network``) and hands the descriptors over; the shim holds it (``Sandbox``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from engine.kernel import cgroup, namespaces
from engine.kernel.cgroup import devices
from engine.network import endpoint, names, ports, resolver
from engine.network.endpoint import EndpointPlan
from engine.runtime import status
from engine.runtime.bundle import Bundle, DnsPlan
from engine.runtime.loop import Loop
from schemas.errors import Conflict, NotFound
from schemas.specs import Port
from schemas.typed import NamedTuple, TypedDict

Binding = tuple[str, int, int, str]


class Surroundings(NamedTuple):
    """Descriptors of what was made; -1 and empty for what the container does not have."""

    netns: int = -1
    resolver: tuple[int, int] | None = None  # UDP and TCP
    ports: tuple[tuple[Binding, int], ...] = ()  # each with the socket that holds it


def group(bundle: Bundle) -> cgroup.Cgroup:
    """The container's control group, whether it exists or not."""
    return cgroup.open_cgroup(bundle["cgroup"]["name"], parent=bundle["cgroup"]["parent"])


def make_group(bundle: Bundle) -> None:
    """Control group and device rules; Unsupported or Failed for a limit that cannot be kept."""
    own = group(bundle)
    own.create(bundle["cgroup"]["limits"])
    rules = devices.rules(
        bundle["devices"], bundle["device_rules"], privileged=bundle["privileged"]
    )
    own.set_devices(rules)


def make_namespace(bundle: Bundle) -> int:
    """The network namespace, empty but for lo; -1 for the host's. That of another container is borrowed."""
    mode = bundle["namespaces"]["net"]
    if mode == "host":
        return -1
    if mode.startswith("container:"):
        return open_namespace(mode, "net")
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        namespaces.unshare(namespaces.CLONE_NEWNET)
        netns = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        namespaces.setns(home, namespaces.CLONE_NEWNET)
    finally:
        os.close(home)
    endpoint.loopback(netns)
    return netns


def make_network(bundle: Bundle, netns: int) -> Surroundings:
    """Interfaces, names, the name server's sockets, published ports. Conflict when a port is taken."""
    if bundle["namespaces"]["net"] != "new":
        return Surroundings(netns)
    for plan in bundle["endpoints"]:
        endpoint.attach(plan, netns)
    made = _sockets(bundle, netns, bundle["ports"])
    try:
        ports.translate([binding for binding, _ in made.ports], _translated(bundle))
        for plan in bundle["endpoints"]:
            names.announce(plan, bundle["id"])
    except BaseException:
        undo(bundle, made)
        raise
    return made


def outward(bundle: Bundle) -> tuple[str, str]:
    """Where published ports lead: the place with the default route. Internal networks alone publish nothing."""
    places = [plan for plan in bundle["endpoints"] if not plan["internal"]]
    places.sort(key=lambda plan: not plan["default_route"])
    ipv4 = next((plan["ipv4"] for plan in places if plan["ipv4"]), "")
    ipv6 = next((plan["ipv6"] for plan in places if plan["ipv6"]), "")
    return ipv4.partition("/")[0], ipv6.partition("/")[0]


def _translated(bundle: Bundle) -> str:
    """The IPv4 address to which the kernel can lead published ports: one on a bridge. "" leaves them to the proxy."""
    address = outward(bundle)[0]
    for plan in bundle["endpoints"]:
        if "child" in plan and plan["ipv4"].partition("/")[0] == address:
            return ""
    return address


def adopt(bundle: Bundle, now: status.Status) -> Surroundings:
    """What a lost shim left: the namespace of the process with all that is in it; its sockets are opened anew."""
    mode = bundle["namespaces"]["net"]
    if mode == "host":
        return Surroundings()
    netns = os.open(f"/proc/{now.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    if mode != "new":
        return Surroundings(netns)
    # The numbers that people know, also of ports that asked for any.
    known: list[Port] = [
        {"host_ip": host, "published": number, "target": target, "protocol": protocol}
        for host, number, target, protocol in now.ports
    ]
    return _sockets(bundle, netns, known)


def _sockets(bundle: Bundle, netns: int, asked: list[Port]) -> Surroundings:
    wanted = asked if any(outward(bundle)) else []
    held = tuple((item.binding, item.socket.detach()) for item in ports.hold(wanted))
    return Surroundings(netns, resolver.listen(netns) if bundle["dns"] else None, held)


class Place(TypedDict):
    """What the shim must know of the bundle to hold the surroundings: little, since it stays in memory."""

    id: str
    networks: list[str]  # ids
    dns: DnsPlan | None
    outward: tuple[str, str]  # IPv4 and IPv6 address that published ports lead to


def place(bundle: Bundle) -> Place:
    return {
        "id": bundle["id"],
        "networks": [plan["network_id"] for plan in bundle["endpoints"]],
        "dns": bundle["dns"],
        "outward": outward(bundle),
    }


def undo(bundle: Bundle, made: Surroundings) -> None:
    """Take back what ``make_network`` did beyond the descriptors."""
    for plan in bundle["endpoints"]:
        names.withdraw(plan["network_id"], bundle["id"])
    ports.withdraw([binding for binding, _ in made.ports], outward(bundle)[0])


class Sandbox:
    """Held by the shim for as long as the container runs.

    Name server and proxies come into being with the first query and the first connection: most containers idle.
    """

    def __init__(self, loop: Loop, where: Place, made: Surroundings) -> None:
        self.netns = made.netns
        self._loop = loop
        self._where = where
        self._made = made
        self._networks = where["networks"]
        self._internal: bool | None = None
        self._resolver: resolver.Resolver | None = None
        self._published: ports.Published | None = None
        for fd in made.resolver or ():
            loop.on_read(fd, self._serve_names)
        for _, fd in made.ports:
            loop.on_read(fd, self._serve_ports)

    def connect(self, bundle: Bundle, plan: EndpointPlan) -> None:
        """One more network, while running; the bundle is changed accordingly."""
        endpoint.attach(plan, self.netns)
        bundle["endpoints"].append(plan)
        try:
            endpoint.reroute(bundle["endpoints"], self.netns)
            names.announce(plan, self._where["id"])
            self._follow(bundle)
        except BaseException:
            self.disconnect(bundle, plan["network_id"])
            raise

    def disconnect(self, bundle: Bundle, network_id: str) -> None:
        """One network less; absent is not an error."""
        for plan in list(bundle["endpoints"]):
            if plan["network_id"] == network_id:
                names.withdraw(network_id, self._where["id"])
                endpoint.detach(plan, self.netns)
                bundle["endpoints"].remove(plan)
        endpoint.reroute(bundle["endpoints"], self.netns)
        self._follow(bundle)

    def release(self) -> None:
        """Give everything back. The interfaces go with the namespace, whose last holder we are by now."""
        for network_id in self._networks:
            names.withdraw(network_id, self._where["id"])
        if self._published is not None:
            self._published.close()
        elif self._made.ports:
            bindings = [binding for binding, _ in self._made.ports]
            ports.withdraw(bindings, self._where["outward"][0], ending=True)
            self._close(fd for _, fd in self._made.ports)
        if self._resolver is not None:
            self._resolver.close()
        else:
            self._close(self._made.resolver or ())
        if self.netns >= 0:
            os.close(self.netns)
            self.netns = -1

    def _close(self, fds: Iterable[int]) -> None:
        for fd in fds:
            self._loop.forget(fd)
            os.close(fd)

    def _serve_names(self) -> None:
        sockets, dns = self._made.resolver, self._where["dns"]
        assert sockets is not None
        assert dns is not None
        for fd in sockets:
            self._loop.forget(fd)
        self._resolver = resolver.Resolver(
            self._loop, self.netns, dns, self._networks, sockets=sockets
        )
        self._resolver.set_networks(self._networks, internal=self._internal)

    def _serve_ports(self) -> None:
        for _, fd in self._made.ports:
            self._loop.forget(fd)
        self._published = ports.Published(self._loop, self.netns)
        held = [ports.from_descriptor(binding, fd) for binding, fd in self._made.ports]
        self._published.serve(held, *self._where["outward"])

    def _follow(self, bundle: Bundle) -> None:
        self._networks = [plan["network_id"] for plan in bundle["endpoints"]]
        self._internal = all(plan["internal"] for plan in bundle["endpoints"])
        if self._resolver is not None:
            self._resolver.set_networks(self._networks, internal=self._internal)
        before, now = self._where["outward"], outward(bundle)
        if now == before:
            return
        if not self._made.ports:
            self._publish(bundle, now)
            return
        # Published ports lead to the place with the default route, wherever that is by now.
        bindings = [binding for binding, _ in self._made.ports]
        ports.withdraw(bindings, before[0])
        self._where["outward"] = now
        ports.translate(bindings, _translated(bundle))
        if self._published is not None:
            self._published.lead(*now)

    def _publish(self, bundle: Bundle, now: tuple[str, str]) -> None:
        """Take the ports that there was no way to lead anywhere until now. Conflict when one is taken."""
        if not any(now) or not bundle["ports"]:
            return
        held = tuple((item.binding, item.socket.detach()) for item in ports.hold(bundle["ports"]))
        self._made = self._made._replace(ports=held)
        self._where["outward"] = now
        for _, fd in held:
            self._loop.on_read(fd, self._serve_ports)
        bindings = [binding for binding, _ in held]
        ports.translate(bindings, _translated(bundle))
        shown = status.load_state(self._where["id"])
        if shown is not None:
            status.write(self._where["id"], shown._replace(ports=tuple(bindings)))


def open_namespace(mode: str, kind: str) -> int:
    """A descriptor of the namespace of the container that ``container:<id>`` means; Conflict when it does not run."""
    id = mode.partition(":")[2]
    try:
        now = status.read(id)
        if now.state not in ("running", "paused") or not now.pid:
            raise Conflict(f"{kind}: container {id[:12]} does not run")
        return os.open(f"/proc/{now.pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as err:
        raise NotFound(f"{kind}: container {id[:12]} does not run") from err
