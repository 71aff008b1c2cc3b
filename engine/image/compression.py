"""Streams unpacked on the way: gzip (through isal where it is installed, else zlib) and zstd (backports.zstd)."""

from __future__ import annotations

import importlib
from typing import Any

from schemas.errors import Failed, Unsupported
from schemas.typed import Protocol

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
)
_GZIP_WBITS = 31  # zlib.h: 16 + MAX_WBITS reads a gzip header


class Decoder(Protocol):
    """Compressed bytes in, plain bytes out."""

    def feed(self, data: bytes) -> bytes: ...
    def finish(self) -> None:
        """Failed when the stream is cut short."""


class Plain:
    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> None:
        pass


class Gzip:
    """One or more gzip members after each other (RFC 1952, 2.2)."""

    _zlib: Any

    def __init__(self) -> None:
        try:
            self._zlib = importlib.import_module("isal.isal_zlib")
        except ImportError:
            self._zlib = importlib.import_module("zlib")
        self._decoder = self._zlib.decompressobj(_GZIP_WBITS)
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        parts = []
        try:
            while data:
                if self._decoder.eof:
                    # Zeros after the last member are padding, as gzip(1) takes them.
                    if not data.strip(b"\0"):
                        break
                    self._decoder = self._zlib.decompressobj(_GZIP_WBITS)
                self._begun = True
                parts.append(self._decoder.decompress(data))
                data = self._decoder.unused_data
        except self._zlib.error as err:
            raise Failed(f"damaged gzip data: {err}") from err
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def finish(self) -> None:
        if self._begun and not self._decoder.eof:
            raise Failed("gzip data ends too early")


class Zstd:
    """One or more zstd frames after each other (RFC 8878, 3)."""

    def __init__(self) -> None:
        try:
            from compression import zstd
        except ImportError:
            try:
                from backports import zstd
            except ImportError:
                raise Unsupported(
                    "zstd-compressed layers need the package backports.zstd",
                    hint="pip install backports.zstd",
                ) from None
        self._zstd = zstd
        self._decoder = zstd.ZstdDecompressor()
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        parts = []
        try:
            while data:
                if self._decoder.eof:
                    self._decoder = self._zstd.ZstdDecompressor()
                self._begun = True
                parts.append(self._decoder.decompress(data))
                data = self._decoder.unused_data if self._decoder.eof else b""
        except self._zstd.ZstdError as err:
            raise Failed(f"damaged zstd data: {err}") from err
        return b"".join(parts)

    def finish(self) -> None:
        if self._begun and not self._decoder.eof:
            raise Failed("zstd data ends too early")


_DECODERS: dict[str, type[Plain | Gzip | Zstd]] = {
    "none": Plain,
    "gzip": Gzip,
    "zstd": Zstd,
}


def detect(head: bytes) -> str:
    """The compression that the first bytes of a stream tell: none, gzip, zstd, bzip2 or xz."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    return "none"


def decoder(name: str) -> Decoder:
    """A decoder for what ``detect`` said; Unsupported names what cannot be read."""
    try:
        return _DECODERS[name]()
    except KeyError:
        raise Unsupported(
            f"{name}-compressed archives are not supported (gzip, zstd or plain)"
        ) from None
