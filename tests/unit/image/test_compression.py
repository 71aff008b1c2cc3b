from __future__ import annotations

import gzip

import pytest
from backports import zstd

from engine.image import compression
from schemas.errors import Failed, Unsupported

DATA = bytes(range(256)) * 2000


def unpack(data: bytes, step: int = 1000) -> bytes:
    decoder = compression.decoder(compression.detect(data))
    found = b"".join(decoder.feed(data[at : at + step]) for at in range(0, len(data), step))
    decoder.finish()
    return found


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress, bytes])
@pytest.mark.parametrize("step", [1, 999, 1 << 20])
def test_what_was_packed_comes_back_in_chunks_of_any_size(pack, step) -> None:  # type: ignore[no-untyped-def]
    data = DATA[:3000] if step == 1 else DATA
    assert unpack(pack(data), step) == data


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_members_after_each_other_are_one_stream(pack) -> None:  # type: ignore[no-untyped-def]
    assert unpack(pack(b"one") + pack(b"two")) == b"onetwo"


def test_zeros_after_gzip_are_padding() -> None:
    assert unpack(gzip.compress(b"one") + bytes(500)) == b"one"


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_stream_cut_short_is_an_error(pack) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Failed, match="too early"):
        unpack(pack(DATA)[:-5])


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_damaged_data_is_an_error(pack) -> None:  # type: ignore[no-untyped-def]
    data = bytearray(pack(DATA))
    for at in range(12, 40):
        data[at] ^= 0xFF
    with pytest.raises(Failed):
        unpack(bytes(data))


def test_other_compressions_are_named() -> None:
    with pytest.raises(Unsupported, match="bzip2"):
        unpack(b"BZh91AY")
