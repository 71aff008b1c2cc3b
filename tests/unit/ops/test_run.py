"""Words of ``run``'s command line in the long form of the files."""

from __future__ import annotations

import pytest

from compose.ops.run import environment, mounted, published
from schemas.errors import UsageError


def test_names_without_values_take_them_from_the_command() -> None:
    words = ["A=1", "B=", "HOME", "GONE", "C=x=y"]
    assert environment(words, {"HOME": "/root"}) == {
        "A": "1",
        "B": "",
        "HOME": "/root",
        "C": "x=y",
    }


def test_ports() -> None:
    assert published(["127.0.0.1:8080:80", "53:53/udp"]) == (
        {"mode": "ingress", "host_ip": "127.0.0.1", "target": 80, "published": "8080", "protocol": "tcp"},
        {"mode": "ingress", "target": 53, "published": "53", "protocol": "udp"},
    )  # fmt: skip
    with pytest.raises(UsageError):
        published(["nonsense"])


def test_volumes_relative_to_the_project_and_the_home() -> None:
    sources = [
        volume.get("source")
        for volume in mounted(
            ["./a:/x", "~/b:/y:ro", "/c:/z", "name:/n", "/anonymous"], "/p", "/home/me"
        )
    ]
    assert sources == ["/p/a", "/home/me/b", "/c", "name", None]
    with pytest.raises(UsageError, match="too many colons"):
        mounted(["/a:/b:ro:rw"], "/p", "/root")
