"""``pycompose network create``: make a network."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.pairs import labels, options, several
from compose.ops.pools import pools
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser
    from schemas.specs import NetworkSpec

# Swarm's, and networks that are only a form for others.
_REFUSED = ("config_from", "config_only", "ingress")


def add_arguments(parser: Parser) -> None:
    """The flags of ``create``."""
    parser.usage = "[OPTIONS] NETWORK"
    add = parser.add_argument
    add("--attachable", action="store_true", help="Enable manual container attachment")
    add(
        "--aux-address",
        action="append",
        metavar="map",
        help="Auxiliary IPv4 or IPv6 addresses used by Network driver",
    )
    add("--config-from", help="The network from which to copy the configuration", hidden=True)
    add("--config-only", action="store_true", help="Create a config only network", hidden=True)
    add("-d", "--driver", default="bridge", help="Driver to manage the Network")
    add("--gateway", action="append", help="IPv4 or IPv6 Gateway for the master subnet")
    add("--ingress", action="store_true", help="Create swarm routing-mesh network", hidden=True)
    add("--internal", action="store_true", help="Restrict external access to the network")
    add("--ip-range", action="append", help="Allocate container ip from a sub-range")
    add("--ipam-driver", default="default", help="IP Address Management Driver")
    add("--ipam-opt", action="append", metavar="map", help="Set IPAM driver specific options")
    add("--ipv4", action="store_true", help="Enable or disable IPv4 address assignment")
    add("--ipv6", action="store_true", help="Enable or disable IPv6 address assignment")
    add("--label", action="append", metavar="list", help="Set metadata on a network")
    add("-o", "--opt", action="append", metavar="map", help="Set driver specific options")
    add("--scope", help="Control the network's scope")
    add("--subnet", action="append", help="Subnet in CIDR format that represents a network segment")
    add("network")


def run(context: Context, args: Arguments) -> int:
    """Print the id of what was made."""
    for name in _REFUSED:
        if getattr(args, name):
            raise UsageError(f"--{name.replace('_', '-')} is not supported")
    if args.scope not in (None, "", "local"):
        raise UsageError(f"--scope {args.scope} is not supported: networks are local")
    if args.ipam_opt:
        raise UsageError("--ipam-opt is not supported: the default driver has no options")
    spec: NetworkSpec = {
        "name": args.network,
        "driver": args.driver,
        "driver_opts": options(args.opt),
        "internal": args.internal,
        "attachable": args.attachable,
        "enable_ipv6": args.ipv6,
        "ipam_driver": args.ipam_driver,
        "ipam": pools(
            subnets=several(args.subnet),
            ip_ranges=several(args.ip_range),
            gateways=several(args.gateway),
            auxiliary=options(args.aux_address),
        ),
        "labels": labels(args.label),
    }
    if "ipv4" in args.given:
        spec["enable_ipv4"] = args.ipv4
    sys.stdout.write(f"{context.engine.create_network(spec).id}\n")
    return 0
