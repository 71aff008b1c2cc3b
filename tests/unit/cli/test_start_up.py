"""Start-up time is a feature: what a verb may import, and how much."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# Each costs ten to a hundred and fifty milliseconds, or a verb that only reads has no use for it.
HEAVY = frozenset(
    (
        "anyio", "argparse", "asyncio", "concurrent.futures", "dataclasses", "docker", "importlib.metadata",
        "inspect", "ipaddress", "logging", "networkx", "pydantic", "rich", "shutil", "socket", "subprocess", "tarfile",
        "tempfile", "urllib.request", "yaml",
    )
)  # fmt: skip

_CODE = """
import os, sys, {beside}
before = set(sys.modules)
from compose.cli.main import main
null = os.open(os.devnull, os.O_WRONLY)
out = os.dup(1)
os.dup2(null, 1)
main(sys.argv[1:])
os.write(out, " ".join(set(sys.modules) - before).encode())
"""

_FILE = """
services:
  web:
    image: busybox
    environment: {HOME: "${HOME}"}
    ports: ["8080:80"]
"""


def _imported(directory: Path, *words: str, beside: str = "json") -> set[str]:
    """The modules that a command loads beyond a bare interpreter and the modules ``beside`` it."""
    done = subprocess.run(
        [sys.executable, "-c", _CODE.format(beside=beside), *words],
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(directory),
            "PYCOMPOSE_ROOT": str(directory / "lib"),
            "PYCOMPOSE_RUN": str(directory / "run"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return set(done.stdout.decode().split())


@pytest.mark.parametrize(
    ("words", "budget"),
    [
        (["version"], 25),
        (["-p", "x", "ps"], 62),
        (["ps"], 69),
        (["logs"], 70),
        (["ps", "-q"], 64),
        (["exec", "web", "true"], 68),
        (["port", "web", "80"], 66),
        (["ls"], 60),
        (["top"], 66),
        (["images"], 67),
        (["config", "-q"], 34),
    ],
)
def test_a_verb_that_reads_loads_little(words: list[str], budget: int, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(_FILE)
    _imported(tmp_path, *words)  # the first load of a file needs the loader
    loaded = _imported(tmp_path, *words)
    # A file this young is known by its content, not by its times.
    loaded -= {"hashlib", "_hashlib", "_blake2"}
    assert not loaded & HEAVY
    assert len(loaded) <= budget, f"{len(loaded)} modules: {sorted(loaded)}"


def test_what_is_printed_again_needs_next_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(_FILE)
    _imported(tmp_path, "config")
    loaded = _imported(tmp_path, "config", beside="os")
    assert loaded.isdisjoint(("json", "re", "typing", "hashlib", "collections"))
    assert len(loaded) <= 28, sorted(loaded)


def test_the_first_load_of_a_file_needs_no_model_library(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(_FILE)
    loaded = _imported(tmp_path, "config", beside="os")
    assert "yaml._yaml" in loaded  # libyaml's parser, without the rest of PyYAML
    assert not loaded & HEAVY
    assert loaded.isdisjoint(("json", "re", "typing", "functools", "contextlib"))
