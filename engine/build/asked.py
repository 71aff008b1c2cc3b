"""What a BuildSpec asks for, in the words of those who do it. Pure."""

from __future__ import annotations

from engine.build.given import HOSTNAME, Secret, Settings
from engine.build.plan import Request
from engine.image import config as configs
from engine.image import reference
from engine.image.platform import Platform
from engine.image.platform import parse as parse_platform
from schemas.building import BuildSpec
from schemas.errors import InvalidArgument, Unsupported

_NETWORKS = ("default", "none", "host")


def request(spec: BuildSpec, platform: Platform | None) -> Request:
    """What is asked of the Dockerfile. Unsupported, InvalidArgument."""
    network = spec.get("network") or "default"
    if network not in _NETWORKS:
        raise Unsupported(
            f'network mode "{network}" is not supported by builds: there are {", ".join(_NETWORKS)}'
        )
    seconds = epoch(spec)
    return Request(
        target=spec.get("target") or "",
        args=args(spec),
        labels=dict(spec.get("labels") or {}),
        platform=platform,
        network=network,
        named=frozenset(spec.get("additional_contexts") or ()),
        no_cache=bool(spec.get("no_cache")),
        no_cache_filter=frozenset(spec.get("no_cache_filter") or ()),
        epoch=configs.rfc3339(float(seconds)) if seconds is not None else "",
    )


def args(spec: BuildSpec) -> dict[str, str]:
    """The build arguments that are given."""
    return dict(spec.get("args") or {})


def index(spec: BuildSpec) -> bool:
    """Whether an image for one platform is to go out as an index, too."""
    return args(spec).get("BUILDKIT_MULTI_PLATFORM", "") in ("1", "true")


def epoch(spec: BuildSpec) -> int | None:
    """SOURCE_DATE_EPOCH in seconds; None when it is not given. InvalidArgument."""
    text = args(spec).get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not text.isdigit():
        raise InvalidArgument(f"invalid SOURCE_DATE_EPOCH: {text}")
    return int(text)


def platforms(spec: BuildSpec) -> list[Platform]:
    """Each platform once, in the order asked for. InvalidArgument."""
    return list(dict.fromkeys(parse_platform(text) for text in spec.get("platforms") or ()))


def settings(spec: BuildSpec) -> Settings:
    """What RUN steps are given."""
    granted = spec.get("entitlements") or []
    return Settings(
        extra_hosts=tuple(spec.get("extra_hosts") or ()),
        hostname=args(spec).get("BUILDKIT_SANDBOX_HOSTNAME") or HOSTNAME,
        shm_size=spec.get("shm_size") or 0,
        ulimits=dict(spec.get("ulimits") or {}),
        limits=spec.get("limits") or {},
        cgroup_parent=spec.get("cgroup_parent") or "",
        insecure="security.insecure" in granted,
        host_network="network.host" in granted or spec.get("network") == "host",
    )


def secrets(spec: BuildSpec) -> dict[str, Secret]:
    """Secrets by id."""
    return {
        item["id"]: Secret(item.get("file") or "", item.get("text"))
        for item in spec.get("secrets") or ()
    }


def names(spec: BuildSpec) -> list[str]:
    """The full references that the image is to have. InvalidArgument."""
    return [_tag(text) for text in spec.get("tags") or ()]


def _tag(text: str) -> str:
    wanted = reference.parse(text)
    if wanted.digest:
        raise InvalidArgument(
            f"invalid tag {text}: refusing to create a tag with a digest reference"
        )
    return str(reference.with_default_tag(wanted))
