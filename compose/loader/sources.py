"""Which files make the project: ``-f``, COMPOSE_FILE, discovery; ``.env``; directory, name and profiles.

Compose Specification "Compose file" and compose-go's ProjectOptions: ``.env`` is read before the files are located
(it may hold COMPOSE_FILE) and again when they turn out to stand in another directory; the first reading wins.
"""

from __future__ import annotations

import os

from compose.loader.dotenv import DotenvError, parse
from compose.loader.evidence import Environment, Evidence
from compose.project import LoadOptions
from schemas.errors import ComposeFileError, FileMissing, UsageError
from schemas.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

_MAIN_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDE_NAMES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_NAME_FIRST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_NAME_CHARS = _NAME_FIRST | frozenset("_-")


class Sources(NamedTuple):
    """Where a project comes from."""

    files: tuple[str, ...]  # absolute; "-" for standard input
    working_dir: str
    environment: Environment
    env_files: tuple[str, ...]
    profiles: tuple[str, ...]
    given_name: str  # by -p or COMPOSE_PROJECT_NAME; empty when neither


def find(options: LoadOptions, evidence: Evidence, warnings: list[str]) -> Sources:
    """Find the project's files as Docker Compose does."""
    environment = Environment(options.environ, evidence)
    directory = (
        os.path.normpath(os.path.join(options.cwd, options.project_directory))
        if (options.project_directory)
        else ""
    )
    read: list[str] = []
    files = _explicit(options, environment)
    _dotenv(options, directory or _directory_of(files, options.cwd), environment, read, warnings)
    if not files:
        files = _explicit(options, environment)  # .env may hold COMPOSE_FILE
    if not files:
        files = _discover(directory or options.cwd, evidence, warnings)
    working_dir = directory or _directory_of(files, options.cwd)
    _dotenv(options, working_dir, environment, read, warnings)
    name = options.project_name or ""
    if name:
        if not valid_name(name):
            raise UsageError(invalid_name(name))
    else:
        name = environment.get("COMPOSE_PROJECT_NAME") or ""
        if name and not valid_name(name):
            raise ComposeFileError(invalid_name(name))
    profiles = options.profiles
    if (
        not profiles
    ):  # none at all is the profile without a name: `profiles: ["", other]` is on by default
        listed = environment.get("COMPOSE_PROFILES") or ""
        profiles = tuple(part.strip() for part in listed.split(","))
    return Sources(files, working_dir, environment, tuple(read), profiles, name)


def _explicit(options: LoadOptions, environment: Environment) -> tuple[str, ...]:
    names = options.files
    if not names:
        listed = environment.get("COMPOSE_FILE")
        if listed:
            separator = environment.get("COMPOSE_PATH_SEPARATOR") or ":"
            names = tuple(listed.split(separator))
    return tuple(
        name if _is_remote(name) else os.path.normpath(os.path.join(options.cwd, name))
        for name in names
    )


def _is_remote(name: str) -> bool:
    from compose.loader.remote import is_remote

    return name == "-" or is_remote(name)


def _directory_of(files: tuple[str, ...], cwd: str) -> str:
    if files and not _is_remote(files[0]):
        return os.path.dirname(files[0])
    return cwd


def _discover(start: str, evidence: Evidence, warnings: list[str]) -> tuple[str, ...]:
    directory = start
    while True:
        found = [name for name in _MAIN_NAMES if evidence.is_file(os.path.join(directory, name))]
        if found:
            break
        parent = os.path.dirname(directory)
        if parent == directory:
            raise FileMissing(
                "no configuration file provided: not found",
                hint=f"no {', '.join(_MAIN_NAMES[:2])} in {start} or above; name one with -f",
            )
        directory = parent
    main = os.path.join(directory, found[0])
    if len(found) > 1:
        others = ", ".join(os.path.join(directory, name) for name in found)
        warnings.append(f"Found multiple config files with supported names: {others}")
        warnings.append(f"Using {main}")
    overrides = [
        name for name in _OVERRIDE_NAMES if evidence.is_file(os.path.join(directory, name))
    ]
    if not overrides:
        return (main,)
    override = os.path.join(directory, overrides[0])
    if len(overrides) > 1:
        others = ", ".join(os.path.join(directory, name) for name in overrides)
        warnings.append(f"Found multiple override files with supported names: {others}")
        warnings.append(f"Using {override}")
    return main, override


