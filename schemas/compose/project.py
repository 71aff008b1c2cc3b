"""The whole file."""

from __future__ import annotations

from pydantic import Field

from schemas.compose.network import Network
from schemas.compose.scalars import External, ListOrMapping, Name, Options, Section, TextOrList
from schemas.compose.service import Service
from schemas.compose.volume import Volume


class Include(Section):
    """A sub-project."""

    path: TextOrList
    env_file: TextOrList | None = None
    project_directory: str | None = None


class Secret(Section):
    """A secret of the project."""

    name: str | None = None
    environment: str | None = None
    file: str | None = None
    external: External | None = None
    labels: ListOrMapping | None = None
    driver: str | None = None
    driver_opts: Options | None = None
    template_driver: str | None = None


class Config(Section):
    """A configuration file of the project."""

    name: str | None = None
    content: str | None = None
    environment: str | None = None
    file: str | None = None
    external: External | None = None
    labels: ListOrMapping | None = None
    template_driver: str | None = None


class Model(Section):
    """A language model."""

    name: str | None = None
    model: str
    context_size: int | None = None
    runtime_flags: list[str] | None = None


class ComposeFile(Section):
    """A Compose file."""

    version: str | None = Field(default=None, deprecated=True)
    name: str | None = None
    include: list[str | Include] | None = None
    services: dict[Name, Service] | None = None
    models: dict[Name, Model] | None = None
    networks: dict[Name, Network | None] | None = None
    volumes: dict[Name, Volume | None] | None = None
    secrets: dict[Name, Secret] | None = None
    configs: dict[Name, Config] | None = None
