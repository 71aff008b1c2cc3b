"""Verbs that go on until somebody ends them."""

from __future__ import annotations

import signal


def interruptible() -> None:
    """Obey SIGINT also in the background of a script, which starts its children with SIGINT ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
