"""``services.*.develop`` and lifecycle hooks."""

from __future__ import annotations

from typing import Literal

from schemas.compose.scalars import Command, FlagOrText, ListOrMapping, Section, TextOrList


class Hook(Section):
    """A command run in a container at a point of its life."""

    command: Command = None
    user: str | None = None
    privileged: FlagOrText | None = None
    working_dir: str | None = None
    environment: ListOrMapping | None = None

    @classmethod
    def nullable(cls) -> frozenset[str]:
        return frozenset({"command"})


class PreStart(Section):
    """A command run before the container starts, in a container of its own."""

    command: Command = None
    image: str | None = None
    user: str | None = None
    privileged: FlagOrText | None = None
    working_dir: str | None = None
    environment: ListOrMapping | None = None
    per_replica: FlagOrText | None = None

    @classmethod
    def nullable(cls) -> frozenset[str]:
        return frozenset({"command"})


class Trigger(Section):
    """What to do when files below a path change."""

    path: str
    action: Literal["rebuild", "sync", "restart", "sync+restart", "sync+exec"]
    target: str | None = None
    exec: Hook | None = None
    include: TextOrList | None = None
    ignore: TextOrList | None = None
    initial_sync: FlagOrText | None = None


class Develop(Section):
    """Development-time behaviour."""

    watch: list[Trigger] | None = None
