"""start, stop, restart, kill, rm, pause, wait, down: by the files and by nothing but a name."""

from __future__ import annotations

import re

from tests.e2e.conftest import Compose, wait_for_following, wait_for_output
from tests.support.eventually import eventually

FILE = """
services:
  a:
    image: busybox
    init: true
    command: sleep 1000
    volumes: [data:/data]
  b:
    image: busybox
    init: true
    command: sleep 1000
volumes:
  data:
"""


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_stop_start_and_restart_one_service(compose: Compose) -> None:
    compose.write(FILE)
    compose("up", "-d")
    assert lines(compose.run("stop", "-t", "0", "a").err) == [
        "Container demo-a-1 Stopping",
        "Container demo-a-1 Stopped",
    ]
    assert compose.states() == {"demo-a-1": "exited", "demo-b-1": "running"}
    assert compose.run("stop", "-t", "0", "a").err == ""
    assert lines(compose.run("start", "a").err) == [
        "Container demo-a-1 Starting",
        "Container demo-a-1 Started",
    ]
    assert compose.run("start", "a").err == ""
    assert lines(compose.run("restart", "-t", "0", "a").err) == [
        "Container demo-a-1 Restarting",
        "Container demo-a-1 Started",
    ]
    assert set(compose.states().values()) == {"running"}


def test_kill_sends_a_signal(compose: Compose) -> None:
    compose.write(FILE)
    compose("up", "-d")
    assert lines(compose.run("kill", "-s", "TERM", "a").err) == [
        "Container demo-a-1 Killing",
        "Container demo-a-1 Killed",
    ]
    eventually(lambda: compose.states()["demo-a-1"] == "exited")
    assert compose.containers()["demo-a-1"]["ExitCode"] == 143
    compose("kill")
    eventually(lambda: compose.states()["demo-b-1"] == "exited")
    assert compose.containers()["demo-b-1"]["ExitCode"] == 137
    done = compose.run("kill")
    assert (done.code, done.err) == (0, "no container to kill\n")
    assert compose.run("kill", "nobody").err == "no such service: nobody\n"
    compose("start")
    assert "invalid signal: NONSENSE" in compose.run("kill", "-s", "NONSENSE").err


def test_pause_freezes_and_unpause_lets_go(compose: Compose) -> None:
    compose.write(FILE)
    compose("up", "-d")
    assert lines(compose.run("pause", "a").err) == ["Container demo-a-1 Paused"]
    assert compose.states() == {"demo-a-1": "paused", "demo-b-1": "running"}
    done = compose.run("pause", "a")
    assert done.code == 1
    assert "already paused" in done.err
    assert lines(compose.run("unpause", "a").err) == ["Container demo-a-1 Unpaused"]
    assert compose.run("unpause", "a").code == 1
    assert set(compose.states().values()) == {"running"}


def test_rm_asks_and_leaves_what_runs(compose: Compose) -> None:
    compose.write(FILE)
    compose("up", "-d")
    done = compose.run("rm", "-f")
    assert (done.code, done.out, done.err) == (0, "", "No stopped containers\n")
    compose("stop", "-t", "0", "a")
    assert compose("rm", input="n\n") == "Going to remove demo-a-1\n"
    assert "demo-a-1" in compose.states()
    assert compose("rm", input="y\n") == "Going to remove demo-a-1\n"
    assert set(compose.states()) == {"demo-b-1"}
    assert compose("rm", "-s", "-f", "-v") == "Going to remove demo-b-1\n"
    assert compose.states() == {}


def test_anonymous_volumes_go_with_rm_v_and_down_v(compose: Compose) -> None:
    compose.write(FILE.replace("[data:/data]", "[data:/data, /anonymous]"))
    compose("up", "-d", "a")
    compose("rm", "-s", "-f", "-v")
    compose("up", "-d", "a")
    compose("down", "-v", "-t", "0")
    compose("run", "--rm", "a", "true")


WAITED_FOR = """
services:
  a:
    image: busybox
    volumes: ["./:/project"]
    command: sh -c 'until test -e /project/a; do sleep 0.05; done; exit 3'
  b:
    image: busybox
    volumes: ["./:/project"]
    command: sh -c 'until test -e /project/b; do sleep 0.05; done; exit 4'
"""


def test_wait_tells_the_exit_codes(compose: Compose) -> None:
    compose.write(WAITED_FOR)
    compose("up", "-d")
    process = compose.begin("wait", "a", "b")
    wait_for_following(process, 2)
    compose.write("", "a")
    seen = wait_for_output(process, "status code 3")
    compose.write("", "b")
    seen += wait_for_output(process, "status code 4")
    assert process.wait(timeout=30) == 4
    process.communicate()
    assert re.sub("[0-9a-f]{64}", "ID", seen) == (
        'container "ID" exited with status code 3\ncontainer "ID" exited with status code 4\n'
    )
    done = compose.run("wait", "a")
    assert (done.code, done.err) == (1, 'no containers for project "demo"\n')
    for name in ("a", "b"):
        (compose.directory / name).unlink()
    compose("start")
    process = compose.begin("wait", "--down-project", "a", "b")
    wait_for_following(process, 2)
    compose.write("", "a")
    assert process.wait(timeout=30) == 3
    process.communicate()
    assert compose.states() == {}


