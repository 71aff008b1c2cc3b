"""Containers in the words of ``ps``."""

from __future__ import annotations

import json

import pytest

from compose.render.containers import LAYOUT, RAW, command, fields, ports, status
from compose.render.template import render
from schemas import labels
from schemas.errors import UsageError
from schemas.records import Attachment, ContainerInfo, MountPoint, PortBinding

NOW = 1_795_569_300.0
WEB = ContainerInfo(
    id="113a1fc79592" + "0" * 52,
    name="demo-web-1",
    image="busybox",
    image_id="sha256:" + "9" * 64,
    labels={labels.PROJECT: "demo", labels.SERVICE: "web", "com.example.tier-name": "front end"},
    created=NOW - 150,
    state="running",
    health="healthy",
    started=NOW - 149,
    command=("sh", "-c", 'echo "hello" out; sleep 5'),
    ports=(
        PortBinding("0.0.0.0", 32768, 81, "tcp"),
        PortBinding("::", 32768, 81, "tcp"),
        PortBinding("127.0.0.1", 32769, 80, "tcp"),
        PortBinding("0.0.0.0", 32768, 53, "udp"),
    ),
    exposed=("7000/tcp", "80/tcp", "81/tcp", "53/udp"),
    networks=(Attachment("demo_default", "n1", "10.0.0.2", "", "", ()),),
    mounts=(
        MountPoint("volume", "/data", "demo_data", False),
        MountPoint("bind", "/src", "/srv/a/long/path/of/source", True),
    ),
)
DB = WEB._replace(
    id="273e524c586a" + "0" * 52,
    name="custom_db",
    labels={labels.PROJECT: "demo", labels.SERVICE: "db"},
    health="",
    command=("sleep", "1000"),
    ports=(),
    exposed=(),
    mounts=(),
    networks=(),
)


def _render(form: str, *infos: ContainerInfo, whole: bool = False) -> str:
    return render(form, LAYOUT, [fields(info, NOW, whole=whole) for info in infos])


def test_the_table_has_dockers_columns_three_spaces_apart() -> None:
    assert _render("table", DB, WEB) == (
        "NAME         IMAGE     COMMAND                    SERVICE   CREATED         STATUS                   PORTS\n"
        'custom_db    busybox   "sleep 1000"               db        2 minutes ago   Up 2 minutes             \n'
        'demo-web-1   busybox   "sh -c \'echo \\"hello\\"…"   web       2 minutes ago   Up 2 minutes (healthy)   7000/tcp, '
        "0.0.0.0:32768->53/udp, 127.0.0.1:32769->80/tcp, 0.0.0.0:32768->81/tcp, [::]:32768->81/tcp\n"
    )


def test_host_and_none_count_as_networks() -> None:
    assert _render("{{.Networks}}", WEB, DB) == "demo_default\n\n"
    for mode in ("host", "none"):
        assert _render("{{.Networks}}", DB._replace(network_mode=mode)) == f"{mode}\n"
    assert _render("{{.Networks}}", DB._replace(network_mode="container:abc")) == "\n"


def test_an_empty_table_is_its_header() -> None:
    assert _render("table") == "NAME      IMAGE     COMMAND   SERVICE   CREATED   STATUS    PORTS\n"


def test_json_is_one_object_a_line_with_dockers_keys() -> None:
    first, second = map(json.loads, _render("json", WEB, DB).splitlines())
    assert list(first) == sorted(first)
    assert first["Publishers"][0] == {
        "URL": "0.0.0.0",
        "TargetPort": 53,
        "PublishedPort": 32768,
        "Protocol": "udp",
    }
    assert first["Publishers"][-1] == {
        "URL": "",
        "TargetPort": 7000,
        "PublishedPort": 0,
        "Protocol": "tcp",
    }
    assert (first["ID"], first["State"], first["Health"], first["ExitCode"]) == (
        "113a1fc79592",
        "running",
        "healthy",
        0,
    )
    assert (first["LocalVolumes"], first["Mounts"]) == ("1", "demo_data,/srv/a/long/pa…")
    assert (first["Project"], first["Service"], first["Networks"]) == (
        "demo",
        "web",
        "demo_default",
    )
    assert second["Publishers"] is None
    assert "Label" not in first


