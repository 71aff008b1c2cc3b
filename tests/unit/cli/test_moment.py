"""--since and --until."""

from __future__ import annotations

import time

import pytest

from compose.cli.moment import parse
from schemas.errors import UsageError

_MOMENT = 1357133017.0  # 2013-01-02T13:23:37Z


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2013-01-02T13:23:37Z", _MOMENT),
        ("2013-01-02T13:23:37.5Z", _MOMENT + 0.5),
        ("2013-01-02T15:23:37+02:00", _MOMENT),
        ("2013-01-02T12:53:37-00:30", _MOMENT),
        ("2013-01-02T13:23Z", _MOMENT - 37),
        ("1357133017", _MOMENT),
        ("1357133017.25", _MOMENT + 0.25),
    ],
)
def test_a_timestamp_is_that_moment(text: str, seconds: float) -> None:
    assert parse(text, "since") == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "ago"), [("42m", 2520), ("1h30m", 5400), ("10s", 10), ("1.5s", 1.5)]
)
def test_a_duration_counts_back_from_now(text: str, ago: float) -> None:
    assert parse(text, "since") == pytest.approx(time.time() - ago, abs=1)


def test_without_a_zone_it_is_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-03:00")  # POSIX: three hours ahead of UTC
    time.tzset()
    try:
        assert parse("2013-01-02T16:23:37", "since") == pytest.approx(_MOMENT)
        assert parse("2013-01-02", "since") == pytest.approx(
            _MOMENT - (13 * 60 + 23) * 60 - 37 - 3 * 3600
        )
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("text", ["bogus", "2013-13-02", "10 minutes", "", "2013-01-02T13:23:37X"])
def test_anything_else_is_refused_and_the_flag_named(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, "until")
    assert caught.value.message == (
        f'invalid value for "until": failed to parse value as time or duration: "{text}"'
    )
