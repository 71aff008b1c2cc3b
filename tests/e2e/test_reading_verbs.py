"""Verbs that look and do not touch: ps, logs, ls, port, top, stats, events, images, volumes."""

from __future__ import annotations

import json
import re
import signal
import time

import pytest

from tests.e2e.conftest import COMMAND, Compose, wait_for_following, wait_for_output
from tests.support.eventually import eventually
from tests.support.terminal import Terminal

FILE = """
name: demo
services:
  web:
    image: busybox
    command: sh -c 'echo hello out; echo hello err >&2; sleep 1000'
    ports: ["127.0.0.1::80", "81"]
    expose: ["7000"]
    volumes: ["data:/data"]
    deploy: {replicas: 2}
    healthcheck: {test: ["CMD", "true"], interval: 60s, start_period: 60s, start_interval: 0.2s}
    labels: {tier: front}
    stop_grace_period: 0s
  done:
    image: busybox
    command: sh -c 'echo finished; exit 3'
volumes: {data: {}}
"""


@pytest.fixture
def demo(compose: Compose) -> Compose:
    """The project, up, its one-shot service ended."""
    compose.write(FILE)
    compose("up", "-d", "--wait", "web")
    compose("up", "-d")
    eventually(lambda: compose.states()["demo-done-1"] == "exited")
    return compose


def test_ps_shows_what_runs_and_with_all_what_has_ended(demo: Compose) -> None:
    header, *rows = demo("ps").splitlines()
    assert header.split() == ["NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"]
    assert [row.split()[0] for row in rows] == ["demo-web-1", "demo-web-2"]
    assert re.search(
        r"Up .* \(healthy\)   7000/tcp, 127\.0\.0\.1:\d+->80/tcp, 0\.0\.0\.0:\d+->81/tcp, \[::\]:\d+->81/tcp$",
        rows[0],
    )
    everything = demo("ps", "-a").splitlines()
    assert [row.split()[0] for row in everything[1:]] == ["demo-done-1", "demo-web-1", "demo-web-2"]
    assert "Exited (3)" in everything[1]
    column = everything[0].index("SERVICE")
    assert {row[column:].split()[0] for row in everything[1:]} == {"done", "web"}


def test_ps_narrows_by_service_status_and_filter(demo: Compose) -> None:
    assert demo("ps", "--services") == "web\n"
    assert demo("ps", "--services", "-a") == "done\nweb\n"
    assert len(demo("ps", "-q").split()) == 2
    assert demo("ps", "--status", "exited", "--format", "{{.Name}}") == "demo-done-1\n"
    assert demo("ps", "--filter", "status=running", "-q", "done") == ""
    assert demo("ps", "-a", "done", "--format", "table {{.Service}}\\t{{.ExitCode}}").split()[
        -2:
    ] == ["done", "3"]
    assert demo.run("ps", "nope").err == "no such service: nope\n"
    assert demo.run("ps", "--filter", "foo=1").err == "unknown filter foo\n"


def test_ps_json_is_complete_and_one_object_a_line(demo: Compose) -> None:
    rows = [json.loads(line) for line in demo("ps", "--format", "json").splitlines()]
    web = rows[0]
    assert (web["Name"], web["State"], web["Health"], web["LocalVolumes"], web["Mounts"]) == (
        "demo-web-1", "running", "healthy", "1", "demo_data",
    )  # fmt: skip
    assert {(port["URL"], port["TargetPort"]) for port in web["Publishers"]} == {
        ("127.0.0.1", 80), ("0.0.0.0", 81), ("::", 81), ("", 7000),
    }  # fmt: skip
    assert "tier=front" in web["Labels"].split(",")


def test_a_name_alone_is_enough_and_orphans_are_shown_unless_unwanted(demo: Compose) -> None:
    demo.write(FILE.replace("done:", "other:"))
    assert "demo-done-1" in demo("ps", "-a")
    assert "demo-done-1" not in demo("ps", "-a", "--orphans=false")
    (demo.directory / "compose.yaml").unlink()
    assert demo("-p", "demo", "ps", "--services") == "web\n"
    assert demo.run("ps").code == 14


