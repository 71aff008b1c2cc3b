"""Run hooks of the runtime specification in the container's namespaces, while the machine's files can still be seen.

A hook is a program of the machine, run with the container's mounts and all of our rights, as runc runs it; it reads the
container's state from its standard input, and finds ``config.json`` in the bundle directory that the state names.
"""

from __future__ import annotations

import os
import select
import signal

from engine import paths
from engine.kernel import pidfd
from engine.runtime.bundle import Bundle, HookCall
from schemas.errors import Failed

_VERSION = "1.0.2"
_SAID = 4096  # bytes of what a failing hook says


def run_all(bundle: Bundle, root: str) -> None:
    """Run the bundle's hooks one after the other; Failed for the first that does not end with 0."""
    import json

    if not bundle["hooks"]:
        return
    place = paths.runtime_dir(bundle["id"])
    state = {
        "ociVersion": _VERSION,
        "id": bundle["id"],
        "status": "creating",
        "pid": os.getpid(),
        "bundle": place,
        "annotations": bundle["annotations"],
    }
    config = {
        "ociVersion": _VERSION,
        "root": {"path": root, "readonly": bundle["read_only"]},
        "process": {"args": bundle["argv"], "env": bundle["env"], "cwd": bundle["cwd"]},
        "hostname": bundle["hostname"],
        "annotations": bundle["annotations"],
    }
    signal.set_wakeup_fd(
        -1
    )  # the shim's, which is closed here: the end of a hook would be told to it
    with open(f"{place}/config.json", "w") as file:
        json.dump(config, file)
    for hook in bundle["hooks"]:
        _run(hook, json.dumps(state).encode())


def _run(hook: HookCall, state: bytes) -> None:
    given, giving = os.pipe()
    reading, said = os.pipe()
    os.write(giving, state)  # less than a pipe holds
    os.close(giving)
    pid = os.fork()
    if pid == 0:
        try:
            for fd, source in enumerate((given, said, said)):
                os.dup2(source, fd)
            os.closerange(3, 64)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            env = dict(word.partition("=")[::2] for word in hook["env"])
            os.execve(hook["path"], hook["args"], env)
        except OSError as err:
            os.write(2, (os.strerror(err.errno or 0)).encode())
        finally:
            os._exit(127)
    os.close(given)
    os.close(said)
    late = False
    if hook["timeout"]:
        process = pidfd.pidfd_open(pid)
        late = not select.select([process], [], [], hook["timeout"])[0]
        os.close(process)
        if late:
            os.kill(pid, signal.SIGKILL)
    text = os.read(reading, _SAID).decode("utf-8", "replace").strip()
    os.close(reading)
    _, status = os.waitpid(pid, 0)
    if late:
        raise Failed(f"hook {hook['path']}: not done within {hook['timeout']:g} s")
    if status:
        raise Failed(f"hook {hook['path']}: exit {os.waitstatus_to_exitcode(status)}: {text}")
