"""Take away what a container holds in the kernel and in /run when its shim cannot do it any more."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, cast

from engine import paths
from engine.kernel import cgroup
from engine.runtime import status

if TYPE_CHECKING:
    from engine.runtime.bundle import Bundle

_LAST = {"state.json": 1, "lock": 2}


def cleanup(id: str) -> None:
    """Remove cgroup, interfaces, names, published ports and the runtime directory. Nothing there is not an error.

    The container does not run, and no shim lives; what the end left unrecorded is recorded as an end that nobody saw.
    """
    directory = paths.runtime_dir(id)
    if not os.path.isdir(directory):
        return
    now = status.load_state(id)
    if now is not None and now.state in status.ACTIVE:
        ended = status.read(id)
        finished = ended.finished or time.time()
        last = ended._replace(finished=finished, needs_cleanup=False, needs_adoption=False)
        status.write_last(id, last)
    bundle = _bundle(directory)
    if bundle is not None:
        _release(id, bundle, now)
    remove_directory(directory)


def remove_directory(directory: str) -> None:
    """Remove a runtime directory: the state last but one, for then the container counts as ended, and last the lock.

    Who starts it anew that very moment finds nothing left of us to remove but the lock.
    """
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return
    for name in sorted(names, key=lambda name: _LAST.get(name, 0)):
        path = f"{directory}/{name}"
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                os.rmdir(path)
            else:
                os.unlink(path)
        except FileNotFoundError:
            continue
    try:
        os.rmdir(directory)
    except OSError:
        pass  # somebody starts the container anew this moment


def _bundle(directory: str) -> Bundle | None:
    try:
        with open(f"{directory}/bundle.json") as file:
            return cast("Bundle", json.load(file))
    except (FileNotFoundError, ValueError):
        return None


def _release(id: str, bundle: Bundle, now: status.Status | None) -> None:
    from engine.network import endpoint, names, ports

    group = cgroup.open_cgroup(bundle["cgroup"]["name"], parent=bundle["cgroup"]["parent"])
    if group.exists():
        group.kill()
        group.remove()
    for plan in bundle["endpoints"]:
        names.withdraw(plan["network_id"], id)
        if now is not None and plan["ipv4"]:
            ports.withdraw(list(now.ports), plan["ipv4"].partition("/")[0])
        endpoint.detach(plan)
