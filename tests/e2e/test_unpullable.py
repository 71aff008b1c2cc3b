"""An image that cannot be pulled: one line that says where it is asked for and why it cannot be had, and nothing is left."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Compose
from tests.support.answers import Answers, answering
from tests.support.registry import free_port

FILE = """\
name: demo
services:
  web:
    image: {image}
    networks: [own]
networks: {{own: {{}}}}
"""
_CODES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "MANIFEST_UNKNOWN", 429: "TOOMANYREQUESTS"}
_REASONS = {
    401: "access to manifest for {image} refused by {host}: unauthorized: told so",
    403: "access to manifest for {image} denied by {host}: denied: told so",
    404: "manifest for {image} not found: manifest unknown: told so",
    429: "{host} refuses manifest for {image} for now: too many requests: toomanyrequests: told so",
}


def checked(compose: Compose, *words: str) -> str:
    """The command fails; its last words, without the hint. Nothing is left of it."""
    done = compose.run(*words)
    assert done.code == 18, done
    assert "Traceback" not in done.err
    assert compose("ps", "-a", "-q") == ""
    lines = [line for line in done.err.splitlines() if not line.startswith("hint: ")]
    assert lines[:-1] == [" web Pulling ", " web Error "]
    return lines[-1]


@pytest.mark.parametrize("verb", ["up", "pull", "run"])
def test_a_registry_that_nobody_runs(compose: Compose, verb: str) -> None:
    host = f"127.0.0.1:{free_port()}"
    compose.write(FILE.format(image=f"{host}/app:1"))
    words = {"up": ["up", "-d"], "pull": ["pull"], "run": ["run", "--rm", "web", "true"]}[verb]
    assert checked(compose, *words) == (
        f"compose.yaml:4:5: services.web.image: {host}/app:1: cannot reach http://{host}: connection refused"
    )


@pytest.mark.parametrize("status", [401, 403, 404, 429])
def test_a_registry_that_refuses(compose: Compose, status: int) -> None:
    class Refuses(Answers):
        def do_GET(self) -> None:
            body = {"errors": [{"code": _CODES[status], "message": "told so"}]}
            self.say(status, json.dumps(body).encode(), Content_Type="application/json")

    with answering(Refuses) as host:
        image = f"{host}/app:1"
        compose.write(FILE.format(image=image))
        reason = _REASONS[status].format(image=image, host=host)
        assert checked(compose, "up", "-d") == f"compose.yaml:4:5: services.web.image: {reason}"


def test_an_image_that_can_be_built_is_built_instead(compose: Compose) -> None:
    host = f"127.0.0.1:{free_port()}"
    compose.write(
        f"name: demo\nservices:\n  web:\n    image: {host}/app:1\n    network_mode: none\n"
        "    build: {dockerfile_inline: 'FROM busybox'}\n    command: 'true'\n"
    )
    done = compose.run("up", "-d")
    assert done.code == 0, done.err
    assert f" web Warning cannot reach http://{host}: connection refused" in done.err
    compose("down", "--rmi", "all")


def test_a_missing_image_under_pull_never(compose: Compose) -> None:
    compose.write(FILE.format(image="no/such:1"))
    done = compose.run("up", "-d", "--pull", "never")
    assert done.code == 1
    assert (
        done.err.splitlines()[0] == "compose.yaml:4:5: services.web.image: no such image: no/such:1"
    )
    assert done.err.splitlines()[1:] == [done.err.splitlines()[-1]]
