"""``pycompose images``: the images that the project's containers were made from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.ops.used_images import used_images

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``images``."""
    add = parser.add_argument
    add("--format", default="table", help="Format the output. Values: [table | json]")
    add("-q", "--quiet", action="store_true", help="Only display IDs")
    add("services", nargs="*")
    parser.usage = "[OPTIONS] [SERVICE...]"


def run(context: Context) -> int:
    """Print one line for each container, or each image's id once."""
    from compose.render.listing import listing
    from compose.render.text import short_id, short_size

    args = context.args
    found = used_images(context.engine, context.project_name, list(args.services))
    if args.quiet:
        ids = dict.fromkeys(each.image.id.removeprefix("sha256:") for each in found)
        sys.stdout.write("".join(f"{id}\n" for id in ids))
        return 0
    header = ("CONTAINER", "REPOSITORY", "TAG", "IMAGE ID", "SIZE")
    rows = [
        (
            each.container,
            each.repository or "<none>",
            each.tag or "<none>",
            short_id(each.image.id),
            short_size(each.image.size),
        )
        for each in found
    ]
    records = [
        {
            "ID": each.image.id,
            "ContainerName": each.container,
            "Repository": each.repository,
            "Tag": each.tag,
            "Size": each.image.size,
        }
        for each in found
    ]
    sys.stdout.write(listing(args.format, header, rows, records))
    return 0
