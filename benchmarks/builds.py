"""Time the same Dockerfiles through ``pycompose build`` and ``docker build``: in turn, in one run, medians in ms.

``cached``: ten steps of which all are known. ``cold``: ten small RUNs that nobody has seen. ``edit``: a changed file of the
context, which the last three of ten steps see. The images' digests say that work was done: a cold build has a new one.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import image
from stacks import docker_compose, timed

STEPS = 10


def cold(mark: str) -> str:
    """Ten small RUNs; ``mark`` makes them new."""
    runs = (f"RUN echo {mark} {number} > /f{number}\n" for number in range(STEPS))
    return f"FROM {image.NAME}\n" + "".join(runs)


def edited() -> str:
    """Seven steps that see nothing of the context, and three that do."""
    runs = "".join(f"RUN echo {number} > /g{number}\n" for number in range(STEPS - 4))
    return f"FROM {image.NAME}\nWORKDIR /app\n{runs}COPY . .\nRUN cat text > /text\nRUN rm text\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--pycompose", default="pycompose", help="the command (default: %(default)s)"
    )
    parser.add_argument("--runs", type=int, default=7, help="runs of each (default: %(default)s)")
    parser.add_argument("--json", help="write every figure here")
    options = parser.parse_args()

    ours = shlex.split(options.pycompose)
    tools = {"pycompose": [*ours, "build"]}
    docker = docker_compose() is not None
    if docker:
        tools["docker"] = ["docker", "build", "-t", "benchmark-build", "."]
    figures: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as directory:
        image.provide(ours, ["docker"] if docker else None, directory)
        places = {}
        for name in tools:
            places[name] = where = Path(directory, name)
            where.mkdir()
            (where / "compose.yaml").write_text("services: {web: {build: .}}\n")
            (where / ".dockerignore").write_text("compose.yaml\nDockerfile\n")
        for run in range(-1, options.runs):  # the first warms the page cache up and does not count
            for case in ("cold", "cached", "edit"):
                for name, command in tools.items():
                    where = places[name]
                    mark = f"{Path(directory).name} {run}"
                    (where / "Dockerfile").write_text(edited() if case == "edit" else cold(mark))
                    (where / "text").write_text(mark)
                    took = timed(command, str(where))
                    if run >= 0:
                        figures.setdefault(case, {}).setdefault(name, []).append(took)
    print(f"{'build':<9}" + "".join(f"{name + ' ms':>16}" for name in tools), end="")
    print(f"{'docker/pycompose':>20}" if docker else "")
    for case, by_tool in figures.items():
        median = {name: statistics.median(values) for name, values in by_tool.items()}
        print(f"{case:<9}" + "".join(f"{median[name]:>16.0f}" for name in tools), end="")
        print(f"{median['docker'] / median['pycompose']:>19.2f}x" if docker else "")
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
