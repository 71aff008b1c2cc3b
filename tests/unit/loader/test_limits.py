"""Inputs made to take for ever or to eat memory: an error, soon."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.loader.support import project, refusal

LETTERS = "abcdefghijklmnopqrst"
OK = "services: {s: {image: i}}\n"


def bomb(body: str) -> str:
    """Anchors, each of which repeats the one before it."""
    lines = ["x-a: &a {k: v}"]
    for before, name in pairwise(LETTERS):
        lines.append(f"x-{name}: &{name} {body.replace('@', f'*{before}')}")
    return "\n".join(lines) + "\n" + OK


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (bomb("[@, @, @, @, @, @, @, @]"), "document contains excessive aliasing"),
        (bomb("{p: @, q: @, r: @}"), "document contains excessive aliasing"),
        (bomb("{<<: [@, @, @, @, @, @, @, @, @, @]}"), "document contains excessive aliasing"),
        ("x-a: &a [*a]\n" + OK, "anchor contains itself"),
        ("x-a: " + "[" * 100_000, "exceeded maximum nesting depth"),
        ("x-a: " + "{a: " * 500 + "1" + "}" * 500 + "\n" + OK, "exceeded maximum nesting depth"),
        ("- " * 50_000 + "a", "exceeded maximum nesting depth"),
        ("services: {s: {image: '" + "${A:-" * 5000 + "}" * 5000 + "'}}", "invalid interpolation"),
        ("services: {s: {image: i, scale: '" + "9" * 50_000 + "'}}", "must be an integer"),
        ("\0", "control characters are not allowed"),
        ("a: \x07", "control characters are not allowed"),
    ],
)
def test_it_is_refused(text: str, message: str, tmp_path: Path) -> None:
    assert message in refusal(tmp_path, text)


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"\x80abc", b"\xfe\xff\xd8\x00"])
def test_what_is_no_text_is_refused(data: bytes, tmp_path: Path) -> None:
    assert "compose.yaml" in refusal(tmp_path, {"compose.yaml": data})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_with_a_byte_order_mark_is_text(encoding: str, tmp_path: Path) -> None:
    found = project(tmp_path, {"compose.yaml": "services: {s: {image: é}}\n".encode(encoding)})
    assert found.services["s"]["image"] == "é"


def test_includes_that_multiply_come_to_an_end(tmp_path: Path) -> None:
    files = {
        f"f{level}.yaml": f"include: [f{level + 1}.yaml, f{level + 1}.yaml]\n{OK}"
        for level in range(30)
    }
    files["f30.yaml"] = OK
    said = refusal(tmp_path, files, "-p", "p", "-f", "f0.yaml")
    assert "more than 5000 includes" in said


def test_services_that_extend_each_other_for_ever_come_to_an_end(tmp_path: Path) -> None:
    chain = ", ".join(f"s{level}: {{extends: s{level + 1}}}" for level in range(3000))
    assert "extend each other in a row" in refusal(
        tmp_path, f"services: {{{chain}, s3000: {{image: i}}}}\n"
    )


def test_a_thousand_wrong_keys_are_no_reason_to_think_long(tmp_path: Path) -> None:
    keys = ", ".join(f"{'q' * 60}{number}: 1" for number in range(1000))
    assert "and 950 more" in refusal(tmp_path, f"services: {{s: {{image: i, {keys}}}}}\n")


def test_names_are_suggested_for_what_is_shown_only(tmp_path: Path) -> None:
    """Looking for the nearest of many names takes a millisecond: not for each of thousands of mistakes."""
    from tests.fuzz.deadline import deadline

    services = "".join(
        f"  svc{i}: {{image: i, imagee: i, networks: [nt{i}], depends_on: [scv{i}]}}\n"
        for i in range(1500)
    )
    networks = "".join(f"  net{i}: \n" for i in range(1500))
    with deadline(cpu=10):
        said = refusal(tmp_path, f"services:\n{services}networks:\n{networks}")
    assert said.splitlines()[0].endswith("did you mean `image`?")
    assert "more" in said.splitlines()[-1]