def _env_file_names(
    options: LoadOptions, directory: str, environment: Environment
) -> list[tuple[str, bool]]:
    """(absolute path, whether it must be there) of the project's env files."""
    names: tuple[str, ...] = options.env_files
    if not names:
        listed = environment.get("COMPOSE_ENV_FILES") or ""
        names = tuple(part for part in listed.split(",") if part)
    if names:
        return [(os.path.normpath(os.path.join(options.cwd, name)), True) for name in names]
    if _disabled(environment.get("COMPOSE_DISABLE_ENV_FILE") or "0"):
        return []
    return [(os.path.join(directory, ".env"), False)]


def _disabled(text: str) -> bool:
    if text in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if text in ("0", "f", "F", "FALSE", "false", "False"):
        return False
    raise UsageError(f'COMPOSE_DISABLE_ENV_FILE: "{text}" is neither true nor false')


def _dotenv(
    options: LoadOptions,
    directory: str,
    environment: Environment,
    read: list[str],
    warnings: list[str],
) -> None:
    fresh = [
        item for item in _env_file_names(options, directory, environment) if item[0] not in read
    ]
    found = read_env_files(fresh, environment, options.cwd, warnings)
    for path, required in fresh:
        if required or path in environment.evidence.read:
            read.append(path)
    environment.add(found)


def read_env_files(
    files: list[tuple[str, bool]], environment: Environment, cwd: str, warnings: list[str]
) -> dict[str, str]:
    """The variables of several env files, later ones over earlier ones."""
    from compose.loader.faults import shown_file

    found: dict[str, str] = {}
    evidence = environment.evidence

    def lookup(name: str) -> str | None:
        value = environment.get(name)
        return found.get(name) if value is None else value

    for path, required in files:
        if not required and not evidence.is_file(path):
            continue
        shown = shown_file(path, cwd)
        if os.path.isdir(path):
            raise ComposeFileError(f"{shown}: is a directory", file=path)
        try:
            text = evidence.content(path).decode("utf-8")
        except FileNotFoundError:
            missing = FileMissing(f"couldn't find env file: {path}", file=path)
            missing.exit_code = 1  # as the reference: this file belongs to the command line
            raise missing from None
        except OSError as error:
            raise FileMissing(f"{shown}: {error.strerror}", file=path) from None
        except UnicodeDecodeError as error:
            raise ComposeFileError(
                f"{shown}: not a text file (byte {error.start})", file=path
            ) from None
        try:
            found.update(parse(text, lookup, warnings.append))
        except DotenvError as error:
            line, _, message = str(error).removeprefix("line ").partition(": ")
            wrong = ComposeFileError(
                f"{shown}:{line}:1: failed to read: {message}", file=path, line=int(line), column=1
            )
            wrong.exit_code = 1  # as the reference: this file belongs to the command line
            raise wrong from None
    return found


def valid_name(name: str) -> bool:
    """Whether a given project name may be used as it is."""
    return name[:1] in _NAME_FIRST and bool(name) and all(char in _NAME_CHARS for char in name)


def invalid_name(name: str) -> str:
    """What to say about a name that may not."""
    return (
        f'invalid project name "{name}": must consist only of lowercase alphanumeric characters, hyphens, and '
        "underscores as well as start with a letter or number"
    )


def normalize_name(name: str) -> str:
    """A derived name: lower case, other characters dropped, no leading ``_`` or ``-``."""
    return "".join(char for char in name.lower() if char in _NAME_CHARS).lstrip("_-")


def project_name(sources: Sources, names: list[Any], warnings: list[str], interpolate: bool) -> str:
    """The project's name: given > last ``name:`` of the files > base name of the directory."""
    if sources.given_name:
        return sources.given_name
    for raw in reversed(names):
        if not isinstance(raw, str):
            continue
        from compose.loader.template import InvalidTemplate, MissingRequired, substitute

        try:
            text = substitute(raw, sources.environment.get, warnings.append) if interpolate else raw
        except (InvalidTemplate, MissingRequired) as error:
            raise ComposeFileError(f"invalid interpolation format for name: {error}") from None
        name = normalize_name(text)
        break
    else:
        name = normalize_name(os.path.basename(sources.working_dir))
    if not name:
        raise ComposeFileError("project name must not be empty", hint="give one with -p or name:")
    return name
