"""One nftables table for all networks: there while one is, gone with the last.

Networks and published ports are elements: starting and stopping rewrites no rule. Before a network is used the table is
looked at, and declared anew as a whole when its rules are another version's or somebody flushed them.
"""

from __future__ import annotations

import errno

from engine.kernel.netlink import nfnetlink
from engine.kernel.netlink.channel import Channel, NetlinkError
from engine.kernel.netlink.codec import Message
from engine.kernel.netlink.nfnetlink import Element
from engine.network import forwarding, neighbours, ruleset
from engine.network.bridge import NetworkPlan
from engine.network.ruleset import FAMILY, TABLE
from schemas.errors import Unavailable

# What a kernel says of a table, chain, expression or set that it does not know.
CANNOT = (errno.EOPNOTSUPP, errno.ENOENT, errno.EINVAL, errno.EAFNOSUPPORT)
# Somebody changed a rule since we looked; the table went since we looked.
_AGAIN = (errno.ERESTART, errno.ENOENT)


def ensure_base() -> None:
    """Have the table with its rules, as far as this kernel goes."""
    try:
        with nfnetlink.open_channel() as channel:
            # Replacing rules costs ten milliseconds, looking at them a tenth of one.
            if not _declared(channel):
                _declare(channel, [])
    except Unavailable:
        return  # ensure_network keeps networks apart by other means


def ensure_network(plan: NetworkPlan) -> None:
    """Have the network's bridge in the table, and let through by a firewall that drops what is forwarded.

    Where the kernel cannot filter, nothing is forwarded: networks are apart, and none has a way out.
    """
    try:
        with nfnetlink.open_channel() as channel:
            elements = ruleset.network(plan, nfnetlink.new_elements)
            try:
                channel.batch(nfnetlink.transaction(elements))
            except NetlinkError as err:
                if err.errno not in CANNOT:
                    raise
                # The last network of another command went, and the table with it.
                _declare(channel, elements)
            forwarding.allow(plan)
            neighbours.allow(channel, plan)
    except Unavailable:
        forwarding.forbid(plan)


def remove_network(plan: NetworkPlan) -> None:
    """Take the network out of the table, and the table away with the last one; absent is no error."""
    try:
        channel = nfnetlink.open_channel()
    except Unavailable:
        return
    with channel:
        neighbours.disallow(channel, plan)
        own = Element(nfnetlink.ifname(plan["bridge"]))
        while nfnetlink.has_table(channel, FAMILY, TABLE):
            generation = nfnetlink.generation(channel)
            try:
                if set(nfnetlink.elements(channel, FAMILY, TABLE, ruleset.BRIDGES.name)) - {own}:
                    # Adding what may be there makes deleting it no error.
                    requests = ruleset.network(plan, nfnetlink.new_elements)
                    requests += ruleset.network(plan, nfnetlink.delete_elements)
                else:
                    requests = [nfnetlink.delete_table(FAMILY, TABLE)]
                channel.batch(nfnetlink.transaction(requests, generation=generation))
                return
            except NetlinkError as err:
                if err.errno not in _AGAIN:
                    raise


def nat_available() -> bool:
    """Whether the table is there and translates addresses."""
    try:
        with nfnetlink.open_channel() as channel:
            chain = ruleset.TRANSLATING_CHAIN
            return nfnetlink.chain_policy(channel, FAMILY, TABLE, chain) is not None
    except Unavailable:
        return False


def _declared(channel: Channel) -> bool:
    rules = nfnetlink.rules(channel, FAMILY, TABLE)
    comments = {rule.comment for rule in rules}
    return any(
        len(rules) == ruleset.count(level) and ruleset.signature(level) in comments
        for level in ruleset.LEVELS
    )


def _declare(channel: Channel, further: list[Message]) -> None:
    """The whole table and what else is asked for, in one transaction. Unavailable when the kernel knows none of it."""
    for level in ruleset.LEVELS:
        try:
            channel.batch(nfnetlink.transaction([*ruleset.base(level), *further]))
            return
        except NetlinkError as err:
            if err.errno not in CANNOT:
                raise
    raise Unavailable("this kernel's nf_tables cannot filter")
