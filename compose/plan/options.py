"""What the command line asks of a plan. Names of services are exact; an empty tuple means all of them."""

from __future__ import annotations

from typing import Literal

from schemas.typed import NamedTuple

Recreate = Literal["diverged", "force", "never"]


class UpOptions(NamedTuple):
    """``up``, ``create``, ``scale`` and what ``run`` needs first.

    ``services`` are the ones named: ``recreate`` is about them, ``recreate_deps`` about what they depend on.
    """

    services: tuple[str, ...] = ()
    recreate: Recreate = "diverged"  # --force-recreate, --no-recreate
    recreate_deps: Recreate = "diverged"  # --always-recreate-deps, --no-recreate
    start: bool = True  # --no-start
    renew_anon_volumes: bool = False  # -V
    remove_orphans: bool = False
    ignore_orphans: bool = False  # COMPOSE_IGNORE_ORPHANS
    timeout: float | None = None  # for containers that are stopped; None: their own grace period
    # Volumes (by name) that may be thrown away because their definition has changed; others are kept, with a warning.
    replace_volumes: frozenset[str] = frozenset()


class StartOptions(NamedTuple):
    services: tuple[str, ...] = ()


class StopOptions(NamedTuple):
    services: tuple[str, ...] = ()
    timeout: float | None = None


class RestartOptions(NamedTuple):
    services: tuple[str, ...] = ()
    timeout: float | None = None
    no_deps: bool = False


class DownOptions(NamedTuple):
    services: tuple[str, ...] = ()
    timeout: float | None = None
    volumes: bool = False
    images: Literal["", "local", "all"] = ""
    remove_orphans: bool = False


class RemoveOptions(NamedTuple):
    """``rm``: the containers that do not run; with ``stop`` all of them."""

    services: tuple[str, ...] = ()
    stop: bool = False
    volumes: bool = False
