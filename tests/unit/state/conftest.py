"""State directories of their own for tests of rows, locks and the journal; these need no root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.state import db


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PYCOMPOSE_ROOT", str(tmp_path / "lib"))
    monkeypatch.setenv("PYCOMPOSE_RUN", str(tmp_path / "run"))
    yield tmp_path / "lib"
    db.close()
