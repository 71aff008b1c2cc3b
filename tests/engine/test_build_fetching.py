"""What builds fetch is theirs while they run: nobody sweeps it away, and two that fetch the same do not harm each other."""

from __future__ import annotations

import http.server
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine import images
from engine.build import builder, fetching, pruning, store, unpacking
from engine.image import gc
from engine.snapshot.store import STORE_LOCK
from engine.state import locks
from schemas.building import BuildSpec
from tests.support.images import member, tar
from tests.support.store import rubbish

pytestmark = pytest.mark.usefixtures("state")
CONTENT = bytes(3 << 20)


@contextmanager
def serving(handler: Any) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Sweeping(http.server.SimpleHTTPRequestHandler):
    """A server of files; while it is asked, another command sweeps."""

    def do_GET(self) -> None:
        images.sweep()
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def _built(spec: BuildSpec) -> None:
    assert builder.build(spec, lambda _: None).tags == ("built:latest",)


def _checked(spec: BuildSpec) -> None:
    assert builder.check(spec) == []


@pytest.mark.parametrize("use", [_built, _checked])
def test_a_repository_is_not_swept_while_it_is_fetched(
    state: tuple[Path, Path], tmp_path: Path, use: Callable[[BuildSpec], None]
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    for words in (
        "init -q -b main work",
        "-C work -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m first",
        "clone -q --bare work repo.git",
        "-C repo.git update-server-info",
    ):
        subprocess.run(["git", *words.split()], cwd=site, check=True, capture_output=True)
    with serving(partial(_Sweeping, directory=str(site))) as address:
        text = "FROM scratch\nCOPY . /all\n"
        use({"context": f"{address}/repo.git", "dockerfile_inline": text, "tags": ["built"]})
    assert rubbish(state[0]) == []


@pytest.mark.parametrize("use", [_built, _checked])
def test_an_archive_is_not_swept_after_it_was_unpacked(
    state: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    use: Callable[[BuildSpec], None],
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/context.tar").write_bytes(tar(member("Dockerfile", b"FROM scratch\nCOPY . /\n")))  # fmt: skip
    unpack = unpacking.unpack

    def swept(fd: int, directory: int) -> object:
        done = unpack(fd, directory)
        images.sweep()
        return done

    monkeypatch.setattr(unpacking, "unpack", swept)
    with serving(partial(_Sweeping, directory=str(tmp_path / "site"))) as address:
        use({"context": f"{address}/context.tar", "tags": ["built"]})
    assert rubbish(state[0]) == []


class _Halves(http.server.BaseHTTPRequestHandler):
    """Sends a file in two halves: the first client gets the second half when another one has got the first half of its own,
    if one comes, and that one when the first has all it wants."""

    another = threading.Event()
    first_done = threading.Event()
    asked: list[str] = []

    def do_GET(self) -> None:
        known = self.headers.get("If-None-Match") or ""
        self.asked.append(known)
        self.send_response(304 if known else 200)
        self.send_header("ETag", '"x"')
        self.send_header("Content-Length", "0" if known else str(len(CONTENT)))
        self.end_headers()
        if known:
            return
        self.wfile.write(CONTENT[: len(CONTENT) // 2])
        if len(self.asked) == 1:
            self.another.wait(0.5)
        else:
            self.another.set()
            self.first_done.wait(10)
        self.wfile.write(CONTENT[len(CONTENT) // 2 :])

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_two_that_download_the_same_do_it_once() -> None:
    with serving(_Halves) as address, ThreadPoolExecutor() as pool:
        both = [pool.submit(fetching.url, f"{address}/file") for _ in range(2)]

        def done(_: object) -> None:
            _Halves.first_done.set()

        for each in both:
            each.add_done_callback(done)
        one, two = (each.result(20) for each in both)
    assert one == two
    assert Path(one.path).read_bytes() == CONTENT
    assert _Halves.asked == ["", '"x"']


def test_what_a_build_has_downloaded_stays_when_another_gets_something_newer(
    state: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "site").mkdir()
    served = tmp_path / "site/file"
    with serving(partial(_Sweeping, directory=str(tmp_path / "site"))) as address:
        served.write_bytes(b"old")
        os.utime(served, (1_600_000_000, 1_600_000_000))
        with locks.shared(STORE_LOCK):  # as a build does
            old = fetching.url(f"{address}/file")
            served.write_bytes(b"newer")
            new = fetching.url(f"{address}/file")
            gc.collect()
            assert Path(old.path).read_bytes() == b"old"
        gc.collect()
    assert not Path(old.path).exists()
    assert Path(new.path).read_bytes() == b"newer"
    assert rubbish(state[0]) == []


def test_directories_that_go_while_they_are_counted_are_no_error() -> None:
    ended = threading.Event()
    base = Path(store.root(), "git")
    base.mkdir(parents=True)

    def change() -> None:
        while not ended.is_set():
            (base / "one").mkdir()
            (base / "one").rename(base / "two")
            (base / "two").rmdir()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(3000):
            pruning.records()
    finally:
        ended.set()
        thread.join()
