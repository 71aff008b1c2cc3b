"""``pycompose export``: a service container's root as a tar."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser
    from schemas.engine import Archive

_CHUNK = 1 << 20


def add_arguments(parser: Parser) -> None:
    """The flags of ``export``."""
    add = parser.add_argument
    add(
        "--index",
        type=int,
        default=0,
        help="index of the container if service has multiple replicas.",
    )
    add("-o", "--output", help="Write to a file, instead of STDOUT")
    add("service")


def run(context: Context) -> int:
    """Write the tar to the file, or to standard output; a file that could not be written whole is not left."""
    from compose.ops.selection import one_container
    from schemas.records import Progress

    args = context.args
    if not args.output and os.isatty(1):
        raise UsageError("output option is required when exporting to terminal")
    info = one_container(context.engine, context.project_name, args.service, args.index)
    context.title = "Exporting"
    subject = f"Container {info.name}"
    context.reporter(Progress(subject, "Exporting", "working"))
    if not context.options.dry_run:
        archive = context.engine.export(info.id)
        try:
            _write(archive, args.output)
        finally:
            archive.close()
    context.reporter(Progress(subject, "Exported", "done"))
    context.progress_done()
    return 0


def _write(archive: Archive, output: str | None) -> None:
    read = archive.read
    if not output:
        while data := read(_CHUNK):
            sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    temporary = f"{output}.{os.getpid()}.part"
    try:
        with open(temporary, "wb") as file:
            while data := read(_CHUNK):
                file.write(data)
        os.rename(temporary, output)
    except BaseException:
        try:
            os.unlink(temporary)
        except FileNotFoundError:
            pass
        raise
