"""The bytes of a blob, continued where a cut connection left off (RFC 9110, 14.2: Range)."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from engine.image.registry import errors
from engine.image.registry.client import ATTEMPTS, Repository, Wanted, passing_errors, pause
from engine.image.registry.manifests import Descriptor
from schemas.errors import Failed

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

CHUNK = 1 << 18
_BEYOND_THE_END = 416  # RFC 9110, 15.5.17: no byte from the asked one on


def chunks(repository: Repository, blob: Descriptor) -> Generator[bytes, None, None]:
    """The blob from its first byte to its last. The caller checks the digest.

    Raises what ``Repository.open`` does; Failed when there are more or fewer bytes than the manifest says, Unreachable when
    the connection has broken several times without a byte of progress.
    """
    offset = failures = 0
    while True:
        before = offset
        response = _open(repository, blob, offset)
        try:
            skip = (
                offset if response.status == 200 else 0
            )  # a server that does not know Range begins anew
            for data in _body(response):
                if skip:
                    dropped = min(skip, len(data))
                    skip -= dropped
                    data = data[dropped:]
                offset += len(data)
                if offset > blob.size:
                    raise Failed(
                        f"{blob.digest} is longer than the {blob.size} bytes announced for it"
                    )
                if data:
                    yield data
            if offset == blob.size:
                return
            if _is_whole(response):
                raise Failed(
                    f"{blob.digest} ends after {offset} of the {blob.size} bytes announced for it"
                )
            cut: BaseException = EOFError(
                f"the connection ended after {offset} of {blob.size} bytes"
            )
        except passing_errors() as err:
            cut = err
        finally:
            repository.release(response)
        failures = 1 if offset > before else failures + 1
        if failures >= ATTEMPTS or repository.closed:
            raise errors.unreachable(repository.place.url, cut) from cut
        pause(failures - 1)


def _open(repository: Repository, blob: Descriptor, offset: int) -> BaseHTTPResponse:
    wanted = Wanted("GET", f"blobs/{blob.digest}", f"blob {blob.digest[:19]}")
    if offset:
        ranged = {"Range": f"bytes={offset}-"}
        wanted = wanted._replace(headers=ranged, accept=(200, 206, _BEYOND_THE_END))
    return repository.open(wanted)


def _body(response: BaseHTTPResponse) -> Iterator[bytes]:
    """The bytes of the blob in an answer; a refusal has none, whatever it says."""
    if response.status == _BEYOND_THE_END:
        return iter(())
    return response.stream(CHUNK, decode_content=False)


def _is_whole(response: BaseHTTPResponse) -> bool:
    """Whether an answer that came without an error says that the blob has no more bytes.

    A part (206) may be shorter than what was asked for, and without a length nobody knows whether the end was a cut.
    """
    if response.status == _BEYOND_THE_END:
        return True
    framed = "content-length" in response.headers or "transfer-encoding" in response.headers
    return response.status == 200 and framed


def small(repository: Repository, blob: Descriptor) -> bytes:
    """A small blob (a config), whole and proven. Failed when its digest is another."""
    from engine.image import digest as digests

    limit = 8 << 20
    if blob.size > limit:
        raise Failed(f"{blob.digest} has {blob.size} bytes, too many for a config")
    data = b"".join(chunks(repository, blob))
    if digests.of(data) != blob.digest:
        raise Failed(f"content has digest {digests.of(data)}, but {blob.digest} was announced")
    return data
