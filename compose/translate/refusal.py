"""Keys that Compose knows and nothing here honours."""

from __future__ import annotations

from compose.paths import KeyPath, show
from schemas.errors import Unsupported


class KeyUnsupported(Unsupported):
    """A key, or a value of it, that cannot be honoured; ``path`` says where it stands in the project."""

    def __init__(self, path: KeyPath, reason: str) -> None:
        super().__init__(f"{show(path)}: {reason}")
        self.path = path
        self.reason = reason
