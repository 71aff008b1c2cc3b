"""Key paths: where in a Compose file something stands, as a tuple of keys and indexes."""

from __future__ import annotations

KeyPath = tuple[str | int, ...]


def show(path: KeyPath) -> str:
    """``("services", "web", "ports", 0)`` as people write it: ``services.web.ports[0]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
