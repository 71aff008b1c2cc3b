"""Content digests: ``sha256:<64 hex digits>`` (OCI image spec, descriptor.md#digests)."""

from __future__ import annotations

from schemas.digest import sha256
from schemas.errors import InvalidArgument, Unsupported

ALGORITHM = "sha256"
_PREFIX = "sha256:"
_SMALL = 1 << 16
_HEX = frozenset("0123456789abcdef")


def of(data: bytes) -> str:
    """The digest of ``data``."""
    if len(data) < _SMALL:
        return _PREFIX + sha256(data).hexdigest()
    import hashlib  # loads OpenSSL, which is quick on what is large

    return _PREFIX + hashlib.sha256(data).hexdigest()


def from_hex(value: str) -> str:
    return _PREFIX + value


def hex_part(digest: str) -> str:
    """The hexadecimal part, proven to be one: it becomes a file name."""
    algorithm, colon, value = digest.partition(":")
    if not colon:
        raise InvalidArgument(f'invalid digest "{digest}"')
    if algorithm != ALGORITHM:
        raise Unsupported(f'digest algorithm "{algorithm}" is not supported (only sha256)')
    if len(value) != 64 or not _HEX.issuperset(value):
        raise InvalidArgument(f'invalid digest "{digest}"')
    return value
