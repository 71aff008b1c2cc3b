"""The images of a project's services: which are here, which are to be pulled first, which cannot be had at all."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

from compose.graph import image_reference
from compose.ops.faults import Fault
from compose.paths import KeyPath
from compose.project import Project
from schemas.engine import Engine
from schemas.errors import UsageError
from schemas.records import ImageInfo
from schemas.typed import NamedTuple

PULL_POLICIES = ("policy", "always", "missing", "never")
_LOAD = "docker save %s | pycompose image load, or pycompose image import ROOTFS.tar %s"
_DAY = 86_400.0
_UNITS = {"w": 7 * _DAY, "d": _DAY, "h": 3_600.0, "m": 60.0, "s": 1.0}
_FIXED = {"daily": _DAY, "weekly": 7 * _DAY}


class Need(NamedTuple):
    """An image to be pulled. ``label``: what progress calls it (the service); ``buildable``: it can be had otherwise."""

    label: str
    reference: str
    platform: str
    path: KeyPath
    buildable: bool


class Survey(NamedTuple):
    """``images`` that are here, by the reference the file has; ``pulls`` in the order of the services."""

    images: dict[str, ImageInfo]
    pulls: list[Need]


def survey(
    engine: Engine,
    project: Project,
    services: Iterable[str],
    *,
    pull: str = "policy",
    now: Callable[[], float],
) -> Survey:
    """Look at the images that ``services`` run on and mount. ``pull``: the --pull that overrules their policies."""
    images: dict[str, ImageInfo] = {}
    pulls: dict[str, Need] = {}
    looked: dict[str, ImageInfo | None] = {}
    for name in services:
        body = project.services[name]
        policy = pull if pull != "policy" else str(body.get("pull_policy") or "")
        for need in needs_of(project, name):
            if need.reference not in looked:
                looked[need.reference] = engine.image(need.reference)
            image = looked[need.reference]
            if image is not None:
                images[need.reference] = image
            elif not body.get("image") and need.path[-1] == "build":
                continue  # it has no name under which a registry could have it
            refresh = str(body.get("pull_refresh_after") or "")
            # A service's policy is about its own image; others are pulled when they are not here.
            own = len(need.path) == 3
            others = "never" if pull == "never" else "missing"
            if must_pull(policy if own else others, refresh, image, now):
                pulls.setdefault(need.reference, need)
    return Survey(images, list(pulls.values()))


def must_pull(
    policy: str, refresh_after: str, image: ImageInfo | None, now: Callable[[], float]
) -> bool:
    """Whether a policy wants the image pulled; ``image``: what is here under its name."""
    if policy in ("never", "build"):
        return False
    if policy == "always" or image is None:
        return True
    age = max_age(policy, refresh_after)
    return age is not None and now() > image.tagged + age


def max_age(policy: str, refresh_after: str) -> float | None:
    """The seconds after which an image is looked for again; None when it is as good as it is."""
    if policy in _FIXED:
        return _FIXED[policy]
    if policy == "refresh":
        return seconds(refresh_after) if refresh_after else 0.0
    if policy.startswith("every_"):
        return seconds(policy.removeprefix("every_"))
    return None


def seconds(text: str) -> float:
    """A duration of weeks to seconds ("1w2d", "12h"); UsageError."""
    total, digits = 0.0, ""
    for char in text:
        if char.isdigit():
            digits += char
        elif char in _UNITS and digits:
            total, digits = total + int(digits) * _UNITS[char], ""
        else:
            digits = "?"
            break
    if digits or not text:
        raise UsageError(f'invalid duration "{text}": it is written like 12h or 1w2d')
    return total


def absent(project: Project, services: Iterable[str], images: Container[str]) -> list[Fault]:
    """What is to be said of images that are not among ``images`` after everything was tried."""
    return [
        _missing(need)
        for name in services
        for need in needs_of(project, name)
        if need.reference not in images
    ]


class Building(NamedTuple):
    """How ``up`` and its kin build: ``forced`` whatever is here; ``never``: not even what is missing."""

    forced: bool = False
    never: bool = False
    pull: str = "policy"


def to_build(
    project: Project, services: Iterable[str], wanted: Building, images: Mapping[str, ImageInfo]
) -> list[str]:
    """The services whose images are built before anything is made: those asked for, and those that are not here."""
    found = []
    for name in services:
        body = project.services[name]
        if "build" not in body or wanted.never:
            continue
        policy = body.get("pull_policy") == "build" and wanted.pull == "policy"
        reference = image_reference(project.name, name, body)
        if wanted.forced or wanted.pull == "build" or policy or reference not in images:
            found.append(name)
    return found


def pulled_before(
    project: Project, services: Iterable[str], wanted: Building, pulls: Iterable[Need]
) -> list[Need]:
    """Those of ``pulls`` that make sense: an image that is going to be built is not pulled; one that can be built need not
    be in a registry."""
    if wanted.never:
        return list(pulls)
    bodies = {name: project.services[name] for name in services}
    built = {
        image_reference(project.name, name, body): bool(body.get("image"))
        for name, body in bodies.items()
        if "build" in body
    }
    return [
        need._replace(buildable=need.reference in built)
        for need in pulls
        if need.reference not in built
        or (built[need.reference] and not wanted.forced and wanted.pull != "build")
    ]


def check_pull(pull: str) -> None:
    """UsageError for a --pull that means nothing."""
    if pull not in PULL_POLICIES:
        raise UsageError(f'invalid --pull option "{pull}"')


def needs_of(project: Project, name: str) -> list[Need]:
    """The images of a service: its own, those that it mounts, and those that its hooks run on."""
    body = project.services[name]
    platform = str(body.get("platform") or project.environment.get("DOCKER_DEFAULT_PLATFORM") or "")
    own = "build" if "build" in body else "image"
    reference = image_reference(project.name, name, body)
    found = [Need(name, reference, platform, ("services", name, own), own == "build")]
    for index, mount in enumerate(body.get("volumes") or ()):
        if mount["type"] == "image":
            path = ("services", name, "volumes", index, "source")
            found.append(Need(f"{name}:volume {index}", mount["source"], platform, path, False))
    for index, hook in enumerate(body.get("pre_start") or ()):
        if hook.get("image"):
            path = ("services", name, "pre_start", index, "image")
            found.append(Need(f"{name}:pre_start {index}", hook["image"], platform, path, False))
    return found


def _missing(need: Need) -> Fault:
    hint = _LOAD.replace("%s", need.reference)
    if need.buildable:
        return Fault(
            need.path,
            f"there is no image {need.reference}",
            f"build it: pycompose build {need.label}",
        )
    return Fault(
        need.path, f"no such image: {need.reference}", f"pull it, or bring it here: {hint}"
    )
