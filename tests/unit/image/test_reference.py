from __future__ import annotations

import pytest

from engine.image import reference
from schemas.errors import InvalidArgument


@pytest.mark.parametrize(
    ("typed", "full"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36"),
        ("pycompose/host", "docker.io/pycompose/host:latest"),
        ("docker.io/busybox", "docker.io/library/busybox:latest"),
        ("index.docker.io/library/busybox", "docker.io/library/busybox:latest"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app:x", "localhost:5000/app:x"),
        ("ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1"),
        ("[::1]:5000/app", "[::1]:5000/app:latest"),
        ("my_app-web", "docker.io/library/my_app-web:latest"),
        ("a@sha256:" + "0" * 64, "docker.io/library/a@sha256:" + "0" * 64),
        ("a:t@sha256:" + "0" * 64, "docker.io/library/a:t@sha256:" + "0" * 64),
    ],
)
def test_a_typed_name_has_one_full_form(typed: str, full: str) -> None:
    assert reference.normalise(typed) == full


@pytest.mark.parametrize(
    "typed",
    ["", ":", "a:", "a b", "-a", "a/", "/a", "a//b", "a:b:c", "a@sha256:12", "../a", "a:-x", "a" * 300, "x/" + "a__b___c"],
)  # fmt: skip
def test_what_is_no_reference_is_refused(typed: str) -> None:
    with pytest.raises(InvalidArgument):
        reference.normalise(typed)


def test_capitals_are_refused_by_name() -> None:
    with pytest.raises(InvalidArgument, match="must be lowercase"):
        reference.parse("Busybox")


def test_an_id_is_no_name() -> None:
    with pytest.raises(InvalidArgument, match="64-byte hexadecimal"):
        reference.parse("a" * 64)


@pytest.mark.parametrize(
    "typed", ["busybox:latest", "pycompose/host:1", "ghcr.io/a/b:c", "localhost:5000/x:y"]
)
def test_the_familiar_form_is_what_was_typed(typed: str) -> None:
    assert reference.familiar(reference.normalise(typed)) == typed
