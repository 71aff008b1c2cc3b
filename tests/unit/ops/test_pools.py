"""The IPAM flags of ``network create``."""

from __future__ import annotations

from typing import Any

import pytest

from compose.ops.pools import pools
from schemas.errors import UsageError

_NONE: dict[str, Any] = {"subnets": [], "ip_ranges": [], "gateways": [], "auxiliary": {}}


def test_each_goes_to_the_subnet_it_is_in() -> None:
    found = pools(
        subnets=["10.1.0.0/24", "fd00::/64"],
        ip_ranges=["10.1.0.64/26"],
        gateways=["fd00::9", "10.1.0.9"],
        auxiliary={"a": "10.1.0.3", "b": "10.1.0.4"},
    )
    assert found == [
        {
            "subnet": "10.1.0.0/24",
            "ip_range": "10.1.0.64/26",
            "gateway": "10.1.0.9",
            "aux_addresses": {"a": "10.1.0.3", "b": "10.1.0.4"},
        },
        {"subnet": "fd00::/64", "gateway": "fd00::9"},
    ]
    assert pools(**_NONE) == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"gateways": ["10.1.0.1"]}, "corresponding subnet"),
        ({"subnets": ["10.1.0.0/24"], "gateways": ["10.2.0.1"]}, "no matching subnet"),
        ({"subnets": ["10.1.0.0/24"], "gateways": ["10.1.0.1", "10.1.0.2"]}, "multiple gateways"),
        ({"subnets": ["10.1.0.0/33"]}, "invalid subnet"),
        ({"subnets": ["10.1.0.0/24"], "auxiliary": {"a": ""}}, "invalid aux-address"),
    ],
)
def test_what_has_no_subnet_is_named(flags: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        pools(**{**_NONE, **flags})
