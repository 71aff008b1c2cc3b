"""Images of a registry that wants a password: nodes pull them with our credentials, by the digest that the tag has at ``up``."""

from __future__ import annotations

from pathlib import Path

from tests.support import registry
from tests.support.eventually import eventually
from tests.support.swarm import REGISTRY, Swarm
from tests.swarm.conftest import Stack

FILE = f"""
name: small
services:
  web:
    image: {REGISTRY}/web:1
    init: true
    command: sleep 1000
    network_mode: host
    stop_grace_period: 0s
    deploy:
      mode: global
      endpoint_mode: dnsrr
      update_config: {{parallelism: 0, monitor: 500ms}}
"""


def push(swarm: Swarm, text: str) -> None:
    """Put an image that differs in ``text`` into the registry under the same tag."""
    manager = swarm.manager
    name = f"{REGISTRY}/web:1"
    container = manager.docker("create", "busybox", "true").stdout.strip()
    manager.docker("commit", "--change", f"ENV TEXT={text}", container, name)
    manager.docker("rm", container)
    manager.docker("push", name)
    manager.docker("rmi", name)


def test_nodes_pull_with_our_credentials_what_the_tag_stands_for(
    stack: Stack, swarm: Swarm, tmp_path: Path
) -> None:
    enter = ("nsenter", f"--net=/proc/{swarm.hub.pid}/ns/net")
    port = int(REGISTRY.rpartition(":")[2])
    where = {"addr": REGISTRY, "secret": "tests"}
    secret = registry.with_password(tmp_path / "registry")
    with registry.running(tmp_path / "registry", port=port, enter=enter, http=where, **secret):
        words = ("login", "-u", registry.NAME, "-p", registry.PASSWORD, REGISTRY)
        eventually(lambda: swarm.manager.docker(*words, check=False).returncode == 0, within=20)
        push(swarm, "one")
        stack.write(FILE)
        stack("up", "-d")
        (image,) = {task["Image"] for task in stack.tasks("--no-trunc")}
        name, _, digest = image.partition("@")
        assert name == f"{REGISTRY}/web:1"
        assert digest.startswith("sha256:")
        assert len(stack.tasks()) == 3
        assert stack.run("plan").code == 0
        push(swarm, "two")
        assert stack.run("plan", "--resolve-image", "never").code == 0
        plan = stack.run("plan")
        assert plan.code == 2
        assert f'image: "{name}@{digest}" →' in plan.out
        stack("up", "-d")
        (other,) = {task["Image"] for task in stack.tasks("--no-trunc")}
        assert other.partition("@")[2] != digest
    # The registry is away: what runs is as good as anything.
    done = stack.run("plan")
    assert done.code == 0
    assert "its registry does not tell its digest" in done.err
