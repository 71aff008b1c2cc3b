"""A container's root as a descriptor, whether it runs or not: for copying files in and out.

Of a running container it is the root of its first process. Of a stopped one the root is mounted in a mount namespace that
lives only as long as the visit. Whoever uses the descriptor resolves paths with ``engine.kernel.inroot``: nothing
outside is reached, whatever links the container holds. Nobody enters the container's namespace: a Python that does would
load its modules from there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from engine import containers, image_roots, images, paths, running
from engine.kernel import namespaces, pidfd
from engine.runtime import rootfs
from engine.runtime.bundle import Bundle
from engine.state import containers as rows
from engine.state import locks
from engine.state.containers import ContainerRow
from schemas.errors import Conflict

_PATH = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def root_of(reference: str) -> Iterator[int]:
    """The root of a container; a stopped one cannot be started meanwhile. NotFound, Conflict while it is restarting."""
    row = rows.get(reference)
    status = running.status_of(row)
    if status.pid and status.state in containers.ACTIVE:
        fd = os.open(f"/proc/{status.pid}/root", _PATH)
        try:
            if not pidfd.alive(status.pid, status.start_time):
                raise Conflict(f'container "{row.name}" has just ended')
            yield fd
        finally:
            os.close(fd)
        return
    if status.state in containers.ACTIVE:
        raise Conflict(f'container "{row.name}" is restarting, wait until it runs')
    with locks.on_directory(paths.container_dir(row.id)):
        if running.status_of(row).state in containers.ACTIVE:
            raise Conflict(f'container "{row.name}" has been started meanwhile')
        with _mounted(row) as fd:
            yield fd


@contextmanager
def _mounted(row: ContainerRow) -> Iterator[int]:
    """The root of a container that does not run, mounted where nobody else sees it."""
    bundle = _bundle(row)
    place = rootfs.root_path(bundle)
    os.makedirs(place, exist_ok=True)
    held: list[int] = []
    try:
        _in_thread(bundle, held)
        yield held[0]
    finally:
        for fd in held:
            os.close(fd)
        os.rmdir(place)
        os.rmdir(os.path.dirname(place))


def _in_thread(bundle: Bundle, held: list[int]) -> None:
    """Mount in a thread of its own (namespaces belong to threads); ``held`` gets the root and what keeps it mounted."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            namespaces.unshare(namespaces.CLONE_NEWNS)
            rootfs.mount_for_visit(bundle)
            held.append(os.open(rootfs.root_path(bundle), _PATH))
            held.append(os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC))
        except BaseException as err:  # noqa: BLE001 - raised again by who waits
            failures.append(err)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _bundle(row: ContainerRow) -> Bundle:
    """As much of a bundle as the root and its mounts need."""
    from engine.volume import local

    spec = containers.resolved_spec(row)
    layers = images.layers(row.image_id)
    return cast(
        "Bundle",
        {
            "id": row.id,
            "root": image_roots.root(row.image_id, row.id),
            "mounts": local.prepare_mounts(row.id, spec, layers),
        },
    )
