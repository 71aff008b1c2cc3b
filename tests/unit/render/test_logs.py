"""Log lines: prefixes as wide as the longest name, a colour for each container."""

from __future__ import annotations

from io import BytesIO

from compose.render.logs import LogPrinter
from schemas.records import LogLine


def _line(text: bytes) -> LogLine:
    return LogLine(1_357_133_017.25, "stdout", text)


def test_prefixes_are_aligned_to_the_names_that_are_known() -> None:
    out = BytesIO()
    printer = LogPrinter(out, names=["web-1", "database-1"])
    printer.line("web-1", _line(b"hello"))
    printer.line("database-1", _line(b"there"))
    assert out.getvalue() == b"web-1       | hello\ndatabase-1  | there\n"


def test_a_longer_name_widens_what_follows() -> None:
    out = BytesIO()
    printer = LogPrinter(out)
    printer.line("a-1", _line(b"x"))
    printer.line("longer-1", _line(b"y"))
    printer.line("a-1", _line(b"z"))
    assert out.getvalue().splitlines() == [b"a-1  | x", b"longer-1  | y", b"a-1       | z"]


def test_each_container_keeps_its_colour() -> None:
    out = BytesIO()
    printer = LogPrinter(out, colour=True)
    for name in ("a-1", "b-1", "a-1"):
        printer.line(name, _line(b"x"))
    first, second, third = out.getvalue().splitlines()
    assert first == third == b"\x1b[36ma-1  | \x1b[0mx"
    assert second == b"\x1b[33mb-1  | \x1b[0mx"


def test_without_a_prefix_bytes_pass_as_they_are() -> None:
    out = BytesIO()
    LogPrinter(out, prefix=False).line("a-1", _line(b"\xff\x00 raw"))
    assert out.getvalue() == b"\xff\x00 raw\n"


def test_times_stand_between_prefix_and_line() -> None:
    out = BytesIO()
    LogPrinter(out, timestamps=True).line("a-1", _line(b"x"))
    assert out.getvalue() == b"a-1  | 2013-01-02T13:23:37.250000000Z x\n"


def test_an_end_is_told_with_its_code() -> None:
    out = BytesIO()
    LogPrinter(out).ended("a-1", 137)
    assert out.getvalue() == b"a-1 exited with code 137\n"
