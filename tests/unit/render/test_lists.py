"""The other lists: processes, statistics, images, volumes, projects, events, findings, progress."""

from __future__ import annotations

import json
from io import StringIO

import pytest

from compose.ops.image_list import NamedImage
from compose.ops.stats import Usage
from compose.render import events, findings, images, stats, volumes
from compose.render.listing import listing
from compose.render.processes import processes_of
from compose.render.progress import JsonLines, Plain, Quiet
from compose.render.table import table
from compose.render.template import render
from schemas import labels
from schemas.errors import UsageError
from schemas.records import Event, Finding, ImageInfo, Process, Progress, VolumeInfo
from tests.unit.render.test_containers import NOW, WEB


def test_a_table_pads_every_column_but_the_last() -> None:
    assert table(("A", "B"), [("long enough to widen", "x")]) == (
        "A                      B\nlong enough to widen   x\n"
    )


def test_top_names_the_container_and_pads_its_commands() -> None:
    rows = [
        Process("root", 7203, 7157, "0", "01:14", "?", "00:00:00", "sleep 1000"),
        Process("root", 12, 7203, "0", "01:14", "?", "00:00:00", "sh"),
    ]
    assert processes_of(WEB, rows) == (
        "demo-web-1\n"
        "UID    PID    PPID   C    STIME   TTY   TIME       CMD\n"
        "root   7203   7157   0    01:14   ?     00:00:00   sleep 1000   \n"
        "root   12     7203   0    01:14   ?     00:00:00   sh           \n"
        "\n"
    )


def test_stats_show_rates_and_shares() -> None:
    usage = Usage(WEB, 1.444, 774144, 25_276_000_000, (1340, 0), (0, 0), 3)
    assert render("", stats.LAYOUT, [stats.fields(usage)]) == (
        "CONTAINER ID   NAME         CPU %     MEM USAGE / LIMIT   MEM %     NET I/O       BLOCK I/O   PIDS\n"
        "113a1fc79592   demo-web-1   1.44%     756KiB / 23.54GiB   0.00%     1.34kB / 0B   0B / 0B     3\n"
    )


def test_images_without_a_name_are_shown_all_the_same() -> None:
    image = ImageInfo("sha256:" + "b" * 64, (), (), NOW - 700, 1984172, "amd64", "linux", {})
    named = image._replace(tags=("busybox:latest",))
    rows = [NamedImage("busybox", "latest", named), NamedImage("", "", image)]
    assert render("table", images.LAYOUT, [images.fields(row, NOW) for row in rows]) == (
        "REPOSITORY   TAG       IMAGE ID       CREATED          SIZE\n"
        "busybox      latest    bbbbbbbbbbbb   11 minutes ago   1.98MB\n"
        "<none>       <none>    bbbbbbbbbbbb   11 minutes ago   1.98MB\n"
    )


def test_volumes_are_listed_by_driver_and_name() -> None:
    volume = VolumeInfo("demo_data", "local", {labels.VOLUME: "data"}, "/v/_data", NOW)
    row = volumes.fields(volume)
    assert render("table", volumes.LAYOUT, [row]) == "DRIVER    VOLUME NAME\nlocal     demo_data\n"
    assert json.loads(render("json", volumes.LAYOUT, [row]))["Mountpoint"] == "/v/_data"


def test_composes_own_lists_have_wide_columns_and_one_json_array() -> None:
    header, rows = ("NAME", "STATUS", "CONFIG FILES"), [("demo", "running(3)", "/srv/compose.yaml")]
    assert listing("table", header, rows, []) == (
        "NAME                STATUS              CONFIG FILES\n"
        "demo                running(3)          /srv/compose.yaml\n"
    )
    assert listing("json", header, rows, [{"Name": "demo"}]) == '[{"Name":"demo"}]\n'
    assert listing("json", header, [], []) == "[]\n"
    with pytest.raises(UsageError, match='format value "xml" could not be parsed'):
        listing("xml", header, rows, [])


def test_an_event_leaves_the_labels_of_compose_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    about = {
        labels.SERVICE: "web",
        labels.PROJECT: "demo",
        "name": "demo-web-1",
        "image": "busybox",
        "exitCode": "3",
    }
    event = Event(1_357_133_017.5, "container", "die", "c1", about)
    assert events.line(event) == (
        "2013-01-02 13:23:37.500000 container die c1 (exitCode=3, image=busybox, name=demo-web-1)"
    )
    assert json.loads(events.as_json(event)) == {
        "action": "die",
        "attributes": {"exitCode": "3", "image": "busybox", "name": "demo-web-1"},
        "id": "c1",
        "service": "web",
        "time": "2013-01-02T13:23:37.5Z",
        "type": "container",
    }


def test_findings_are_marked_by_how_much_they_matter() -> None:
    found = [
        Finding("root", True, "yes"),
        Finding("overlayfs", False, "Operation not permitted", "do this"),
        Finding("zstd", False, "cannot be read", "install it", essential=False),
    ]
    assert findings.as_text(found) == (
        "✔ root       yes\n"
        "✘ overlayfs  Operation not permitted\n"
        "             → do this\n"
        "! zstd       cannot be read\n"
        "             → install it\n"
        "\n"
        "Containers cannot run here: overlayfs.\n"
    )
    assert findings.as_text(found[::2]).endswith("Containers can run here, with less: zstd.\n")
    assert findings.as_text(found[:1]).endswith("Containers can run here.\n")
    assert [each["name"] for each in json.loads(findings.as_json(found))] == [
        "root",
        "overlayfs",
        "zstd",
    ]


def test_plain_progress_is_a_line_for_each_change() -> None:
    out = StringIO()
    plain = Plain(out, dry_run=True)
    for text in ("Creating", "Creating", "Created"):
        plain(Progress("Container demo-web-1", text, "working"))
    assert out.getvalue() == (
        " DRY-RUN MODE -  Container demo-web-1  Creating\n DRY-RUN MODE -  Container demo-web-1  Created\n"
    )


def test_json_progress_has_only_what_is_there() -> None:
    out = StringIO()
    JsonLines(out)(Progress("Image busybox", "Loading", "working", current=5, total=10))
    assert json.loads(out.getvalue()) == {
        "id": "Image busybox",
        "status": "Working",
        "text": "Loading",
        "current": 5,
        "total": 10,
        "percent": 50,
    }


def test_quiet_says_only_what_went_wrong() -> None:
    out = StringIO()
    quiet = Quiet(out)
    quiet(Progress("Container a", "Started", "done"))
    quiet(Progress("Container b", "Error", "error", "no such image"))
    assert out.getvalue() == "Container b  Error no such image\n"
