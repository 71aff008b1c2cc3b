from __future__ import annotations

import pytest

from engine.grading import grade
from engine.support import TABLES


@pytest.mark.parametrize(
    ("kind", "key", "value", "level"),
    [
        ("services", "command", ["x"], "honoured"),
        ("services", "ports", [{"target": 80, "protocol": "tcp"}], "honoured"),
        ("services", "ports", [{"target": 80, "protocol": "sctp"}], "unsupported"),
        ("services", "logging", {"driver": "json-file", "options": {"max-size": "1m"}}, "honoured"),
        ("services", "logging", {"driver": "syslog"}, "unsupported"),
        ("services", "networks", {"n": None, "m": {"aliases": ["a"]}}, "honoured"),
        ("services", "networks", {"n": {"link_local_ips": ["1.1.1.1"]}}, "unsupported"),
        ("services", "volumes", [{"type": "bind", "source": "/a", "target": "/b"}], "honoured"),
        ("services", "volumes", [{"type": "npipe", "source": "a", "target": "/b"}], "unsupported"),
        ("services", "restart", "on-failure:3", "honoured"),
        ("services", "restart", "always", "partial"),
        ("services", "annotations", {"a": "b"}, "partial"),
        ("services", "gpus", [{"count": -1}], "unsupported"),
        ("services", "nonsense", 1, "unsupported"),
        ("networks", "driver", "bridge", "honoured"),
        ("networks", "driver", "overlay", "unsupported"),
        ("networks", "attachable", True, "honoured"),
        ("networks", "attachable", False, "partial"),
        ("networks", "ipam", {"config": [{"subnet": "10.0.0.0/24"}]}, "honoured"),
        ("networks", "ipam", {"driver": "mine"}, "unsupported"),
        ("volumes", "driver", "local", "honoured"),
        ("volumes", "driver", "nfs", "unsupported"),
        ("volumes", "driver_opts", {"type": "none", "o": "bind", "device": "/x"}, "honoured"),
        ("volumes", "driver_opts", {"type": "nfs", "o": "addr=x", "device": ":/x"}, "unsupported"),
    ],
)
def test_an_attribute_is_graded_with_its_value(
    kind: str, key: str, value: object, level: str
) -> None:
    found = grade(kind, key, value)
    assert found.level == level
    assert found.reason or level == "honoured"


def test_what_is_honoured_whatever_its_value_needs_no_question() -> None:
    for kind, table in TABLES.items():
        for key, entry in table.items():
            if entry.level != "partial":
                assert grade(kind, key, object()) == entry
