"""What the command line says about every verb alike, and what a verb works with: the Context."""

from __future__ import annotations

from compose.cli.parser import Arguments, Parser
from compose.project import LoadOptions, Project
from schemas.errors import ComposeFileError, UsageError
from schemas.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from compose.render.progress import Reporter
    from schemas.engine import Engine
    from schemas.service_engine import ServiceEngine

ANSI = ("never", "always", "auto")
PROGRESS = ("auto", "tty", "plain", "json", "quiet", "none")


class Options(NamedTuple):
    """The flags that stand before the verb."""

    files: tuple[str, ...] = ()
    project_name: str = ""
    profiles: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    project_directory: str | None = None
    ansi: str = "auto"
    progress: str = "auto"
    parallel: int = -1
    dry_run: bool = False
    compatibility: bool = False
    all_resources: bool = False
    engine: str = "local"
    chosen: bool = False  # whether somebody named the engine


def global_parser() -> Parser:
    """The parser of the flags before the verb; it stops at the verb."""
    parser = Parser(interspersed=False)
    add = parser.add_argument
    add(
        "--all-resources",
        action="store_true",
        help="Include all resources, even those not used by services",
    )
    add(
        "--ansi",
        metavar="string",
        help='Control when to print ANSI control characters ("never"|"always"|"auto")',
    )
    add("--compatibility", action="store_true", help="Run compose in backward compatibility mode")
    add("--dry-run", action="store_true", help="Execute command in dry run mode")
    add("--engine", help='The engine that runs the containers ("local"|"docker"|"swarm")')
    add("--env-file", action="append", help="Specify an alternate environment file")
    add("-f", "--file", action="append", help="Compose configuration files")
    add("--parallel", type=int, default=-1, help="Control max parallelism, -1 for unlimited")
    add("--profile", action="append", help="Specify a profile to enable")
    add("--progress", help="Set type of progress output (auto, tty, plain, json, quiet)")
    add("--project-directory", help="Specify an alternate working directory\n"
        "(default: the path of the, first specified, Compose file)")  # fmt: skip
    add("-p", "--project-name", default="", help="Project name")
    add("-v", "--version", action="store_true", help="Show the version information", hidden=True)
    add("--verbose", action="store_true", help="Show more output", hidden=True)
    add("--no-ansi", action="store_true", help="Do not print ANSI control characters", hidden=True)
    add("--workdir", help="Specify an alternate working directory", hidden=True)
    return parser


def read(values: Arguments, environ: Mapping[str, str]) -> Options:
    """The options that ``values`` and the COMPOSE_* variables give; UsageError for a value that is none."""
    ansi = values.ansi or ("never" if values.no_ansi else environ.get("COMPOSE_ANSI") or "auto")
    progress = values.progress or environ.get("COMPOSE_PROGRESS") or "auto"
    if ansi not in ANSI:
        raise UsageError(f'unknown --ansi value "{ansi}". Use one of {", ".join(ANSI)}')
    if progress not in PROGRESS:
        raise UsageError(f'unsupported --progress value "{progress}"')
    engine = values.engine or environ.get("PYCOMPOSE_ENGINE")
    return Options(
        files=tuple(values.file),
        project_name=values.project_name,
        profiles=tuple(values.profile),
        env_files=tuple(values.env_file),
        project_directory=values.project_directory or values.workdir,
        ansi=ansi,
        progress="quiet" if progress == "none" else progress,
        parallel=values.parallel,
        dry_run=values.dry_run,
        compatibility=values.compatibility,
        all_resources=values.all_resources,
        engine=engine or "local",
        chosen=bool(engine),
    )


class Context:
    """One call of a verb: its arguments, the project it is about, the engine it speaks to."""

    def __init__(
        self, args: Arguments, options: Options, *, cwd: str, environ: Mapping[str, str]
    ) -> None:
        self.args = args
        self.options = options
        self.cwd = cwd
        self.environ = environ
        self._projects: dict[tuple[tuple[str, ...], bool], Project] = {}
        self._engine: Engine | None = None
        self._cluster: ServiceEngine | None = None
        self._reporter: Reporter | None = None
        self.title = "Running"  # what a display of progress is headed with

    @property
    def load_options(self) -> LoadOptions:
        """Which project to load, services not considered."""
        options = self.options
        return LoadOptions(
            cwd=self.cwd,
            environ=self.environ,
            files=options.files,
            project_directory=options.project_directory,
            project_name=options.project_name or None,
            env_files=options.env_files,
            profiles=options.profiles,
            all_resources=options.all_resources,
        )

    def project(self, services: tuple[str, ...] = (), *, resolve_env: bool = True) -> Project:
        """The loaded project; its warnings are printed once. ComposeFileError, UsageError for an unknown service."""
        from compose.loader import load_project

        known = self._projects.get((services, resolve_env))
        if known is not None:
            return known
        wanted = self.load_options._replace(services=services, resolve_env=resolve_env)
        project = self._projects[services, resolve_env] = load_project(wanted)
        self._warn(project.warnings)
        for name in services:
            if name not in project.services:
                raise UsageError(f"no such service: {name}")
        return project

    @property
    def project_name(self) -> str:
        """The project's name; its files are read only when nothing else tells it. For verbs that go by labels."""
        name = self.options.project_name or self.environ.get("COMPOSE_PROJECT_NAME")
        return _valid(name) if name else self.project(resolve_env=False).name

    def project_or_name(self, services: tuple[str, ...] = ()) -> tuple[str, Project | None]:
        """The project's name, and its files unless only a name was given (then labels decide, as with Docker Compose)."""
        options = self.options
        if options.project_name and not options.files:
            return _valid(options.project_name), None
        try:
            project = self.project(services, resolve_env=False)
        except ComposeFileError:
            name = self.environ.get("COMPOSE_PROJECT_NAME")
            if name:
                return name, None
            raise
        return project.name, project

    @property
    def engine(self) -> Engine:
        """The engine, opened at first use."""
        if self._engine is None:
            from compose.backends import open_engine

            self._engine = open_engine(self.options.engine)
        return self._engine

    @property
    def cluster(self) -> ServiceEngine:
        """The engine when it is one that schedules services by itself, opened at first use."""
        if self._cluster is None:
            from compose.backends import open_cluster

            self._cluster = open_cluster(self.options.engine)
        return self._cluster

    @property
    def reporter(self) -> Reporter:
        """Where progress goes; made at first use, finished by ``close``."""
        if self._reporter is None:
            from compose.render.progress import open_reporter

            self._reporter = open_reporter(
                self.options.progress,
                self.options.ansi,
                self.environ,
                dry_run=self.options.dry_run,
                title=self.title,
            )
        return self._reporter

    def progress_done(self) -> None:
        """End the progress display; what follows is ordinary output."""
        if self._reporter is not None:
            self._reporter.close()
            self._reporter = None

    def close(self) -> None:
        """Let go of display and engine; safe to call twice."""
        self.progress_done()
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

    def _warn(self, warnings: tuple[str, ...]) -> None:
        from compose.render.text import warn

        for text in warnings:
            warn(text)


def _valid(name: str) -> str:
    """A project name that was given; UsageError when it cannot be one."""
    plain = name.replace("-", "").replace("_", "")
    if name[0].isalnum() and name.isascii() and plain.isalnum() and name == name.lower():
        return name
    from compose.loader.sources import invalid_name, valid_name

    if not valid_name(name):
        raise UsageError(invalid_name(name))
    return name
