"""Docker's words for times and sizes."""

from __future__ import annotations

import pytest

from compose.render.text import (
    ago,
    binary_size,
    human_duration,
    human_size,
    quote,
    short_size,
    shorten,
    timestamp,
)

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (61, "About a minute"),
        (45 * _MINUTE, "45 minutes"),
        (_HOUR, "About an hour"),
        (3 * _HOUR, "3 hours"),
        (47 * _HOUR, "47 hours"),
        (3 * _DAY, "3 days"),
        (15 * _DAY, "2 weeks"),
        (70 * _DAY, "2 months"),
        (800 * _DAY, "2 years"),
    ],
)
def test_durations_are_rough(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text
    assert ago(0, seconds) == f"{text} ago"


def test_sizes_have_three_or_four_digits() -> None:
    assert [human_size(size) for size in (0, 999, 1984172, 12_345_678_901)] == [
        "0B",
        "999B",
        "1.984MB",
        "12.35GB",
    ]
    assert [short_size(size) for size in (0, 426, 1340, 1984172)] == [
        "0B",
        "426B",
        "1.34kB",
        "1.98MB",
    ]
    assert [binary_size(size) for size in (0, 335872, 1085276)] == ["0B", "328KiB", "1.035MiB"]


def test_log_times_have_nine_decimals_in_utc() -> None:
    assert timestamp(1_357_133_017.5) == "2013-01-02T13:23:37.500000000Z"
    assert timestamp(1_357_133_017.9999996) == "2013-01-02T13:23:37.999999999Z"


def test_quoting_and_shortening() -> None:
    assert quote('a"b\\c\x01é\u2028') == '"a\\"b\\\\c\\x01é\\u2028"'
    assert shorten("twenty characters it", 20) == "twenty characters it"
    assert shorten("twenty-one characters", 20) == "twenty-one characte…"
