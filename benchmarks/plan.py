"""Time ``pycompose plan`` on a large project from recorded state: nothing changed, every service changed, nothing there yet.

The containers are created, not started. Medians in ms; exit code 1 when one is over the budget.
"""

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


def stack(services: int, mode: str) -> str:
    """A Compose file of services as people write them, each but the first depending on another one."""
    lines = ["services:"]
    for number in range(services):
        lines += [
            f"  s{number:04d}:",
            f"    image: {image.NAME}",
            "    command: [sleep, '3600']",
            "    restart: unless-stopped",
            f"    environment: {{MODE: {mode}, NUMBER: '{number}', LEVEL: info}}",
            "    labels: {team: shop}",
            "    volumes: [data:/data]",
            f"    networks: [net{number % 10}]",
            "    healthcheck: {test: [CMD, 'true'], interval: 30s}",
        ]
        if number:
            lines.append(f"    depends_on: [s{number // 2:04d}]")
    lines += ["networks:", *(f"  net{number}: {{}}" for number in range(min(services, 10)))]
    return "\n".join([*lines, "volumes: {data: {}}"]) + "\n"


def timed(command: list[str], where: Path, code: int) -> float:
    """Wall milliseconds of a command that must end with ``code``."""
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    elapsed = (time.perf_counter() - begin) * 1000
    if done.returncode != code:
        sys.exit(f"{shlex.join(command)}: {done.returncode}: {done.stderr[-400:]}")
    return elapsed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--pycompose", default="pycompose", help="the command (default: %(default)s)"
    )
    parser.add_argument("--services", type=int, default=1000, help="(default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--budget", type=float, default=1000, help="ms (default: %(default)s)")
    options = parser.parse_args()
    base = shlex.split(options.pycompose)
    over = False
    with tempfile.TemporaryDirectory() as directory:
        image.provide(base, None, directory)
        where = Path(directory, "plan")
        where.mkdir()
        file = where / "compose.yaml"
        file.write_text(stack(options.services, "a"))

        def measure(what: str, code: int, *, edited: bool = False) -> None:
            nonlocal over
            took = []
            for run in range(options.runs):
                if edited:  # read anew every time: the cache of the loader does not know it
                    file.write_text(stack(options.services, f"edit{run}"))
                took.append(timed([*base, "plan"], where, code))
            median = statistics.median(took)
            over = over or median > options.budget
            print(f"{options.services} services, {what:<34} {median:8.0f} ms")

        try:
            measure("nothing there yet", 2)
            timed([*base, "create"], where, 0)
            measure("nothing to do but to start", 2)
            file.write_text(stack(options.services, "b"))
            measure("every service changed", 2)
            measure("every service changed, file edited", 2, edited=True)
        finally:
            subprocess.run(
                [*base, "down", "-v", "-t", "0"], cwd=where, capture_output=True, check=False
            )
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
