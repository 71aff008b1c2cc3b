"""Docker's classic builder: the context as a tar, the output as lines. What needs BuildKit is refused by name."""

from __future__ import annotations

import os
from typing import IO, Any, cast

from compose.backends.docker import images
from compose.backends.docker.building import needs_buildkit
from compose.backends.docker.client import Client
from schemas.building import BuildEvent, BuildSink, BuildSpec
from schemas.errors import BuildFailed, InvalidArgument, NotFound
from schemas.records import ImageInfo

# Keys of a spec that the classic builder has nothing for.
_MODERN = ("secrets", "ssh", "additional_contexts", "entitlements", "no_cache_filter", "cache_to")
_MOUNT = ("--mount=", "<<")


def build(client: Client, spec: BuildSpec, sink: BuildSink) -> ImageInfo:
    """Run it to its end. BuildFailed, Unsupported."""
    for key in _MODERN:
        if spec.get(key):
            raise needs_buildkit(f"build.{key}")
    if len(spec.get("platforms") or []) > 1:
        raise needs_buildkit("an image for several platforms")
    sources = spec.get("cache_from") or []
    if any(place.get("type") != "registry" for place in sources):
        raise needs_buildkit("build.cache_from of another type than registry")
    remote = "://" in spec["context"] or spec["context"].startswith("git@")
    name, archive = ("", None) if remote else _context(spec)
    try:
        return _run(client, spec, sink, name, archive)
    finally:
        if archive is not None:
            archive.close()


def _run(
    client: Client, spec: BuildSpec, sink: BuildSink, name: str, archive: IO[bytes] | None
) -> ImageInfo:
    tags = spec.get("tags") or []
    limits = spec.get("limits") or {}
    platforms = spec.get("platforms") or []
    teller = _Teller(sink)
    with client.explained():
        lines = client.api.build(
            path=None if archive else spec["context"],
            fileobj=archive,
            custom_context=archive is not None,
            dockerfile=name or spec.get("dockerfile") or None,
            tag=tags[0] if tags else None,
            decode=True,
            rm=True,
            forcerm=True,
            nocache=bool(spec.get("no_cache")),
            pull=bool(spec.get("pull")),
            buildargs=spec.get("args") or None,
            labels=spec.get("labels") or None,
            target=spec.get("target") or None,
            network_mode=spec.get("network") or None,
            platform=platforms[0] if platforms else None,
            shmsize=spec.get("shm_size") or None,
            extra_hosts={
                host: address
                for host, _, address in (
                    word.partition("=") for word in spec.get("extra_hosts") or []
                )
            }
            or None,
            cache_from=[place["ref"] for place in spec.get("cache_from") or []] or None,
            container_limits={"memory": limits["memory"]} if limits.get("memory") else None,
        )
        for line in lines:
            teller(line)
    if not teller.image:
        raise BuildFailed("the builder ended without an image")
    for tag in tags[1:]:
        images.tag(client, teller.image, tag)
    found = images.image(client, teller.image)
    if found is None:
        raise NotFound(f"image {teller.image} was removed while it was built")
    return found


class _Teller:
    """``Step 2/5 : RUN …`` begins a step; other words are its output."""

    def __init__(self, sink: BuildSink) -> None:
        self._sink = sink
        self._step = 0
        self._title = ""
        self._output = ""
        self.image = ""

    def __call__(self, line: dict[str, Any]) -> None:
        if line.get("error"):
            detail = line.get("errorDetail") or {}
            raise BuildFailed(
                str(line["error"]).strip(),
                title=self._title,
                output=self._output,
                code=int(detail.get("code") or 1),
            )
        self.image = str((line.get("aux") or {}).get("ID") or self.image)
        text = str(line.get("stream") or "")
        if text.startswith("Step "):
            if self._step:
                self._say("done")
            self._step += 1
            numbers, _, words = text.removeprefix("Step ").partition(" : ")
            self._title, self._output = f"[{numbers}] {words.strip()}", ""
            self._say("start")
        elif text.strip():
            self._output += text
            self._say("log", text.encode())

    def _say(self, kind: Any, data: bytes = b"") -> None:
        self._sink(BuildEvent(self._step, kind, self._title, data))


def _context(spec: BuildSpec) -> tuple[str, IO[bytes]]:
    """The name of the Dockerfile in the tar of the context, and the tar. InvalidArgument, Unsupported."""
    from docker.utils import build as contexts

    directory = spec["context"]
    if not os.path.isdir(directory):
        raise InvalidArgument(f"{directory}: no such directory")
    text = spec.get("dockerfile_inline")
    name = spec.get("dockerfile") or "Dockerfile"
    if text is None:
        path = os.path.join(directory, name)
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except OSError as error:
            raise InvalidArgument(f"{path}: {(error.strerror or str(error)).lower()}") from error
    if any(_modern(line.strip()) for line in text.splitlines()):
        raise needs_buildkit(f"{name}: RUN --mount or a here-document")
    # Under a name of its own, so that it comes along whatever .dockerignore says.
    own = ".pycompose.Dockerfile"
    ignored = contexts.exclude_paths(directory, _ignored(directory, name), dockerfile=own)
    archive = contexts.create_archive(directory, files=sorted(ignored), extra_files=[(own, text)])
    return own, cast("IO[bytes]", archive)


def _modern(line: str) -> bool:
    return line[:4].upper() in ("RUN ", "COPY", "ADD ") and any(words in line for words in _MOUNT)


def _ignored(directory: str, name: str) -> list[str]:
    for path in (
        os.path.join(directory, f"{name}.dockerignore"),
        os.path.join(directory, ".dockerignore"),
    ):
        try:
            with open(path, encoding="utf-8") as file:
                lines = [line.strip() for line in file]
        except OSError:
            continue
        return [line for line in lines if line and not line.startswith("#")]
    return []
