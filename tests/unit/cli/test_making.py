"""--scale words."""

from __future__ import annotations

import pytest

from compose.cli.making import parse_scale
from schemas.errors import UsageError


def test_services_and_numbers() -> None:
    assert parse_scale(["web=3", "db=0"]) == {"web": 3, "db": 0}


@pytest.mark.parametrize(
    ("word", "specifier", "message"),
    [
        ("web", False, 'invalid --scale option "web". Should be SERVICE=NUM'),
        ("web", True, "invalid scale specifier: web"),
        ("=1", False, 'invalid --scale option "=1". Should be SERVICE=NUM'),
        ("web=many", False, 'strconv.Atoi: parsing "many": invalid syntax'),
        ("web=-1", False, "cannot scale service web to -1"),
    ],
)
def test_what_is_no_scale(word: str, specifier: bool, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_scale([word], specifier=specifier)
    assert caught.value.message == message
