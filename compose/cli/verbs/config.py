"""``pycompose config``: the canonical model, or a part of it."""

from __future__ import annotations

import sys

from schemas.errors import UsageError
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser
    from compose.project import LoadOptions, Project


def add_arguments(parser: Parser) -> None:
    """The flags of ``config``."""
    parser.usage = "[OPTIONS] [SERVICE...]"
    parser.description = "Parse, resolve and render compose file in canonical format"
    add = parser.add_argument
    add("--environment", action="store_true", help="Print environment used for interpolation.")
    add("--format", help="Format the output. Values: [yaml | json] (default yaml)")
    add("--hash", help="Print the service config hash, one per line.")
    add("--images", action="store_true", help="Print the image names, one per line.")
    add(
        "--lock-image-digests",
        action="store_true",
        help="Produces an override file with image digests",
    )
    add("--models", action="store_true", help="Print the model names, one per line.")
    add("--networks", action="store_true", help="Print the network names, one per line.")
    add("--no-consistency", action="store_true", help="Don't check model consistency")
    add("--no-env-resolution", action="store_true", help="Don't resolve service env files")
    add("--no-interpolate", action="store_true", help="Don't interpolate environment variables")
    add("--no-normalize", action="store_true", help="Don't normalize compose model")
    add("--no-path-resolution", action="store_true", help="Don't resolve file paths")
    add("-o", "--output", help="Save to file (default to stdout)")
    add("--profiles", action="store_true", help="Print the profile names, one per line.")
    add(
        "-q",
        "--quiet",
        action="store_true",
        help="Only validate the configuration, don't print anything",
    )
    add("--resolve-image-digests", action="store_true", help="Pin image tags to digests")
    add("--services", action="store_true", help="Print the service names, one per line.")
    add("--variables", action="store_true", help="Print model variables and default values.")
    add("--volumes", action="store_true", help="Print the volume names, one per line.")
    add("services_", nargs="*")


_PARTS = (
    "services", "volumes", "networks", "models", "hash", "profiles", "images", "variables", "environment",
)  # fmt: skip


def run(context: Context) -> int:
    """Print what was asked for."""
    from compose.loader import load_project, printed
    from compose.render.text import warn

    args = context.args
    what = _what(args)
    options = _options(context.load_options, args, what, compatible=context.options.compatibility)
    if args.resolve_image_digests or args.lock_image_digests:
        text, warnings = _pinned(context, options, what)
    elif what == "environment":  # the one text that is not of the project alone
        project = load_project(options)
        pairs = sorted(project.environment.items())
        text, warnings = _encoded("".join(f"{k}={v}\n" for k, v in pairs)), project.warnings
    else:
        text, warnings = printed(options, what, lambda project: _made(project, what, options))
    for warning in warnings:
        warn(warning)
    _print(text, args.output if what in ("yaml", "json") else None)
    return 0


def _what(args: Arguments) -> str:
    """What is printed, in one word (or ``hash NAMES``); UsageError for what cannot be."""
    form = args.format or "yaml"
    if form not in ("yaml", "json"):
        raise UsageError(f'unsupported format "{form}"')
    for part in _PARTS:  # in the order of the reference
        if part == "hash" and args.hash:
            return f"hash {args.hash}"
        if part != "hash" and getattr(args, part):
            return part
    return "quiet" if args.quiet else form


def _options(options: LoadOptions, args: Arguments, what: str, *, compatible: bool) -> LoadOptions:
    """Which project to load for it; nothing is normalized for ``--compatibility``, as in the reference."""
    if what == "variables":
        return options._replace(interpolate=False, check_consistency=False, resolve_env=False)
    return options._replace(
        services=tuple(args.services_),
        interpolate=not args.no_interpolate,
        normalize=not args.no_normalize and not compatible,
        resolve_paths=not args.no_path_resolution,
        # What is only listed needs no env_file, and the hash is that of the service as written, its env_file by name.
        resolve_env=not args.no_env_resolution and what in ("yaml", "json", "quiet", "environment"),
        check_consistency=not args.no_consistency,
    )


def _made(project: Project, what: str, options: LoadOptions) -> bytes:
    from compose.ops.config import text

    return _encoded(text(project, what, options.services, raw=not options.interpolate))


def _pinned(context: Context, options: LoadOptions, what: str) -> tuple[bytes, tuple[str, ...]]:
    """With digests for tags: what registries say now is never kept."""
    from compose.execute.parallelism import parallelism
    from compose.loader import load_project
    from compose.ops.pinned import pinned

    project = load_project(options)
    found = pinned(
        context.engine,
        project,
        options.services,
        only_images=context.args.lock_image_digests,
        limit=parallelism(context.options.parallel, context.environ),
    )
    return _made(found, what, options._replace(services=())), project.warnings


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _print(text: bytes, output: str | None) -> None:
    if output:
        try:
            with open(output, "wb") as file:
                file.write(text)
        except OSError as error:
            raise UsageError(f"open {output}: {(error.strerror or '').lower()}") from None
        return
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(text.decode("utf-8", "surrogateescape"))
        return
    sys.stdout.flush()
    buffer.write(text)
    buffer.flush()
