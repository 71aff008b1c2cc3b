"""A fresh interpreter for work that must not be done in this process: with the engine's code, and nothing of ours."""

from __future__ import annotations

import os
import sys

from schemas.errors import Failed

# Where the state is: the only variables of the person that such a process needs.
KEPT = ("PYCOMPOSE_ROOT", "PYCOMPOSE_RUN")


def spawn(module: str, call: str) -> None:
    """Run ``call`` of ``module`` ("main(5)") in a new process, and do not wait for it. Inheritable descriptors go along."""
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    code = f"import sys; sys.path.insert(0, {home!r}); import {module} as module; module.{call}"
    environ = {name: os.environ[name] for name in KEPT if name in os.environ}
    try:
        os.posix_spawn(sys.executable, [sys.executable, "-S", "-I", "-c", code], environ)
    except OSError as err:
        raise Failed(f"cannot start {sys.executable}: {err.strerror}") from err
