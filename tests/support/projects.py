"""Projects from text, loaded by the real loader."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from compose.loader import load_project
from compose.project import LoadOptions, Project


def project(
    text: str,
    *,
    environ: Mapping[str, str] = {},
    name: str = "shop",
    profiles: tuple[str, ...] = (),
    services: tuple[str, ...] = (),
    directory: Path | None = None,
) -> Project:
    """The project that a compose file with this text gives."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = directory or Path(temporary)
        (folder / "compose.yaml").write_text(text)
        return load_project(
            LoadOptions(
                cwd=str(folder),
                environ=environ,
                project_name=name,
                profiles=profiles,
                services=services,
            )
        )
