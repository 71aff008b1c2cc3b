"""Remove what nothing uses: containers that do not run, networks, anonymous volumes, images, the build cache.

Everything is asked for one by one, and the engine refuses what has come into use since it was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from schemas.engine import Engine
from schemas.errors import Conflict, NotFound
from schemas.labels import ANONYMOUS_VOLUME
from schemas.typed import NamedTuple

BUILT_IN = "pycompose/host:latest"
_ALIVE = ("running", "paused", "restarting")
_OWN_NETWORKS = ("bridge", "host", "none", "ingress", "docker_gwbridge")  # a daemon's own


class PruneFilters(NamedTuple):
    """``until``: only what was made before (epoch seconds, 0.0: whenever); ``dangling``: None when it was not given."""

    until: float = 0.0
    labels: tuple[str, ...] = ()  # "key" or "key=value", all of which must hold
    without: tuple[str, ...] = ()  # none of which may hold
    dangling: bool | None = None

    def suits(self, created: float, labels: Mapping[str, str]) -> bool:
        """Whether something with this age and these labels may go."""
        if self.until and created >= self.until:
            return False
        return all(_holds(word, labels) for word in self.labels) and not any(
            _holds(word, labels) for word in self.without
        )


class Removed(NamedTuple):
    """What a prune took away, as lines under ``title``, and the bytes that gave."""

    title: str
    lines: list[str]
    freed: int


def containers(engine: Engine, filters: PruneFilters) -> Removed:
    """Containers that do not run."""
    usage = engine.disk_usage(("containers",))
    written = {each.container.id: each.size for each in usage.containers}
    gone: list[str] = []
    for info in engine.containers():
        if info.state not in _ALIVE and filters.suits(info.created, info.labels):
            _try(gone, info.id, lambda id=info.id: engine.remove(id))  # type: ignore[misc]
    return Removed("Deleted Containers:", gone, sum(written.get(id, 0) for id in gone))


def networks(engine: Engine, filters: PruneFilters) -> Removed:
    """Networks that no container is on."""
    gone: list[str] = []
    for info in engine.networks():
        if info.name in _OWN_NETWORKS or info.containers:
            continue
        if filters.suits(info.created, info.labels):
            _try(gone, info.name, lambda name=info.name: engine.remove_network(name))  # type: ignore[misc]
    return Removed("Deleted Networks:", gone, 0)


def volumes(engine: Engine, filters: PruneFilters, *, everything: bool = False) -> Removed:
    """Volumes without a name of their own, with ``everything`` also named ones, that no container uses any more."""
    usage = engine.disk_usage(("volumes",)).volumes
    sizes = {each.volume.name: max(0, each.size) for each in usage}
    gone: list[str] = []
    for each in usage:
        info = each.volume
        anonymous = info.anonymous or ANONYMOUS_VOLUME in info.labels
        if each.links or not (anonymous or everything):
            continue
        if not filters.suits(info.created, info.labels):
            continue
        _try(gone, info.name, lambda name=info.name: engine.remove_volume(name))  # type: ignore[misc]
    return Removed("Deleted Volumes:", gone, sum(sizes[name] for name in gone))


def images(engine: Engine, filters: PruneFilters, *, everything: bool = False) -> Removed:
    """Images without a name, with ``everything`` also named ones, unless a container was made from them."""
    if filters.dangling is not None:
        everything = not filters.dangling
    before = _stored(engine)
    used = {info.image_id for info in engine.containers()}
    lines: list[str] = []
    for image in engine.images():
        if image.id in used or BUILT_IN in image.tags or (image.tags and not everything):
            continue
        if not filters.suits(image.created, image.labels):
            continue
        try:
            for name in image.tags or (image.id,):
                lines += engine.remove_image(name)
        except (Conflict, NotFound):
            continue  # a container was made from it meanwhile, or somebody else has removed it
    lines = [line[0].lower() + line[1:] for line in lines]
    freed = max(0, before - _stored(engine)) if lines else 0
    return Removed("Deleted Images:", lines, freed)


def cache(engine: Engine, filters: PruneFilters, *, everything: bool, keep: int = 0) -> Removed:
    """What builds keep. Labels are not for the cache: where some are asked for, it stays. Conflict while a build runs."""
    title = "Deleted build cache objects:"
    if filters.labels or filters.without:
        return Removed(title, [], 0)
    done = engine.prune_build_cache(everything=everything, until=filters.until, keep=keep)
    if done.busy:
        raise Conflict(
            "the build cache is in use: a build or a pull is running",
            hint="prune again when it has ended",
        )
    return Removed(title, done.removed, done.freed)


def _stored(engine: Engine) -> int:
    """The bytes of layers and build cache: a layer that was built here may stay as the cache's."""
    usage = engine.disk_usage(("images", "cache"))
    return usage.layers + sum(each.size for each in usage.cache if not each.shared)


def _try(gone: list[str], name: str, remove: Callable[[], None]) -> None:
    """Remove it and note its name, unless it has come into use or has gone."""
    try:
        remove()
    except (Conflict, NotFound):
        return
    gone.append(name)


def _holds(word: str, labels: Mapping[str, str]) -> bool:
    key, equals, value = word.partition("=")
    return key in labels and (not equals or labels[key] == value)
