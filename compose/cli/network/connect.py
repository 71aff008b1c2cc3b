"""``pycompose network connect``: give a container a place on one more network, at once when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.pairs import options, several

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser
    from schemas.specs import Endpoint


def add_arguments(parser: Parser) -> None:
    """The flags of ``connect``."""
    parser.usage = "[OPTIONS] NETWORK CONTAINER"
    add = parser.add_argument
    add("--alias", action="append", help="Add network-scoped alias for the container")
    add("--driver-opt", action="append", help="driver options for the network")
    add(
        "--gw-priority",
        type=int,
        default=0,
        help="Highest gw-priority provides the default gateway. Accepts positive and negative values.",
    )
    add("--ip", help='IPv4 address (e.g., "172.30.100.104")')
    add("--ip6", help='IPv6 address (e.g., "2001:db8::33")')
    add("--link-local-ip", action="append", help="Add a link-local address for the container")
    add("network")
    add("container")


def run(context: Context, args: Arguments) -> int:
    """Connect; a container that is there already is an error."""
    endpoint: Endpoint = {"network": args.network}
    if args.alias:
        endpoint["aliases"] = several(args.alias)
    if args.driver_opt:
        endpoint["driver_opts"] = options(args.driver_opt)
    if args.gw_priority:
        endpoint["gw_priority"] = args.gw_priority
    if args.ip:
        endpoint["ipv4_address"] = args.ip
    if args.ip6:
        endpoint["ipv6_address"] = args.ip6
    if args.link_local_ip:
        endpoint["link_local_ips"] = several(args.link_local_ip)
    context.engine.connect(args.container, endpoint)
    return 0
