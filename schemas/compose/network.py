"""Top-level ``networks`` and how services attach to them."""

from __future__ import annotations

from schemas.compose.scalars import (
    External,
    FlagOrText,
    ListOrMapping,
    Options,
    Section,
    UniqueTexts,
)


class Attachment(Section):
    """A service on a network."""

    aliases: UniqueTexts | None = None
    interface_name: str | None = None
    ipv4_address: str | None = None
    ipv6_address: str | None = None
    link_local_ips: UniqueTexts | None = None
    mac_address: str | None = None
    driver_opts: Options | None = None
    priority: float | None = None
    gw_priority: float | None = None


class Pool(Section):
    """A subnet and how its addresses are given."""

    subnet: str | None = None
    ip_range: str | None = None
    gateway: str | None = None
    aux_addresses: dict[str, str] | None = None


class Ipam(Section):
    """Address management."""

    driver: str | None = None
    config: list[Pool] | None = None
    options: dict[str, str] | None = None


class Network(Section):
    """A network of the project."""

    name: str | None = None
    driver: str | None = None
    driver_opts: Options | None = None
    ipam: Ipam | None = None
    external: External | None = None
    internal: FlagOrText | None = None
    enable_ipv4: FlagOrText | None = None
    enable_ipv6: FlagOrText | None = None
    attachable: FlagOrText | None = None
    labels: ListOrMapping | None = None
