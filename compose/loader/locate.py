"""Where something stands in the files, for errors that are found after loading (a missing image, a port in use).

A project keeps no positions: almost every command would pay for what almost none needs. So the files are read again, up
to the merged tree, whose entries remember the file that set them last.
"""

from __future__ import annotations

from compose.paths import KeyPath
from compose.project import LoadOptions


def locate(options: LoadOptions, path: KeyPath) -> str:
    """``compose.yaml:12:5`` of the deepest part of a key path that the files hold; empty when that is not known."""
    from compose.loader import marks
    from compose.loader.evidence import Evidence
    from compose.loader.faults import shown_file
    from compose.loader.load import merged
    from schemas.errors import PycomposeError

    try:
        files, tree = merged(options, Evidence())
    except (
        PycomposeError,
        OSError,
    ):  # the files have changed since: better no position than a wrong one
        return ""
    position = marks.locate(tree, path)
    if not position:
        return ""
    number, line, column = marks.unpack(position)
    return f"{shown_file(files.shared.numbers[number], options.cwd)}:{line}:{column}"
