from __future__ import annotations

import pytest

from engine.image import config
from schemas.errors import InvalidArgument


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        ('CMD ["a","b"]', "Cmd", ["a", "b"]),
        ("CMD a b", "Cmd", ["/bin/sh", "-c", "a b"]),
        ('entrypoint ["/x"]', "Entrypoint", ["/x"]),
        ('ENV A=1 B="two words"', "Env", ["A=1", "B=two words"]),
        ("ENV A one two", "Env", ["A=one two"]),
        ("EXPOSE 80 53/udp", "ExposedPorts", {"80/tcp": {}, "53/udp": {}}),
        ("LABEL a=b", "Labels", {"a": "b"}),
        ("VOLUME /data /x", "Volumes", {"/data": {}, "/x": {}}),
        ('VOLUME ["/data"]', "Volumes", {"/data": {}}),
        ("WORKDIR /srv", "WorkingDir", "/srv"),
        ("USER 10:20", "User", "10:20"),
        ("STOPSIGNAL SIGQUIT", "StopSignal", "SIGQUIT"),
        ("HEALTHCHECK CMD true", "Healthcheck", {"Test": ["CMD-SHELL", "true"]}),
        ("HEALTHCHECK NONE", "Healthcheck", {"Test": ["NONE"]}),
    ],
)
def test_a_change_sets_its_key(change: str, key: str, value: object) -> None:
    assert config.apply_changes({}, [change]) == {key: value}


@pytest.mark.parametrize("change", ["RUN x", "COPY a b", 'CMD ["a"', "ENV A", "LABEL x"])
def test_a_wrong_change_is_refused(change: str) -> None:
    with pytest.raises(InvalidArgument):
        config.apply_changes({}, [change])


def test_times_of_images_are_read_with_nanoseconds_and_without() -> None:
    assert config.epoch("2026-01-02T03:04:05.123456789Z") == pytest.approx(1767323045.123456)
    assert config.epoch("2026-01-02T03:04:05Z") == 1767323045.0
    assert config.epoch("0001-01-01T00:00:00Z") == 0.0
    assert config.epoch("") == 0.0
