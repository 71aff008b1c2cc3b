"""``docker buildx build``: a BuildSpec as its command line, its JSON progress as build events."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from compose.backends.docker import images, times
from compose.backends.docker.client import Client
from schemas.building import BuildEvent, BuildSecret, BuildSink, BuildSpec
from schemas.errors import BuildFailed, Failed, NotFound, Unsupported
from schemas.records import ImageInfo

_KEEP_LINES = 20  # of a failed step's output
_SOLVE = "ERROR: failed to solve: "
_RULE = "--------------------"


def build(client: Client, program: str, spec: BuildSpec, sink: BuildSink) -> ImageInfo:
    """Run it to its end. BuildFailed with the step and its place in the Dockerfile; Unsupported."""
    if (spec.get("limits") or {}).get("memory"):
        raise Unsupported("a limit of memory: BuildKit has none for builds")
    with tempfile.TemporaryDirectory(prefix="pycompose-build-") as directory:
        iid = f"{directory}/iid"
        words = [
            program,
            "build",
            "--builder",
            "default",
            "--progress",
            "rawjson",
            "--iidfile",
            iid,
        ]
        words += arguments(spec, _written(spec.get("secrets") or [], directory))
        inline = spec.get("dockerfile_inline")
        if inline is not None:
            with open(f"{directory}/Dockerfile", "w", encoding="utf-8") as file:
                file.write(inline)
            words += ["--file", f"{directory}/Dockerfile"]
        process = subprocess.Popen(
            [*words, "--", spec["context"]],
            env=_environment(client),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        teller = Teller(sink)
        assert process.stderr is not None
        with process.stderr as said, _ended(process):
            rest = _read(said, teller)
        if process.returncode:
            raise teller.failure(rest, process.returncode)
        with open(iid, encoding="ascii") as file:
            id = file.read().strip()
    found = images.image(client, id)
    if found is None:
        raise NotFound(f"image {id} was removed while it was built")
    return found


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever ends us ends the build."""
    try:
        yield
        process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _environment(client: Client) -> dict[str, str]:
    """The builder finds the same daemon: the one that we speak to, whoever named it."""
    environ = {
        key: value
        for key, value in client.environ.items()
        if key not in ("DOCKER_CONTEXT", "BUILDX_BUILDER", "DOCKER_TLS", "DOCKER_TLS_VERIFY")
    }
    place = client.place
    environ["DOCKER_HOST"] = place.url
    if place.tls is not None:
        environ["DOCKER_TLS_VERIFY" if place.tls.verify else "DOCKER_TLS"] = "1"
        environ["DOCKER_CERT_PATH"] = os.path.dirname(place.tls.cert or place.tls.ca)
    return environ


def _written(secrets: list[BuildSecret], directory: str) -> list[str]:
    """Secrets as words; what is text becomes a file that nobody else reads."""
    words = []
    for number, secret in enumerate(secrets):
        path = secret.get("file") or f"{directory}/secret-{number}"
        if "text" in secret:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(secret["text"])
        words += ["--secret", f"id={secret['id']},src={path}"]
    return words


def arguments(spec: BuildSpec, secrets: list[str]) -> list[str]:
    """The command line of a build, without context and output. Pure."""
    words = list(secrets)
    dockerfile = spec.get("dockerfile")
    if dockerfile and "dockerfile_inline" not in spec:
        local = "://" not in spec["context"] and not spec["context"].startswith("git@")
        words += ["--file", os.path.join(spec["context"], dockerfile) if local else dockerfile]
    for flag, key in (
        ("--target", "target"),
        ("--network", "network"),
        ("--cgroup-parent", "cgroup_parent"),
    ):
        if spec.get(key):
            words += [flag, str(spec[key])]  # type: ignore[literal-required]
    for flag, pairs in (
        ("--build-arg", spec.get("args")),
        ("--label", spec.get("labels")),
        ("--build-context", spec.get("additional_contexts")),
    ):
        for name, value in (pairs or {}).items():
            words += [flag, f"{name}={value}"]
    for flag, several in (
        ("--tag", spec.get("tags")),
        ("--platform", [",".join(spec.get("platforms") or [])]),
        ("--no-cache-filter", spec.get("no_cache_filter")),
        ("--add-host", spec.get("extra_hosts")),
        ("--allow", spec.get("entitlements")),
    ):
        for value in several or []:
            if value:
                words += [flag, value]
    for flag, places in (
        ("--cache-from", spec.get("cache_from")),
        ("--cache-to", spec.get("cache_to")),
    ):
        for place in places or []:
            words += [flag, ",".join(f"{key}={value}" for key, value in place.items())]
    for id, where in (spec.get("ssh") or {}).items():
        words += ["--ssh", f"{id}={where}" if where else id]
    for name, limit in (spec.get("ulimits") or {}).items():
        words += ["--ulimit", f"{name}={limit['soft']}:{limit['hard']}"]
    if spec.get("shm_size"):
        words += ["--shm-size", str(spec["shm_size"])]
    words += [
        flag for flag, key in (("--no-cache", "no_cache"), ("--pull", "pull")) if spec.get(key)
    ]
    # Attestations would make an index of what is one image.
    return [*words, "--provenance=false", "--load"]


