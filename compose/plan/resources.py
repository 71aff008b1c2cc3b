"""Networks and volumes: which are missing, which have changed, which are somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from compose.desired import Desired
from compose.observed import Observed
from schemas import labels
from schemas.errors import Conflict, NotFound
from schemas.records import ContainerInfo
from schemas.typed import NamedTuple


class Resources(NamedTuple):
    """By key: what to make because it is ``missing``, and what to make anew because it has ``changed``."""

    missing: tuple[str, ...]
    changed: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def work(self) -> tuple[str, ...]:
        """All that must be made."""
        return self.missing + self.changed


def networks(
    desired: Desired, observed: Observed, replaceable: Callable[[ContainerInfo], bool]
) -> Resources:
    """Compare the networks. A changed one can only be made anew when all containers on it are ``replaceable``.

    NotFound for an external one that is not there; Conflict for a name that is another network's.
    """
    missing, changed, warnings = [], [], []
    for key, wanted in desired.networks.items():
        found = observed.networks.get(wanted.name)
        if found is None:
            if wanted.external:
                raise NotFound(
                    f"network {wanted.name} declared as external, but could not be found"
                )
            missing.append(key)
            continue
        if wanted.external:
            continue
        warning = _foreign_network(wanted.name, found.labels, desired.project)
        if warning:
            warnings.append(warning)
        label = found.labels.get(labels.NETWORK, "")
        if label != key:
            raise Conflict(
                f'network {wanted.name} was found but has incorrect label {labels.NETWORK} set to "{label}"'
            )
        if warning or found.labels.get(labels.CONFIG_HASH, wanted.hash) == wanted.hash:
            continue
        staying = _staying(observed, found.containers, replaceable)
        if staying:
            warnings.append(
                f"network {wanted.name} has changed, but stays as it is while other containers are connected to it"
                f" ({', '.join(staying)})"
            )
        else:
            changed.append(key)
    return Resources(tuple(missing), tuple(changed), tuple(warnings))


def volumes(
    desired: Desired,
    observed: Observed,
    replace: frozenset[str],
    replaceable: Callable[[ContainerInfo], bool],
) -> Resources:
    """Compare the volumes. A changed one is made anew only when its name is in ``replace``, because its data is lost, and
    when all containers that mount it are ``replaceable``.

    NotFound for an external one that is not there.
    """
    missing, changed, warnings = [], [], []
    for key, wanted in desired.volumes.items():
        found = observed.volumes.get(wanted.name)
        if found is None:
            if wanted.external:
                raise NotFound(f'external volume "{wanted.name}" not found')
            missing.append(key)
            continue
        if wanted.external:
            continue
        warning = _foreign_volume(wanted.name, found.labels, desired.project)
        if warning:
            warnings.append(warning)
        elif found.labels.get(labels.CONFIG_HASH, wanted.hash) != wanted.hash:
            users = [
                info.name for info in _mounting(observed, wanted.name) if not replaceable(info)
            ]
            if wanted.name in replace and not users:
                changed.append(key)
            else:
                why = (
                    f"other containers use it ({', '.join(users)})"
                    if users
                    else "its data would be lost"
                )
                warnings.append(
                    f'Volume "{wanted.name}" exists but doesn\'t match configuration in compose file.'
                    f" It stays as it is, because {why}"
                )
    return Resources(tuple(missing), tuple(changed), tuple(warnings))


def changed_volumes(desired: Desired, observed: Observed) -> list[str]:
    """Names of the volumes whose definition has changed since they were made: what to ask about."""
    everything = frozenset(volume.name for volume in desired.volumes.values())
    found = volumes(desired, observed, everything, lambda info: True)
    return [desired.volumes[key].name for key in found.changed]


def _staying(
    observed: Observed, ids: tuple[str, ...], replaceable: Callable[[ContainerInfo], bool]
) -> list[str]:
    """Names (or ids) of the containers that would be cut off."""
    ours = {info.id: info for info in _all(observed)}
    found = []
    for id in ids:
        info = ours.get(id)
        if info is None:
            found.append(id[:12])
        elif not replaceable(info):
            found.append(info.name)
    return sorted(found)


def _mounting(observed: Observed, volume: str) -> list[ContainerInfo]:
    return [
        info
        for info in _all(observed)
        if any(point.type == "volume" and point.source == volume for point in info.mounts)
    ]


def _all(observed: Observed) -> Iterator[ContainerInfo]:
    for group in (*observed.containers.values(), observed.one_offs):
        yield from group


def _foreign_network(name: str, found: dict[str, str], project: str) -> str:
    owner = found.get(labels.PROJECT)
    if owner == project:
        return ""
    for_whom = "by compose" if owner is None else f'for project "{project}"'
    return (
        f"a network with name {name} exists but was not created {for_whom}.\n"
        "Set `external: true` to use an existing network"
    )


def _foreign_volume(name: str, found: dict[str, str], project: str) -> str:
    owner = found.get(labels.PROJECT)
    if owner == project:
        return ""
    whose = (
        "was not created by Docker Compose"
        if owner is None
        else f'was created for project "{owner}" (expected "{project}")'
    )
    return f'volume "{name}" already exists but {whose}. Use `external: true` to use an existing volume'
