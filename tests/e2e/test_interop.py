"""``docker compose`` and ``pycompose`` on the same daemon: each goes on with what the other has begun."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.e2e.conftest import Compose, Done
from tests.support import dockerd
from tests.support.eventually import eventually

STACK = """
services:
  web:
    image: busybox
    command: sh -c 'echo begun; exec sleep 1000'
    init: true
    ports: ["127.0.0.1:18933:80", "127.0.0.1::81/udp"]
    environment: {A: "1", EMPTY: "", LIST: "a b"}
    expose: ["9000/tcp"]
    healthcheck: {test: [CMD, "true"], interval: 1s, timeout: 1s, retries: 3, start_period: 1s}
    volumes: ["data:/data", "/anonymous", "./:/src:ro", {type: tmpfs, target: /t, tmpfs: {size: 1m}}]
    depends_on: {db: {condition: service_healthy}}
    networks: {front: {aliases: [www]}, back: {}}
    secrets: [hush]
    configs: [{source: plain, target: /etc/plain}]
    labels: {about: "a web"}
    restart: unless-stopped
    deploy: {resources: {limits: {cpus: "0.5", memory: 64M}}}
    ulimits: {nofile: {soft: 100, hard: 200}}
    extra_hosts: ["other:10.1.2.3"]
    logging: {driver: json-file, options: {max-size: 1m}}
    sysctls: {net.core.somaxconn: "100"}
    cap_add: [NET_ADMIN]
    stop_grace_period: 1s
    dns_search: [example.org]
  db:
    image: busybox
    command: [sleep, "1000"]
    init: true
    healthcheck: {test: "test -d /", interval: 1s}
    networks: [back]
    tmpfs: /t
    user: nobody
    working_dir: /tmp
    hostname: data
    stop_grace_period: 1s
  worker:
    image: busybox
    command: sleep 1000
    init: true
    scale: 2
    network_mode: none
    read_only: true
volumes: {data: {labels: {x: y}}}
networks:
  front:
  back: {internal: true, labels: {x: y}, ipam: {config: [{subnet: 10.213.8.0/24}]}}
