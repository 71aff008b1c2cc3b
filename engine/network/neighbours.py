"""Life beside a firewall that drops whatever is forwarded, as dockerd's does.

An accept in our own table does not help against a drop in another: the other has to let our bridges through. dockerd
keeps the chain DOCKER-USER for such rules and never changes it; other firewalls written with iptables drop by the
policy of FORWARD. Our own table still decides what may reach a container.
"""

from __future__ import annotations

import errno

from engine.kernel.netlink import expressions as nft
from engine.kernel.netlink import nfnetlink
from engine.kernel.netlink.channel import Channel, NetlinkError
from engine.network.bridge import NetworkPlan

# iptables-nft's table and chains.
_TABLE = "filter"
_USER_CHAIN, _CHAIN = "DOCKER-USER", "FORWARD"
_FAMILIES = (nfnetlink.NFPROTO_IPV4, nfnetlink.NFPROTO_IPV6)

Rule = tuple[bytes, ...]


def allow(channel: Channel, plan: NetworkPlan) -> None:
    """Have rules for the network in the chain where they are needed, if there is one."""
    for family in _families(plan):
        chain = _place(channel, family)
        if chain is None or _present(channel, family, chain, plan):
            continue
        requests = [
            nfnetlink.new_rule(family, _TABLE, chain, rule, comment=_comment(plan), first=True)
            for rule in rules(plan)
        ]
        channel.batch(nfnetlink.transaction(requests))


def disallow(channel: Channel, plan: NetworkPlan) -> None:
    """Take the network's rules away; absent is no error."""
    for family in _families(plan):
        for chain in (_USER_CHAIN, _CHAIN):
            handles = _present(channel, family, chain, plan)
            if not handles:
                continue
            requests = [nfnetlink.delete_rule(family, _TABLE, chain, handle) for handle in handles]
            try:
                channel.batch(nfnetlink.transaction(requests))
            except NetlinkError as err:
                if err.errno != errno.ENOENT:  # somebody else took them away
                    raise


def rules(plan: NetworkPlan) -> list[Rule]:
    """The rules, last one first, in the form that iptables gives its own, so that it can list them. Pure.

    What goes to Docker's networks is left for Docker to judge: it isolates them in later chains.
    """
    bridge = plan["bridge"]
    accept = (nft.counter(), nft.verdict(nft.ACCEPT))
    leave = (nft.counter(), nft.verdict(nft.RETURN))
    enters = (nft.meta(nft.IIFNAME), nft.equal(_whole(bridge)))
    leaves = (nft.meta(nft.OIFNAME), nft.equal(_whole(bridge)))
    if plan["internal"]:
        return [(*enters, *leaves, *accept)]
    return [
        (*enters, nft.meta(nft.OIFNAME), nft.unequal(b"br-"), *accept),
        (*enters, nft.meta(nft.OIFNAME), nft.equal(b"docker"), *leave),
        (*leaves, *accept),
    ]


def _place(channel: Channel, family: int) -> str | None:
    if nfnetlink.chain_policy(channel, family, _TABLE, _USER_CHAIN) is not None:
        return _USER_CHAIN
    if nfnetlink.chain_policy(channel, family, _TABLE, _CHAIN) == nfnetlink.DROP:
        return _CHAIN
    return None


def _present(channel: Channel, family: int, chain: str, plan: NetworkPlan) -> list[int]:
    comment = _comment(plan)
    try:
        found = nfnetlink.rules(channel, family, _TABLE, chain)
    except NetlinkError as err:
        if err.errno != errno.ENOENT:
            raise
        return []
    return [rule.handle for rule in found if rule.comment == comment]


def _families(plan: NetworkPlan) -> list[int]:
    has6 = any(":" in subnet for subnet in plan["subnets"])
    return [family for family in _FAMILIES if family == nfnetlink.NFPROTO_IPV4 or has6]


def _comment(plan: NetworkPlan) -> str:
    return f"pycompose {plan['bridge']}"


def _whole(name: str) -> bytes:
    """A whole interface name; iptables writes a prefix ("docker+") without the final zero."""
    return name.encode() + b"\0"
