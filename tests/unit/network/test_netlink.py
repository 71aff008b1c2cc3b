"""Netlink's wire form."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from engine.kernel.netlink import codec, nfnetlink, rtnetlink
from engine.kernel.netlink.nfnetlink import Element, Set

ATTRIBUTES = st.lists(st.tuples(st.integers(1, 0x3FFF), st.binary(max_size=50)))


@given(ATTRIBUTES)
def test_attributes_are_read_as_they_were_written(pairs: list[tuple[int, bytes]]) -> None:
    data = b"".join(codec.attribute(kind, value) for kind, value in pairs)
    assert len(data) % 4 == 0
    assert codec.attribute_list(data) == pairs
    inner = codec.attributes(codec.nested(7, data))[7]
    assert codec.attribute_list(inner) == pairs


@given(st.binary(max_size=100))
def test_damaged_data_is_read_as_far_as_it_goes(data: bytes) -> None:
    codec.attribute_list(data)
    for reply in codec.replies(data):
        codec.error_of(reply)


def test_a_frame_says_its_length_and_asks() -> None:
    message = codec.Message(16, codec.NLM_F_CREATE, b"12345")
    frame = codec.frame(message, 7, extra_flags=codec.NLM_F_ACK)
    assert struct.unpack_from("=IHHII", frame) == (21, 16, 0x405, 7, 0)
    assert frame[16:] == b"12345\0\0\0"
    (reply,) = codec.replies(frame)
    assert (reply.type, reply.sequence, reply.payload) == (16, 7, b"12345")


def test_an_acknowledgement_is_error_zero() -> None:
    assert codec.error_of(codec.Reply(codec.NLMSG_ERROR, 0, 1, struct.pack("=i", 0))) == 0
    assert codec.error_of(codec.Reply(codec.NLMSG_ERROR, 0, 1, struct.pack("=i", -17))) == 17
    assert codec.error_of(codec.Reply(codec.NLMSG_DONE, 0, 1, b"")) == 0


def test_an_ipv4_address_has_its_broadcast_address() -> None:
    payload = rtnetlink.add_address(3, "10.1.2.3/20").payload
    assert struct.unpack_from("=BBBBI", payload) == (2, 20, 0, 0, 3)
    values = codec.attributes(payload, 8)
    assert values[4] == bytes([10, 1, 15, 255])
    assert 4 not in codec.attributes(rtnetlink.add_address(3, "10.1.2.3/31").payload, 8)


def test_an_ipv6_address_is_usable_at_once() -> None:
    payload = rtnetlink.add_address(3, "fd00::3/64").payload
    assert struct.unpack_from("=BBBBI", payload) == (10, 64, 0x02, 0, 3)  # IFA_F_NODAD


def test_requests_say_what_they_attempt() -> None:
    made = rtnetlink.add_veth(
        "pv1", master=3, group=5, mtu=1500, peer="eth0", peer_mac="02:42:0a:00:00:02", peer_netns=9
    )
    assert made.about == "create veth pv1 with eth0"
    assert rtnetlink.set_default_route("10.0.0.1", 2).about == "set default route via 10.0.0.1"


def test_keys_of_several_parts_have_nfts_type_numbers() -> None:
    item = Set("ports", ("inet_proto", "inet_service"), ("ipv4_addr", "inet_service"))
    values = codec.attributes(nfnetlink.new_set(1, "t", item, 1).payload, 4)
    numbers = {kind: int.from_bytes(values[kind], "big") for kind in (3, 4, 5, 6, 7)}
    assert numbers == {3: 8, 4: 12 << 6 | 13, 5: 8, 6: 7 << 6 | 13, 7: 8}


def test_deleting_an_element_names_its_key_only() -> None:
    element = Element(b"key1", b"data")
    added = nfnetlink.new_elements(1, "t", "s", [element]).payload
    deleted = nfnetlink.delete_elements(1, "t", "s", [element]).payload
    assert b"data" in added
    assert b"key1" in deleted and b"data" not in deleted


def test_a_transaction_is_marked_at_both_ends_and_may_be_conditional() -> None:
    begin, _, end = nfnetlink.transaction([nfnetlink.new_table(1, "t")], generation=7)
    assert (begin.type, end.type) == (0x10, 0x11)
    assert codec.attributes(begin.payload, 4) == {1: (7).to_bytes(4, "big")}
    assert nfnetlink.transaction([])[0].payload == bytes.fromhex("0000000a")
