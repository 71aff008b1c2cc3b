"""Projects from text, and what the loader makes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from compose.emit import escape_dollars
from compose.emit.gojson import json_form, to_json
from compose.loader.evidence import Evidence
from compose.loader.load import load
from compose.project import LoadOptions, Project
from schemas.errors import PycomposeError

HOME = "/home/u"


def write(directory: Path, files: Mapping[str, str | bytes]) -> None:
    """The files of a project."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_bytes(content.encode("utf-8", "surrogateescape"))


def project(
    directory: Path, files: str | Mapping[str, str | bytes], *flags: str, **environ: str
) -> Project:
    """The project of some files; a text is compose.yaml. ``flags`` as on the command line, before the verb."""
    write(directory, {"compose.yaml": files} if isinstance(files, str) else files)
    return load(options(directory, *(flags or ("-p", "p")), **environ), Evidence())


def options(directory: Path, *flags: str, **environ: str) -> LoadOptions:
    """What the flags before the verb, and then the names of services, say; ``environ`` beside HOME."""
    from compose.cli.options import global_parser

    values, services = global_parser().split(flags)
    return LoadOptions(
        cwd=str(directory),
        environ={"HOME": HOME, **environ},
        files=tuple(values.file),
        project_directory=values.project_directory,
        project_name=values.project_name or None,
        env_files=tuple(values.env_file),
        profiles=tuple(values.profile),
        services=tuple(services),
    )


def service(
    directory: Path, body: str, *, files: Mapping[str, str] = {}, **environ: str
) -> dict[str, Any]:
    """The printed form of a service ``s`` with this body (indented by nothing), image and default network left out."""
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    text = f"services:\n  s:\n    image: i\n{indented}\n"
    found = dict(project(directory, {"compose.yaml": text, **files}, **environ).services["s"])
    del found["image"]
    if found.get("networks") == {"default": None}:
        del found["networks"]
    return found


def refusal(
    directory: Path, files: str | Mapping[str, str | bytes], *flags: str, **environ: str
) -> str:
    """What is said of a project that cannot be loaded, excerpts left out."""
    with pytest.raises(PycomposeError) as error:
        project(directory, files, *flags, **environ)
    lines = error.value.message.splitlines()
    return "\n".join(line for line in lines if not line.startswith("  "))


def as_json(project: Project) -> Any:
    """The model as ``config --format json`` has it, without the nulls it writes for what is not there."""
    tree = json.loads(escape_dollars(to_json(json_form(project.tree))))
    for body in (tree.get("services") or {}).values():
        for key in ("command", "entrypoint"):
            if body.get(key, 1) is None:
                del body[key]
    for body in (tree.get("networks") or {}).values():
        if body.get("ipam", 1) == {}:
            del body["ipam"]
    return tree