def test_json_escapes_as_go_does() -> None:
    assert "32768-\\u003e53/udp" in _render("json", WEB)


def test_no_trunc_shows_ids_commands_and_mounts_whole() -> None:
    (row,) = map(json.loads, _render("json", WEB, whole=True).splitlines())
    assert row["ID"] == WEB.id
    assert row["Command"] == '"sh -c \'echo \\"hello\\" out; sleep 5\'"'
    assert row["Mounts"] == "demo_data,/srv/a/long/path/of/source"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("{{.Name}} {{.Service}}", "demo-web-1 web\n"),
        ("table {{.Name}}\\t{{.Status}}", "NAME         STATUS\ndemo-web-1   Up 2 minutes (healthy)\n"),
        ('table {{.ID}}\\t{{.Label "com.example.tier-name"}}', "CONTAINER ID   tier name\n113a1fc79592   front end\n"),
        ("{{range .Publishers}}{{.PublishedPort}} {{end}}", "32768 32769 32768 32768 0 \n"),
        ("{{slice .Publishers 0 2}}", "[{0.0.0.0 53 32768 udp} {127.0.0.1 80 32769 tcp}]\n"),
        ('{{if eq .Service "web"}}W{{else}}-{{end}}', "W\n"),
        ("{{json .Name}}", '"demo-web-1"\n'),
        ("{{.Name | upper}}", "DEMO-WEB-1\n"),
        ("plain", "plain\n"),
    ],
)  # fmt: skip
def test_templates_are_gos(form: str, text: str) -> None:
    assert _render(form, WEB) == text


def test_raw_lists_one_field_a_line() -> None:
    assert _render(RAW, DB).startswith(
        'container_id: 273e524c586a\nimage: busybox\ncommand: "sleep 1000"\n'
    )


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("{{.Nope}}", 'template: :1:2: executing "" at <.Nope>: can\'t evaluate field Nope'),
        ("{{.Name", "template: :1: unclosed action"),
        ('{{"x', "template: :1: unterminated quoted string"),
        ("{{nosuch .Name}}", 'template: :1: function "nosuch" not defined'),
        ("{{range .Publishers}}", "template: :1: unexpected EOF"),
        ("{{end}}", "template: :1: unexpected {{end}}"),
    ],
)
def test_a_wrong_template_is_an_error_in_gos_words(form: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        _render(form, WEB)
    assert caught.value.message == f"template parsing error: {message}"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"health": ""}, "Up 2 minutes"),
        ({"health": "starting"}, "Up 2 minutes (health: starting)"),
        ({"health": "unhealthy"}, "Up 2 minutes (unhealthy)"),
        ({"state": "paused"}, "Up 2 minutes (Paused)"),
        ({"state": "exited", "exit_code": 137, "finished": NOW - 3700}, "Exited (137) About an hour ago"),
        ({"state": "restarting", "exit_code": 1, "finished": NOW - 1}, "Restarting (1) 1 second ago"),
        ({"state": "created"}, "Created"),
        ({"state": "dead"}, "Dead"),
        ({"state": "removing"}, "Removal In Progress"),
    ],
)  # fmt: skip
def test_status_says_what_the_container_does(change: dict[str, object], text: str) -> None:
    assert status(WEB._replace(**change), NOW) == text  # type: ignore[arg-type]


def test_equal_neighbours_are_joined_to_ranges_before_the_mapped_ones() -> None:
    numbers = [PortBinding("0.0.0.0", number, number, "tcp") for number in (9000, 9001, 9002, 9010)]
    moved = PortBinding("0.0.0.0", 8080, 80, "tcp")
    info = WEB._replace(ports=(*numbers, moved), exposed=("6000/tcp", "6001/tcp"))
    assert ports(info) == (
        "0.0.0.0:9000-9002->9000-9002/tcp, 6000-6001/tcp, 0.0.0.0:9010->9010/tcp, 0.0.0.0:8080->80/tcp"
    )


def test_a_container_that_does_not_run_publishes_nothing() -> None:
    assert ports(WEB._replace(state="exited")) == ""


def test_a_command_is_quoted_as_go_quotes() -> None:
    assert command(DB._replace(command=("printf", "a\tb\n"))) == '"printf a\\tb\\n"'
