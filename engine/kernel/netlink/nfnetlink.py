"""nftables objects as messages, and reading what is there (linux/netfilter/nf_tables.h).

Every function that makes a message is pure; ``transaction`` puts them between the marks of a batch, which the kernel
carries out as a whole or not at all.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from engine.kernel.netlink import codec
from engine.kernel.netlink.channel import NETLINK_NETFILTER, Channel
from engine.kernel.netlink.codec import Message
from schemas.typed import NamedTuple

NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6 = 1, 2, 10
PREROUTING, LOCAL_IN, FORWARD, LOCAL_OUT, POSTROUTING = range(5)
PRIORITY_RAW, PRIORITY_DSTNAT, PRIORITY_FILTER, PRIORITY_SRCNAT = -300, -100, 0, 100
ACCEPT, DROP = 1, 0

_SUBSYSTEM = 10
_BATCH_BEGIN, _BATCH_END, _BATCH_GENID = 0x10, 0x11, 1
(
    _NEWTABLE, _GETTABLE, _DELTABLE, _NEWCHAIN, _GETCHAIN, _DELCHAIN, _NEWRULE, _GETRULE, _DELRULE,
    _NEWSET, _GETSET, _DELSET, _NEWSETELEM, _GETSETELEM, _DELSETELEM, _NEWGEN, _GETGEN,
) = range(_SUBSYSTEM << 8, (_SUBSYSTEM << 8) + 17)  # fmt: skip

# The attributes that name an object are 1 (table) and 2 or 3 (the object in it) of each message.
_TABLE_NAME, _GEN_ID = 1, 1
_CHAIN_TABLE, _CHAIN_NAME, _CHAIN_HOOK, _CHAIN_POLICY, _CHAIN_TYPE = 1, 3, 4, 5, 7
_HOOK_NUMBER, _HOOK_PRIORITY = 1, 2
_RULE_TABLE, _RULE_CHAIN, _RULE_HANDLE, _RULE_EXPRESSIONS, _RULE_USERDATA = 1, 2, 3, 4, 7
_SET_TABLE, _SET_NAME, _SET_FLAGS, _SET_KEY_TYPE, _SET_KEY_LENGTH = 1, 2, 3, 4, 5
_SET_DATA_TYPE, _SET_DATA_LENGTH, _SET_ID, _SET_USERDATA, _SET_MAP = 6, 7, 10, 13, 0x8
_LIST_TABLE, _LIST_SET, _LIST_ELEMENTS, _LIST_ITEM = 1, 2, 3, 1
_ELEMENT_KEY, _ELEMENT_DATA, _DATA_VALUE = 1, 2, 1
_COMMENT = 0  # kind of a comment in a rule's user data, as nft and iptables-nft write it

# How nft names the parts of a key (its datatype numbers), so that ``nft list ruleset`` can print it.
_TYPES = {"ipv4_addr": (7, 4), "inet_proto": (12, 1), "inet_service": (13, 2), "ifname": (41, 16)}
_TYPE_BITS = 6
# User data by which nft knows that a key is text in the machine's order; without it, it prints interfaces as "".
_HOST_ORDER = struct.pack("=BBI", 0, 4, 1)


class Chain(NamedTuple):
    """A base chain: where it hooks in."""

    name: str
    kind: str  # filter, nat
    hook: int
    priority: int


class Set(NamedTuple):
    """A set, or a map when ``data`` is not empty; both are concatenations of nft's type names."""

    name: str
    key: tuple[str, ...]
    data: tuple[str, ...] = ()


class Element(NamedTuple):
    """Raw key and value, each part padded to four bytes."""

    key: bytes
    data: bytes = b""


class Rule(NamedTuple):
    chain: str
    handle: int
    comment: str


def transaction(messages: Sequence[Message], *, generation: int | None = None) -> list[Message]:
    """The batch; with ``generation`` the kernel refuses it (ERESTART) when anything has changed since that one."""
    guard = b"" if generation is None else codec.be32(_BATCH_GENID, generation)
    header = struct.pack(">BBH", 0, 0, _SUBSYSTEM)
    return [
        Message(_BATCH_BEGIN, 0, header + guard, "nftables transaction"),
        *messages,
        Message(_BATCH_END, 0, header, "nftables transaction"),
    ]


def new_table(family: int, table: str) -> Message:
    """Have the table."""
    payload = _header(family) + codec.string(_TABLE_NAME, table)
    return Message(_NEWTABLE, codec.NLM_F_CREATE, payload, f"add nftables table {table}")


