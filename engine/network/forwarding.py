"""Parameters of the host's network stack that make it a router for its networks, or keep it from being one.

They are written softly: where that is forbidden (a read-only /proc/sys) somebody else has decided, and containers reach
what his decision lets them.
"""

from __future__ import annotations

import os

from engine.network.bridge import NetworkPlan

_SYS = "/proc/sys/net"


def allow(plan: NetworkPlan) -> None:
    """Let the network's packets be routed. The firewall must have the network in its table by now."""
    name = plan["bridge"]
    write("ipv4/ip_forward", "1")
    # Lets a connection from 127.0.0.1 be sent to a container; the firewall keeps all others from loopback addresses.
    write(f"ipv4/conf/{name}/route_localnet", "1")
    if any(":" in subnet for subnet in plan["subnets"]) and read("ipv6/conf/all/forwarding") == "0":
        _keep_router_advertisements()
        write("ipv6/conf/all/forwarding", "1")


def forbid(plan: NetworkPlan) -> None:
    """Route nothing that comes from the network: isolation where the kernel cannot filter."""
    for family in ("ipv4", "ipv6"):
        write(f"{family}/conf/{plan['bridge']}/forwarding", "0")


def read(name: str) -> str:
    """The parameter's value; "" when there is none."""
    try:
        with open(f"{_SYS}/{name}") as file:
            return file.read().strip()
    except OSError:
        return ""


def write(name: str, value: str) -> None:
    if read(name) not in ("", value):
        try:
            with open(f"{_SYS}/{name}", "w") as file:
                file.write(value)
        except OSError:
            return


def _keep_router_advertisements() -> None:
    """A router ignores other routers' advertisements, unless told otherwise: the host would lose its own IPv6 route."""
    for interface in os.listdir(f"{_SYS}/ipv6/conf"):
        if read(f"ipv6/conf/{interface}/accept_ra") == "1":
            write(f"ipv6/conf/{interface}/accept_ra", "2")
