"""Time the same stacks through pycompose and, when a daemon answers, docker compose: in turn, in one run, medians in ms."""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import image

VERBS = ("config", "up", "up-again", "ps", "exec", "logs", "down")
COMMANDS = {
    "config": ["config", "-q"],
    "up": ["up", "-d"],
    "up-again": ["up", "-d"],
    "ps": ["ps", "-q"],
    "exec": ["exec", "-T", "s000", "true"],
    "logs": ["logs"],
    "down": ["down", "-t", "0"],
}


def stack(services: int) -> str:
    """A Compose file of N independent idle services."""
    lines = ["services:"]
    for number in range(services):
        lines += [
            f"  s{number:03d}:",
            f"    image: {image.NAME}",
            "    command: [sleep, '3600']",
            "    stop_grace_period: 0s",
        ]
    return "\n".join(lines) + "\n"


def timed(command: list[str], cwd: str) -> float:
    """Wall milliseconds of one command; nan (and its output on stderr) when it fails."""
    begin = time.perf_counter()
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    elapsed = (time.perf_counter() - begin) * 1000
    if done.returncode:
        print(f"!! {shlex.join(command)}: {done.stderr[-400:]}", file=sys.stderr)
        return float("nan")
    return elapsed


def docker_compose() -> list[str] | None:
    """``docker compose`` when a daemon answers it."""
    for command in (["docker", "compose"],):
        try:
            if not subprocess.run(
                [*command, "ls", "-q"], capture_output=True, check=False
            ).returncode:
                return command
        except FileNotFoundError:
            pass
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--pycompose", default="pycompose", help="the command (default: %(default)s)"
    )
    parser.add_argument(
        "--docker", help="docker compose's command (default: found when a daemon answers)"
    )
    parser.add_argument(
        "--sizes", default="1,10,50", help="services a stack (default: %(default)s)"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default: %(default)s)")
    parser.add_argument("--json", help="write every figure here")
    options = parser.parse_args()

    tools = {"pycompose": shlex.split(options.pycompose)}
    docker = shlex.split(options.docker) if options.docker else docker_compose()
    if docker:
        tools["docker"] = docker
    figures: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as directory:
        image.provide(tools["pycompose"], ["docker"] if docker else None, directory)
        for size in map(int, options.sizes.split(",")):
            for run in range(options.runs):
                for name, base in tools.items():
                    where = Path(directory, f"{name}{size}r{run}")
                    where.mkdir()
                    (where / "compose.yaml").write_text(stack(size))
                    for verb in VERBS:
                        took = timed([*base, *COMMANDS[verb]], str(where))
                        figures.setdefault(f"{size}/{verb}", {}).setdefault(name, []).append(took)
    print(f"{'services':>8} {'verb':<9}" + "".join(f"{name + ' ms':>16}" for name in tools), end="")
    print(f"{'docker/pycompose':>20}" if docker else "")
    for key, by_tool in figures.items():
        size_text, verb = key.split("/")
        median = {name: statistics.median(values) for name, values in by_tool.items()}
        print(
            f"{size_text:>8} {verb:<9}" + "".join(f"{median[name]:>16.0f}" for name in tools),
            end="",
        )
        print(f"{median['docker'] / median['pycompose']:>19.2f}x" if docker else "")
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
