"""The attached form of ``up``: make everything, then start it while its output is shown."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from compose.cli.changing import carry_out
from compose.cli.foreground import Cascade, Foreground
from compose.execute.executor import execute
from compose.execute.parallelism import parallelism
from compose.graph import of_project
from compose.observed import observe
from compose.ops.attached import Attached
from compose.ops.flat import kill_plan
from compose.ops.selection import short_name
from compose.ops.up import Prepared, split
from compose.plan.actions import Plan
from compose.plan.options import StopOptions
from compose.project import Project
from compose.render.colour import wanted
from compose.render.logs import LogPrinter
from compose.render.progress import open_reporter
from schemas.errors import UsageError
from schemas.records import Progress

if TYPE_CHECKING:
    from compose.cli.options import Context


def run_attached(context: Context, project: Project, found: Prepared) -> int:
    """The exit code: 130 after Ctrl-C, a container's when its end was to end all, otherwise 0."""
    args = context.args
    services = frozenset(args.services or found.desired.services)
    shown = _shown(context, project, found, services)
    first, rest = split(found.plan)
    began = time.time()
    carry_out(context, first, found)
    context.progress_done()
    attached = Attached(
        context.engine, project.name, watched=services | shown, shown=shown, since=began
    )
    present = observe(context.engine, project.name)
    containers = [
        info for name, group in present.containers.items() if name in shown for info in group
    ]
    attached.join([info for name in services | shown for info in present.containers.get(name, ())])
    names = [short_name(info) for info in containers]
    sys.stdout.write(f"Attaching to {', '.join(names)}\n")
    sys.stdout.flush()
    # Those that were asked for, and not what they depend on: so does Docker Compose.
    work = _Work(context, project, services, rest)
    return Foreground(
        attached,
        _printer(context, names),
        start=lambda stop: work.start(stop, attached.hear),
        halt=work.halt,
        kill=work.kill,
        cascade=_cascade(context),
    ).run()


class _Work:
    """What happens beside the output. Its progress is plain lines: a live display would fight with the output."""

    def __init__(
        self, context: Context, project: Project, services: frozenset[str], rest: Plan
    ) -> None:
        self._engine = context.engine
        self._graph = of_project(project)
        self._services = services
        self._rest = rest
        self._timeout = context.args.timeout
        self._limit = parallelism(context.options.parallel, context.environ)
        mode = context.options.progress
        self._report = open_reporter(
            "plain" if mode in ("auto", "tty") else mode, "never", context.environ, dry_run=False
        )

    def start(self, stop: threading.Event, hear: Callable[[str, bytes], None]) -> None:
        self._execute(self._rest, self._warn, stop, hear)

    def halt(self, stop: threading.Event) -> None:
        from compose.plan.lifecycle import stop_plan

        observed = observe(self._engine, self._graph.project)
        options = StopOptions(services=tuple(self._services), timeout=self._timeout)
        self._execute(stop_plan(self._graph, observed, options), self._report, stop)

    def kill(self, stop: threading.Event) -> None:
        observed = observe(self._engine, self._graph.project)
        self._execute(kill_plan(observed, self._services, "SIGKILL"), self._report, stop)

    def _execute(
        self,
        plan: Plan,
        report: Callable[[Progress], None],
        stop: threading.Event,
        hear: Callable[[str, bytes], None] | None = None,
    ) -> None:
        execute(self._engine, plan, report=report, parallel=self._limit, stop=stop, hear=hear)

    def _warn(self, progress: Progress) -> None:
        """Starting is seen by the output itself; what is skipped is not."""
        if progress.status == "warning":
            self._report(progress)


def _shown(
    context: Context, project: Project, found: Prepared, services: frozenset[str]
) -> frozenset[str]:
    """The services whose output is shown."""
    args = context.args
    known = frozenset(found.desired.services)
    for name in (*args.attach, *args.no_attach, *filter(None, [args.exit_code_from])):
        if name not in project.services:
            raise UsageError(f"no such service: {name}")
    if args.attach:
        outside = sorted(set(args.attach) - known)
        if outside:
            raise UsageError(f"cannot attach to services not included in up: {', '.join(outside)}")
        chosen = frozenset(args.attach)
    else:
        chosen = known if args.attach_dependencies else services
        chosen -= {name for name in chosen if project.services[name].get("attach") is False}
    chosen -= frozenset(args.no_attach)
    return chosen or services


def _printer(context: Context, names: list[str]) -> LogPrinter:
    args = context.args
    return LogPrinter(
        sys.stdout.buffer,
        prefix=not args.no_log_prefix,
        colour=not args.no_color and wanted(context.options.ansi, context.environ, 1),
        timestamps=args.timestamps,
        names=names,
    )


def _cascade(context: Context) -> Cascade:
    args = context.args
    if args.abort_on_container_failure:
        return Cascade("failure", args.exit_code_from)
    if args.abort_on_container_exit or args.exit_code_from:
        return Cascade("exit", args.exit_code_from)
    return Cascade()
