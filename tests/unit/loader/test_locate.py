"""Where a key stands, for errors that are found after loading."""

from __future__ import annotations

from pathlib import Path

import pytest

from compose.loader.locate import locate
from compose.paths import KeyPath
from tests.unit.loader.support import options, write

FILES = {
    "compose.yaml": (
        "services:\n"
        "  a:\n"
        "    image: b\n"
        "    ports:\n"
        "      - '80-82:80-82'\n"
        "      - 90\n"
        "    networks: [x, y]\n"
        "    extends: {service: base, file: sub/base.yaml}\n"
        "networks:\n"
        "  x:\n"
        "  y:\n"
    ),
    "over.yaml": "services:\n  a:\n    ports: [100]\n    image: c\n",
    "sub/base.yaml": "services:\n  base:\n    command: run\n",
}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("services", "a", "image"), "over.yaml:4:5"),
        (("services", "a", "ports", 1), "compose.yaml:5:9"),
        (("services", "a", "ports", 3), "compose.yaml:6:9"),
        (("services", "a", "ports", 4), "over.yaml:3:13"),
        (("services", "a", "networks", "y"), "compose.yaml:7:19"),
        (("services", "a", "command"), "sub/base.yaml:3:5"),
        (("services", "a", "nothing", "at", "all"), "compose.yaml:2:3"),
        (("networks", "default"), "compose.yaml:9:1"),
        (("volumes", "v"), ""),
        ((), ""),
    ],
)
def test_the_deepest_part_that_exists_in_the_last_file_that_sets_it(
    path: KeyPath, place: str, tmp_path: Path
) -> None:
    write(tmp_path, FILES)
    assert locate(options(tmp_path, "-f", "compose.yaml", "-f", "over.yaml"), path) == place


def test_files_that_have_become_unreadable_give_no_place(tmp_path: Path) -> None:
    write(tmp_path, {"compose.yaml": "services: ["})
    assert locate(options(tmp_path), ("services",)) == ""
    (tmp_path / "compose.yaml").unlink()
    assert locate(options(tmp_path, "-f", "compose.yaml"), ("services",)) == ""
