"""Where a key stands in the project's files, found only when an error needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.ops.faults import Where
from compose.paths import KeyPath

if TYPE_CHECKING:
    from compose.cli.options import Context


def where(context: Context) -> Where:
    """Where a key stands in the project's files."""

    def locate_key(path: KeyPath) -> str:
        from compose.loader.locate import locate

        return locate(context.load_options, path)

    return locate_key
