"""What a Dockerfile comes down to: stages with steps that change files, and the image config that results. Plain data."""

from __future__ import annotations

from typing import Any

from engine.build.instructions import Document, Mount, Place
from engine.image.platform import Platform
from schemas.typed import NamedTuple


class Origin(NamedTuple):
    """Where files come from: ``kind`` is context, stage, named, image or scratch; ``name`` a reference or the name of a
    context; ``stage`` an index."""

    kind: str
    name: str = ""
    stage: int = -1
    platform: Platform | None = None


CONTEXT = Origin("context")
SCRATCH = Origin("scratch")


class MountOf(NamedTuple):
    """A mount of a RUN, with where its content comes from."""

    mount: Mount
    origin: Origin


class RunStep(NamedTuple):
    title: str
    place: Place
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    cwd: str
    user: str
    network: str  # default, none, host
    security: str  # sandbox, insecure
    mounts: tuple[MountOf, ...]
    script: Document | None = None  # a here-document with a shebang, to be run itself
    proxies: tuple[tuple[str, str], ...] = ()  # environment that is not part of the result


class CopyStep(NamedTuple):
    """COPY and ADD. ``sources`` are as written (expanded), relative to the root of ``origin``."""

    title: str
    place: Place
    origin: Origin
    sources: tuple[str, ...]
    documents: tuple[Document, ...]
    target: str  # absolute; "/" at its end means a directory
    chown: str = ""
    chmod: str = ""
    link: bool = False
    exclude: tuple[str, ...] = ()
    parents: bool = False
    is_add: bool = False
    unpack: bool = False
    unpack_remote: bool = False
    keep_git_dir: bool | None = None
    checksum: str = ""


class DirectoryStep(NamedTuple):
    """WORKDIR: the directory is made, and belongs to the user of the moment."""

    title: str
    place: Place
    path: str
    user: str


Step = RunStep | CopyStep | DirectoryStep


class StagePlan(NamedTuple):
    """``config`` is the image document without rootfs; its new history entries have no time yet, and ``layers`` of them
    stand for steps. ``needs`` are the stages it uses files of."""

    number: int
    name: str
    base: Origin
    platform: Platform
    steps: tuple[Step, ...]
    config: dict[str, Any]
    inherited: int  # history entries of the base
    needs: frozenset[int]
    no_cache: bool = False
    title: str = ""  # of its beginning, when that is brought from somewhere
