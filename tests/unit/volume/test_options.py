from __future__ import annotations

import pytest

from engine.volume import mounts
from schemas.errors import InvalidArgument, Unsupported


def test_a_bind_volume_is_understood() -> None:
    assert mounts.check_options({"type": "none", "o": "bind", "device": "/srv"}) == ["bind"]
    assert mounts.check_options({"o": "rbind,ro,noexec", "device": "/srv"}) == ["ro", "noexec"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"type": "nfs", "o": "addr=1.2.3.4", "device": ":/x"}, "nfs"),
        ({"type": "tmpfs", "device": "tmpfs"}, "tmpfs"),
        ({"type": "none", "o": "bind,quota", "device": "/x"}, "quota"),
    ],
)
def test_what_is_not_supported_is_named(options: dict[str, str], word: str) -> None:
    with pytest.raises(Unsupported, match=word):
        mounts.check_options(options)


@pytest.mark.parametrize("options", [{"size": "1"}, {"o": "bind"}, {"o": "bind", "device": "x"}])
def test_nonsense_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument):
        mounts.check_options(options)


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
