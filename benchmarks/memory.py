"""Private memory (USS) and PSS of each container's supervisor while N idle containers run, in KiB."""

from __future__ import annotations

import argparse
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import image
import stacks


def supervisors() -> list[int]:
    """Pids of the processes that call themselves pycompose-shim."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
                # One that has ended is a zombie until somebody reaps it, and has no memory.
                if name == "pycompose-shim" and rest.split()[0] != "Z":
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def is_ours(pid: int) -> bool:
    """Whether it is a supervisor of the project measured: others may come and go beside it."""
    return b"memory-s" in Path(f"/proc/{pid}/cmdline").read_bytes()


def rollup(pid: int) -> dict[str, int]:
    """smaps_rollup's figures of a process in KiB."""
    figures = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        key, _, rest = line.partition(":")
        figures[key] = int(rest.split()[0])
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pycompose", default="pycompose")
    parser.add_argument("--services", type=int, default=50)
    options = parser.parse_args()
    pycompose = shlex.split(options.pycompose)
    before = set(supervisors())
    with tempfile.TemporaryDirectory() as directory:
        image.provide(pycompose, None, directory)
        Path(directory, "compose.yaml").write_text(stacks.stack(options.services))
        subprocess.run(
            [*pycompose, "-p", "memory", "up", "-d"], cwd=directory, check=True, capture_output=True
        )
        time.sleep(2)
        ours = [rollup(pid) for pid in supervisors() if pid not in before and is_ours(pid)]
        down = [*pycompose, "-p", "memory", "down", "-t", "0"]
        subprocess.run(down, cwd=directory, check=True, capture_output=True)
    private = [figure["Private_Clean"] + figure["Private_Dirty"] for figure in ours]
    pss = [figure["Pss"] for figure in ours]
    print(
        f"{len(ours)} supervisors: private median {statistics.median(private):.0f} KiB, max {max(private)} KiB;",
        end=" ",
    )
    print(f"PSS median {statistics.median(pss):.0f} KiB")
    left = set(supervisors()) - before
    print(f"processes of ours after down: {len(left)}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
