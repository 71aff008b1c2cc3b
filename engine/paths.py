"""Where state lives: ``$PYCOMPOSE_ROOT`` (durable) and ``$PYCOMPOSE_RUN`` (this boot only)."""

from __future__ import annotations

import functools
import os
import stat


def root() -> str:
    """The durable state directory."""
    return os.environ.get("PYCOMPOSE_ROOT") or "/var/lib/pycompose"


def run() -> str:
    """The directory of what runs now; empty after a reboot, since it is on a file system in memory."""
    return os.environ.get("PYCOMPOSE_RUN") or _default_run()


@functools.cache
def _default_run() -> str:
    """``/run/pycompose``, unless /run is on a disk (small virtual machines): then below /dev/shm.

    Anybody may write there, so what is not ours alone is not used.
    """
    disk = _device("/")
    if _device("/run") == disk and _device("/dev/shm") not in (disk, None):
        path = "/dev/shm/pycompose"
        try:
            if os.geteuid() == 0:
                os.mkdir(path, 0o700)
        except FileExistsError:
            pass
        try:
            found = os.lstat(path)
        except OSError:
            return path
        if stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022:
            return path
    return "/run/pycompose"


def _device(path: str) -> int | None:
    try:
        return os.stat(path).st_dev
    except OSError:
        return None


def container_dir(id: str) -> str:
    """Durable directory of a container: upper, work, log."""
    return f"{root()}/containers/{id}"


def runtime_dir(id: str) -> str:
    """Directory of a running container: bundle.json, state.json, lock, ctl.sock, fifos."""
    return f"{run()}/containers/{id}"


def names_dir(network_id: str) -> str:
    """Directory with one file per running endpoint of a network: what DNS answers from."""
    return f"{run()}/networks/{network_id}"


def boot_id() -> str:
    """The kernel's random id of this boot."""
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()
