"""A log in several files: nothing is lost between them, none is larger than it may be, and a reader goes through all."""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.runtime.drivers.options import Plan
from engine.runtime.logfiles import Files
from engine.runtime.logwriter import LogWriter

ID = "a" * 64
chunks = st.lists(
    st.lists(st.integers(0, 2000), min_size=1, max_size=6).map(
        lambda lengths: b"\n".join(b"x" * length for length in lengths)
    ),
    min_size=1,
    max_size=8,
)


def _plan(size: int, files: int) -> Plan:
    return Plan(kept=True, max_size=size, max_files=files, compress=False, remote="", buffer=0)


def _read(files: Files) -> bytes:
    return b"".join(frame.data for frame in files.read())


@settings(max_examples=30)
@given(written=chunks, size=st.integers(2100, 5000))
def test_what_is_written_is_read_whatever_the_sizes(written: list[bytes], size: int) -> None:
    with tempfile.TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYCOMPOSE_ROOT", root)
        directory = f"{root}/containers/{ID}"
        os.makedirs(directory)
        log, reader = LogWriter(ID, _plan(size, 70)), Files(ID)
        followed = b""
        for number, chunk in enumerate(written):
            log.append(1, chunk)
            if number % 3 == 0:
                followed += _read(reader)
        log.close()
        followed += _read(reader)
        reader.close()
        whole = Files(ID)
        assert _read(whole) == followed == b"".join(written)
        whole.close()
        assert max(entry.stat().st_size for entry in os.scandir(directory)) <= size


def test_a_reader_that_was_left_behind_goes_on_with_the_oldest_and_never_back(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYCOMPOSE_ROOT", str(tmp_path))
    os.makedirs(f"{tmp_path}/containers/{ID}")
    log, reader = LogWriter(ID, _plan(1100, 3)), Files(ID)
    log.append(1, b"0\n")
    assert _read(reader) == b"0\n"
    for number in range(1, 1000):
        log.append(1, b"%d\n" % number)
    rest = [int(line) for line in _read(reader).split()]
    # The rest of its own file, though that is gone by now, and what is left of the others.
    assert rest == sorted(set(rest)) and (rest[0], rest[-1]) == (1, 999) and len(rest) < 900
    log.append(1, b"1000\n")
    assert _read(reader) == b"1000\n"
    log.close()
    reader.close()
