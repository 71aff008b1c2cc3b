"""What is in a store on disk that it should not hold."""

from __future__ import annotations

from pathlib import Path

from engine.state import db


def rubbish(root: Path) -> list[str]:
    """What the store holds without a row, and what is half made."""
    rows = db.connection().execute("SELECT blob FROM layers")
    blobs = {blob.partition(":")[2] for (blob,) in rows}
    found = [f"tmp/{path.name}" for path in (root / "tmp").glob("*")]
    found += [path.name for path in (root / "blobs/sha256").glob("*") if path.name not in blobs]
    return found
