"""Paths that the kernel resolves below a root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from engine.kernel import mount
from tests.support.eventually import eventually

# Renames all the time, which keeps the kernel from vouching for a "..".
RENAME = "import os\nwhile True:\n os.rename('x', 'y'); os.rename('y', 'x')"


def test_a_path_that_leads_up_is_opened_whatever_is_renamed_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "root/a/b").mkdir(parents=True)
    (tmp_path / "root/file").touch()
    (tmp_path / "x").mkdir()
    root = os.open(tmp_path / "root", os.O_PATH)
    other = subprocess.Popen([sys.executable, "-c", RENAME], cwd=tmp_path)
    try:
        eventually(lambda: not (tmp_path / "x").exists())
        for _ in range(500):
            os.close(mount.open_in_root(root, "a/b/../../a/../file", os.O_PATH))
    finally:
        other.kill()
        other.wait()
        os.close(root)
