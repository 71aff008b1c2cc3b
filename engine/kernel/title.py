"""What others see of a process in /proc/<pid>/cmdline and /proc/<pid>/environ (proc(5))."""

from __future__ import annotations

import functools
import os

# Fields 48 to 51 of /proc/<pid>/stat: where the kernel found arguments and environment at execve(2).
_ARG_START, _ENV_END = 48, 51


def forget_environment(keep: tuple[str, ...]) -> None:
    """Empty the environment but for ``keep``, in memory too: a child that shares our pages must not show it to a container."""
    kept = {name: os.environ[name] for name in keep if name in os.environ}
    os.environ.clear()
    _, _, start, end = _areas()
    if end > start:
        _write("/proc/self/mem", bytes(end - start), start)
    os.environ.update(kept)


def set_title(name: str, text: str) -> None:
    """Show ``name`` (its first 15 bytes) as the process's name and ``text``, cut to the old one's room, as its command line.

    By files alone: a shim that used ctypes would own the pages of that, too.
    """
    start, end, _, _ = _areas()
    _write("/proc/self/comm", name.encode()[:15], 0)
    if end > start:
        room = end - start
        _write("/proc/self/mem", text.encode()[: room - 1].ljust(room, b"\0"), start)


def _write(path: str, data: bytes, offset: int) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return  # hidden from us: only the looks of it
    try:
        os.pwrite(fd, data, offset) if offset else os.write(fd, data)
    except OSError:
        pass
    finally:
        os.close(fd)


@functools.cache
def _areas() -> tuple[int, int, int, int]:
    """Start and end of the arguments, start and end of the environment; zeros when the kernel hides them.

    They stay what they are over fork(2), so a child need not look again.
    """
    with open("/proc/self/stat", "rb") as file:
        line = file.read()
    fields = line[line.rfind(b")") + 2 :].split()
    found = [int(field) for field in fields[_ARG_START - 3 : _ENV_END - 2]]
    return (found[0], found[1], found[2], found[3]) if len(found) == 4 else (0, 0, 0, 0)
