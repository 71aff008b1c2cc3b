"""Compose files from registries: artifacts as ``docker compose publish`` makes them, cached by digest.

A part is a Compose file (several make one file of several documents), a file that one of them extends, or an env file. The
names come from whoever published it, so they are taken for names and never for paths (CVE-2025-62725).
"""

from __future__ import annotations

import os

from schemas.errors import ComposeFileError, EngineError
from schemas.records import Artifact, Part

_TYPE = "application/vnd.docker.compose.project"
_FILE = "application/vnd.docker.compose.file+yaml"
_ENV_FILE = "application/vnd.docker.compose.envfile"
_EMPTY = "application/vnd.docker.compose.config.empty.v1+json"
_NOTE = "com.docker.compose."
_MAIN = "compose.yaml"
_SEPARATOR = b"\n---\n"
_LONGEST = 255  # bytes of a file's name


def fetch_artifact(name: str, cache: str) -> str:
    """A local path of the Compose file at ``oci://…``; ComposeFileError."""
    from compose.backends import artifact_digest, read_artifact

    reference = name.removeprefix("oci://")
    try:
        digest = artifact_digest(reference)
        target = os.path.join(cache, "oci", digest.partition(":")[2])
        if not os.path.isdir(target):
            repository = reference.partition("@")[0]
            colon = repository.rfind(":")
            repository = repository[:colon] if colon > repository.rfind("/") else repository
            found = read_artifact(f"{repository}@{digest}", _TYPE)
            _write(files(found, name), target)
    except EngineError as error:
        raise ComposeFileError(f"{name}: {error.message}", hint=error.hint) from error
    return os.path.join(target, _MAIN)


def files(artifact: Artifact, name: str) -> dict[str, bytes]:
    """The files that an artifact consists of, by name. ComposeFileError when it is none of ours."""
    if artifact.type not in (_TYPE, _EMPTY):
        kind = artifact.type or "an image"
        raise ComposeFileError(f"{name} is not a Compose project but {kind}")
    found: dict[str, bytes] = {}
    for part in artifact.parts:
        if part.media_type == _FILE:
            file = _name(part, "file", name) if _NOTE + "extends" in part.annotations else _MAIN
            before = found.get(file)
            found[file] = part.data if before is None else before + _SEPARATOR + part.data
        elif part.media_type == _ENV_FILE:
            file = _name(part, "envfile", name)
            if file in found:
                raise ComposeFileError(f"{name}: two of its parts are called {file}")
            found[file] = part.data
        elif part.media_type != _EMPTY:
            raise ComposeFileError(f"{name}: it holds {part.media_type}, which is not understood")
    if _MAIN not in found:
        raise ComposeFileError(f"{name}: there is no Compose file in it")
    return found


def _name(part: Part, key: str, name: str) -> str:
    file = part.annotations.get(_NOTE + key, "")
    if not file:
        raise ComposeFileError(f"{name}: a part lacks the annotation {_NOTE}{key}")
    if not _is_plain(file):
        shown = ascii(file[:_LONGEST])
        raise ComposeFileError(f"{name}: a part is called {shown}, which is no plain file name")
    return file


def _is_plain(file: str) -> bool:
    # JSON can have half a surrogate pair, which comes back from "replace" as a question mark.
    encoded = file.encode("utf-8", "replace")
    return (
        file not in (".", "..")
        and not any(char in file for char in "/\\\0")
        and len(encoded) <= _LONGEST
        and encoded.decode() == file
    )


def _write(found: dict[str, bytes], target: str) -> None:
    """Put the files in place; a half-made directory is never seen."""
    import shutil
    import tempfile

    os.makedirs(os.path.dirname(target), exist_ok=True)
    work = tempfile.mkdtemp(prefix=".fetch-", dir=os.path.dirname(target))
    try:
        for name, data in found.items():
            with open(os.path.join(work, name), "xb") as file:
                file.write(data)
        try:
            os.rename(work, target)
        except OSError:
            if not os.path.isdir(target):
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
