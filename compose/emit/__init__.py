"""The canonical model as text, byte for byte as ``docker compose config`` prints it: people compare and commit it."""

from __future__ import annotations


def escape_dollars(text: str) -> str:
    """Printed text with every ``$`` doubled, so that it can be loaded again."""
    return text.replace("$", "$$")
