"""Secrets and configs as a tar that is unpacked into a container before it starts."""

from __future__ import annotations

import io
import tarfile

from compose.backends.docker import archives
from compose.backends.docker.client import Client
from schemas.errors import InvalidArgument, NotFound
from schemas.specs import FileMount

_MODE = 0o444


def archive(files: list[FileMount]) -> bytes:
    """The tar, with the directories that lead to the files. InvalidArgument for a source that cannot be read."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in files:
            data = _data(file)
            entry = tarfile.TarInfo(file["target"].lstrip("/"))
            entry.size = len(data)
            entry.mode = file.get("mode", _MODE)
            entry.uid, entry.gid = file.get("uid", 0), file.get("gid", 0)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _data(file: FileMount) -> bytes:
    if "content" in file:
        return file["content"].encode("utf-8", "surrogateescape")
    try:
        with open(file["source"], "rb") as source:
            return source.read()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidArgument(f"{file['target']}: {file['source']}: {reason}") from error


def content(client: Client, id: str, target: str) -> str:
    """What a file holds that was put into a container; "" when it was removed there."""
    try:
        stream = archives.read(client, id, target)
    except NotFound:
        return ""
    try:
        data = b"".join(iter(lambda: stream.read(1 << 16), b""))
    finally:
        stream.close()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        entry = tar.next()
        held = tar.extractfile(entry) if entry is not None else None
        return held.read().decode("utf-8", "surrogateescape") if held is not None else ""
