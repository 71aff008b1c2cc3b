"""Platforms in the words of images (Go's GOOS/GOARCH/variant), and which one of several suits this machine."""

from __future__ import annotations

import os
import re

from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "aarch64": ("arm64", "v8"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "i686": ("386", ""),
    "ppc64le": ("ppc64le", ""),
    "s390x": ("s390x", ""),
    "riscv64": ("riscv64", ""),
}
# Names that people use → (architecture, variant) of Go.
_NAMES = {
    "i386": ("386", ""),
    "x86_64": ("amd64", ""), "x86-64": ("amd64", ""), "amd64": ("amd64", ""),
    "aarch64": ("arm64", ""), "arm64": ("arm64", ""),
    "armhf": ("arm", "v7"), "armel": ("arm", "v6"), "arm": ("arm", "v7"),
}  # fmt: skip
_SYSTEMS = frozenset({"linux", "windows", "darwin", "freebsd"})
_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_OLDER_ARM = {"v8": ("v8", "v7", "v6", "v5"), "v7": ("v7", "v6", "v5"), "v6": ("v6", "v5")}


class Platform(NamedTuple):
    """In normal form: ``linux/arm64`` has no variant, ``linux/arm`` always one."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


def architecture() -> str:
    """This machine's architecture as images name it."""
    machine = os.uname().machine
    return _ARCHITECTURES.get(machine, (machine, ""))[0]


def native() -> Platform:
    """This machine's."""
    machine = os.uname().machine
    return normal("linux", *_ARCHITECTURES.get(machine, (machine, "")))


def parse(text: str) -> Platform:
    """What ``text`` means; a part alone is an operating system or an architecture. InvalidArgument."""
    parts = text.strip().lower().split("/")
    if len(parts) > 3 or not all(_WORD.fullmatch(part) for part in parts):
        raise InvalidArgument(
            f'"{text}": not a platform: it is os/architecture or os/architecture/variant'
        )
    if len(parts) == 1:
        if parts[0] in _SYSTEMS:
            return native()._replace(os=parts[0])
        parts.insert(0, "linux")
    return normal(*parts)


def normal(system: str, architecture: str, variant: str = "") -> Platform:
    """The normal form of three words, as images and people write them."""
    found, usual = _NAMES.get(architecture, (architecture, ""))
    given = variant or usual
    if given and given[0].isdigit():
        given = f"v{given}"
    if (found, given) in (("arm64", "v8"), ("amd64", "v1")):
        given = ""
    return Platform(system, found, given)


def of_image(config: dict[str, object]) -> Platform | None:
    """The platform that an image's config names; None when it names none."""
    system, architecture = config.get("os"), config.get("architecture")
    if not system or not architecture:
        return None
    return normal(str(system), str(architecture), str(config.get("variant") or ""))


def acceptable(wanted: Platform) -> list[Platform]:
    """The platforms whose programs run where ``wanted``'s do, best first (containerd's order)."""
    found = [wanted]
    if wanted.architecture == "amd64":
        level = int(wanted.variant[1:]) if wanted.variant[1:].isdigit() else 1
        found += [wanted._replace(variant=f"v{n}") for n in range(level - 1, 1, -1)]
        found += [wanted._replace(variant=""), wanted._replace(architecture="386", variant="")]
    elif wanted.architecture == "arm64":
        found += [Platform(wanted.os, "arm", variant) for variant in _OLDER_ARM["v8"]]
    elif wanted.architecture == "arm":
        older = _OLDER_ARM.get(wanted.variant, ())
        found += [wanted._replace(variant=variant) for variant in older]
    return list(dict.fromkeys(found))


def matches(platform: dict[str, str]) -> bool:
    """Whether an image of ``platform`` (OCI descriptor) runs here."""
    return platform.get("os") == "linux" and platform.get("architecture") == architecture()
