"""The question before something is removed for good."""

from __future__ import annotations

import sys


def agreed(warning: str, *, gap: str = "\n") -> bool:
    """Print the warning and ask, in Docker's words; whether the answer is "y". Without an answer it is no."""
    sys.stdout.write(f"WARNING! {warning}{gap}Are you sure you want to continue? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() == "y"
