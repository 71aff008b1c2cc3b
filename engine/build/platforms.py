"""Platforms as ``os/architecture[/variant]``: parse, normalise, print. Pure but for asking what this machine is."""

from __future__ import annotations

import re

from engine.image import platform as machine
from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_SYSTEMS = frozenset({"linux", "windows", "darwin", "freebsd"})
# Names that people use → (architecture, variant) of Go.
_ARCHITECTURES = {
    "i386": ("386", ""),
    "x86_64": ("amd64", ""), "x86-64": ("amd64", ""), "amd64": ("amd64", ""),
    "aarch64": ("arm64", ""), "arm64": ("arm64", ""),
    "armhf": ("arm", "v7"), "armel": ("arm", "v6"), "arm": ("arm", "v7"),
}  # fmt: skip


class Platform(NamedTuple):
    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


def parse(text: str) -> Platform:
    """What ``text`` means; a part alone is an operating system or an architecture. InvalidArgument."""
    parts = text.strip().split("/")
    if len(parts) > 3 or not all(_WORD.fullmatch(part) for part in parts):
        raise InvalidArgument(
            f'"{text}": not a platform: it is os/architecture or os/architecture/variant'
        )
    if len(parts) == 1:
        if parts[0].lower() in _SYSTEMS:
            return native()._replace(os=parts[0].lower())
        parts.insert(0, "linux")
    system, architecture, *rest = (part.lower() for part in parts)
    found, variant = _ARCHITECTURES.get(architecture, (architecture, ""))
    given = rest[0] if rest else variant
    if given and given[0].isdigit():
        given = f"v{given}"
    if (found, given) in (("arm64", "v8"), ("amd64", "v1")):
        given = ""
    return Platform(system, found, given)


def native() -> Platform:
    """This machine's."""
    name = machine.architecture()
    return Platform("linux", name, _ARCHITECTURES.get(name, (name, ""))[1])


def of_image(config: dict[str, object]) -> Platform | None:
    """The platform that an image's config names; None when it names none."""
    system, architecture = config.get("os"), config.get("architecture")
    if not system or not architecture:
        return None
    variant = config.get("variant") or ""
    return parse(f"{system}/{architecture}" + (f"/{variant}" if variant else ""))


def runs_here(platform: Platform) -> bool:
    """Whether programs of the platform run on this machine: its own, or through binfmt_misc."""
    here = native()
    if platform.os != "linux":
        return False
    if platform.architecture == here.architecture:
        return True
    if (here.architecture, platform.architecture) == ("amd64", "386"):
        return True
    return _emulated(platform.architecture)


# Go's architecture → how qemu names its emulators.
_EMULATORS = {
    "386": "i386", "amd64": "x86_64", "arm": "arm", "arm64": "aarch64", "ppc64le": "ppc64le",
    "riscv64": "riscv64", "s390x": "s390x", "mips64le": "mips64el", "loong64": "loongarch64",
}  # fmt: skip


def _emulated(architecture: str) -> bool:
    name = _EMULATORS.get(architecture, architecture)
    try:
        with open(f"/proc/sys/fs/binfmt_misc/qemu-{name}") as file:
            return file.readline().strip() == "enabled"
    except OSError:
        return False
