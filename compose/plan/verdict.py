"""Whether a container is still what is wanted, and if not, why: the reason becomes the cause of the steps that replace it."""

from __future__ import annotations

from collections.abc import Mapping

from compose.desired import DesiredService
from compose.hashing import HARMLESS, changed, read_digests, write_digests
from compose.plan.options import Recreate
from schemas import labels
from schemas.records import ContainerInfo, NetworkInfo
from schemas.typed import NamedTuple


class Scene(NamedTuple):
    """What a container is judged against, beside its service's wishes."""

    networks: Mapping[str, NetworkInfo]  # by name, as they are
    new_networks: frozenset[str]  # names of networks that are made anew
    new_volumes: frozenset[str]  # names of volumes that are made anew


class Parent(NamedTuple):
    """The container another one is built on. ``created``: when it was made; infinity when that is about to happen."""

    service: str
    words: str  # what is shared
    created: float


def judge(
    wanted: DesiredService,
    info: ContainerInfo,
    scene: Scene,
    policy: Recreate,
    parents: tuple[Parent, ...] = (),
) -> str:
    """Why the container must be replaced; "" when it need not."""
    if policy == "never":
        return ""
    if policy == "force":
        return "recreation is forced"
    if info.state in ("dead", "removing"):
        return f"container is {info.state}"
    return (
        _configuration(wanted, info)
        or _image(wanted, info)
        or _contents(wanted, info)
        or _networks(wanted, info, scene)
        or _volumes(wanted, info, scene)
        or _parents(info, parents)
    )


def _configuration(wanted: DesiredService, info: ContainerInfo) -> str:
    if info.labels.get(labels.CONFIG_HASH) == wanted.config_hash:
        return ""
    digests = info.labels.get(labels.CONFIG_PARTS)
    if digests is None:
        return "configuration changed"
    differing = changed(read_digests(digests), wanted.config_parts)
    telling = [key for key in differing if key not in HARMLESS]
    return f"configuration changed: {', '.join(telling)}" if telling else ""


def _image(wanted: DesiredService, info: ContainerInfo) -> str:
    if wanted.image_id and info.image_id != wanted.image_id:
        return f"image {wanted.spec['image']} changed"
    return ""


def _contents(wanted: DesiredService, info: ContainerInfo) -> str:
    if not wanted.contents:
        return ""
    text = info.labels.get(labels.CONTENT_DIGESTS, "")
    if text == write_digests(wanted.contents):
        return ""
    old = read_digests(text)
    # A digest that the container lacks was not known when it was made: nothing can be said then.
    differing = [key for key, digest in wanted.contents.items() if old.get(key, digest) != digest]
    return f"content changed: {', '.join(differing)}" if differing else ""


def _networks(wanted: DesiredService, info: ContainerInfo, scene: Scene) -> str:
    places = wanted.spec.get("endpoints")
    if not places:
        return ""
    attached = {place.network: place.network_id for place in info.networks}
    for place in places:
        name = place["network"]
        if name in scene.new_networks:
            return f"network {name} is made anew"
        network = scene.networks.get(name)
        if name not in attached or (network is not None and attached[name] != network.id):
            return f"not connected to network {name}"
    return ""


def _volumes(wanted: DesiredService, info: ContainerInfo, scene: Scene) -> str:
    mounted: set[str] | None = None
    for mount in wanted.spec.get("mounts") or ():
        source = mount.get("source")
        if mount["type"] != "volume" or not source:
            continue
        if source in scene.new_volumes:
            return f"volume {source} is made anew"
        if mounted is None:
            mounted = {point.source for point in info.mounts if point.type == "volume"}
        if source not in mounted:
            return f"volume {source} is not mounted"
    return ""


def _parents(info: ContainerInfo, parents: tuple[Parent, ...]) -> str:
    for parent in parents:
        # Namespaces and volumes are settled when a container is made: it must be the younger one.
        if info.created < parent.created:
            return f"shares the {parent.words} of service {parent.service}, whose container is new"
    return ""
