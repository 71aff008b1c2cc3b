"""``pycompose volume create``: make a volume."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from compose.cli.pairs import labels, options
from schemas.errors import Conflict
from schemas.labels import ANONYMOUS_VOLUME

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser
    from schemas.specs import VolumeSpec


def add_arguments(parser: Parser) -> None:
    """The flags of ``create``."""
    parser.usage = "[OPTIONS] [VOLUME]"
    add = parser.add_argument
    add("-d", "--driver", default="local", help="Specify volume driver name")
    add("--label", action="append", metavar="list", help="Set metadata for a volume")
    add("--name", help="Specify volume name", hidden=True)
    add("-o", "--opt", action="append", metavar="map", help="Set driver specific options")
    add("volume", nargs="?")


def run(context: Context, args: Arguments) -> int:
    """Print the name; one that is there already is left as it is."""
    name = args.volume or args.name
    spec: VolumeSpec = {
        "name": name or os.urandom(32).hex(),
        "driver": args.driver,
        "driver_opts": options(args.opt),
        "labels": {**labels(args.label), **({} if name else {ANONYMOUS_VOLUME: ""})},
    }
    try:
        context.engine.create_volume(spec)
    except Conflict:
        context.engine.volume(spec["name"])  # a daemon that says that it is there
    sys.stdout.write(f"{spec['name']}\n")
    return 0