secrets: {hush: {file: ./hush}}
configs: {plain: {file: ./hush}}
"""
NAMES = {"demo-db-1", "demo-web-1", "demo-worker-1", "demo-worker-2"}


@pytest.fixture
def demo(compose: Compose) -> Compose:
    compose.write(STACK)
    compose.write("secret\n", "hush")
    return compose


def theirs(demo: Compose, *words: str) -> Done:
    """``docker compose``, which must succeed."""
    done = subprocess.run(
        [dockerd.directory() / "bin/docker", "compose", *words],
        cwd=demo.directory,
        env=demo.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"docker compose {' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return Done(done.returncode, done.stdout, done.stderr)


def ids(demo: Compose) -> dict[str, str]:
    """Container ids by name, as Docker Compose lists them."""
    lines = theirs(demo, "ps", "-a", "--format", "json").out.splitlines()
    return {found["Name"]: found["ID"] for found in map(json.loads, lines)}


def labels(demo: Compose, name: str) -> dict[str, str]:
    text = demo.engine(f"import json; print(json.dumps(engine.container({name!r}).labels))")
    found: dict[str, str] = json.loads(text)
    return found


def test_docker_compose_goes_on_with_what_pycompose_began(demo: Compose) -> None:
    demo("up", "-d")
    before = ids(demo)
    assert set(before) == NAMES
    theirs(demo, "up", "-d")
    assert ids(demo) == before, "nothing was made anew"
    eventually(lambda: "begun" in theirs(demo, "logs", "web").out)
    assert theirs(demo, "exec", "-T", "web", "cat", "/run/secrets/hush", "/etc/plain").out == (
        "secret\nsecret\n"
    )
    assert theirs(demo, "port", "web", "80").out == "127.0.0.1:18933\n"
    assert "demo" in theirs(demo, "ls").out
    theirs(demo, "up", "-d", "--scale", "worker=1")
    assert set(ids(demo)) == NAMES - {"demo-worker-2"}
    theirs(demo, "down", "-v", "-t", "0")
    assert demo.containers() == {}
    assert demo.run("down", "-v").err.startswith("Warning: No resource found")


def test_pycompose_goes_on_with_what_docker_compose_began(demo: Compose) -> None:
    theirs(demo, "up", "-d")
    before = ids(demo)
    assert demo.run("plan").code == 0, "there is nothing to do"
    demo("up", "-d")
    assert ids(demo) == before, "nothing was made anew"
    assert set(demo.states()) == NAMES
    eventually(lambda: "web-1  | begun" in demo("logs", "web"))
    assert demo("exec", "-T", "db", "hostname") == "data\n"
    assert demo("port", "web", "80") == "127.0.0.1:18933\n"
    demo("up", "-d", "--scale", "worker=3")
    assert set(demo.states()) == {*NAMES, "demo-worker-3"}
    demo("down", "-v", "-t", "0")
    assert ids(demo) == {}


def test_a_change_is_seen_whoever_began(demo: Compose) -> None:
    theirs(demo, "up", "-d")
    before = ids(demo)
    demo.write(STACK.replace('A: "1"', 'A: "2"'))
    done = demo.run("plan")
    assert done.code == 2
    assert "demo-web-1" in done.out
    demo("up", "-d", "-t", "0")
    after = ids(demo)
    assert {name for name in NAMES if after[name] != before[name]} == {"demo-web-1"}
    assert theirs(demo, "exec", "-T", "web", "sh", "-c", "echo $A").out == "2\n"
    theirs(demo, "up", "-d")
    assert ids(demo) == after


def test_both_write_the_same_labels_and_hashes(demo: Compose) -> None:
    theirs(demo, "up", "-d")
    expected = {name: labels(demo, name) for name in NAMES}
    theirs(demo, "down", "-v", "-t", "0")
    demo("up", "-d")
    for name in NAMES:
        found = labels(demo, name)
        own = {key: value for key, value in found.items() if not key.startswith("io.pycompose.")}
        for key in ("com.docker.compose.version",):
            assert own.pop(key)
            expected[name].pop(key)
        assert own == expected[name]
    hashes = dict(line.split() for line in theirs(demo, "config", "--hash", "*").out.splitlines())
    assert labels(demo, "demo-web-1")["com.docker.compose.config-hash"] == hashes["web"]


def test_containers_are_what_docker_compose_makes_of_the_same_file(demo: Compose) -> None:
    """But for what differs from one container to the next, and ways to say the same."""
    theirs(demo, "up", "-d")
    expected = {name: settings(demo, name) for name in NAMES}
    theirs(demo, "down", "-v", "-t", "0")
    demo("up", "-d")
    for name in NAMES:
        assert settings(demo, name) == expected[name], name


def settings(demo: Compose, name: str) -> dict[str, Any]:
    """What decides how a container runs."""
    found: dict[str, Any] = json.loads(
        demo.engine(f"import json; print(json.dumps(engine.inspect({name!r})))")
    )
    config, host = found["Config"], found["HostConfig"]
    if found["Id"].startswith(config["Hostname"]):
        config["Hostname"] = ""
    for key in ("Labels", "Volumes"):
        config.pop(key)
    for key in ("Binds", "Mounts", "Tmpfs"):
        host.pop(key, None)
    mounts = sorted(
        (point["Type"], point["Destination"], point["RW"], point.get("Propagation"))
        for point in found["Mounts"]
        if point["Type"] != "tmpfs"
    )
    places = {
        network: (sorted(place["Aliases"] or ()), place["IPAMConfig"] or None)
        for network, place in found["NetworkSettings"]["Networks"].items()
    }
    config["Env"] = sorted(config["Env"] or ())
    return {
        "config": {key: value for key, value in config.items() if value},
        "host": {key: value for key, value in host.items() if value},
        "mounts": mounts,
        "networks": places,
    }