def test_logs_are_prefixed_merged_and_cut(demo: Compose) -> None:
    lines = demo("logs").splitlines()
    assert sorted(lines) == sorted(
        ["done-1  | finished"]
        + [f"web-{n}   | hello {word}" for n in (1, 2) for word in ("out", "err")]
    )
    assert demo("logs", "--no-log-prefix", "done") == "finished\n"
    assert demo("logs", "--index", "2", "web", "--tail", "1").startswith("web-2  | hello ")
    assert re.fullmatch(
        r"done-1  \| \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z finished\n", demo("logs", "-t", "done")
    )
    assert demo("logs", "--tail", "0") == ""
    assert demo("logs", "--since", "1h", "done") == "done-1  | finished\n"
    assert demo("logs", "--until", "1h", "done") == ""
    assert (
        demo.run("logs", "--index", "7", "web").err == 'service "web" is not running container #7\n'
    )
    assert demo.run("logs", "nope").err == "no such service: nope\n"


def test_logs_follow_what_is_written_who_starts_and_who_ends(demo: Compose) -> None:
    process = demo.begin("logs", "-f", "--tail", "1")
    try:
        wait_for_output(process, "done-1  | finished")
        demo("start", "done")
        seen = wait_for_output(process, "done-1 exited with code 3")
        assert seen.count("done-1  | finished") == 1
        demo("up", "-d", "--scale", "web=3")
        wait_for_output(process, "web-3   | hello")
        demo("stop", "-t", "0", "web")
        wait_for_output(process, "exited with code 137")
        assert process.wait(timeout=10) == 0  # nothing runs any more
    finally:
        process.kill()
        process.communicate()


def test_logs_can_be_interrupted(demo: Compose) -> None:
    process = demo.begin("logs", "-f")
    try:
        wait_for_output(process, "hello")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        assert (process.returncode, err) == (130, "canceled\n")
    finally:
        process.kill()


def test_what_a_script_starts_in_its_background_can_be_interrupted(demo: Compose) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as sh starts "command &"
    try:
        following = [demo.begin(*words) for words in (["logs", "-f"], ["events"], ["wait", "web"])]
    finally:
        signal.signal(signal.SIGINT, before)
    for process in following:
        wait_for_following(process)
        process.send_signal(signal.SIGINT)
    for process in following:
        try:
            assert process.wait(timeout=10) == 130, process.args
        finally:
            process.kill()
            process.communicate()


def test_many_lines_come_whole_and_in_order(compose: Compose) -> None:
    compose.write(
        "name: demo\nservices:\n  a: {image: busybox, command: seq 1 20000}\n  b: {image: busybox, command: seq 1 20000}\n"
    )
    compose("up", "-d")
    eventually(lambda: set(compose.states().values()) == {"exited"})
    numbers = [str(number) for number in range(1, 20001)]
    for command in (["logs", "--no-log-prefix", "a"], ["logs", "--no-log-prefix", "-f", "b"]):
        assert compose(*command).split() == numbers
    assert compose("logs", "--no-log-prefix", "--tail", "5", "a").split() == numbers[-5:]


def test_ports_are_printed_as_host_and_number(demo: Compose) -> None:
    assert re.fullmatch(r"127\.0\.0\.1:\d+\n", demo("port", "web", "80"))
    assert demo("port", "--index", "2", "web", "80") != demo("port", "web", "80")
    assert re.fullmatch(r"0\.0\.0\.0:\d+\n", demo("port", "web", "81"))
    assert demo.run("port", "web", "9999").err.startswith(
        "no port 9999/tcp for container demo-web-1: "
    )
    assert demo.run("port", "--protocol", "udp", "web", "80").code == 1
    assert demo.run("port", "done", "80").err == 'service "done" is not running\n'


def test_top_lists_each_containers_processes(demo: Compose) -> None:
    blocks = demo("top").split("\n\n")
    assert [block.splitlines()[0] for block in blocks if block] == ["demo-web-1", "demo-web-2"]
    header, row = blocks[0].splitlines()[1:3]
    assert header.split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert "sleep 1000" in row
    assert demo("top", "done") == ""


