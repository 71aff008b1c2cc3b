"""--filter of the prunes: what it lets go."""

from __future__ import annotations

import time

import pytest

from compose.cli.prune_filters import parse
from schemas.errors import UsageError

ALL = ("until", "label", "dangling")


def test_all_labels_must_hold_and_none_of_those_without() -> None:
    found = parse(["label=a", "label=b=1", "label!=c", "label!=d=2"], ALL)
    assert found.suits(0.0, {"a": "", "b": "1"})
    assert found.suits(0.0, {"a": "", "b": "1", "d": "3"})
    assert not found.suits(0.0, {"a": "", "b": "2"})
    assert not found.suits(0.0, {"b": "1"})
    assert not found.suits(0.0, {"a": "", "b": "1", "c": "x"})
    assert not found.suits(0.0, {"a": "", "b": "1", "d": "2"})


def test_until_is_an_age_or_a_moment() -> None:
    old, young = time.time() - 7200, time.time() - 60
    assert parse(["until=1h"], ALL).suits(old, {})
    assert not parse(["until=1h"], ALL).suits(young, {})
    assert parse(["until=2001-01-01"], ALL).suits(0.0, {})
    assert not parse(["until=2001-01-01"], ALL).suits(old, {})


def test_dangling_is_true_or_false() -> None:
    assert parse([], ALL).dangling is None
    assert parse(["dangling=true"], ALL).dangling is True
    assert parse(["dangling=0"], ALL).dangling is False


@pytest.mark.parametrize("text", ["x=1", "until!=1h", "label", "dangling=perhaps", "until=soon"])
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse([text], ALL)


def test_not_every_filter_is_for_everything() -> None:
    with pytest.raises(UsageError, match="invalid filter 'dangling'"):
        parse(["dangling=true"], ("until", "label"))
