"""Two streams in one, and lines of a log, however the bytes arrive."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compose.backends.docker.frames import Frames, Lines, Pieces
from compose.backends.docker.times import days, seconds
from schemas.records import LogLine


def frame(stream: int, data: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=20)), max_size=6),
    st.integers(1, 9),
)
def test_frames_are_the_same_however_they_are_cut(
    wanted: list[tuple[int, bytes]], size: int
) -> None:
    whole = b"".join(frame(*each) for each in wanted)
    frames = Frames()
    found = [
        each
        for start in range(0, len(whole), size)
        for each in frames.feed(whole[start : start + size])
    ]
    names = {1: "stdout", 2: "stderr"}
    assert found == [(names[stream], data) for stream, data in wanted]


def test_a_line_of_several_frames_is_one_line_with_the_first_time() -> None:
    lines = Lines()
    assert lines.feed("stdout", b"2026-01-02T03:04:05.5Z abc") is None
    assert lines.feed("stderr", b"2026-01-02T03:04:06Z other\n") == LogLine(
        seconds("2026-01-02T03:04:06Z"), "stderr", b"other"
    )
    assert lines.feed("stdout", b"2026-01-02T03:04:07Z def\n") == LogLine(
        seconds("2026-01-02T03:04:05.5Z"), "stdout", b"abcdef"
    )
    assert lines.feed("stdout", b"2026-01-02T03:04:08Z $ ") is None
    assert [line.line for line in lines.rest()] == [b"$ "]


def test_lines_of_a_terminal_are_whole_before_they_are_told() -> None:
    pieces = Pieces()
    assert list(pieces.feed(b"one\ntw")) == [("stdout", b"one\n")]
    assert list(pieces.feed(b"o\nthree")) == [("stdout", b"two\n")]
    assert pieces.rest() == b"three"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0001-01-01T00:00:00Z", 0.0),
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T00:00:01.25Z", 1.25),
        ("1970-01-01T01:00:01.5+01:00", 1.5),
        ("1969-12-31T23:00:01-01:00", 1.0),
        ("", 0.0),
    ],
)
def test_timestamps_are_seconds(text: str, moment: float) -> None:
    assert seconds(text) == moment


@given(st.datetimes())
def test_days_are_those_of_the_calendar(moment: datetime) -> None:
    assert days(moment.year, moment.month, moment.day) == moment.toordinal() - 719163
