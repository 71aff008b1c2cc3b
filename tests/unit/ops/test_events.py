from __future__ import annotations

import pytest

from compose.ops.events import parse_filters, passes
from schemas import labels
from schemas.errors import UsageError
from schemas.records import Event

ABOUT = {"name": "demo-web-1", "image": "web:1", "tier": "front", labels.SERVICE: "web"}
EVENT = Event(1.0, "container", "health_status: healthy", "abcdef123", ABOUT)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], True),
        (["event=health_status"], True),
        (["event=health_status: healthy"], True),
        (["event=start"], False),
        (["event=start", "event=health_status"], True),
        (["service=web", "event=start"], False),
        (["service=web", "image=web:1", "container=demo-web-1"], True),
        (["container=abcdef"], True),
        (["container=abc"], False),
        (["service=db"], False),
        (["label=tier"], True),
        (["label=tier=front"], True),
        (["label=tier=back"], False),
    ],
)
def test_an_event_has_one_of_the_values_of_every_key(words: list[str], wanted: bool) -> None:
    assert passes(EVENT, parse_filters(words)) is wanted


@pytest.mark.parametrize("word", ["event", "nothing=x"])
def test_a_filter_that_there_is_not_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="filter"):
        parse_filters([word])
