"""The nftables table as data: its sets, chains and rules, and how networks and ports are written as elements. Pure.

    iifname . oifname @same          accept      within a network, internal or not
    iifname @internal                drop        an internal network has no way out …
    oifname @internal                drop        … and none in
    oifname @bridges, answers        accept
    oifname @bridges, translated     accept      published ports
    oifname @bridges                 drop        from another network, from outside, from an isolated neighbour
    to a local address, in @ports…   dnat        from outside and from the host itself
    from 127.0.0.0/8 to @bridges     masquerade
    iifname @routed                  return      networks whose own addresses are to be seen outside
    iifname @bridges, to elsewhere   masquerade

Containers reach published ports by the proxy, as with Docker: where bridged packets pass through nftables (br_netfilter),
a translated packet is bridged and not routed, and its answer would come to the sender from a stranger.
"""

from __future__ import annotations

import _socket
import binascii
import struct
from collections.abc import Callable, Iterable

from engine.kernel.netlink import expressions as nft
from engine.kernel.netlink import nfnetlink
from engine.kernel.netlink.codec import Message
from engine.kernel.netlink.nfnetlink import Chain, Element, Set
from engine.network.bridge import NetworkPlan
from schemas.typed import NamedTuple

TABLE = "pycompose"
FAMILY = nfnetlink.NFPROTO_INET
PROTOCOLS = {"tcp": 6, "udp": 17}

SAME = Set("same", ("ifname", "ifname"))
BRIDGES = Set("bridges", ("ifname",))
INTERNAL = Set("internal", ("ifname",))
ROUTED = Set("routed", ("ifname",))
# Published on every address, and on one address only.
PORTS = Set("ports", ("inet_proto", "inet_service"), ("ipv4_addr", "inet_service"))
PORTS_AT = Set(
    "ports_at", ("ipv4_addr", "inet_proto", "inet_service"), ("ipv4_addr", "inet_service")
)
TRANSLATING_CHAIN = "dnat_out"

Rule = tuple[bytes, ...]
Request = Callable[[int, str, str, Iterable[Element]], Message]

_SOURCE, _DESTINATION = 12, 16  # offsets in an IPv4 header
_IPV4 = (nft.meta(nft.NFPROTO), nft.equal(bytes([nfnetlink.NFPROTO_IPV4])))
_IIF, _OIF = nft.meta(nft.IIFNAME), nft.meta(nft.OIFNAME)
_ACCEPT, _DROP = nft.verdict(nft.ACCEPT), nft.verdict(nft.DROP)
_IN_BRIDGES, _IN_INTERNAL = nft.lookup(BRIDGES.name), nft.lookup(INTERNAL.name)
_WITHIN_ONE = (_IIF, nft.meta(nft.OIFNAME, 2), nft.lookup(SAME.name))
_ANSWERS = nft.conntrack(nft.CT_STATE, nft.CT_RELATED_ESTABLISHED)
_TRANSLATED = nft.conntrack(nft.CT_STATUS, nft.CT_STATUS_DNAT)


class Level(NamedTuple):
    """What the kernel's nf_tables can do."""

    nat: bool
    conntrack: bool


# From the best on: what a kernel lacks is found by trying.
LEVELS = (Level(True, True), Level(False, True), Level(False, False))


class Mapping(NamedTuple):
    """A published port: connections to ``host_ip`` ("": every address) and ``host_port`` go to the container."""

    host_ip: str
    host_port: int
    protocol: str
    ipv4: str
    port: int


def base(level: Level) -> list[Message]:
    """Requests that make the table what it must be, whatever it was; elements stay.

    The first rule's comment tells these rules from those of another version.
    """
    mark = signature(level)
    sets = [SAME, BRIDGES, INTERNAL, ROUTED] + ([PORTS, PORTS_AT] if level.nat else [])
    requests = [nfnetlink.new_table(FAMILY, TABLE)]
    requests += [
        nfnetlink.new_set(FAMILY, TABLE, item, number) for number, item in enumerate(sets, 1)
    ]
    for chain, rules in chains(level):
        requests.append(nfnetlink.new_chain(FAMILY, TABLE, chain))
        requests.append(nfnetlink.flush_chain(FAMILY, TABLE, chain.name))
        for rule in rules:
            requests.append(nfnetlink.new_rule(FAMILY, TABLE, chain.name, rule, comment=mark))
            mark = ""
    return requests


def signature(level: Level) -> str:
    """A comment that is another for other rules."""
    parts = [part for _, rules in chains(level) for rule in rules for part in rule]
    return f"rules {binascii.crc32(b''.join(parts)):08x}"


def count(level: Level) -> int:
    """How many rules there are."""
    return sum(len(rules) for _, rules in chains(level))


def chains(level: Level) -> list[tuple[Chain, list[Rule]]]:
    """The chains and their rules."""
    raw, dstnat = nfnetlink.PRIORITY_RAW, nfnetlink.PRIORITY_DSTNAT
    prerouting = nfnetlink.PREROUTING
    forward = Chain("forward", "filter", nfnetlink.FORWARD, nfnetlink.PRIORITY_FILTER)
    found = [
        (Chain("early", "filter", prerouting, raw), [_foreign_loopback()]),
        (forward, _forward(level)),
    ]
    if level.nat:
        found += [
            (
                Chain("dnat_in", "nat", prerouting, dstnat),
                [(_IIF, _IN_BRIDGES, nft.verdict(nft.RETURN)), *_translations()],
            ),
            (Chain(TRANSLATING_CHAIN, "nat", nfnetlink.LOCAL_OUT, dstnat), _translations()),
            (
                Chain("snat", "nat", nfnetlink.POSTROUTING, nfnetlink.PRIORITY_SRCNAT),
                [
                    (*_loopback(_SOURCE), _OIF, _IN_BRIDGES, nft.masquerade()),
                    (_IIF, nft.lookup(ROUTED.name), nft.verdict(nft.RETURN)),
                    (
                        *(_IIF, _IN_BRIDGES),
                        *(_OIF, nft.lookup(BRIDGES.name, invert=True)),
                        nft.masquerade(),
                    ),
                ],
            ),
        ]
    return found


