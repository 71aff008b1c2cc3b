"""What ADD fetches: files and a git repository on loopback, the same bytes and the same commits every time."""

from __future__ import annotations

import gzip
import http.server
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.support.dockerfile_cases import archive

PORT = 18765
_THEN = 1_600_000_000
_GIT = {
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_AUTHOR_DATE": f"{_THEN} +0000",
    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com", "GIT_COMMITTER_DATE": f"{_THEN} +0000",
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
}  # fmt: skip


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def serving() -> Iterator[str]:
    """Serve on 127.0.0.1, at the port that the Dockerfiles name; the directory."""
    with tempfile.TemporaryDirectory() as directory:
        _fill(Path(directory))
        handler = partial(_Handler, directory=directory)
        with http.server.ThreadingHTTPServer(("127.0.0.1", PORT), handler) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield directory
            finally:
                server.shutdown()
                thread.join()


def _fill(directory: Path) -> None:
    (directory / "file.txt").write_text("served\n")
    (directory / "x.tgz").write_bytes(gzip.compress(archive(), mtime=0))
    for path in directory.iterdir():
        os.utime(path, (_THEN, _THEN))
    work = directory / "work"
    work.mkdir()

    def git(*words: str) -> None:
        environ = {**os.environ, **_GIT}
        subprocess.run(["git", *words], cwd=work, env=environ, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    (work / "one").write_text("1")
    (work / "run.sh").write_text("#!/bin/sh\n")
    (work / "run.sh").chmod(0o755)
    git("add", ".")
    git("commit", "-q", "-m", "first")
    git("checkout", "-q", "-b", "branch")
    (work / "sub").mkdir()
    (work / "sub/two").write_text("2")
    (work / "sub/link").symlink_to("two")
    git("add", ".")
    git("commit", "-q", "-m", "second")
    git("checkout", "-q", "main")
    git("clone", "-q", "--bare", ".", "../repo.git")
    git("-C", "../repo.git", "update-server-info")