def _read(stream: IO[bytes], teller: Teller) -> str:
    """Hand on the documents of the progress; what follows them in plain words."""
    decoder = json.JSONDecoder()
    held = ""
    for raw in stream:
        held += raw.decode("utf-8", "replace")
        if not raw.startswith(b"}"):
            continue
        start = held.find("{")
        try:
            document, end = decoder.raw_decode(held, start)
        except ValueError:
            continue
        teller(document)
        held = held[end:].lstrip()
    return held


class Teller:
    """BuildKit's vertexes and logs as build events; remembers what is needed to explain a failure."""

    def __init__(self, sink: BuildSink) -> None:
        self._sink = sink
        self._numbers: dict[str, int] = {}
        self._titles: dict[str, str] = {}
        self._output: dict[str, bytes] = {}
        self._over: set[str] = set()
        self._failed = ""
        self._why = ""

    def __call__(self, document: dict[str, Any]) -> None:
        for vertex in document.get("vertexes") or ():
            self._vertex(vertex)
        for log in document.get("logs") or ():
            digest = log["vertex"]
            data = base64.b64decode(log.get("data") or "")
            self._output[digest] = self._output.get(digest, b"") + data
            self._say(digest, "log", data)
        for warning in document.get("warnings") or ():
            text = base64.b64decode(warning.get("short") or "")
            self._sink(BuildEvent(0, "warning", "", text))

    def failure(self, rest: str, code: int) -> BuildFailed | Failed:
        """The error that a build ended with; ``rest`` is what was said after the progress."""
        lines = rest.strip().splitlines()
        message = next((line for line in reversed(lines) if line.startswith("ERROR: ")), "")
        text = message.removeprefix(_SOLVE).removeprefix("ERROR: ") or self._why
        excerpt, line = _excerpt(lines)
        if not text:
            return Failed(rest.strip() or f"docker buildx ended with {code}")
        output = self._output.get(self._failed, b"").decode("utf-8", "replace")
        return BuildFailed(
            text,
            title=self._titles.get(self._failed, ""),
            line=line,
            excerpt=excerpt,
            output="\n".join(output.splitlines()[-_KEEP_LINES:]),
            code=_exit_code(text),
        )

    def _vertex(self, vertex: dict[str, Any]) -> None:
        digest = vertex["digest"]
        if digest not in self._numbers:
            self._numbers[digest] = len(self._numbers) + 1
            self._titles[digest] = title(str(vertex.get("name") or ""))
        if not vertex.get("completed"):
            if vertex.get("started"):
                self._say(digest, "start")
            return
        if digest in self._over:
            return
        self._over.add(digest)
        began, ended = (times.seconds(vertex.get(key) or "") for key in ("started", "completed"))
        error = str(vertex.get("error") or "")
        if error:
            canceled = "context canceled" in error
            if not canceled:
                self._failed, self._why = digest, error
            self._say(digest, "canceled" if canceled else "error", error.encode(), ended - began)
        else:
            self._say(digest, "cached" if vertex.get("cached") else "done", b"", ended - began)

    def _say(self, digest: str, kind: Any, data: bytes = b"", seconds: float = 0.0) -> None:
        number = self._numbers.get(digest, 0)
        self._sink(BuildEvent(number, kind, self._titles.get(digest, ""), data, max(seconds, 0.0)))


def title(name: str) -> str:
    """A vertex's name without the one that BuildKit gives to a stage without a name."""
    head, bracket, rest = name.partition("]")
    words = head.split(" ")
    if bracket and len(words) == 2 and words[0].startswith("[stage-"):
        return f"[{words[1]}]{rest}"
    return name


def _excerpt(lines: list[str]) -> tuple[str, int]:
    """The lines around a failing instruction, with the place above them, and its line."""
    rules = [index for index, line in enumerate(lines) if line == _RULE]
    if len(rules) < 2 or rules[0] == 0:
        return "", 0
    where = lines[rules[0] - 1]
    number = where.rpartition(":")[2]
    return "\n".join(lines[rules[0] - 1 : rules[1] + 1]), int(number) if number.isdecimal() else 0


def _exit_code(text: str) -> int:
    code = text.rpartition("exit code: ")[2].strip()
    return int(code) if code.isdecimal() else 1
