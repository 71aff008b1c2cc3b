"""Files out of a container and into it: the archive endpoints."""

from __future__ import annotations

import base64
import json
import stat
from typing import TYPE_CHECKING

from compose.backends.docker import containers, times
from compose.backends.docker.client import Client
from schemas.errors import Conflict, Failed, InvalidArgument
from schemas.records import PathInfo

if TYPE_CHECKING:
    from compose.backends.docker.wire import Response
    from schemas.engine import Bytes

# Go's bits of os.FileMode beside the permissions.
_GO_DIR, _GO_LINK, _GO_DEVICE, _GO_PIPE, _GO_SOCKET = 1 << 31, 1 << 27, 1 << 26, 1 << 25, 1 << 24
_GO_SETUID, _GO_SETGID, _GO_CHAR, _GO_STICKY = 1 << 23, 1 << 22, 1 << 21, 1 << 20
_KINDS = (
    (_GO_DIR, stat.S_IFDIR),
    (_GO_LINK, stat.S_IFLNK),
    (_GO_PIPE, stat.S_IFIFO),
    (_GO_SOCKET, stat.S_IFSOCK),
    (_GO_CHAR, stat.S_IFCHR),
    (_GO_DEVICE, stat.S_IFBLK),
)
_BITS = ((_GO_SETUID, stat.S_ISUID), (_GO_SETGID, stat.S_ISGID), (_GO_STICKY, stat.S_ISVTX))


def path_info(client: Client, id: str, path: str) -> PathInfo:
    """What is at ``path``; NotFound."""
    headers = client.wire.head(containers.path(id, "archive"), {"path": path or "/"})
    found = json.loads(base64.b64decode(headers[b"x-docker-container-path-stat"]))
    return PathInfo(
        found["name"],
        found["size"],
        mode(found["mode"]),
        times.seconds(found["mtime"]),
        found.get("linkTarget") or "",
    )


def mode(go: int) -> int:
    """Go's file mode as stat(2) has it."""
    kind = next((own for bit, own in _KINDS if go & bit), stat.S_IFREG)
    return kind | (go & 0o777) | sum(own for bit, own in _BITS if go & bit)


class Reader:
    """A tar as it comes."""

    def __init__(self, response: Response) -> None:
        self._response = response

    def read(self, size: int, /) -> bytes:
        return self._response.read(size)

    def close(self) -> None:
        self._response.close()


def read(client: Client, id: str, path: str) -> Reader:
    """NotFound is raised here, before anything is read."""
    return Reader(client.wire.stream("GET", containers.path(id, "archive"), {"path": path or "/"}))


def export(client: Client, id: str) -> Reader:
    """The whole root as a tar."""
    return Reader(client.wire.stream("GET", containers.path(id, "export")))


def write(client: Client, id: str, path: str, archive: Bytes) -> None:
    """Conflict where a directory would take a file's place or the other way round; InvalidArgument for no directory."""
    query: dict[str, str | bool] = {"path": path or "/", "noOverwriteDirNonDir": True}
    try:
        client.wire.put(containers.path(id, "archive"), query, archive)
    except Failed as error:
        if "not a directory" in error.message:
            raise InvalidArgument(f"{path}: not a directory") from error
        if "cannot overwrite" in error.message:
            raise Conflict(error.message) from error
        raise
