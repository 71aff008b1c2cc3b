"""What a build that was killed leaves under the runtime directory goes with the next command that changes something."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine import recovery
from engine.build import rundir
from tests.support.eventually import eventually

pytestmark = pytest.mark.usefixtures("no_leaks")
# Makes a directory, and a process that belongs to it; then it is killed.
KILLED = """
import os, signal, subprocess
from engine.build import rundir
place = rundir.make()
open(f"{place}/socket", "w").close()
process = subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL)
rundir.note_process(place, process.pid)
print(process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_what_a_killed_build_left_is_removed_and_what_lives_stays(state: tuple[Path, Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    assert not gone(pid)
    mine = rundir.make()
    assert len(os.listdir(state[1] / "build")) == 2
    recovery.recover()
    assert os.listdir(state[1] / "build") == [os.path.basename(mine)]
    os.rmdir(mine)
    eventually(lambda: gone(pid))
