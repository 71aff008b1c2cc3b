"""Hashes: those of services are Docker Compose's own, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from compose.hashing import (
    changed,
    hash_service,
    network_hash,
    read_digests,
    service_hash,
    volume_hash,
    write_digests,
)
from tests.support.projects import project

# What `docker compose config --hash web` of version 2.26.1 printed for a service with one attribute beside its image.
REFERENCE = [
    line.split(" ", 1)
    for line in Path(__file__).with_name("service_hashes.txt").read_text().splitlines()
]
FILE = """
services:
  web:
    image: busybox
    {}
  other: {{image: o}}
networks: {{n1: , n2: }}
volumes: {{v1: }}
secrets: {{s1: {{environment: S}}}}
configs: {{c1: {{content: hello}}}}
"""


@pytest.mark.parametrize(("expected", "line"), REFERENCE, ids=[line for _, line in REFERENCE])
def test_the_hash_of_a_service_is_docker_composes(expected: str, line: str) -> None:
    assert service_hash(project(FILE.format(line), name="p", profiles=("p",)), "web") == expected


def test_parts_name_the_attributes_that_differ() -> None:
    old = hash_service({"image": "a", "environment": {"A": "1"}})
    new = hash_service({"image": "a", "environment": {"A": "2"}, "user": "x"})
    assert old.hash != new.hash
    assert changed(old.parts, new.parts) == ["environment", "user"]


def test_digests_survive_their_label() -> None:
    digests = {"image": "00c0ffee", "secrets/a:b": "12345678"}
    assert read_digests(write_digests(digests)) == digests
    assert read_digests("") == {}


def test_the_hash_of_a_network_is_of_what_cannot_change_while_it_exists() -> None:
    base = network_hash({"name": "n", "ipam": {}})
    assert network_hash({"name": "m", "labels": {"a": "b"}}) == base
    assert network_hash({"name": "n", "internal": True}) != base
    assert network_hash({"name": "n", "ipam": {"config": [{"subnet": "10.0.0.0/8"}]}}) != base


def test_the_hash_of_a_volume_is_of_its_driver_and_options() -> None:
    base = volume_hash({"name": "v"})
    assert volume_hash({"name": "w", "labels": {"a": "b"}}) == base
    assert volume_hash({"name": "v", "driver_opts": {"type": "tmpfs"}}) != base
