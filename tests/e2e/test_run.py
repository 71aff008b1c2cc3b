"""``run``: one-off containers, their streams and their ends."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import time

from tests.e2e.conftest import COMMAND, Compose, wait_for_output

FILE = """
services:
  db:
    image: busybox
    init: true
    command: sleep 1000
    healthcheck: {test: [CMD, 'true'], interval: 100ms}
  web:
    image: busybox
    command: sleep 1000
    init: true
    depends_on: {db: {condition: service_healthy}}
    environment: {A: '1', B: '2'}
    ports: ['18090:80']
    labels: {file: 'yes'}
    restart: always
    container_name: fancy
  alone:
    image: busybox
    init: true
    command: echo the default
"""


def inspect(compose: Compose, name: str) -> dict[str, object]:
    """What the engine knows of a container."""
    text = compose.engine(f"import json; print(json.dumps(engine.inspect({name!r})))")
    found: dict[str, object] = json.loads(text)
    return found


def test_dependencies_first_then_the_command_and_its_exit_code(compose: Compose) -> None:
    compose.write(FILE)
    done = compose.run("run", "--rm", "web", "sh", "-c", "echo out; echo err >&2; exit 5")
    assert (done.code, done.out) == (5, "out\n")
    said = [" ".join(line.split()) for line in done.err.splitlines()]
    assert said.index("Container demo-db-1 Healthy") < said.index("err")
    assert compose.states() == {"demo-db-1": "running"}


def test_without_a_command_the_service_s_own_runs(compose: Compose) -> None:
    compose.write(FILE)
    assert compose("run", "--rm", "alone") == "the default\n"
    assert compose.states() == {}


def test_a_one_off_stays_unless_rm(compose: Compose) -> None:
    compose.write(FILE)
    compose("run", "alone", "true")
    ((name, found),) = compose.containers().items()
    assert re.fullmatch(r"demo-alone-run-[0-9a-f]{12}", name)
    assert found["State"] == "exited"
    assert compose.run("up", "-d", "alone").code == 0
    compose("down", "--remove-orphans")
    assert compose.states() == {}


def test_labels_names_and_environment(compose: Compose) -> None:
    compose.write(FILE)
    id = compose(
        "run", "-d", "--no-deps", "--name", "zed", "-e", "A=9", "-e", "HOME", "-e", "GONE",
        "-l", "more=true", "-w", "/tmp", "-u", "7:8", "web", "sleep", "1000",
    ).strip()  # fmt: skip
    found = inspect(compose, "zed")
    config, host = found["Config"], found["HostConfig"]
    assert isinstance(config, dict)
    assert isinstance(host, dict)
    assert found["Id"] == id
    labels = config["Labels"]
    assert labels["com.docker.compose.oneoff"] == "True"
    assert re.fullmatch("[0-9a-f]{64}", labels["com.docker.compose.slug"])
    assert (labels["file"], labels["more"]) == ("yes", "true")
    environment = dict(word.split("=", 1) for word in config["Env"])
    assert (environment["A"], environment["B"]) == ("9", "2")
    assert environment["HOME"] == compose.environ["HOME"]
    assert "GONE" not in environment
    assert (config["WorkingDir"], config["User"]) == ("/tmp", "7:8")
    assert host["RestartPolicy"]["Name"] == "no"
    assert not host["PortBindings"]
    assert compose.states() == {"zed": "running"}


def test_entrypoint_replaces_entrypoint_and_command(compose: Compose) -> None:
    compose.write(FILE)
    assert compose("run", "--rm", "--entrypoint", "echo 'a b'", "alone", "c", "d") == "a b c d\n"
    assert compose("run", "--rm", "--entrypoint", "pwd", "-w", "/etc", "alone") == "/etc\n"


def test_piped_input_reaches_the_command_and_ends(compose: Compose) -> None:
    compose.write(FILE)
    data = "".join(f"line {number}\n" for number in range(20_000))
    assert compose("run", "--rm", "-T", "alone", "cat", input=data) == data
    assert compose("run", "--rm", "-i=false", "alone", "cat", input="nothing\n") == ""


def test_output_of_the_shortest_lives_is_complete(compose: Compose) -> None:
    compose.write(FILE)
    for number in range(10):
        assert compose("run", "--rm", "alone", "echo", str(number)) == f"{number}\n"


def test_volumes_and_ports_of_the_command_line(compose: Compose) -> None:
    compose.write(FILE)
    compose.write("here", "shared/file")
    out = compose(
        "run", "--rm", "-v", "./shared:/mnt:ro", "-v", "extra:/extra", "alone",
        "sh", "-c", "cat /mnt/file; touch /mnt/x 2>&1 | grep -o Read-only; touch /extra/x",
    )  # fmt: skip
    assert out == "hereRead-only\n"
    assert compose("run", "--rm", "-v", "extra:/extra", "alone", "ls", "/extra") == "x\n"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = compose.run("run", "--rm", "-p", f"{port}:80", "alone", "true")
    assert done.code == 1
    assert "already" in done.err
    compose("run", "-d", "--no-deps", "--name", "zed", "-P", "web", "sleep", "1000")
    assert compose("ps", "-a", "--format", "{{.Ports}}").startswith("0.0.0.0:18090->80/tcp")
    compose.engine("engine.remove_volume('extra')")


def test_aliases_only_on_request(compose: Compose) -> None:
    compose.write(FILE)
    lookup = "nslookup alone 127.0.0.11 >/dev/null 2>&1; echo $?"
    assert compose("run", "--rm", "alone", "sh", "-c", lookup) == "1\n"
    assert compose("run", "--rm", "--use-aliases", "alone", "sh", "-c", lookup) == "0\n"


def test_capabilities(compose: Compose) -> None:
    compose.write(FILE)
    script = "grep CapEff /proc/self/status"
    plain = int(compose("run", "--rm", "alone", "sh", "-c", script).split()[1], 16)
    more = int(
        compose("run", "--rm", "--cap-add", "NET_ADMIN", "alone", "sh", "-c", script).split()[1], 16
    )
    less = int(
        compose("run", "--rm", "--cap-drop", "ALL", "alone", "sh", "-c", script).split()[1], 16
    )
    assert more == plain | 1 << 12
    assert less == 0


def test_what_cannot_be_run(compose: Compose) -> None:
    compose.write(FILE)
    assert compose.run("run", "nobody").err == "no such service: nobody\n"
    assert compose.run("run").err == "requires at least 1 arg(s), only received 0\n"
    done = compose.run("run", "--service-ports", "-p", "1:2", "alone")
    assert done.err == "--service-ports and --publish are incompatible\n"
    done = compose.run("run", "--rm", "alone", "nosuchprogram")
    assert done.code == 127
    assert "nosuchprogram" in done.err
    assert compose.run("run", "--rm", "alone", "sh", "-c", "kill -9 $$").code == 137
    assert compose.states() == {}


def test_signals_go_to_the_command_and_rm_keeps_its_promise(compose: Compose) -> None:
    compose.write(FILE)
    process = compose.begin(
        "run", "--rm", "alone", "sh", "-c",
        "trap 'echo told; exit 7' INT; echo up; while :; do sleep 0.05; done",
    )  # fmt: skip
    wait_for_output(process, "up")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (7, "told\n")
    assert compose.states() == {}


def test_quiet_says_nothing_of_its_own(compose: Compose) -> None:
    compose.write(FILE)
    done = compose.run("run", "--rm", "-q", "web", "echo", "hi")
    assert (done.code, done.out, done.err) == (0, "hi\n", "")


def test_environment_from_a_file(compose: Compose) -> None:
    compose.write(FILE)
    compose.write("C=from file\nD=${HOME}/x\n", "more.env")
    out = compose("run", "--rm", "--env-from-file", "more.env", "alone", "sh", "-c", "echo $C $D")
    assert out == f"from file {compose.environ['HOME']}/x\n"


def test_a_terminal_is_given_when_ours_is_one(compose: Compose) -> None:
    compose.write(FILE)
    child, master = pty.fork()
    if child == 0:
        os.chdir(compose.directory)
        environ = {**compose.environ, "TERM": "xterm"}
        script = "tty; read x; echo got $x; stty size"
        os.execve(COMMAND, [str(COMMAND), "run", "--rm", "alone", "sh", "-c", script], environ)
    seen = b""
    deadline = time.monotonic() + 20
    typed = False
    while True:
        assert time.monotonic() < deadline, seen
        try:
            data = os.read(master, 4096)
        except OSError:
            break
        seen += data
        if b"/dev/" in seen and not typed:
            typed = True
            os.write(master, b"hello\r")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(master)
    assert b"/dev/pts/" in seen or b"/dev/console" in seen
    assert b"got hello\r\n" in seen
    assert compose.states() == {}
