"""A container that tries to get out, or at its neighbours: nothing that it does reaches the machine."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.archive import read, write
from schemas.errors import EngineError
from tests.support.containers import execute, make, start
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from engine.local import LocalEngine


@pytest.fixture
def idle(engine: LocalEngine) -> LocalEngine:
    start(engine, "one", "exec sleep 100")
    return engine


def test_no_way_leads_from_the_container_to_its_supervisor(idle: LocalEngine) -> None:
    # The control socket and all of the state lie outside; from inside no path, process or socket leads there.
    run = os.environ["PYCOMPOSE_RUN"]
    script = (
        f"ls {run} 2>/dev/null; ls /proc | grep -c '^[0-9]'; cat /proc/net/unix | grep -c ctl.sock;"
        "for fd in /proc/1/fd/*; do test -S $fd && echo socket; done; echo end"
    )
    lines = execute(idle, "one", "sh", "-c", script).out.decode().split()
    assert int(lines[0]) <= 6
    assert lines[1:] == ["0", "end"]


def test_an_executed_process_brings_no_directory_of_the_machine_along(idle: LocalEngine) -> None:
    # A descriptor of a directory outside would be a door (as in CVE-2024-21626): also as working directory.
    script = (
        "for fd in /proc/self/fd/*; do readlink $fd; done; readlink /proc/self/cwd /proc/self/root"
    )
    found = execute(idle, "one", "sh", "-c", script).out.decode().splitlines()
    assert [
        line for line in found if line.startswith("/") and not line.startswith(("/proc/", "/dev/"))
    ] == ["/", "/"]
    for number in range(3, 12):
        with pytest.raises(EngineError, match=r"chdir|working"):
            execute(idle, "one", "true", working_dir=f"/proc/self/fd/{number}/")


def test_a_terminal_of_exec_gives_nothing_back_to_the_one_outside(idle: LocalEngine) -> None:
    # What is pushed into the container's own terminal must be read in there and by nobody outside.
    script = (
        "import fcntl,termios,os,sys\n"
        "try:\n"
        "    for c in b'escape\\n': fcntl.ioctl(0, termios.TIOCSTI, bytes([c]))\n"
        "except OSError as e: print('refused', e.errno)\n"
        "print(os.ttyname(0).startswith('/dev/pts/'), os.minor(os.fstat(0).st_rdev) >= 0)\n"
    )
    done = execute(idle, "one", "python3", "-c", script, tty=True)
    assert b"True True" in done.out
    # The terminal is of the container's own devpts: no number of the machine's terminals leads to one.
    listed = execute(idle, "one", "sh", "-c", "ls /dev/pts").out.decode().split()
    assert set(listed) <= {"ptmx", "0", "1", "2"}


def racing(engine: LocalEngine, outside: Path) -> None:
    """A container in which a directory and a link to one of the machine take turns at /a/d, as fast as they can."""
    code = (
        "import os\nos.makedirs('/a/d'); os.mkdir('/b'); open('/a/d/key', 'w').write('inside')\n"
        f"os.symlink('{outside}', '/b/l'); open('/ready', 'w')\n"
        "while True:\n"
        "    os.rename('/a/d', '/b/d'); os.rename('/b/l', '/a/d')\n"
        "    os.rename('/a/d', '/b/l'); os.rename('/b/d', '/a/d')\n"
    )
    made = make(engine, "one", "python3", "-c", code)
    engine.start(made.id)
    eventually(lambda: execute(engine, "one", "test", "-e", "/ready").code == 0)


def test_links_that_change_while_they_are_copied_out_lead_nowhere(
    engine: LocalEngine, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("THE SECRET")
    # A directory and a link to the machine's own take turns as fast as they can.
    racing(engine, secret)
    for _ in range(60):
        try:
            stream = read("one", "/a/d/key")
            data = b""
            while part := stream.read(65536):
                data += part
            stream.close()
        except EngineError:
            continue
        assert b"THE SECRET" not in data


def test_links_that_change_while_files_are_copied_in_lead_nowhere(
    engine: LocalEngine, tmp_path: Path
) -> None:
    from tests.support import images

    outside = tmp_path / "outside"
    outside.mkdir()
    racing(engine, outside)
    archive = images.tar(images.directory("sub"), images.member("sub/file", b"x"))

    class Bytes:
        def __init__(self) -> None:
            self.left = archive

        def read(self, size: int, /) -> bytes:
            part, self.left = self.left[:size], self.left[size:]
            return part

        def close(self) -> None: ...

    for _ in range(60):
        try:
            write("one", "/a/d", Bytes())
        except EngineError:
            continue
    assert list(outside.iterdir()) == []


def test_a_link_in_a_volume_that_changes_does_not_lead_a_mount_out(
    engine: LocalEngine, tmp_path: Path
) -> None:
    outside, shared = tmp_path / "outside", tmp_path / "shared"
    outside.mkdir()
    (outside / "mark").write_text("OUTSIDE")
    (shared / "real").mkdir(parents=True)
    (shared / "real" / "mark").write_text("inside")
    stop = threading.Event()

    def swap() -> None:
        os.symlink(outside, shared / "link")
        while not stop.is_set():
            os.rename(shared / "real", shared / "kept")
            os.rename(shared / "link", shared / "real")
            os.rename(shared / "real", shared / "link")
            os.rename(shared / "kept", shared / "real")

    racer = threading.Thread(target=swap)
    engine.create_volume(
        {"name": "data", "driver_opts": {"type": "none", "o": "bind", "device": str(shared)}}
    )
    racer.start()
    try:
        for number in range(12):
            name = f"two{number}"
            mount = {"type": "volume", "source": "data", "target": "/v", "subpath": "real"}
            made = make(engine, name, "cat", "/v/mark", mounts=[mount])
            try:
                engine.start(made.id)
                engine.wait(name, timeout=10)
            except EngineError:
                continue
            finally:
                said = b"".join(line.line for line in engine.logs(name, {}))
                engine.remove(name, force=True)
            assert b"OUTSIDE" not in said
    finally:
        stop.set()
        racer.join()