def network(plan: NetworkPlan, request: Request) -> list[Message]:
    """The requests that put a network into the sets, or take it out."""
    name = nfnetlink.ifname(plan["bridge"])
    found = [request(FAMILY, TABLE, BRIDGES.name, [Element(name)])]
    # Isolated ports of a bridge do not hear each other; nor shall they by way of the host.
    if not plan.get("isolated"):
        found.append(request(FAMILY, TABLE, SAME.name, [Element(name * 2)]))
    if plan["internal"]:
        found.append(request(FAMILY, TABLE, INTERNAL.name, [Element(name)]))
    if not plan.get("masquerade", True):
        found.append(request(FAMILY, TABLE, ROUTED.name, [Element(name)]))
    return found


def ports(mappings: Iterable[Mapping], request: Request) -> list[Message]:
    """The requests that put published ports into the maps, or take them out."""
    by_set: dict[str, list[Element]] = {}
    for mapping in mappings:
        by_set.setdefault(port_set(mapping), []).append(port_element(mapping))
    return [request(FAMILY, TABLE, name, elements) for name, elements in by_set.items()]


def port_set(mapping: Mapping) -> str:
    return PORTS_AT.name if mapping.host_ip else PORTS.name


def port_element(mapping: Mapping) -> Element:
    key = nfnetlink.padded(bytes([PROTOCOLS[mapping.protocol]]))
    key += nfnetlink.padded(_port(mapping.host_port))
    if mapping.host_ip:
        key = _address(mapping.host_ip) + key
    return Element(key, _address(mapping.ipv4) + nfnetlink.padded(_port(mapping.port)))


def resolver(udp_port: int, tcp_port: int) -> list[Message]:
    """Requests that send queries for 127.0.0.11:53 to these ports of that address, in a container's namespace."""
    family, address = nfnetlink.NFPROTO_IPV4, _address("127.0.0.11")
    chain = Chain("resolver", "nat", nfnetlink.LOCAL_OUT, nfnetlink.PRIORITY_DSTNAT)
    requests = [
        nfnetlink.new_table(family, TABLE),
        nfnetlink.new_chain(family, TABLE, chain),
        nfnetlink.flush_chain(family, TABLE, chain.name),
    ]
    for protocol, port in (("udp", udp_port), ("tcp", tcp_port)):
        rule = (
            nft.payload(nft.NETWORK_HEADER, _DESTINATION, 4),
            nft.equal(address),
            nft.meta(nft.L4PROTO),
            nft.equal(bytes([PROTOCOLS[protocol]])),
            nft.payload(nft.TRANSPORT_HEADER, 2, 2),
            nft.equal(_port(53)),
            nft.immediate(address, 1),
            nft.immediate(_port(port), 9),
            nft.dnat(family, address=1, port=9),
        )
        requests.append(nfnetlink.new_rule(family, TABLE, chain.name, rule))
    return requests


def _forward(level: Level) -> list[Rule]:
    rules: list[Rule] = [
        (*_WITHIN_ONE, _ACCEPT),
        (_IIF, _IN_INTERNAL, _DROP),
        (_OIF, _IN_INTERNAL, _DROP),
    ]
    if not level.conntrack:
        return [*rules, (_IIF, _IN_BRIDGES, _OIF, _IN_BRIDGES, _DROP)]
    return [
        *rules,
        (_OIF, _IN_BRIDGES, *_ANSWERS, _ACCEPT),
        (_OIF, _IN_BRIDGES, *_TRANSLATED, _ACCEPT),
        (_OIF, _IN_BRIDGES, _DROP),
    ]


def _foreign_loopback() -> Rule:
    """Our bridges take packets for 127.0.0.0/8 (route_localnet), which nobody but the host may send (CVE-2020-8558).

    It also keeps a port that is published on 127.0.0.1 from being translated for a neighbour who sends to that address.
    """
    return (_IIF, nft.unequal(nfnetlink.ifname("lo")), *_loopback(_DESTINATION), _DROP)


def _translations() -> list[Rule]:
    """The port of one address goes before that of all."""
    local = (*_IPV4, *nft.fib_local())
    translate = nft.dnat(nfnetlink.NFPROTO_IPV4, address=1, port=9)
    destination_port = (nft.TRANSPORT_HEADER, 2, 2)
    return [
        (
            *local,
            nft.payload(nft.NETWORK_HEADER, _DESTINATION, 4, 1),
            nft.meta(nft.L4PROTO, 9),
            nft.payload(*destination_port, 10),
            nft.lookup(PORTS_AT.name, into=1),
            translate,
        ),
        (
            *local,
            nft.meta(nft.L4PROTO, 1),
            nft.payload(*destination_port, 9),
            nft.lookup(PORTS.name, into=1),
            translate,
        ),
    ]


def _loopback(offset: int) -> Rule:
    return (*_IPV4, nft.payload(nft.NETWORK_HEADER, offset, 1), nft.equal(bytes([127])))


def _address(ipv4: str) -> bytes:
    return _socket.inet_pton(_socket.AF_INET, ipv4)


def _port(port: int) -> bytes:
    return struct.pack(">H", port)