def test_down_keeps_data_unless_told(compose: Compose) -> None:
    compose.write(FILE)
    compose("up", "-d")
    compose("exec", "-T", "a", "touch", "/data/kept")
    assert "Volume" not in compose.run("down", "-t", "0").err
    compose("up", "-d")
    assert compose("exec", "-T", "a", "ls", "/data") == "kept\n"
    assert "Volume demo_data Removed" in lines(compose.run("down", "-v", "-t", "0").err)
    compose("up", "-d")
    assert compose("exec", "-T", "a", "ls", "/data") == ""


def test_down_of_one_service_leaves_the_rest(compose: Compose) -> None:
    compose.write(FILE)
    compose("up", "-d")
    compose("down", "-t", "0", "a")
    assert compose.states() == {"demo-b-1": "running"}


def test_down_says_what_is_still_in_use(compose: Compose) -> None:
    compose.write(FILE)
    compose("up", "-d", "b")
    compose("run", "-d", "b", "sleep", "1000")
    done = compose.run("down", "-t", "0")
    assert done.code == 0
    assert lines(done.err)[-1] == "Network demo_default Resource is still in use"
    done = compose.run("down", "-t", "0", "--remove-orphans")
    assert lines(done.err)[-1] == "Network demo_default Removed"


def test_down_with_nothing_there_says_so(compose: Compose) -> None:
    compose.write(FILE)
    done = compose.run("-p", "nothing", "down")
    assert (done.code, done.err) == (
        0,
        'Warning: No resource found to remove for project "nothing".\n',
    )
    assert compose.run("down", "--rmi", "some").err == 'invalid value for --rmi: "some"\n'


def test_down_removes_images_on_request(compose: Compose) -> None:
    compose.engine("engine.tag_image('busybox:latest', 'mine:1')")
    compose.write("services:\n  a:\n    image: mine:1\n    init: true\n    command: sleep 1000\n")
    compose("up", "-d")
    compose("down", "-t", "0", "--rmi", "local")
    compose("up", "-d")
    done = compose.run("down", "-t", "0", "--rmi", "all")
    assert "Image mine:1 Removed" in lines(done.err)
    assert "no such image: mine:1" in compose.run("up", "-d", "--pull", "never").err


def test_a_name_is_enough(compose: Compose) -> None:
    compose.write(FILE)
    compose("-p", "other", "up", "-d")
    elsewhere = Compose(compose.directory.parent, compose.environ)
    assert lines(elsewhere.run("-p", "other", "stop", "-t", "0").err)
    assert set(elsewhere("-p", "other", "ps", "-a", "--format", "{{.State}}").split()) == {"exited"}
    elsewhere("-p", "other", "start")
    elsewhere("-p", "other", "restart", "-t", "0", "a")
    elsewhere("-p", "other", "pause", "a")
    elsewhere("-p", "other", "unpause", "a")
    elsewhere("-p", "other", "kill")
    eventually(
        lambda: (
            set(elsewhere("-p", "other", "ps", "-a", "--format", "{{.State}}").split())
            == {"exited"}
        )
    )
    elsewhere("-p", "other", "rm", "-f")
    assert "Network other_default Removed" in lines(elsewhere.run("-p", "other", "down", "-v").err)
    done = elsewhere.run("-p", "other", "start")
    assert done.code == 1
    assert "other" in done.err


def test_start_without_containers_is_an_error(compose: Compose) -> None:
    compose.write(FILE)
    done = compose.run("start")
    assert done.code == 1
    assert "has no container to start" in done.err
    assert compose.run("stop").code == 0
    assert compose.run("restart").code == 0


def test_parallel_one_does_one_thing_at_a_time(compose: Compose) -> None:
    compose.write(FILE)
    done = compose.run("--parallel", "1", "up", "-d")
    said = lines(done.err)
    assert done.code == 0
    assert [line.rsplit(" ", 1)[0] for line in said[::2]] == [
        line.rsplit(" ", 1)[0] for line in said[1::2]
    ]
    done = compose.run("up", "-d", COMPOSE_PARALLEL_LIMIT="many")
    compose("down", "-t", "0")
    done = compose.run("up", "-d", COMPOSE_PARALLEL_LIMIT="many")
    assert done.err.splitlines()[-1] == 'COMPOSE_PARALLEL_LIMIT must be an integer (found: "many")'
