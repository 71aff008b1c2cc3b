"""Where the background processes of a container say what went wrong with themselves."""

from __future__ import annotations

import os

from engine import paths


def note(id: str, text: str) -> None:
    """Append to ``shim.log`` in the container's directory."""
    try:
        fd = os.open(
            f"{paths.container_dir(id)}/shim.log",
            os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC,
            0o600,
        )
    except OSError:
        return  # the container is being removed
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def note_exception(id: str) -> None:
    """The same with the traceback of the exception being handled."""
    import traceback

    note(id, traceback.format_exc())
