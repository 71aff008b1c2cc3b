"""From what a file asks for (``devices``, ``gpus``, ``deploy.resources.reservations.devices``) to names of CDI devices."""

from __future__ import annotations

from engine.cdi.registry import Registry, directories, is_name
from schemas.errors import InvalidArgument, NotFound, Unsupported
from schemas.specs import DeviceRequest

# Driver of a request → kind of its devices, and how a specification of that kind comes about.
_KINDS = {
    "nvidia": ("nvidia.com/gpu", "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"),
    "amd": ("amd.com/gpu", "amd-ctk cdi generate --output=/etc/cdi/amd.json"),
}
_DEFAULT = "nvidia"
_ALL = "all"


def resolve(requests: list[DeviceRequest], registry: Registry) -> list[str]:
    """Full names, in the order asked for. NotFound, Unsupported, InvalidArgument."""
    found: list[str] = []
    for request in requests:
        found += _names(request, registry)
    return list(dict.fromkeys(found))


def _names(request: DeviceRequest, registry: Registry) -> list[str]:
    driver = request.get("driver") or _DEFAULT
    ids, count = request.get("device_ids") or [], request.get("count") or 0
    if request.get("options"):
        raise Unsupported(
            f"device request for {driver}: options {', '.join(request['options'])} are not supported"
        )
    if ids and count:
        raise InvalidArgument("device request: count and device_ids exclude each other")
    if driver == "cdi":
        for name in ids:
            if not is_name(name):
                raise InvalidArgument(f"device_ids: {name} is not like vendor.com/class=name")
        return list(ids)
    if driver not in _KINDS:
        raise Unsupported(
            f'could not select device driver "{driver}" (there are: {", ".join([*_KINDS, "cdi"])})'
        )
    kind, how = _KINDS[driver]
    names = registry.names(kind)
    if not names:
        raise NotFound(
            f'could not select device driver "{driver}": no CDI specification of {kind}'
            f" in {' or '.join(directories())}",
            hint=f"{how} makes one",
        )
    if ids:
        return [f"{kind}={name}" for name in ids]
    return [f"{kind}={name}" for name in _counted(kind, names, count or 1)]


def _counted(kind: str, names: list[str], count: int) -> list[str]:
    single = [name for name in names if name != _ALL]
    if count < 0:
        return [_ALL] if _ALL in names else single
    # A card may be described by number, by its unique name, and in parts: the plain numbers are the cards.
    cards = [name for name in single if name.isdecimal()] or single
    if count > len(cards):
        raise NotFound(f"{count} devices {kind} are asked for, {len(cards)} are here")
    return cards[:count]
