"""How far what the files ask for is honoured: every attribute that a project uses, graded.

The engine grades what it carries out (``Engine.support``); what the reconciler itself does, or does not do yet, is graded
here, by the tables that translate services. Attributes that the files do not write are not graded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from compose.loader import marks
from compose.loader.faults import shown_file
from compose.paths import KeyPath, show
from compose.project import LoadOptions, Project
from compose.translate import build
from compose.translate.service import REFUSED, SWARM_ONLY
from schemas.engine import Engine
from schemas.records import Support
from schemas.typed import NamedTuple

_YES = Support("honoured")


class Grade(NamedTuple):
    path: str  # services.web.ports
    grade: str  # honoured, partial or unsupported
    reason: str
    where: str  # compose.yaml:4:5


# What the loader, the planner and the command line do themselves.
_OWN: dict[str, Support] = {
    "attach": _YES,
    "depends_on": _YES,
    "develop": Support("unsupported", "watch is not there yet"),
    "env_file": _YES,
    "extends": _YES,
    "label_file": _YES,
    "post_start": _YES,
    "pre_start": _YES,
    "pre_stop": _YES,
    "profiles": _YES,
    "pull_policy": _YES,
    "pull_refresh_after": _YES,
    "scale": _YES,
    "volumes_from": _YES,
    **{key: Support("unsupported", reason) for key, reason in REFUSED.items()},
}
_FILES = {
    **dict.fromkeys(("name", "file", "environment", "content", "labels"), _YES),
    "external": Support("unsupported", "no store holds external ones"),
    **dict.fromkeys(
        ("driver", "driver_opts", "template_driver"), Support("unsupported", "only Swarm has it")
    ),
}
_MODEL = Support("unsupported", REFUSED["models"])


def grades(project: Project, options: LoadOptions, engine: Engine) -> list[Grade]:
    """Every attribute of the active services and of what they use, in the order of the files."""
    from compose.loader.evidence import Evidence
    from compose.loader.load import merged

    files, tree = merged(options, Evidence())
    found: list[tuple[int, Grade]] = []
    for path, support in _graded(project, tree, engine):
        position = marks.locate(tree, path) or 0
        number, line, column = marks.unpack(position)
        where = f"{shown_file(files.shared.numbers[number], options.cwd)}:{line}:{column}"
        found.append((position, Grade(show(path), support.level, support.reason, where)))
    found.sort(key=lambda item: item[0])
    return [grade for _, grade in found]


def _graded(
    project: Project, tree: Mapping[str, Any], engine: Engine
) -> Iterator[tuple[KeyPath, Support]]:
    for section, grader in _SECTIONS.items():
        written = tree.get(section) or {}
        for name, body in project.section(section).items():
            for key in written.get(name) or ():
                if key.startswith("x-"):
                    continue
                path = (section, name, key)
                value = (body or {}).get(key)
                if value in (None, "", [], {}):
                    yield path, _YES  # it says nothing: nothing need be done
                else:
                    yield from grader(path, value, engine)


def _service(path: KeyPath, value: Any, engine: Engine) -> Iterator[tuple[KeyPath, Support]]:
    key = str(path[-1])
    if key == "deploy":
        yield from _deploy(path, value)
    elif key == "build":
        yield from _build(path, value)
    elif key in _OWN:
        yield path, _OWN[key]
    else:
        yield path, engine.support("services", key, value)


def _build(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, Support]]:
    for key, item in value.items():
        if key.startswith("x-") or item in (None, "", [], {}):
            continue
        support = build.grade(key, item)
        if support.level != "honoured":
            yield (*path, key), support
    yield path, _YES


def _deploy(path: KeyPath, value: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Support]]:
    swarm = Support("unsupported", "only Swarm honours it")
    for key, item in value.items():
        below = (*path, key)
        if key in SWARM_ONLY or (key == "mode" and item != "replicated"):
            yield below, swarm
        elif key == "resources":
            for name in item.get("reservations") or ():
                if name != "memory":
                    reason = REFUSED["gpus"] if name == "devices" else "only Swarm reserves it"
                    yield (*below, "reservations", name), Support("unsupported", reason)
            yield below, _YES
        elif not key.startswith("x-"):
            yield below, _YES


def _resource(path: KeyPath, value: Any, engine: Engine) -> Iterator[tuple[KeyPath, Support]]:
    key = str(path[-1])
    own = key in ("name", "external")
    yield path, _YES if own else engine.support(str(path[0]), key, value)


def _file(path: KeyPath, value: Any, engine: Engine) -> Iterator[tuple[KeyPath, Support]]:
    yield path, _FILES[str(path[-1])]


def _model(path: KeyPath, value: Any, engine: Engine) -> Iterator[tuple[KeyPath, Support]]:
    yield path, _MODEL


_Grader = Callable[[KeyPath, Any, Engine], Iterator[tuple[KeyPath, Support]]]
_SECTIONS: dict[str, _Grader] = {
    "services": _service,
    "networks": _resource,
    "volumes": _resource,
    "secrets": _file,
    "configs": _file,
    "models": _model,
}
