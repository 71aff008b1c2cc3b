"""How steps are carried out: the same inputs give the same image, stages go side by side, a full disk leaves nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.image import gc
from engine.kernel import mount
from engine.state import db
from schemas.errors import EngineError
from tests.support import dockerfiles, imagetree
from tests.support.dockerfile_cases import TREE, archive
from tests.support.store import rubbish

if TYPE_CHECKING:
    from engine.local import LocalEngine

EVERYTHING = """FROM base:1 AS made
RUN mkdir -p /d/e && echo made > /d/e/f && ln /d/e/f /d/e/g && ln -s f /d/e/l && touch /tmp/t
ADD x.tar /x/
FROM base:1
ARG SOURCE_DATE_EPOCH
WORKDIR /w/v
COPY . .
COPY --link --chown=3:4 dir /linked/
COPY --from=made /d /x /from/
COPY <<E /e
$SOURCE_DATE_EPOCH
E
RUN rm -r dir && mkdir dir && date > /dev/null && echo x > /etc/hostname.x
LABEL a=b
CMD ["x"]
"""
FILES = {**TREE, "x.tar": archive()}


@pytest.fixture
def place(
    engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Path]]:
    """Go to another, empty store with the base image."""
    path = tmp_path / "base.tar"
    path.write_bytes(dockerfiles.base_archive())

    def leave() -> None:
        for network in engine.networks():
            if network.driver == "bridge":
                engine.remove_network(network.id)
        db.close()

    def go(name: str) -> Path:
        leave()
        monkeypatch.setenv("PYCOMPOSE_ROOT", str(tmp_path / name))
        engine.load_images(str(path), sink=lambda _: None)
        return tmp_path / name

    yield go
    leave()
    monkeypatch.setenv("PYCOMPOSE_ROOT", str(tmp_path / "lib"))


def build(engine: LocalEngine, directory: Path, text: str, **options: Any) -> str:
    """The id of the image."""
    shutil.rmtree(directory, ignore_errors=True)
    dockerfiles.write(dockerfiles.Case("x", text, FILES), directory)
    spec: Any = {"context": str(directory), "tags": ["case:1"], **options}
    return engine.build(spec, sink=lambda _: None).id


def test_the_same_inputs_give_the_same_digest_anywhere(
    engine: LocalEngine, place: Callable[[str], Path], tmp_path: Path
) -> None:
    args = {"SOURCE_DATE_EPOCH": "1500000000"}
    place("one")
    one = build(engine, tmp_path / "here", EVERYTHING, args=args)
    again = build(engine, tmp_path / "here", EVERYTHING, args=args, no_cache=True)
    place("two")
    two = build(engine, tmp_path / "elsewhere", EVERYTHING, args=args)
    assert one == again == two
    found: Any = engine.image_inspect("case:1")
    assert found["Created"] == "2017-07-14T02:40:00Z"
    assert build(engine, tmp_path / "here", EVERYTHING, args={"SOURCE_DATE_EPOCH": "1500000001"}) != one  # fmt: skip


def test_stages_that_need_nothing_of_each_other_run_side_by_side(
    engine: LocalEngine, place: Callable[[str], Path], tmp_path: Path
) -> None:
    place("one")
    # Each waits for the other, so one after the other would never end.
    meet = "RUN --mount=type=cache,id=meet,target=/m touch /m/{0} && until test -e /m/{1}; do sleep 0.05; done; touch /{0}"
    text = "\n".join((
        "FROM base:1 AS one", meet.format("a", "b"),
        "FROM base:1 AS two", meet.format("b", "a"),
        "FROM scratch", "COPY --from=one /a /", "COPY --from=two /b /", "",
    ))  # fmt: skip
    build(engine, tmp_path / "x", text)


def test_a_stage_that_fails_ends_the_others(
    engine: LocalEngine, place: Callable[[str], Path], tmp_path: Path
) -> None:
    place("one")
    text = """FROM base:1 AS long
RUN sleep 1000
FROM base:1 AS bad
RUN sleep 0.2; echo why; exit 7
FROM scratch
COPY --from=long / /
COPY --from=bad / /
"""
    with pytest.raises(EngineError, match="exit code: 7") as failure:
        build(engine, tmp_path / "x", text)
    assert (failure.value.code, failure.value.line) == (7, 4)  # type: ignore[attr-defined]
    assert failure.value.output == "why\n"  # type: ignore[attr-defined]


def test_a_full_disk_ends_a_build_and_leaves_nothing_of_it(
    engine: LocalEngine, place: Callable[[str], Path], tmp_path: Path
) -> None:
    text = """FROM base:1
RUN echo small > /small
RUN dd if=/dev/zero of=/large bs=1M count=12
COPY --from=base:1 / /all
"""
    for size in (8, 16, 26):
        disk = tmp_path / f"disk{size}"
        disk.mkdir()
        mount.mount("tmpfs", str(disk), "tmpfs", 0, f"size={size}m")
        try:
            root = place(f"disk{size}/lib")
            with pytest.raises(EngineError, match=r"No space left|exit code: 1"):
                build(engine, tmp_path / "x", text)
            assert engine.image("case:1") is None
            gc.collect()
            assert rubbish(root) == []
            # What fits is built, on what was built before.
            small = text.partition("RUN dd")[0] + "RUN cat /small > /copy\n"
            build(engine, tmp_path / "x", small)
        finally:
            place("aside")
            mount.umount(str(disk), mount.MNT_DETACH)


def test_a_file_of_the_same_size_and_time_is_another_one(
    engine: LocalEngine, place: Callable[[str], Path], tmp_path: Path
) -> None:
    place("one")
    text = "FROM base:1\nCOPY a.txt /a\nRUN cat /a > /b\n"
    one = build(engine, tmp_path / "x", text)
    changed = {**FILES, "a.txt": "B"}  # of the same size and time
    shutil.rmtree(tmp_path / "x")
    dockerfiles.write(dockerfiles.Case("x", text, changed), tmp_path / "x")
    spec: Any = {"context": str(tmp_path / "x"), "tags": ["case:1"]}
    assert engine.build(spec, sink=lambda _: None).id != one
    saved = tmp_path / "saved.tar"
    engine.save_images(["case:1"], str(saved))
    _, tree = imagetree.read(saved.read_bytes())
    assert tree["b"][4] == "B"
