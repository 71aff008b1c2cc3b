"""Small projects on a Swarm: errors as they are, jobs, scale, stop and start, and what has no place there."""

from __future__ import annotations

import json

from tests.support.eventually import eventually
from tests.swarm.conftest import Stack

FILE = """
name: small
services:
  web:
    image: busybox
    init: true
    command: sleep 1000
    stop_grace_period: 0s
    networks: [net]
    volumes: [data:/data]
    depends_on: {setup: {condition: service_completed_successfully}}
    deploy:
      endpoint_mode: dnsrr
      replicas: 2
      update_config: {parallelism: 0, monitor: 500ms}
  setup:
    image: busybox
    command: sh -c 'sleep 1; echo prepared'
    networks: [net]
    deploy: {mode: replicated-job, endpoint_mode: dnsrr}
networks:
  net: {attachable: true, driver_opts: {encrypted: ""}}
volumes:
  data: {labels: {keep: "no"}}
"""


def test_a_job_first_then_what_depends_on_it(stack: Stack) -> None:
    stack.write(FILE)
    stack("up", "-d")
    assert [task["State"] for task in stack.tasks("setup", "-a")] == ["complete"]
    assert [task["State"] for task in stack.tasks("web")] == ["running"] * 2
    assert stack.run("plan").code == 0
    assert "prepared" in stack("logs", "setup")
    network = json.loads(stack.docker("network", "inspect", "small_net"))[0]
    assert network["Attachable"] is True
    assert "encrypted" in network["Options"]
    stack("scale", "web=3")
    assert len(stack.tasks("web")) == 3
    done = stack.run("plan")
    assert "service web is scaled from 3 to 2" in done.out
    stack("stop", "web")
    assert stack.tasks("web") == []
    stack("start")
    ids = {task["ID"] for task in stack.tasks("web")}
    assert len(ids) == 3
    stack("restart", "web")
    assert ids.isdisjoint(task["ID"] for task in stack.tasks("web"))
    volumes = [
        json.loads(node.docker("volume", "inspect", "small_data").stdout)[0]["Labels"]
        for node in stack.swarm.nodes
        if "small_data" in node.docker("volume", "ls", "-q").stdout
    ]
    assert volumes
    assert all(own["com.docker.stack.namespace"] == "small" for own in volumes)
    stack("down", "web")
    assert {task["Service"] for task in stack.tasks("-a")} == {"setup"}


def test_a_service_that_fails_is_an_error_in_its_own_words(stack: Stack) -> None:
    one = (
        "name: small\nservices:\n  web:\n    image: busybox\n    init: true\n    stop_grace_period: 0s\n"
        "    command: {}\n    deploy: {{endpoint_mode: dnsrr, {}}}\n"
    )
    quick = "restart_policy: {delay: 100ms}"
    stack.write(one.format("[/no/such/program]", quick))
    done = stack.run("up", "-d")
    assert done.code == 1
    assert "service small_web: task small_web.1:" in done.err
    assert "/no/such/program" in done.err
    assert stack.run("plan").code == 2  # it is not as it should be
    stack.write(one.format("sh -c 'echo the disk is full >&2; exit 7'", quick))
    done = stack.run("up", "-d")
    assert done.code == 1
    assert "(7)" in done.err
    assert "its last words: the disk is full" in done.err
    stack.write(one.format("sleep 100", "placement: {constraints: [node.labels.zone == moon]}"))
    done = stack.run("up", "-d")
    assert (done.code, "no suitable node" in done.err) == (1, True)
    stack.write(one.format("sleep 100", "replicas: 1"))
    stack("up", "-d")
    assert [task["State"] for task in stack.tasks()] == ["running"]


def test_what_has_no_place_on_a_swarm_is_refused_by_name(stack: Stack) -> None:
    stack.write(FILE)
    for words, expected in (
        (("exec", "web", "true"), "exec is not there with --engine swarm"),
        (("run", "web"), "replicated-job"),
        (("up",), "up -d"),
        (("up", "-d", "--build"), "--build is not there"),
        (("up", "-d", "--scale", "setup=x"), "strconv"),
        (("stop", "setup"), "no such service"),
        (("rollback", "nobody"), "no such service"),
        (("--engine", "local", "rollback"), "needs --engine swarm"),
    ):
        done = stack.run(*words)
        assert done.code != 0, words
        assert expected in done.err, (words, done.err)
        assert "Traceback" not in done.err
    stack.write(FILE.replace("    init: true\n", "    privileged: true\n"))
    done = stack.run("up", "-d")
    assert done.code == 1
    assert done.err.startswith("compose.yaml:6:5: services.web.privileged: not honoured")
    # The nodes may still take away the tasks of the test before.
    eventually(lambda: not stack.left_of("small"), within=30)


def test_a_killed_command_is_finished_by_the_next(stack: Stack) -> None:
    stack.write(FILE)
    process = stack.begin("up", "-d")
    eventually(lambda: "small_setup" in stack.docker("service", "ls"), within=20)
    process.kill()
    process.wait()
    stack("up", "-d")
    assert [task["State"] for task in stack.tasks("web")] == ["running"] * 2
    assert stack.run("plan").code == 0
