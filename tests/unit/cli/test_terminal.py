"""Detach keys, as they are written and as they are typed."""

from __future__ import annotations

import pytest

from compose.cli.terminal import Detached, _Keys, parse_keys
from schemas.errors import UsageError


@pytest.mark.parametrize(
    ("text", "keys"),
    [("ctrl-p,ctrl-q", b"\x10\x11"), ("a", b"a"), ("ctrl-[", b"\x1b"), ("ctrl-a,d", b"\x01d")],
)
def test_keys_are_named_as_docker_names_them(text: str, keys: bytes) -> None:
    assert parse_keys(text) == keys


@pytest.mark.parametrize("text", ["ctrl-", "ctrl-pp", "shift-a", "ctrl-1"])
def test_an_unknown_key_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Unknown character"):
        parse_keys(text)


def test_typed_bytes_pass_and_the_sequence_detaches_even_in_pieces() -> None:
    keys = _Keys(b"\x10\x11")
    assert keys.typed(b"ls\n") == b"ls\n"
    assert keys.typed(b"x\x10") == b"x"
    with pytest.raises(Detached):
        keys.typed(b"\x11")


def test_what_only_began_like_the_sequence_is_passed_on() -> None:
    keys = _Keys(b"\x10\x11")
    assert keys.typed(b"\x10") == b""
    assert keys.typed(b"a") == b"\x10a"


def test_at_the_end_of_input_nothing_is_held_back() -> None:
    keys = _Keys(b"\x10\x11")
    keys.typed(b"\x10")
    assert keys.typed(b"") == b"\x10"
