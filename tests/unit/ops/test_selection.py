"""Which containers, in which order, under which short name."""

from __future__ import annotations

import pytest

from compose.ops.image_list import _matches, parse_filters
from compose.ops.ls import summarise
from compose.ops.selection import check_services, newest_first, order, short_name
from compose.ops.used_images import split_tag
from schemas import labels
from schemas.errors import UsageError
from schemas.records import ContainerInfo, State


def _info(
    name: str,
    service: str,
    number: str,
    *,
    state: State = "running",
    one_off: str = "False",
    created: float = 0.0,
) -> ContainerInfo:
    about = {
        labels.PROJECT: "demo",
        labels.SERVICE: service,
        labels.NUMBER: number,
        labels.ONEOFF: one_off,
        labels.CONFIG_FILES: "/srv/compose.yaml",
    }
    return ContainerInfo(name, name, "busybox", "", about, created, state)


def test_containers_come_by_service_then_number_and_one_offs_last() -> None:
    found = [
        _info("demo-web-run-1", "web", "1", one_off="True"),
        _info("demo-web-10", "web", "10"),
        _info("demo-web-2", "web", "2"),
        _info("demo-db-1", "db", "1"),
    ]
    assert [info.name for info in sorted(found, key=order)] == [
        "demo-db-1",
        "demo-web-2",
        "demo-web-10",
        "demo-web-run-1",
    ]
    aged = [info._replace(created=float(age)) for age, info in enumerate(found)]
    assert newest_first(aged)[0].name == "demo-db-1"


@pytest.mark.parametrize(
    ("name", "short"), [("demo-web-1", "web-1"), ("demo_web_1", "web_1"), ("by-hand", "by-hand")]
)
def test_log_prefixes_leave_the_project_out_unless_the_name_was_given(
    name: str, short: str
) -> None:
    assert short_name(_info(name, "web", "1")) == short


def test_an_unknown_service_is_named() -> None:
    check_services(["web", "off"], ["web"], {"off": {}})
    with pytest.raises(UsageError, match="no such service: nope"):
        check_services(["web", "nope"], ["web"])


def test_projects_are_counted_by_state() -> None:
    found = [_info("a", "web", "1"), _info("b", "web", "2"), _info("c", "db", "1", state="exited")]
    (project,) = summarise(found)
    assert project == ("demo", "exited(1), running(2)", "/srv/compose.yaml")


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("busybox:latest", ("busybox", "latest")),
        ("host:5000/a/b:1", ("host:5000/a/b", "1")),
        ("host:5000/a/b", ("host:5000/a/b", "")),
    ],
)
def test_the_tag_of_a_reference_is_behind_its_last_colon(
    reference: str, parts: tuple[str, str]
) -> None:
    assert split_tag(reference) == parts


def test_image_filters_are_dockers() -> None:
    assert parse_filters(["dangling=true", "reference=busy*"]) == [
        ("dangling", "true"),
        ("reference", "busy*"),
    ]
    with pytest.raises(UsageError, match="invalid filter 'foo'"):
        parse_filters(["foo=bar"])
    assert _matches("busybox:1", "busy*")
    assert not _matches("me/busybox:1", "*box*")
    assert _matches("me/busybox:1", "*/*box*")
