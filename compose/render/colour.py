"""When to colour, and with what."""

from __future__ import annotations

import os
from collections.abc import Mapping

# The order in which containers get their colours: cyan, yellow, green, magenta, blue, then the bright ones.
CYCLE = ("36", "33", "32", "35", "34", "36;1", "33;1", "32;1", "35;1", "34;1")


def wanted(ansi: str, environ: Mapping[str, str], descriptor: int) -> bool:
    """Whether to colour what goes to ``descriptor``: --ansi, then NO_COLOR, then whether it is a terminal."""
    if ansi == "auto":
        return (
            not environ.get("NO_COLOR") and environ.get("TERM") != "dumb" and os.isatty(descriptor)
        )
    return ansi == "always"


def paint(code: str, text: str) -> str:
    """``text`` in the colour ``code``."""
    return f"\033[{code}m{text}\033[0m"
