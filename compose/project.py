"""What the files say: the loaded, canonical project.

The tree is the canonical model that ``config`` prints (long forms only), as plain JSON-able data, so that it can be
cached, hashed and read without importing a model library.
"""

from __future__ import annotations

from schemas.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class LoadOptions(NamedTuple):
    """What the command line says about which project to load (all paths as typed; ``cwd`` absolute)."""

    cwd: str
    environ: Mapping[str, str]
    files: tuple[str, ...] = ()
    project_directory: str | None = None
    project_name: str | None = None
    env_files: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    services: tuple[str, ...] = ()  # naming a service enables its profiles
    all_resources: bool = False
    interpolate: bool = True
    normalize: bool = True
    resolve_paths: bool = True
    resolve_env: bool = True
    check_consistency: bool = True


class Project(NamedTuple):
    """A loaded project; ``tree`` has the keys name, services, networks, volumes, secrets, configs, x-*."""

    name: str
    working_dir: str  # absolute
    files: tuple[str, ...]  # absolute
    env_files: tuple[str, ...]  # absolute, those that were read
    environment: Mapping[str, str]  # what interpolation saw: shell over --env-file or .env
    profiles: tuple[str, ...]  # active ones
    tree: dict[str, Any]
    disabled: dict[
        str, Any
    ]  # services that inactive profiles switch off, same form as tree["services"]
    warnings: tuple[str, ...] = ()

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """Active services by name, canonical form."""
        services: dict[str, dict[str, Any]] = self.tree.get("services") or {}
        return services

    def section(self, name: str) -> dict[str, dict[str, Any]]:
        """The resources of a top-level section (networks, volumes, secrets, configs, models) by key."""
        found: dict[str, dict[str, Any]] = self.tree.get(name) or {}
        return found

    def named(self, section: str) -> dict[str, dict[str, Any]]:
        """The same for what makes them, each with a name: where the file gives none, or an empty one (``${UNSET}``), the
        usual one. What is printed keeps the file's."""
        return {
            key: body
            if body.get("name")
            else {**body, "name": key if body.get("external") else f"{self.name}_{key}"}
            for key, body in self.section(section).items()
        }


def has_providers(project: Project) -> bool:
    """Whether other programs provide some of the services."""
    return any(body.get("provider") for body in project.services.values())
