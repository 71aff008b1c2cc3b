"""The Dockerfile of a build: where it lies, its text, and the lines around a fault."""

from __future__ import annotations

import os

from schemas.building import BuildSpec
from schemas.errors import Failed, InvalidArgument, NotFound
from schemas.typed import NamedTuple

_CONTEXT_LINES = 3  # of the Dockerfile around the place of a fault


class Source(NamedTuple):
    """``path`` is "" for text that is in no file."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """How messages call it."""
        return os.path.basename(self.path) or "Dockerfile"

    def excerpt(self, start: int, end: int) -> str:
        """The lines with some around them, those meant marked, as BuildKit shows them."""
        lines = self.text.splitlines()
        first = max(start - _CONTEXT_LINES, 1)
        last = min(end + _CONTEXT_LINES, len(lines))
        rows = [f"{self.name}:{start}", "-" * 20]
        for number in range(first, last + 1):
            mark = ">>>" if start <= number <= end else "   "
            rows.append(f"{number:>4} | {mark} {lines[number - 1]}".rstrip())
        return "\n".join([*rows, "-" * 20])


def read(spec: BuildSpec, context: str) -> Source:
    """The Dockerfile that is asked for. NotFound in Docker's words, Failed, InvalidArgument."""
    inline = spec.get("dockerfile_inline")
    if inline is not None:
        return Source("", inline)
    path = os.path.join(context, spec.get("dockerfile") or "Dockerfile")
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except FileNotFoundError:
        raise NotFound(
            f"failed to read dockerfile: open {os.path.basename(path)}: no such file or directory",
            hint=f"looked for {path}",
        ) from None
    except OSError as err:
        raise Failed(f"failed to read dockerfile: open {path}: {err.strerror}") from err
    if not text.strip():
        raise InvalidArgument(f"{path}: the Dockerfile cannot be empty")
    return Source(path, text)
