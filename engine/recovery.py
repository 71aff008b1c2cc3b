"""Put right what a killed command, a killed shim or a reboot left: adopt, clean up, sweep.

Everything here looks at what is, never at what somebody meant to do, so it may run at any time and any number of times.
"""

from __future__ import annotations

import os
import signal
import time

from engine import paths
from engine.erase import erase
from engine.state import containers as rows
from engine.state import db, locks
from engine.state import networks as network_rows

# How long the end of a killed process may take, in seconds.
_PATIENCE = 10.0


def recover() -> None:
    """Adopt containers whose shim was killed, clean up after those that ended unseen, sweep rubbish. Cheap when all is well."""
    # What is seldom needed is loaded when it is: every command that changes something comes by here.
    from engine import images

    running = _entries(f"{paths.run()}/containers")
    known = rows.ids() if running or _entries(f"{paths.root()}/containers") else set()
    for id in running:
        if id not in known:
            _discard(id)
            continue
        from engine.runtime import status

        now = status.read(id)
        if now.needs_adoption:
            from engine.runtime import launcher

            launcher.adopt(id)
        elif now.needs_cleanup:
            _tidy(id)
    for network in network_rows.condemned():
        from engine import networks

        networks.finish_removal(network)
    _sweep(known)
    if _entries(f"{paths.run()}/build"):
        from engine.build import rundir

        rundir.sweep()
    if _entries(f"{paths.root()}/volumes"):
        from engine import volumes

        volumes.sweep()
    images.sweep()


def _tidy(id: str) -> None:
    """Remove what a dead container still holds, unless somebody is starting it this moment."""
    from engine.runtime import cleaning, status

    try:
        with locks.on_directory(paths.container_dir(id)):
            if status.read(id).needs_cleanup:
                cleaning.cleanup(id)
    except FileNotFoundError:
        pass  # removed meanwhile


def _discard(id: str) -> None:
    """Something runs, or ran, that no row tells of: its removal was cut short, or the database is from before."""
    from engine.runtime import cleaning, owned

    if owned.owner_alive(id):
        return
    with db.transaction():
        # A creator holds this lock until its row is there, so what has none now will never have one.
        if id in rows.ids():
            return
    _end(id)
    cleaning.cleanup(id)


def _end(id: str) -> None:
    """Kill what runs of a container that no row tells of."""
    from engine.kernel import pidfd
    from engine.runtime import control, status

    if status.shim_alive(id):
        control.stop(id, timeout=0.0, signal="SIGKILL")
    now = status.load_state(id)
    if now is not None and now.pid and pidfd.alive(now.pid, now.start_time):
        try:
            os.kill(now.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + _PATIENCE
        while pidfd.alive(now.pid, now.start_time) and time.monotonic() < deadline:
            time.sleep(0.002)


def _sweep(known: set[str]) -> None:
    """Erase directories without a row. Rows and directories are made under one write lock, so the second look decides."""
    store = f"{paths.root()}/containers"
    if not set(_entries(store)) - known:
        return
    with db.transaction():
        rubbish = set(_entries(store)) - rows.ids()
    for id in rubbish:
        erase(f"{store}/{id}")


def _entries(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []
