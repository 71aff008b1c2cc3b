from __future__ import annotations

import pytest

from engine.kernel import mount
from engine.volume import mounts, options
from schemas.errors import EngineError, InvalidArgument


def test_a_bind_volume_is_understood() -> None:
    found = options.parse({"type": "none", "o": "bind", "device": "/srv"})
    assert found is not None and (found.bind, found.device, found.words) == (
        True,
        "/srv",
        ("bind",),
    )
    deep = options.parse({"type": "none", "o": "rbind,ro,noexec,rslave", "device": "/srv"})
    assert deep is not None and (deep.words, deep.propagation) == (("ro", "noexec"), "rslave")


def test_a_file_system_is_what_mount_takes() -> None:
    found = options.parse(
        {"type": "nfs", "o": "addr=1.2.3.4,ro,nolock,soft,noatime", "device": ":/x"}
    )
    assert found is not None and not found.bind
    assert (found.type, found.device, found.data) == ("nfs", ":/x", "addr=1.2.3.4,nolock,soft")
    assert found.flags == mount.MS_RDONLY | mount.MS_NOATIME


def test_no_options_ask_for_nothing() -> None:
    assert options.parse({}) is None


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"foo": "bar"}, 'invalid option: "foo"'),
        ({"o": "bind"}, 'missing required option: "type"'),
        ({"type": "tmpfs"}, 'missing required option: "device"'),
        ({"device": "/x"}, 'missing required option: "type"'),
        ({"type": "none", "o": "bind", "device": "x"}, "absolute path"),
        ({"type": "none", "o": "ro", "device": "/x"}, "o: bind"),
        ({"type": "none", "o": "bind,quota", "device": "/x"}, "quota"),
    ],
)
def test_what_cannot_be_is_named(asked: dict[str, str], word: str) -> None:
    with pytest.raises(EngineError, match=word):
        options.parse(asked)


def test_a_bind_source_must_exist_or_be_asked_to_be_made(tmp_path) -> None:  # type: ignore[no-untyped-def]
    source = str(tmp_path / "a" / "b")
    with pytest.raises(InvalidArgument, match="bind source path does not exist"):
        mounts.bind({"type": "bind", "source": source, "target": "/x"})
    made = mounts.bind(
        {"type": "bind", "source": source, "target": "/x", "bind": {"create_host_path": True}}
    )
    assert made["source"] == source and (tmp_path / "a" / "b").is_dir()


def test_a_relative_bind_source_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="must be absolute"):
        mounts.bind({"type": "bind", "source": "a", "target": "/x"})
