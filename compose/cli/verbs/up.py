"""``pycompose up``: bring the project about; in front (with its output) or in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.changing import add_timeout, carry_out
from compose.cli.making import (
    add_making_flags,
    check_making_flags,
    parse_scale,
    prepared,
    up_options,
)
from compose.ops.up import Wish
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``up``."""
    add = parser.add_argument
    add_making_flags(parser, pull='"always"|"missing"|"never"')
    add("--abort-on-container-exit", action="store_true",
        help="Stops all containers if any container was stopped. Incompatible with -d")  # fmt: skip
    add("--abort-on-container-failure", action="store_true",
        help="Stops all containers if any container exited with failure. Incompatible with -d")  # fmt: skip
    add("--always-recreate-deps", action="store_true",
        help="Recreate dependent containers. Incompatible with --no-recreate.")  # fmt: skip
    add("--attach", action="append",
        help="Restrict attaching to the specified services. Incompatible with --attach-dependencies.")  # fmt: skip
    add("--attach-dependencies", action="store_true",
        help="Automatically attach to log output of dependent services")  # fmt: skip
    add(
        "-d",
        "--detach",
        action="store_true",
        help="Detached mode: Run containers in the background",
    )
    add("--exit-code-from", default="",
        help="Return the exit code of the selected service container. Implies --abort-on-container-exit")  # fmt: skip
    add("--menu", action="store_true", help="Enable interactive shortcuts when running attached.")
    add(
        "--no-attach", action="append", help="Do not attach (stream logs) to the specified services"
    )
    add("--no-color", action="store_true", help="Produce monochrome output")
    add("--no-deps", action="store_true", help="Don't start linked services")
    add("--no-log-prefix", action="store_true", help="Don't print prefix in logs")
    add("--no-start", action="store_true", help="Don't start the services after creating them")
    add("-V", "--renew-anon-volumes", action="store_true",
        help="Recreate anonymous volumes instead of retrieving data from the previous containers")  # fmt: skip
    add_timeout(parser, "Use this timeout in seconds for container shutdown when attached or when containers are "
        "already running")  # fmt: skip
    add("--timestamps", action="store_true", help="Show timestamps")
    add(
        "--wait",
        action="store_true",
        help="Wait for services to be running|healthy. Implies detached mode.",
    )
    add("--wait-timeout", type=int, default=0,
        help="Maximum duration in seconds to wait for the project to be running|healthy")  # fmt: skip
    add("-w", "--watch", action="store_true",
        help="Watch source code and rebuild/refresh containers when files are updated.")  # fmt: skip
    add("services", nargs="*")


def run(context: Context) -> int:
    """Plan, refuse what cannot be, do the rest."""
    _check(context)
    args = context.args
    services = tuple(args.services)
    wish = Wish(
        services=services,
        no_deps=args.no_deps,
        scale=parse_scale(args.scale),
        pull=args.pull,
        quiet_pull=args.quiet_pull,
        build=args.build,
        no_build=args.no_build,
        quiet_build=args.quiet_build,
        compatibility=context.options.compatibility,
    )
    project = context.project(services)
    if not project.services:
        raise UsageError("no service selected")
    found = prepared(context, wish, up_options(context, services, start=not args.no_start))
    if context.options.dry_run or args.detach or args.wait or args.no_start:
        carry_out(context, found.plan, found)
        if args.wait and not args.no_start and not context.options.dry_run:
            from compose.cli.waiting import wait_until_up

            wanted = {name: each.depends_on for name, each in found.desired.services.items()}
            wait_until_up(context, project.name, wanted, args.wait_timeout)
        return 0
    from compose.cli.attached_up import run_attached

    return run_attached(context, project, found)


def _check(context: Context) -> None:
    args = context.args
    check_making_flags(context, up=True)
    if args.no_recreate and args.always_recreate_deps:
        raise UsageError("--always-recreate-deps and --no-recreate are incompatible")
    if args.attach and args.attach_dependencies:
        raise UsageError("cannot combine --attach and --attach-dependencies")
    if args.abort_on_container_exit and args.abort_on_container_failure:
        raise UsageError(
            "cannot combine --abort-on-container-exit and --abort-on-container-failure"
        )
    attached = (
        args.abort_on_container_exit or args.abort_on_container_failure or args.exit_code_from
        or args.attach or args.attach_dependencies
    )  # fmt: skip
    for flag in ("detach", "wait"):
        if getattr(args, flag) and attached:
            raise UsageError(
                f"--{flag} cannot be combined with --abort-on-container-exit, --abort-on-container-failure,"
                " --attach or --attach-dependencies"
            )
    for flag in ("watch", "menu"):
        if getattr(args, flag):
            raise UsageError(f"--{flag} is not supported yet")