def delete_table(family: int, table: str) -> Message:
    """Delete the table with all that is in it."""
    payload = _header(family) + codec.string(_TABLE_NAME, table)
    return Message(_DELTABLE, 0, payload, f"delete nftables table {table}")


def new_chain(family: int, table: str, chain: Chain) -> Message:
    """Have the base chain; its policy is accept."""
    payload = b"".join(
        (
            _header(family),
            codec.string(_CHAIN_TABLE, table),
            codec.string(_CHAIN_NAME, chain.name),
            codec.nested(
                _CHAIN_HOOK,
                codec.be32(_HOOK_NUMBER, chain.hook),
                codec.be32(_HOOK_PRIORITY, chain.priority),
            ),
            codec.be32(_CHAIN_POLICY, ACCEPT),
            codec.string(_CHAIN_TYPE, chain.kind),
        )
    )
    return Message(
        _NEWCHAIN, codec.NLM_F_CREATE, payload, f"add nftables {chain.kind} chain {chain.name}"
    )


def flush_chain(family: int, table: str, chain: str) -> Message:
    """Delete the rules of the chain."""
    payload = _rule_place(family, table, chain)
    return Message(_DELRULE, 0, payload, f"flush nftables chain {chain}")


def new_rule(
    family: int,
    table: str,
    chain: str,
    expressions: Iterable[bytes],
    *,
    comment: str = "",
    first: bool = False,
) -> Message:
    """Add a rule as the last of the chain, or as its first."""
    payload = _rule_place(family, table, chain) + codec.nested(
        _RULE_EXPRESSIONS, *(codec.attribute(_LIST_ITEM, item) for item in expressions)
    )
    if comment:
        text = comment.encode() + b"\0"
        payload += codec.attribute(_RULE_USERDATA, bytes([_COMMENT, len(text)]) + text)
    flags = codec.NLM_F_CREATE | (0 if first else codec.NLM_F_APPEND)
    return Message(_NEWRULE, flags, payload, f"add nftables rule to chain {chain}")


def delete_rule(family: int, table: str, chain: str, handle: int) -> Message:
    payload = _rule_place(family, table, chain)
    payload += codec.attribute(_RULE_HANDLE, struct.pack(">Q", handle))
    return Message(_DELRULE, 0, payload, f"delete nftables rule of chain {chain}")


def new_set(family: int, table: str, item: Set, identity: int) -> Message:
    """Have the set; ``identity`` is any number of its own within the batch."""
    key_type, key_length = _concatenation(item.key)
    payload = b"".join(
        (
            _header(family),
            codec.string(_SET_TABLE, table),
            codec.string(_SET_NAME, item.name),
            codec.be32(_SET_FLAGS, _SET_MAP if item.data else 0),
            codec.be32(_SET_KEY_TYPE, key_type),
            codec.be32(_SET_KEY_LENGTH, key_length),
            codec.be32(_SET_ID, identity),
        )
    )
    if item.key == ("ifname",):
        payload += codec.attribute(_SET_USERDATA, _HOST_ORDER)
    if item.data:
        data_type, data_length = _concatenation(item.data)
        payload += codec.be32(_SET_DATA_TYPE, data_type) + codec.be32(_SET_DATA_LENGTH, data_length)
    return Message(_NEWSET, codec.NLM_F_CREATE, payload, f"add nftables set {item.name}")


def new_elements(family: int, table: str, name: str, elements: Iterable[Element]) -> Message:
    """Have the elements in the set; EEXIST or EBUSY when a map has a key with another value."""
    payload = _element_list(family, table, name, elements)
    return Message(_NEWSETELEM, codec.NLM_F_CREATE, payload, f"add elements to nftables set {name}")


def delete_elements(family: int, table: str, name: str, elements: Iterable[Element]) -> Message:
    """Delete by key; ENOENT when one is absent."""
    payload = _element_list(family, table, name, (Element(item.key) for item in elements))
    return Message(_DELSETELEM, 0, payload, f"delete elements of nftables set {name}")


def generation(channel: Channel) -> int:
    """The number of the present ruleset, which every transaction changes."""
    for reply in channel.get(Message(_GETGEN, 0, _header(0), "read the nftables generation")):
        if reply.type == _NEWGEN:
            return _number(codec.attributes(reply.payload, 4).get(_GEN_ID, b""))
    return 0


