"""Builds on a daemon: by buildx where it is there, else by the classic builder, which refuses what needs BuildKit."""

from __future__ import annotations

import os
from collections.abc import Mapping

from compose.backends.docker.client import Client
from compose.backends.docker.place import config_directory
from schemas.building import BuildSink, BuildSpec, BuildWarning
from schemas.errors import Unsupported
from schemas.records import ImageInfo

# Where Docker's own packages and Debian's put plug-ins of the command line.
_DIRECTORIES = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_NAME = "docker-buildx"


def buildx(environ: Mapping[str, str]) -> str:
    """The path of the buildx plug-in, "" when there is none."""
    own = os.path.join(config_directory(environ), "cli-plugins")
    for directory in (own, *_DIRECTORIES, *environ.get("PATH", "").split(":")):
        path = os.path.join(directory, _NAME)
        if directory and os.access(path, os.X_OK):
            return path
    return ""


def build(client: Client, spec: BuildSpec, sink: BuildSink) -> ImageInfo:
    """Build an image and name it. BuildFailed, Unsupported."""
    program = buildx(client.environ)
    if program:
        from compose.backends.docker import buildx as modern

        return modern.build(client, program, spec, sink)
    from compose.backends.docker import classic

    return classic.build(client, spec, sink)


def check(client: Client, spec: BuildSpec) -> list[BuildWarning]:
    """What build checks find. They are the local engine's own, on an empty store of their own: they read the Dockerfile, and
    need neither a daemon nor root."""
    import tempfile

    from engine.build import builder
    from engine.state import db

    before = os.environ.get("PYCOMPOSE_ROOT")
    with tempfile.TemporaryDirectory(prefix="pycompose-check-") as directory:
        os.environ["PYCOMPOSE_ROOT"] = directory
        try:
            return builder.check(spec)
        finally:
            db.close()
            if before is None:
                del os.environ["PYCOMPOSE_ROOT"]
            else:
                os.environ["PYCOMPOSE_ROOT"] = before


def needs_buildkit(what: str) -> Unsupported:
    """The error for what the classic builder does not have."""
    return Unsupported(
        f"{what} needs BuildKit, and Docker's buildx plug-in is not installed",
        hint="install docker-buildx (Debian: docker-buildx, Docker's own packages: docker-buildx-plugin)",
    )
