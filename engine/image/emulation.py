"""Whether this machine runs programs of another platform (the kernel's binfmt_misc, admin-guide/binfmt-misc.rst)."""

from __future__ import annotations

from engine.image.platform import Platform, native

# Go's architecture → how qemu names its emulators.
_EMULATORS = {
    "386": "i386", "amd64": "x86_64", "arm": "arm", "arm64": "aarch64", "ppc64le": "ppc64le",
    "riscv64": "riscv64", "s390x": "s390x", "mips64le": "mips64el", "loong64": "loongarch64",
}  # fmt: skip
HINT = "register an emulator with binfmt_misc (qemu-user-static)"


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


def _emulated(architecture: str) -> bool:
    name = _EMULATORS.get(architecture, architecture)
    try:
        with open(f"/proc/sys/fs/binfmt_misc/qemu-{name}") as file:
            return file.readline().strip() == "enabled"
    except OSError:
        return False