def has_table(channel: Channel, family: int, table: str) -> bool:
    payload = _header(family) + codec.string(_TABLE_NAME, table)
    return bool(channel.get(Message(_GETTABLE, 0, payload, f"look up nftables table {table}")))


def chain_policy(channel: Channel, family: int, table: str, chain: str) -> int | None:
    """The policy of the chain (ACCEPT for one without a hook); None when there is no such chain."""
    payload = b"".join(
        (_header(family), codec.string(_CHAIN_TABLE, table), codec.string(_CHAIN_NAME, chain))
    )
    for reply in channel.get(Message(_GETCHAIN, 0, payload, f"look up nftables chain {chain}")):
        policy = codec.attributes(reply.payload, 4).get(_CHAIN_POLICY)
        return _number(policy) if policy else ACCEPT
    return None


def elements(channel: Channel, family: int, table: str, name: str) -> list[Element]:
    """Everything in the set; NetlinkError with ENOENT when there is no such set."""
    payload = b"".join(
        (_header(family), codec.string(_LIST_TABLE, table), codec.string(_LIST_SET, name))
    )
    found = []
    for reply in channel.dump(Message(_GETSETELEM, 0, payload, f"list nftables set {name}")):
        listing = codec.attributes(reply.payload, 4).get(_LIST_ELEMENTS, b"")
        for _, value in codec.attribute_list(listing):
            parts = codec.attributes(value)
            found.append(Element(_value(parts, _ELEMENT_KEY), _value(parts, _ELEMENT_DATA)))
    return found


def rules(channel: Channel, family: int, table: str, chain: str = "") -> list[Rule]:
    """The rules of the chain, or of the whole table; none when there is no such chain or table."""
    payload = _header(family) + codec.string(_RULE_TABLE, table)
    if chain:
        payload += codec.string(_RULE_CHAIN, chain)
    found = []
    for reply in channel.dump(Message(_GETRULE, 0, payload, f"list rules of {table} {chain}")):
        values = codec.attributes(reply.payload, 4)
        found.append(
            Rule(
                codec.text(values.get(_RULE_CHAIN, b"")),
                _number(values.get(_RULE_HANDLE, b"")),
                _comment(values.get(_RULE_USERDATA, b"")),
            )
        )
    return found


def open_channel() -> Channel:
    """A channel to the namespace that the calling thread is in."""
    return Channel(NETLINK_NETFILTER)


def padded(value: bytes) -> bytes:
    """A part of a key, as it sits in registers."""
    return value + bytes(-len(value) % 4)


def ifname(name: str) -> bytes:
    """An interface's name as a key."""
    return name.encode().ljust(16, b"\0")


def _header(family: int) -> bytes:
    return struct.pack("BBH", family, 0, 0)


def _rule_place(family: int, table: str, chain: str) -> bytes:
    return b"".join(
        (_header(family), codec.string(_RULE_TABLE, table), codec.string(_RULE_CHAIN, chain))
    )


def _concatenation(parts: tuple[str, ...]) -> tuple[int, int]:
    """nft's number for the types one after the other, and the length of all."""
    kind = length = 0
    for part in parts:
        number, size = _TYPES[part]
        kind = kind << _TYPE_BITS | number
        length += size + (-size % 4)
    return kind, length


def _element_list(family: int, table: str, name: str, elements: Iterable[Element]) -> bytes:
    items = []
    for item in elements:
        parts = [codec.nested(_ELEMENT_KEY, codec.attribute(_DATA_VALUE, item.key))]
        if item.data:
            parts.append(codec.nested(_ELEMENT_DATA, codec.attribute(_DATA_VALUE, item.data)))
        items.append(codec.nested(_LIST_ITEM, *parts))
    return b"".join(
        (
            _header(family),
            codec.string(_LIST_TABLE, table),
            codec.string(_LIST_SET, name),
            codec.nested(_LIST_ELEMENTS, *items),
        )
    )


def _value(parts: dict[int, bytes], kind: int) -> bytes:
    return codec.attributes(parts.get(kind, b"")).get(_DATA_VALUE, b"")


def _comment(userdata: bytes) -> str:
    while len(userdata) >= 2:
        kind, size = userdata[0], userdata[1]
        if kind == _COMMENT:
            return codec.text(userdata[2 : 2 + size])
        userdata = userdata[2 + size :]
    return ""


def _number(value: bytes) -> int:
    return int.from_bytes(value, "big")
