"""Create, start, stop, wait, rename, remove; and the errors of each, by kind."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from compose.plan.fields import differences
from schemas.engine import Engine
from schemas.errors import Conflict, InvalidArgument, NotFound, StartFailed
from tests.contract.making import IMAGE, make, sleeper, start
from tests.support.containers import output
from tests.support.eventually import eventually


def test_what_is_made_is_what_was_asked_for(engine: Engine) -> None:
    began = time.time()
    made = make(
        engine,
        "one",
        "sleep",
        "5",
        labels={"a": "b"},
        environment={"A": "1", "B": ""},
        hostname="me",
        working_dir="/tmp",
        expose=["81"],
        healthcheck={"test": ["CMD", "true"], "interval": 5.0},
    )
    assert engine.container("one") == made
    assert engine.container(made.id[:12]) == made
    assert (made.name, made.image, made.state, made.health) == ("one", IMAGE, "created", "")
    assert made.labels["a"] == "b"
    assert made.command == ("sleep", "5")
    assert made.exposed == ("81/tcp",)
    assert made.has_healthcheck
    assert made.network_mode == "none"
    assert made.networks == ()
    assert not made.tty
    assert (made.started, made.finished, made.exit_code, made.pid) == (0.0, 0.0, 0, 0)
    assert began - 5 < made.created < time.time() + 5
    image = engine.image(IMAGE)
    assert image is not None
    assert made.image_id == image.id


def test_a_container_runs_to_its_end(engine: Engine) -> None:
    start(engine, "one", "exit 3")
    end = engine.wait("one", timeout=10)
    found = engine.container("one")
    assert (end.code, found.state, found.exit_code, found.pid) == (3, "exited", 3, 0)
    assert found.started > 0
    # A daemon notes the start of a short life a moment after its end.
    assert found.finished == end.time > found.started - 1


def test_waiting_has_an_end(engine: Engine) -> None:
    sleeper(engine, "one")
    with pytest.raises(TimeoutError):
        engine.wait("one", timeout=0.2)


def test_a_running_container_is_running(engine: Engine) -> None:
    made = sleeper(engine, "one")
    assert made.state == "running"
    assert made.pid > 0
    engine.start("one")  # a no-op
    assert engine.container("one").started == made.started


@pytest.mark.parametrize(
    ("script", "signal", "code"),
    [
        ("echo set; exec sleep 100", None, 137),
        ("trap 'exit 9' TERM; echo set; while :; do sleep 0.05; done", None, 9),
        ("trap 'exit 4' USR1; echo set; while :; do sleep 0.05; done", "USR1", 4),
    ],
)
def test_stop_gives_grace_and_then_kills(
    engine: Engine, script: str, signal: str | None, code: int
) -> None:
    start(engine, "one", script)
    eventually(lambda: output(engine, "one") == ["set"])
    engine.stop("one", timeout=1 if code == 137 else 30, signal=signal)
    found = engine.container("one")
    assert (found.state, found.exit_code) == ("exited", code)
    engine.stop("one")  # a no-op


def test_kill_sends_a_signal_and_wants_a_running_container(engine: Engine) -> None:
    start(engine, "one", "trap 'exit 7' USR2; echo set; while :; do sleep 0.05; done")
    eventually(lambda: output(engine, "one") == ["set"])
    engine.kill("one", signal="SIGUSR2")
    assert engine.wait("one", timeout=10).code == 7
    with pytest.raises(Conflict):
        engine.kill("one")


def test_restart_starts_it_anew(engine: Engine) -> None:
    before = sleeper(engine, "one")
    engine.restart("one", timeout=1)
    after = engine.container("one")
    assert (after.id, after.state) == (before.id, "running")
    assert after.started > before.started


def test_a_paused_container_stands_still(engine: Engine) -> None:
    sleeper(engine, "one")
    engine.pause("one")
    assert engine.container("one").state == "paused"
    with pytest.raises(Conflict):
        engine.pause("one")
    with pytest.raises(Conflict):
        engine.exec("one", {"command": ["true"]})
    engine.unpause("one")
    assert engine.container("one").state == "running"
    with pytest.raises(Conflict):
        engine.unpause("one")


def test_a_restart_policy_brings_it_back(engine: Engine) -> None:
    start(engine, "one", "sleep 0.1; exit 1", restart={"name": "on-failure", "max_retries": 2})
    assert engine.wait("one", timeout=20).code == 1
    found = engine.container("one")
    assert (found.state, found.restarts) == ("exited", 2)


def test_a_name_can_be_changed_and_used_again(engine: Engine) -> None:
    one, two = make(engine, "one", "true"), make(engine, "two", "true")
    with pytest.raises(Conflict):
        engine.rename("one", "two")
    engine.rename("one", "three")
    assert engine.container("three").id == one.id
    with pytest.raises(NotFound):
        engine.container("one")
    engine.rename("two", "one")
    assert engine.container("one").id == two.id


def test_names_are_taken_once(engine: Engine) -> None:
    make(engine, "one", "true")
    with pytest.raises(Conflict):
        make(engine, "one", "true")
    assert len(engine.containers()) == 1


def test_running_ones_are_removed_by_force_only(engine: Engine) -> None:
    sleeper(engine, "one")
    with pytest.raises(Conflict):
        engine.remove("one")
    engine.remove("one", force=True)
    with pytest.raises(NotFound):
        engine.container("one")
    with pytest.raises(NotFound):
        engine.remove("one")


def test_of_several_who_remove_one_none_fails_but_for_its_absence(engine: Engine) -> None:
    sleeper(engine, "one")
    together = threading.Barrier(4)
    errors: list[Exception] = []

    def remove() -> None:
        together.wait()
        try:
            engine.remove("one", force=True)
        except NotFound:
            pass
        except Exception as err:
            errors.append(err)

    threads = [threading.Thread(target=remove) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert engine.containers() == []


def test_one_that_removes_itself_is_gone(engine: Engine) -> None:
    made = make(engine, "one", "true", auto_remove=True)
    engine.start("one")
    eventually(lambda: made.id not in {info.id for info in engine.containers()})


def test_listing_goes_by_labels_and_state(engine: Engine) -> None:
    first = make(engine, "one", "true", labels={"p": "x", "n": "1"})
    second = sleeper(engine, "two", labels={"p": "x", "n": "2"})
    make(engine, "three", "true", labels={"p": "y"})

    def ids(**query: Any) -> list[str]:
        return [info.id for info in engine.containers(**query)]

    assert ids(labels={"p": "x"}) == [first.id, second.id]
    assert ids(labels={"p": "x", "n": "2"}) == [second.id]
    assert ids(labels={"n": ""}) == [first.id, second.id]
    assert ids(labels={"p": "z"}) == []
    assert ids(all=False) == [second.id]
    assert engine.containers(labels={"n": "2"}) == [engine.container("two")]


@pytest.mark.parametrize("verb", ["start", "stop", "kill", "restart", "pause", "container", "wait"])
def test_what_is_not_there_is_not_found(engine: Engine, verb: str) -> None:
    with pytest.raises(NotFound, match="nobody"):
        getattr(engine, verb)("nobody")


def test_what_it_needs_must_be_there(engine: Engine) -> None:
    with pytest.raises(NotFound, match="nothing"):
        make(engine, "one", "true", image="nothing:here")
    assert engine.containers() == []


def test_a_wrong_signal_is_said(engine: Engine) -> None:
    sleeper(engine, "one")
    with pytest.raises(InvalidArgument):
        engine.kill("one", signal="SIGNOPE")


@pytest.mark.parametrize(
    ("command", "code"), [("nope", 127), ("/nope", 127), ("/etc/passwd", 126), ("/etc", 126)]
)
def test_a_program_that_cannot_run_fails_the_start(engine: Engine, command: str, code: int) -> None:
    make(engine, "one", command)
    with pytest.raises(StartFailed) as caught:
        engine.start("one")
    assert command in caught.value.message
    assert caught.value.step == "exec"
    assert caught.value.exit_code == code
    assert engine.container("one").state in ("created", "exited")


def test_variables_are_given(engine: Engine) -> None:
    start(engine, "one", "env", environment={"A": "b", "EMPTY": ""})
    engine.wait("one", timeout=10)
    lines = output(engine, "one")
    assert {"A=b", "EMPTY="} <= set(lines)
    assert any(line.startswith("PATH=/usr/local/sbin") for line in lines)


def test_spec_tells_of_hooks(engine: Engine) -> None:
    hook = {"command": ["echo", "hi"], "user": "nobody"}
    make(engine, "one", "true", post_start=[hook], labels={"a": "b"})
    spec = engine.spec("one")
    assert spec["post_start"] == [hook]
    assert (spec["name"], spec["image"], spec["command"]) == ("one", IMAGE, ["true"])
    assert spec["labels"]["a"] == "b"


def test_spec_is_what_was_asked_for(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush")
    engine.create_network({"name": "front"})
    engine.create_volume({"name": "data"})
    wanted: Any = {
        "name": "one",
        "image": IMAGE,
        "labels": {"a": "b"},
        "command": ["sleep", "5"],
        "entrypoint": ["env"],
        "environment": {"A": "1", "PATH": "/bin", "B": ""},
        "working_dir": "/tmp",
        "user": "nobody",
        "group_add": ["7"],
        "hostname": "me",
        "init": True,
        "stop_signal": "SIGUSR1",
        "stop_grace_period": 3.0,
        "cap_add": ["NET_ADMIN"],
        "sysctls": {"net.core.somaxconn": "100"},
        "ulimits": {"nofile": {"soft": 10, "hard": 20}},
        "mounts": [
            {
                "type": "bind",
                "source": str(tmp_path),
                "target": "/src",
                "bind": {"create_host_path": True},
            },
            {"type": "volume", "source": "data", "target": "/data", "nocopy": True},
            {"type": "volume", "target": "/anonymous"},
            {"type": "tmpfs", "target": "/t", "size": 1 << 20, "mode": 0o700},
        ],
        "files": [
            {"target": "/run/secrets/hush", "source": f"{tmp_path}/secret"},
            {"target": "/etc/conf", "content": "words", "mode": 0o400},
        ],
        "endpoints": [{"network": "front", "aliases": ["one", "web"]}],
        "ports": [{"target": 80, "protocol": "tcp", "published": 18935, "host_ip": "127.0.0.1"}],
        "expose": ["81"],
        "extra_hosts": ["other=10.1.2.3"],
        "dns_search": ["example.org"],
        "healthcheck": {"test": ["CMD", "true"], "interval": 5.0, "retries": 2},
        "restart": {"name": "on-failure", "max_retries": 3},
        "limits": {"cpus": 0.5, "memory": 64 << 20, "pids": 50},
        "logging": {"driver": "json-file", "options": {"max-size": "1m"}},
        "post_start": [{"command": ["echo", "hi"]}],
    }
    engine.create(wanted)
    spec = engine.spec("one")
    assert differences(spec, wanted) == []
    assert spec["files"][1]["content"] == "words"


def test_inspect_is_that_of_docker(engine: Engine) -> None:
    made = sleeper(engine, "one", labels={"a": "b"}, user="nobody")
    found: Any = engine.inspect("one")
    assert found["Id"] == made.id
    assert found["Name"] == "/one"
    assert found["State"]["Status"] == "running"
    assert found["Config"]["User"] == "nobody"
    assert found["Config"]["Labels"]["a"] == "b"
    assert found["HostConfig"]["NetworkMode"] == "none"
