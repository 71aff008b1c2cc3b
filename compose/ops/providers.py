"""Services that other programs provide (``provider``): Compose's protocol with them (docker/compose, docs/extension.md).

A provider is run before any container is made, since what it says becomes variables of the containers that depend on it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import Any, Literal

from compose.paths import KeyPath
from schemas.errors import Failed, NotFound, PycomposeError
from schemas.records import Progress
from schemas.typed import NamedTuple

Command = Literal["up", "down", "stop"]
Report = Callable[[Progress], None]

# Where docker's own plug-ins lie: "model" is docker-model.
_PLUGINS = (
    "/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins",
)  # fmt: skip
_WORDS = {
    "up": ("Creating", "Created", "create"),
    "down": ("Removing", "Removed", "remove"),
    "stop": ("Stopping", "Stopped", "stop"),
}


class Provider(NamedTuple):
    """A service of another program; ``path`` is the program."""

    service: str
    body: Mapping[str, Any]
    path: str

    @property
    def kind(self) -> str:
        return str(self.body["provider"]["type"])


class Variables(NamedTuple):
    """What a provider gives to the services that depend on it: under the service's name, and as it is."""

    prefixed: dict[str, str]
    raw: dict[str, str]


class Misnamed(PycomposeError):
    """A provider that cannot be run; ``path`` says where it stands in the project."""

    def __init__(self, path: KeyPath, reason: str) -> None:
        super().__init__(reason)
        self.path = path


def find(name: str, body: Mapping[str, Any], environ: Mapping[str, str]) -> Provider:
    """The program of a service. Misnamed when there is none."""
    kind = str(body["provider"].get("type") or "")
    place: KeyPath = ("services", name, "provider", "type")
    if not kind or kind == "compose":
        raise Misnamed(place, f"'{kind}' is not a valid provider type")
    home = environ.get("DOCKER_CONFIG") or f"{environ.get('HOME', '')}/.docker"
    for directory in (f"{home}/cli-plugins", *_PLUGINS):
        path = f"{directory}/docker-{kind}"
        if os.access(path, os.X_OK):
            return Provider(name, body, path)
    found = shutil.which(kind, path=environ.get("PATH"))
    if found is None:
        raise Misnamed(place, f'exec: "{kind}": executable file not found in $PATH')
    return Provider(name, body, found)


def run(
    provider: Provider, project: str, command: Command, environ: Mapping[str, str], report: Report
) -> Variables:
    """Have the program do it. Failed with its own words; nothing is done for a ``stop`` that it does not announce."""
    known = _metadata(provider, environ)
    about = known.get(command)
    if command == "stop" and about is None:
        return Variables({}, {})
    arguments = [provider.path, "compose", f"--project-name={project}", command]
    arguments += [*_options(provider, known, about or {}), provider.service]
    doing, done, verb = _WORDS[command]
    report(Progress(provider.service, doing, "working"))
    try:
        found = _converse(provider, arguments, environ, report)
    except Failed as error:
        report(Progress(provider.service, "Error", "error"))
        error.message = f"failed to {verb} service provider {provider.service}: {error.message}"
        raise
    report(Progress(provider.service, done, "done"))
    return found


def _converse(
    provider: Provider, arguments: list[str], environ: Mapping[str, str], report: Report
) -> Variables:
    found = Variables({}, {})
    try:
        process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(environ)
        )
    except OSError as err:
        raise Failed(f"{provider.path}: {err.strerror}") from err
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.strip():
                _heed(provider, _message(line), found, process.stdin, report)
    except Failed:
        process.kill()
        raise
    finally:
        process.stdout.close()
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        code = process.wait()
    if code:
        raise Failed(f"{provider.kind} ended with exit code {code}")
    return found


def _heed(
    provider: Provider, message: dict[str, Any], found: Variables, stdin: Any, report: Report
) -> None:
    kind, text = message.get("type"), str(message.get("message") or "")
    if kind == "info":
        report(Progress(provider.service, text.strip().partition("\n")[0], "working"))
    elif kind == "error":
        raise Failed(text)
    elif kind in ("setenv", "rawsetenv"):
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise Failed(f"invalid response from plugin: {text}")
        (found.prefixed if kind == "setenv" else found.raw)[key] = value
    elif kind == "get-service-config":
        answer = json.dumps(provider.body).encode() + b"\n"
        # Of its own, so that neither waits for the other with a pipe that is full.
        threading.Thread(target=_answer, args=(stdin, answer), daemon=True).start()
    elif kind != "debug":
        raise Failed(f"invalid response from plugin: {kind}")


def _answer(stdin: Any, answer: bytes) -> None:
    try:
        stdin.write(answer)
        stdin.flush()
    except (OSError, ValueError):
        pass  # it has ended without listening


def _message(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Failed(f"invalid response from plugin: {line.decode('utf-8', 'replace').strip()}")
    return found


def _metadata(provider: Provider, environ: Mapping[str, str]) -> dict[str, Any]:
    """What the program says of its parameters; empty when it says nothing."""
    try:
        done = subprocess.run(
            [provider.path, "compose", "metadata"],
            stdin=subprocess.DEVNULL, capture_output=True, env=dict(environ), check=False,
        )  # fmt: skip
        found = json.loads(done.stdout) if done.returncode == 0 else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _options(provider: Provider, known: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    """``--key=value`` for each option that the command takes. NotFound for one that it needs and has not."""
    given: Mapping[str, Any] = provider.body["provider"].get("options") or {}
    parameters = about.get("parameters") or []
    names = {parameter.get("name") for parameter in parameters}
    for parameter in parameters:
        if parameter.get("required") and parameter.get("name") not in given:
            raise NotFound(
                f'required parameter "{parameter["name"]}" is missing from provider "{provider.kind}" definition'
            )
    return [
        f"--{key}={_text(value)}"
        for key, values in given.items()
        if not known or key in names
        for value in (values if isinstance(values, list) else [values])
    ]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
