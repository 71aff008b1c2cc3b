"""The firewall's table as data."""

from __future__ import annotations

import struct

import pytest

from engine.kernel.netlink import codec, nfnetlink
from engine.network import neighbours, ruleset
from engine.network.bridge import NetworkPlan
from engine.network.ruleset import LEVELS, Level, Mapping

PLAN: NetworkPlan = {
    "id": "a" * 64,
    "name": "n",
    "bridge": "br-a",
    "subnets": ["10.0.0.0/24"],
    "gateways": ["10.0.0.1"],
    "internal": False,
    "mtu": 1500,
    "driver_opts": {},
}
NAMES = {6: "iifname", 7: "oifname", 15: "nfproto", 16: "l4proto"}
VERDICTS = {0: "drop", 1: "accept", 0xFFFFFFFB: "return"}


def words(rule: tuple[bytes, ...]) -> str:
    """A rule as a line, near to what ``nft --debug=netlink`` prints."""
    return " ".join(_words(codec.attributes(expression)) for expression in rule)


def _words(expression: dict[int, bytes]) -> str:
    name, values = codec.text(expression[1]), codec.attributes(expression[2])
    number = {kind: int.from_bytes(value, "big") for kind, value in values.items()}
    if name == "meta":
        return f"[{NAMES[number[2]]}>{number[1]}]"
    if name == "cmp":
        value = codec.attributes(values[3])[1]
        return f"{'==' if number[2] == 0 else '!='}{value.rstrip(bytes(1)) or value!r}"
    if name == "lookup":
        target = f">{number[3]}" if 3 in number else ""
        return f"{'not ' if 5 in number else ''}in {codec.text(values[1])}{target}"
    if name == "immediate":
        data = codec.attributes(values[2])
        return VERDICTS[int.from_bytes(codec.attributes(data[2])[1], "big")]
    if name == "payload":
        return f"[{' nt'[number[2]]}h+{number[3]}:{number[4]}>{number[1]}]"
    if name == "nat":
        return f"dnat {number[3]}:{number[5]}"
    if name == "bitwise":
        (mask,) = struct.unpack("=I", codec.attributes(values[4])[1])
        return f"&{mask:#x}"
    return name


def chain(level: Level, name: str) -> list[str]:
    return [
        line
        for item, rules in ruleset.chains(level)
        if item.name == name
        for line in map(words, rules)
    ]


def test_what_is_forwarded() -> None:
    assert chain(LEVELS[0], "forward") == [
        "[iifname>1] [oifname>2] in same accept",
        "[iifname>1] in internal drop",
        "[oifname>1] in internal drop",
        "[oifname>1] in bridges ct &0x6 !=b'\\x00\\x00\\x00\\x00' accept",
        "[oifname>1] in bridges ct &0x20 !=b'\\x00\\x00\\x00\\x00' accept",
        "[oifname>1] in bridges drop",
    ]


def test_without_conntrack_networks_are_apart_all_the_same() -> None:
    assert chain(LEVELS[2], "forward")[-1] == "[iifname>1] in bridges [oifname>1] in bridges drop"


def test_loopback_addresses_are_the_hosts_alone() -> None:
    assert chain(LEVELS[0], "early") == [
        "[iifname>1] !=b'lo' [nfproto>1] ==b'\\x02' [nh+16:1>1] ==b'\\x7f' drop"
    ]


def test_ports_are_translated_on_local_addresses_that_of_one_address_first() -> None:
    translations = [
        "[nfproto>1] ==b'\\x02' fib ==b'\\x02' [nh+16:4>1] [l4proto>9] [th+2:2>10] in ports_at>1 dnat 1:9",
        "[nfproto>1] ==b'\\x02' fib ==b'\\x02' [l4proto>1] [th+2:2>9] in ports>1 dnat 1:9",
    ]
    assert chain(LEVELS[0], "dnat_out") == translations
    assert chain(LEVELS[0], "dnat_in") == ["[iifname>1] in bridges return", *translations]


def test_who_gets_the_hosts_address() -> None:
    assert chain(LEVELS[0], "snat") == [
        "[nfproto>1] ==b'\\x02' [nh+12:1>1] ==b'\\x7f' [oifname>1] in bridges masq",
        "[iifname>1] in routed return",
        "[iifname>1] in bridges [oifname>1] not in bridges masq",
    ]


def test_a_kernel_without_nat_gets_no_nat() -> None:
    assert [item.kind for item, _ in ruleset.chains(LEVELS[0])].count("nat") == 3
    assert [item.kind for item, _ in ruleset.chains(LEVELS[1])].count("nat") == 0
    names = {message.about for message in ruleset.base(LEVELS[1])}
    assert "add nftables set ports" not in names


def test_each_level_and_version_has_a_signature_of_its_own() -> None:
    assert len({ruleset.signature(level) for level in LEVELS}) == 3


def test_a_networks_elements_are_its_bridge() -> None:
    abouts = [item.about for item in ruleset.network(PLAN, nfnetlink.new_elements)]
    assert abouts == ["add elements to nftables set bridges", "add elements to nftables set same"]
    isolated = ruleset.network({**PLAN, "isolated": True}, nfnetlink.new_elements)
    assert [item.about for item in isolated] == ["add elements to nftables set bridges"]
    routed = ruleset.network({**PLAN, "masquerade": False}, nfnetlink.new_elements)
    assert routed[-1].about == "add elements to nftables set routed"
    internal = ruleset.network({**PLAN, "internal": True}, nfnetlink.new_elements)
    assert internal[-1].about == "add elements to nftables set internal"


def test_ports_are_keyed_by_what_they_are_published_on() -> None:
    everywhere = Mapping("", 8080, "tcp", "10.0.0.2", 80)
    assert ruleset.port_set(everywhere) == "ports"
    assert ruleset.port_element(everywhere) == (
        bytes([6, 0, 0, 0]) + bytes.fromhex("1f900000"),
        bytes([10, 0, 0, 2]) + bytes.fromhex("00500000"),
    )
    here = everywhere._replace(host_ip="127.0.0.1", protocol="udp")
    assert ruleset.port_set(here) == "ports_at"
    assert ruleset.port_element(here).key.hex() == "7f000001" + "11000000" + "1f900000"


def test_all_ports_are_one_request_a_map() -> None:
    mappings = [Mapping("", port, "tcp", "10.0.0.2", 80) for port in range(100)]
    mappings += [Mapping("127.0.0.1", port, "tcp", "10.0.0.2", 80) for port in range(100)]
    assert len(ruleset.ports(mappings, nfnetlink.new_elements)) == 2


@pytest.mark.parametrize(
    ("internal", "expected"),
    [
        (
            False,
            [
                "[oifname>1] ==b'br-a' counter accept",
                "[iifname>1] ==b'br-a' [oifname>1] ==b'docker' counter return",
                "[iifname>1] ==b'br-a' [oifname>1] !=b'br-' counter accept",
            ],
        ),
        (True, ["[iifname>1] ==b'br-a' [oifname>1] ==b'br-a' counter accept"]),
    ],
)
def test_what_dockers_chain_is_told(internal: bool, expected: list[str]) -> None:
    rules = neighbours.rules({**PLAN, "internal": internal})
    assert [words(rule) for rule in reversed(rules)] == expected
