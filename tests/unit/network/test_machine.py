"""Settings of a machine for its networks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.network import ipam, machine
from schemas.errors import InvalidArgument


def read(tmp_path: Path, text: str, **environ: str) -> machine.Settings:
    file = tmp_path / "networks.json"
    file.write_text(text)
    return machine.read({"PYCOMPOSE_NETWORKS": str(file), **environ})


def test_the_variable_goes_before_the_file(tmp_path: Path) -> None:
    text = json.dumps({"ip": "127.0.0.1"})
    assert read(tmp_path, text).ip == "127.0.0.1"
    assert read(tmp_path, text, PYCOMPOSE_DEFAULT_BIND="[::1]").ip == "::1"
    assert read(tmp_path, "{}").ip == ""
    assert read(tmp_path, '{"ip": "0.0.0.0"}').ip == ""  # every address, IPv6 as well
    assert read(tmp_path, text, PYCOMPOSE_DEFAULT_BIND="0.0.0.0").ip == "0.0.0.0"


def test_pools_are_where_subnets_are_taken_from(tmp_path: Path) -> None:
    pools = [{"base": "10.64.0.0/16", "size": 24}, {"base": "fd00::/48", "size": 64}]
    found = read(tmp_path, json.dumps({"default-address-pools": pools})).pools
    assert found == (("10.64.0.0/16", 24),)
    assert ipam.choose_subnet(["10.64.0.0/24"], found) == "10.64.1.0/24"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "not JSON"),
        ("[]", "must be an object"),
        ('{"ips": "127.0.0.1"}', "unknown key 'ips'"),
        ('{"ip": "here"}', "ip=here is not an IP address"),
        ('{"default-address-pools": [{"base": "10.0.0.0/8"}]}', "default-address-pools"),
        ('{"default-address-pools": [{"base": "10.0.0.0/24", "size": 16}]}', "is not written like"),
        ('{"default-address-pools": "10.0.0.0/8"}', "is not written like"),
    ],
)
def test_what_cannot_be_understood_is_named_with_its_file(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message) as caught:
        read(tmp_path, text)
    assert "networks.json" in caught.value.message


def test_a_file_that_is_asked_for_must_be_there() -> None:
    with pytest.raises(InvalidArgument, match="PYCOMPOSE_NETWORKS"):
        machine.read({"PYCOMPOSE_NETWORKS": "/nowhere.json"})
    with pytest.raises(InvalidArgument, match="PYCOMPOSE_DEFAULT_BIND=x is not an IP address"):
        machine.read({"PYCOMPOSE_DEFAULT_BIND": "x"})
