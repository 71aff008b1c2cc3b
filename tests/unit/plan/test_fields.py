"""Which fields of two specs differ."""

from __future__ import annotations

from typing import Any

from compose.plan.fields import Change, differences
from schemas import labels


def fields(old: dict[str, Any], new: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {change.field: (change.old, change.new) for change in differences(old, new)}


def test_equal_specs_differ_in_nothing() -> None:
    spec = {"name": "a", "image": "x", "environment": {"A": "1"}, "mounts": []}
    assert differences(spec, {**spec, "name": "b"}) == []
    assert differences(spec, {"image": "x", "environment": {"A": "1"}}) == []


def test_values_that_change_come_and_go_are_told_apart() -> None:
    old = {"environment": {"A": "1", "B": "2"}, "command": ["a"]}
    new = {"environment": {"A": "3", "C": "4"}, "command": ["a", "b"]}
    assert differences(old, new) == [
        Change("command", ["a"], ["a", "b"]),
        Change("environment.A", "1", "3"),
        Change("environment.B", "2", None),
        Change("environment.C", None, "4"),
    ]


def test_a_variable_that_is_taken_away_is_not_one_that_is_not_mentioned() -> None:
    assert fields({"environment": {}}, {"environment": {"HOME": None}}) == {
        "environment.HOME": (None, "null")
    }


def test_entries_of_lists_are_found_by_their_names_wherever_they_stand() -> None:
    data = {"type": "volume", "target": "/data", "source": "shop_data"}
    logs = {"type": "bind", "target": "/logs", "source": "/var/log"}
    assert fields({"mounts": [data, logs]}, {"mounts": [logs, data]}) == {}
    assert fields({"mounts": [data, logs]}, {"mounts": [{**logs, "read_only": True}]}) == {
        "mounts[/data]": (data, None),
        "mounts[/logs].read_only": (None, True),
    }


def test_ports_are_known_by_all_that_tells_them_apart() -> None:
    port = {"target": 80, "protocol": "tcp", "published": 8080}
    other = {"target": 80, "protocol": "tcp", "published": 9090}
    assert fields({"ports": [port]}, {"ports": [other]}) == {
        "ports[8080:80:tcp]": (port, None),
        "ports[9090:80:tcp]": (None, other),
    }


def test_what_the_reconciler_notes_is_no_difference_but_image_and_contents_are() -> None:
    def spec(hash: str, image: str, digest: str, own: str) -> dict[str, Any]:
        return {
            "labels": {
                labels.CONFIG_HASH: hash,
                labels.IMAGE: image,
                labels.CONTENT_DIGESTS: f"configs/nginx:{digest}",
                "team": own,
            }
        }

    assert fields(spec("1", "sha256:a", "aa", "x"), spec("2", "sha256:b", "bb", "y")) == {
        "content.configs/nginx": ("aa", "bb"),
        "image_id": ("sha256:a", "sha256:b"),
        "labels.team": ("x", "y"),
    }


def test_what_a_secret_holds_is_never_shown() -> None:
    old = {"files": [{"target": "/run/secrets/key", "content": "hunter2", "mode": 0o400}]}
    new = {"files": [{"target": "/run/secrets/key", "content": "hunter3", "mode": 0o444}]}
    assert fields(old, new) == {"files[/run/secrets/key].mode": (0o400, 0o444)}
