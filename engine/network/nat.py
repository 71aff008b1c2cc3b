"""Published ports as elements of the firewall's maps."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from engine.kernel.netlink import conntrack, nfnetlink
from engine.kernel.netlink.channel import Channel, NetlinkError
from engine.kernel.netlink.nfnetlink import Element
from engine.network import firewall, ruleset
from engine.network.ruleset import FAMILY, TABLE, Mapping
from schemas.errors import Unavailable

_ATTEMPTS = 8


def publish(mappings: Sequence[Mapping]) -> bool:
    """Translate connections to these ports, all at once; False when the kernel cannot.

    The caller holds the ports: what the maps say of them otherwise is left over from a killed shim, and replaced.
    """
    try:
        with nfnetlink.open_channel() as channel:
            add = ruleset.ports(mappings, nfnetlink.new_elements)
            try:
                channel.batch(nfnetlink.transaction(add))
            except NetlinkError as err:
                if err.errno not in (errno.EEXIST, errno.EBUSY):
                    raise
                stale = [mapping for mapping, _ in _present(channel, mappings)]
                delete = ruleset.ports(stale, nfnetlink.delete_elements)
                channel.batch(nfnetlink.transaction([*delete, *add]))
    except Unavailable:
        return False
    except NetlinkError as err:
        if err.errno in firewall.CANNOT:
            return False
        raise
    # A client that keeps sending from one port would be sent to the last container for ever.
    datagrams = [mapping.host_port for mapping in mappings if mapping.protocol == "udp"]
    if datagrams:
        conntrack.forget_udp(datagrams)
    return True


def withdraw(mappings: Sequence[Mapping]) -> Channel | None:
    """Translate these no more; one that is absent, or another container's by now, is left alone.

    The channel used is given back open, for closing it waits ten milliseconds for the kernel to be done with what was
    deleted.
    """
    try:
        channel = nfnetlink.open_channel()
    except Unavailable:
        return None
    for _ in range(_ATTEMPTS):
        generation = nfnetlink.generation(channel)
        own = [
            mapping
            for mapping, element in _present(channel, mappings)
            if element == ruleset.port_element(mapping)
        ]
        if not own:
            break
        delete = ruleset.ports(own, nfnetlink.delete_elements)
        try:
            channel.batch(nfnetlink.transaction(delete, generation=generation))
            break
        except NetlinkError as err:
            if err.errno not in (errno.ERESTART, errno.ENOENT):
                channel.close()
                raise
    return channel


def redirect_resolver(udp_port: int, tcp_port: int) -> bool:
    """In the calling thread's namespace, send queries for 127.0.0.11:53 to these ports; False when the kernel cannot."""
    try:
        with nfnetlink.open_channel() as channel:
            channel.batch(nfnetlink.transaction(ruleset.resolver(udp_port, tcp_port)))
    except Unavailable:
        return False
    except NetlinkError as err:
        if err.errno in firewall.CANNOT:
            return False
        raise
    return True


def _present(channel: Channel, mappings: Sequence[Mapping]) -> list[tuple[Mapping, Element]]:
    """Those whose key is in the maps, with the element that is there."""
    found: dict[tuple[str, bytes], Element] = {}
    for name in {ruleset.port_set(mapping) for mapping in mappings}:
        try:
            elements = nfnetlink.elements(channel, FAMILY, TABLE, name)
        except NetlinkError as err:
            if err.errno not in firewall.CANNOT:
                raise
            continue
        found.update({(name, element.key): element for element in elements})
    wanted = {
        mapping: (ruleset.port_set(mapping), ruleset.port_element(mapping).key)
        for mapping in mappings
    }
    return [(mapping, found[key]) for mapping, key in wanted.items() if key in found]
