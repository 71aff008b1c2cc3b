"""``env_file`` and ``label_file`` read into ``environment`` and ``labels`` of each active service."""

from __future__ import annotations

from compose.loader.dotenv import DotenvError, parse, parse_raw
from compose.loader.evidence import Environment
from compose.loader.faults import Fault, shown_file
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def read_environment(
    name: str,
    body: dict[str, Any],
    environment: Environment,
    cwd: str,
    warnings: list[str],
    faults: list[Fault],
) -> None:
    """Merge a service's env files below its environment."""
    own = body.get("environment")
    own = own if isinstance(own, dict) else {}
    found: dict[str, Any] = {}  # by the files before: they win over the project's environment

    def lookup(key: str) -> str | None:
        value = found.get(key)
        return environment.get(key) if value is None else value

    for index, entry in enumerate(body.get("env_file") or ()):
        path = ("services", name, "env_file", index)
        if "path" not in entry:
            continue  # it was no text, which has been said
        kind = entry.get("format") or ""
        if kind not in ("", "raw"):
            faults.append(Fault((*path, "format"), f'unsupported env_file format "{kind}"'))
            continue
        text = _text(entry["path"], environment, path, faults, required=entry["required"])
        if text is None:
            continue
        try:
            found.update(parse_raw(text, lookup) if kind else parse(text, lookup, warnings.append))
        except DotenvError as error:
            faults.append(Fault(path, f"failed to read {shown_file(entry['path'], cwd)}: {error}"))
    body.pop("env_file", None)
    if found:
        body["environment"] = {**found, **own}


def read_labels(
    name: str, body: dict[str, Any], environment: Environment, cwd: str, faults: list[Fault]
) -> None:
    """Merge a service's label files below its labels."""
    files = body.pop("label_file", None)
    if not files:
        return
    own = body.get("labels")
    found: dict[str, Any] = {}

    for index, file in enumerate(files):
        path = ("services", name, "label_file", index)
        text = _text(file, environment, path, faults, required=True)
        if text is None:
            continue
        try:
            found.update(parse(text, found.get, lambda _: None))  # the environment plays no part
        except DotenvError as error:
            faults.append(Fault(path, f"failed to read {shown_file(file, cwd)}: {error}"))
    body["labels"] = {**found, **(own if isinstance(own, dict) else {})}


def _text(
    file: str,
    environment: Environment,
    path: tuple[str | int, ...],
    faults: list[Fault],
    *,
    required: bool,
) -> str | None:
    try:
        return environment.evidence.content(file).decode("utf-8")
    except FileNotFoundError:
        if not required:
            return None
        shown = file or '""'
        faults.append(Fault(path, f"env file {shown} not found", missing=True))
    except OSError as error:
        faults.append(Fault(path, f"env file {file}: {error.strerror}", missing=True))
    except UnicodeDecodeError:
        faults.append(Fault(path, f"env file {file} is not UTF-8 text"))
    return None