def test_stats_once_as_table_and_json(demo: Compose) -> None:
    header, *rows = demo("stats", "--no-stream").splitlines()
    assert header.startswith("CONTAINER ID   NAME         CPU %     MEM USAGE / LIMIT")
    assert {row.split()[1] for row in rows} == {"demo-web-1", "demo-web-2"}

    def alone() -> bool:
        lines = demo("stats", "--no-stream", "--format", "json", "web").splitlines()
        found = [json.loads(line) for line in lines]
        assert len(found) == 2
        assert all(re.fullmatch(r"\d+\.\d\d%", each["CPUPerc"]) for each in found)
        return all(each["PIDs"] == "1" for each in found)

    eventually(alone)  # a health check on its way is a process more


def test_stats_on_a_terminal_draw_what_was(demo: Compose) -> None:
    terminal = Terminal(
        [str(COMMAND), "stats", "web"],
        cwd=demo.directory,
        environ={**demo.environ, "LANG": "C.UTF-8"},
        size=(24, 200),
    )
    seen = terminal.expect("MEM, LAST 16 S")
    assert "CPU, LAST 16 S" in seen
    terminal.expect("▁")
    terminal.type("\x03")
    assert terminal.end() in (0, 130)


def test_images_and_volumes_of_the_project(demo: Compose) -> None:
    lines = demo("images").splitlines()
    assert lines[0] == f"{'CONTAINER':<20}{'REPOSITORY':<20}{'TAG':<20}{'IMAGE ID':<20}SIZE"
    assert [line.split()[:3] for line in lines[1:]] == [
        [name, "busybox", "latest"] for name in ("demo-done-1", "demo-web-1", "demo-web-2")
    ]
    (id,) = demo("images", "-q").split()
    assert len(id) == 64
    assert {
        each["ContainerName"] for each in json.loads(demo("images", "--format", "json", "web"))
    } == {"demo-web-1", "demo-web-2"}
    assert demo("volumes") == "DRIVER    VOLUME NAME\nlocal     demo_data\n"
    assert demo("volumes", "-q", "web") == "demo_data\n"
    assert demo("volumes", "-q", "done") == ""


def test_ls_counts_containers_by_state(demo: Compose) -> None:
    config = demo.directory / "compose.yaml"
    assert demo("ls").splitlines()[1].split() == ["demo", "running(2)", str(config)]
    assert json.loads(demo("ls", "-a", "--format", "json")) == [
        {"Name": "demo", "Status": "exited(1), running(2)", "ConfigFiles": str(config)}
    ]
    assert demo("ls", "-q", "--filter", "name=de") == "demo\n"
    assert demo("ls", "-q", "--filter", "name=zzz") == ""


def test_events_tell_the_life_of_the_services(demo: Compose) -> None:
    before = time.time()
    demo("restart", "-t", "0", "web")
    demo("start", "done")
    eventually(lambda: demo.states()["demo-done-1"] == "exited")
    lines = demo("events", "--json", "--since", f"{before:.3f}", "--until", "0s").splitlines()
    found = [json.loads(line) for line in lines]
    web = [
        event["action"]
        for event in found
        if event["attributes"]["name"] == "demo-web-1" and event["action"] in ("die", "start")
    ]
    assert web == ["die", "start"]
    done = [event for event in found if event["service"] == "done"]
    assert [event["action"] for event in done] == ["start", "die"]
    narrowed = demo(
        "events",
        "--json",
        "--since",
        f"{before:.3f}",
        "--until",
        "0s",
        "--filter",
        "event=die",
        "--filter",
        "service=web",
    )
    assert {json.loads(line)["action"] for line in narrowed.splitlines()} == {"die"}
    assert done[1]["attributes"]["exitCode"] == "3"
    text = demo("events", "--since", f"{before:.3f}", "--until", "0s", "done")
    assert re.match(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} container start [0-9a-f]{64} \(image=busybox, name=demo-done-1\)\n\n",
        text,
    )


def test_events_come_while_they_happen(demo: Compose) -> None:
    process = demo.begin("events", "--since", f"{time.time():.3f}", "done")
    try:
        wait_for_following(process)
        demo("start", "done")
        wait_for_output(process, " container die ")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
    finally:
        process.kill()
        process.communicate()


def test_verbs_that_read_change_nothing(demo: Compose) -> None:
    before = demo.containers()
    for words in (
        ["ps"],
        ["logs"],
        ["top"],
        ["images"],
        ["ls"],
        ["volumes"],
        ["port", "web", "80"],
    ):
        demo(*words)
    after = demo.containers()
    for name in before:
        assert before[name]["ID"] == after[name]["ID"]
