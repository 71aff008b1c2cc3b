"""``pycompose run``: a one-off command in a container like a service's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from compose.cli.changing import carry_out, truth
from compose.cli.making import provided, with_providers
from compose.cli.places import where
from compose.ops.images import check_pull
from compose.ops.up import Wish
from compose.plan.options import UpOptions
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser
    from compose.oneoff import RunOptions


def add_arguments(parser: Parser) -> None:
    """The flags of ``run``."""
    parser.interspersed = False
    parser.usage = "[OPTIONS] SERVICE [COMMAND] [ARGS...]"
    add = parser.add_argument
    _add_preparing_flags(parser)
    add("--cap-add", action="append", metavar="list", help="Add Linux capabilities")
    add("--cap-drop", action="append", metavar="list", help="Drop Linux capabilities")
    add(
        "-d",
        "--detach",
        action="store_true",
        help="Run container in background and print container ID",
    )
    add("--entrypoint", help="Override the entrypoint of the image")
    add("-e", "--env", action="append", help="Set environment variables")
    add("--env-from-file", action="append", help="Set environment variables from file")
    add(
        "-i",
        "--interactive",
        action="store_true",
        default=True,
        help="Keep STDIN open even if not attached",
    )
    add("-l", "--label", action="append", help="Add or override a label")
    add("--name", default="", help="Assign a name to the container")
    add(
        "-T",
        "--no-tty",
        action="store_true",
        help="Disable pseudo-TTY allocation (default: auto-detected)",
    )
    parser.alias("--no-TTY", "--no-tty")
    add("-p", "--publish", action="append", help="Publish a container's port(s) to the host")
    add("-q", "--quiet", action="store_true", help="Don't print anything to STDOUT")
    add("--rm", action="store_true", help="Automatically remove the container when it exits")
    add("-P", "--service-ports", action="store_true",
        help="Run command with all service's ports enabled and mapped to the host")  # fmt: skip
    add("-t", "--tty", action="store_true", hidden=True, help="Allocate a pseudo-TTY")
    add("--use-aliases", action="store_true",
        help="Use the service's network useAliases in the network(s) the container connects to")  # fmt: skip
    add("-u", "--user", default="", help="Run as specified username or uid")
    add("-v", "--volume", action="append", help="Bind mount a volume")
    add("-w", "--workdir", default="", help="Working directory inside the container")
    add("service")
    add("command", nargs="...")


def _add_preparing_flags(parser: Parser) -> None:
    """What is about the time before the container is made."""
    add = parser.add_argument
    add("--build", action="store_true", help="Build image before starting container")
    add("--no-deps", action="store_true", help="Don't start linked services")
    add("--pull", default="policy", help='Pull image before running ("always"|"missing"|"never")')
    add(
        "--quiet-build", action="store_true", help="Suppress progress output from the build process"
    )
    add("--quiet-pull", action="store_true", help="Pull without printing progress information")
    add("--remove-orphans", action="store_true",
        help="Remove containers for services not defined in the Compose file")  # fmt: skip


def run(context: Context) -> int:
    """Bring about what the service needs, then run the command; its exit code."""
    from compose.cli.one_off import run_one_off
    from compose.ops.run import prepare
    from compose.render.text import warn

    args = context.args
    _check(args)
    if args.quiet:
        context.options = context.options._replace(progress="quiet")
    project = context.project((args.service,))
    wish = Wish(
        no_deps=args.no_deps,
        pull=args.pull,
        quiet_pull=args.quiet_pull,
        build=args.build,
        quiet_build=args.quiet_build,
        compatibility=context.options.compatibility,
    )
    options = UpOptions(
        remove_orphans=args.remove_orphans,
        # Who runs one command does not want to read about other containers.
        ignore_orphans=not args.remove_orphans or truth(context, "COMPOSE_IGNORE_ORPHANS"),
    )
    run_options = _options(context, project.environment, project.working_dir)
    if project.services[args.service].get("provider"):
        raise UsageError(
            f"service {args.service} is another program's: there is no container to run"
        )
    project, wanted = with_providers(context, project, wish._replace(services=(args.service,)))
    images = provided(context, project, wanted)
    found = prepare(
        context.engine,
        project,
        args.service,
        wish,
        images,
        options,
        where(context),
        all_images=not context.options.dry_run,
    )
    for text in found.desired.warnings:
        warn(text)
    carry_out(context, found.needs)
    if context.options.dry_run:
        return 0
    carry_out(context, found.waits)
    context.progress_done()
    return run_one_off(context.engine, found.desired, args.service, run_options, args)


def _check(args: Arguments) -> None:
    check_pull(args.pull)
    if args.publish and args.service_ports:
        raise UsageError("--service-ports and --publish are incompatible")
    if {"tty", "no_tty"} <= args.given:
        raise UsageError("--tty and --no-tty can't be used together")


def _options(context: Context, environ: object, directory: str) -> RunOptions:
    from compose.loader.canonical.words import split_words
    from compose.oneoff import RunOptions
    from compose.ops.run import environment, mounted, published

    args = context.args
    try:
        entrypoint = None if args.entrypoint is None else tuple(split_words(args.entrypoint))
    except ValueError as error:
        raise UsageError(f"--entrypoint: {error}") from None
    values = {**dict(context.environ), **dict(environ)}  # type: ignore[call-overload]
    files = [word for file in args.env_from_file for word in _env_file(file, values)]
    labels = dict(word.partition("=")[::2] for word in args.label)
    return RunOptions(
        command=tuple(args.command),
        entrypoint=entrypoint,
        name=args.name,
        environment=environment([*files, *args.env], values),
        labels=labels,
        user=args.user,
        working_dir=args.workdir,
        cap_add=tuple(args.cap_add),
        cap_drop=tuple(args.cap_drop),
        ports=published(args.publish),
        volumes=mounted(args.volume, directory, context.environ.get("HOME", "~")),
        service_ports=args.service_ports,
        use_aliases=args.use_aliases,
        tty=_wants_tty(args),
        stdin=args.interactive,
        auto_remove=args.rm and args.detach,
    )


def _wants_tty(args: Arguments) -> bool:
    """A terminal when ours is one, unless -T; -t and -T=false insist on it."""
    if "tty" in args.given:
        return bool(args.tty)
    if "no_tty" in args.given:
        return not args.no_tty
    return os.isatty(1) and (os.isatty(0) or not args.interactive)


def _env_file(path: str, environ: dict[str, str]) -> list[str]:
    from compose.loader.dotenv import DotenvError, parse
    from compose.render.text import warn

    try:
        with open(path, encoding="utf-8") as file:
            found = parse(file.read(), environ.get, warn)
    except OSError as error:
        raise UsageError(f"open {path}: {(error.strerror or '').lower()}") from None
    except DotenvError as error:
        raise UsageError(f"failed to read {path}: {error}") from None
    return [f"{name}={value}" for name, value in found.items()]
