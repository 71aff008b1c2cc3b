"""``up -d``: bring the project about on the cluster, and wait until it is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.changing import truth
from compose.cli.cluster.changing import carry_out, refuse_flags
from compose.cli.making import parse_scale
from compose.cli.places import where
from compose.cli.verbs import up
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser
    from compose.ops.stack import Prepared

_RECREATE = "Swarm replaces what has changed; --force-recreate replaces all"
_ATTACHED = "the tasks are not this command's: follow them with logs -f"
_IMAGES = "nodes pull images from registries: see --resolve-image"
_LATER = "volumes are the nodes' own"
MEANINGLESS = {
    **dict.fromkeys(("always_recreate_deps", "no_recreate"), _RECREATE),
    **dict.fromkeys(
        ("abort_on_container_exit", "abort_on_container_failure", "attach", "attach_dependencies", "exit_code_from", "menu",
         "no_attach", "no_color", "no_log_prefix", "timestamps"), _ATTACHED,
    ),
    **dict.fromkeys(("build", "no_build", "pull", "quiet_build", "quiet_pull"), _IMAGES),
    **dict.fromkeys(("renew_anon_volumes", "yes"), _LATER),
    "no_start": "a Swarm starts what it is told of",
    "timeout": "the grace period is the service's: stop_grace_period",
    "watch": "an image has to be published",
}  # fmt: skip


def add_arguments(parser: Parser) -> None:
    """The flags of ``up``, and what only a cluster has."""
    up.add_arguments(parser)
    add_resolving(parser)


def add_resolving(parser: Parser) -> None:
    """The flag --resolve-image, in the words of ``docker stack deploy``."""
    parser.add_argument(
        "--resolve-image",
        default="always",
        help='Query the registry to resolve image digest ("always"|"changed"|"never")',
    )


def run(context: Context) -> int:
    """Plan, refuse what cannot be, do the rest, wait for it."""
    args = context.args
    refuse_flags(context, MEANINGLESS)
    if not (args.detach or args.wait or context.options.dry_run):
        raise UsageError(
            "up stays in front only where the containers are its own: with --engine swarm use up -d (and logs -f)"
        )
    found = prepared(context)
    carry_out(context, found.plan, args.wait_timeout)
    return 0


def prepared(context: Context) -> Prepared:
    """The plan for what the flags ask."""
    from compose.backends import grades_of
    from compose.ops.stack import Wish, prepare
    from compose.plan.services import StackOptions

    args = context.args
    if args.resolve_image not in ("always", "changed", "never"):
        raise UsageError(f'invalid --resolve-image option "{args.resolve_image}"')
    services = tuple(args.services)
    project = context.project(services)
    if not project.services:
        raise UsageError("no service selected")
    wish = Wish(services, args.no_deps, parse_scale(args.scale), args.resolve_image)
    options = StackOptions(
        services,
        args.force_recreate,
        args.remove_orphans or truth(context, "COMPOSE_REMOVE_ORPHANS"),
        truth(context, "COMPOSE_IGNORE_ORPHANS"),
    )
    grades = grades_of(context.options.engine)
    return prepare(context.cluster, project, grades, wish, options, where(context))
