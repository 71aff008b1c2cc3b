"""The pipeline: options → sources → trees → one canonical model → ``Project``.

Each file is made part of the model by ``compose.loader.files``. Then once: defaults, checks, paths, types, normal form,
profiles, consistency, env files, printed form. The order is compose-go's.
"""

from __future__ import annotations

import os

from compose.loader.canonical.typed import settle
from compose.loader.check import check_services
from compose.loader.envfiles import read_environment, read_labels
from compose.loader.evidence import Evidence
from compose.loader.faults import Fault
from compose.loader.files import Files, Shared
from compose.loader.marks import Map
from compose.loader.normalize import normalize, prune_unused, share_scale
from compose.loader.profiles import split
from compose.loader.shape import model, resource_section
from compose.loader.shape_tables import SECTIONS
from compose.loader.shape_values import plain
from compose.loader.sources import Sources, find, project_name
from compose.project import LoadOptions, Project
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    Services = dict[str, Any]


def load(options: LoadOptions, evidence: Evidence) -> Project:
    """Load a project; every look at the world is noted in evidence."""
    files, sources, tree, name = _read(options, evidence)
    files.current = sources.files[0]
    files.complete(tree, relative_to=sources.working_dir if options.resolve_paths else None)
    return _project(files, sources, tree, name)


def merged(options: LoadOptions, evidence: Evidence) -> tuple[Files, Map]:
    """The files merged into one tree in long form, its entries still marked with their positions."""
    files, _, tree, _ = _read(options, evidence)
    return files, tree


def _read(options: LoadOptions, evidence: Evidence) -> tuple[Files, Sources, Map, str]:
    warnings: list[str] = []
    sources = _local(find(options, evidence, warnings))
    files = Files(Shared(options, evidence, warnings), sources.environment, sources.working_dir)
    names = [name for file in sources.files for name in files.names(file)]
    name = project_name(sources, names, warnings, options.interpolate)
    sources.environment.fixed["COMPOSE_PROJECT_NAME"] = name
    return files, sources, files.model(sources.files), name


def _local(sources: Sources) -> Sources:
    """Remote files fetched; the first one's checkout is the project directory."""
    from compose.loader.remote import fetch, is_remote

    if not any(is_remote(file) for file in sources.files):
        return sources
    files = tuple(
        fetch(file, sources.environment) if is_remote(file) else file for file in sources.files
    )
    directory = os.path.dirname(files[0]) if is_remote(sources.files[0]) else sources.working_dir
    return sources._replace(files=files, working_dir=directory)


def _project(files: Files, sources: Sources, tree: Map, name: str) -> Project:
    options = files.options
    lookup = sources.environment.get if options.interpolate else None
    if options.interpolate:
        faults: list[Fault] = []
        settle(tree, faults)
        files.note(faults, tree)
        tree["name"] = name
    if options.normalize:
        normalize(tree, name, lookup)
    if options.interpolate:
        active, disabled = _selected(files, tree, sources.profiles)
        printed = _printed(files, tree, active)
    else:  # types are not known yet: the model as it stands, nothing checked and nothing left out
        disabled, printed = {}, plain(tree)
    faults = []
    off = resource_section("services", SECTIONS["services"], disabled, faults)
    files.note(faults, tree)
    files.problems.finish()
    files.evidence.dotenv = dict(sources.environment.extra)
    return Project(
        name=name,
        working_dir=sources.working_dir,
        files=sources.files,
        env_files=sources.env_files,
        environment=sources.environment.merged(),
        profiles=sources.profiles,
        tree=printed,
        disabled=off,
        warnings=tuple(files.warnings),
    )


def _printed(files: Files, tree: Map, active: Services) -> dict[str, Any]:
    """The model in the form that is printed, environment and labels from files included."""
    options = files.options
    faults: list[Fault] = []
    for service, body in active.items():
        if options.resolve_env:
            read_environment(service, body, files.environment, options.cwd, files.warnings, faults)
        read_labels(service, body, files.environment, options.cwd, faults)
    if not options.all_resources:
        prune_unused(tree, active)
    printed = model(tree, active, faults)
    files.note(faults, tree)
    return printed


def _selected(files: Files, tree: Map, profiles: tuple[str, ...]) -> tuple[Services, Services]:
    """(active, disabled) services, consistent with each other; naming a service turns its profiles on."""
    services = tree.get("services") or {}
    active, disabled = split(services, profiles)
    _check(files, tree, active, disabled)
    more = [
        profile
        for name in files.options.services
        if name in disabled
        for profile in disabled[name].get("profiles") or ()
    ]
    if more:
        active, disabled = split(services, (*profiles, *more))
        _check(files, tree, active, disabled)
    return active, disabled


def _check(files: Files, tree: Map, active: Services, disabled: Services) -> None:
    if files.options.check_consistency:
        share_scale(active)
    if files.options.check_consistency and not files.problems.beyond_sense:
        faults: list[Fault] = []
        check_services(tree, active, disabled, faults)
        files.note(faults, tree, consequences=True)
