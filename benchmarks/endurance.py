"""Many containers for minutes, then commands that get in each other's way: what grows, what is lost, what is inconsistent."""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parent.parent))
import image

from tests.support import disorder, endurance, isolation

# Of a fork's memory a page becomes private when it is written to for the first time, and is shared with each child for as
# long as that lives: that goes up and down. What leaks is anonymous memory: four pages in ten minutes, of 6,600 checks and
# lines, would be three bytes each.
PRIVATE, ANONYMOUS = 128, 16  # KiB


class Project:
    """A compose file in a directory of its own, with state directories of its own."""

    def __init__(self, base: Path, command: list[str], name: str, text: str) -> None:
        self.root, self.run_directory = base / "lib", Path(tempfile.mkdtemp(dir="/dev/shm"))
        self.directory = base / name
        self.directory.mkdir()
        (self.directory / "compose.yaml").write_text(text)
        self._command = command
        self._environ = {
            **os.environ,
            "PYCOMPOSE_ROOT": str(self.root),
            "PYCOMPOSE_RUN": str(self.run_directory),
        }
        os.environ.update(self._environ)

    def run(self, words: Sequence[str]) -> tuple[int, str]:
        """Exit code and stderr of a command."""
        done = self._start(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        _, err = done.communicate(timeout=300)
        return done.returncode, err

    def __call__(self, *words: str) -> str:
        """Output of a command, which must succeed."""
        done = self._start(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = done.communicate(timeout=300)
        if done.returncode:
            sys.exit(f"{shlex.join(words)}: {done.returncode}\n{err}")
        return out

    def events(self, path: Path) -> subprocess.Popen[str]:
        """Write the project's events to a file from now on."""
        with path.open("w") as file:
            since = str(int(time.time()))
            return self._start(("events", "--json", "--since", since), stdout=file, stderr=None)

    def containers(self) -> dict[str, dict[str, Any]]:
        lines = self("ps", "-a", "--format", "json").splitlines()
        return {found["Name"]: found for found in map(json.loads, lines)}

    def _start(self, words: Sequence[str], **pipes: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self._command, *words],
            cwd=self.directory,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            text=True,
            **pipes,
        )


def endure(project: Project, containers: int, minutes: float) -> list[str]:
    """Bring the containers up, look now and then, stop them and read what they have left; what is wrong."""
    recorded = project.directory / "events"
    events = project.events(recorded)
    try:
        began = time.monotonic()
        project("up", "-d")
        print(f"up -d of {containers} containers: {time.monotonic() - began:.1f} s", flush=True)
        # Everything that a shim does it has done by then: checks, lines, a container begun anew.
        time.sleep(min(60.0, max(10.0, minutes * 15)))
        first = last = endurance.measure(project.run_directory)
        began = time.monotonic()
        report("at first", first)
        while (left := minutes * 60 - (time.monotonic() - began)) > 0:
            time.sleep(min(left, 60))
            last = endurance.measure(project.run_directory)
            report(f"after {(time.monotonic() - began) / 60:.1f} min", last)
        wrong = endurance.growth(first, last, private=PRIVATE, anonymous=ANONYMOUS)
        project("stop")
        time.sleep(1)
    finally:
        events.terminate()
        events.wait()
    lines = exits = checks = 0
    told: dict[str, list[dict[str, Any]]] = collections.defaultdict(list)
    for event in map(json.loads, recorded.read_text().splitlines()):
        told[event["service"]].append(event)
    for name, record in project.containers().items():
        service = record["Service"]
        output = project("logs", "--no-log-prefix", service)
        code = endurance.CODES[service.rstrip("0123456789")]
        found = endurance.lost_lines(output) + endurance.unrecorded(output, told[service], code)
        if record["State"] != "exited" or str(record["ExitCode"]) != code:
            found.append(f"is {record['State']} with {record['ExitCode']}")
        wrong += [f"{name}: {text}" for text in found]
        lines += output.count("\n")
        exits += sum(event["action"] == "die" for event in told[service])
        checks += sum(event["action"].startswith("health_status") for event in told[service])
    print(f"{lines} lines read, {exits} exits and {checks} changes of health recorded")
    project("down", "-v", "-t", "0")
    return wrong


def left_over(before: isolation.Traces, project: Project) -> list[str]:
    """What is left of the project. Mounts, links and processes may be other people's: the machine is not ours alone."""
    leaks = isolation.leaks(before, project.root, project.run_directory)
    ours = [
        leak for leak in leaks if leak.startswith(("elements: ", "cgroup: ", "file: ", "name: "))
    ]
    return ours + [f"shim: {pid}" for pid in disorder.shims(project.run_directory).values()]


def report(when: str, samples: dict[str, endurance.Sample]) -> None:
    private = [sample.private for sample in samples.values()]
    anonymous = [sample.anonymous for sample in samples.values()]
    descriptors = [sample.fewest for sample in samples.values()]
    print(
        f"{when}: {len(samples)} shims, private median {statistics.median(private):.0f} KiB, max {max(private)} KiB,"
        f" anonymous median {statistics.median(anonymous):.0f} KiB, max {max(anonymous)} KiB,"
        f" descriptors max {max(descriptors)}",
        flush=True,
    )


def disturb(project: Project, count: int, seed: int) -> list[str]:
    """Random operations, four at a time; what is wrong afterwards."""
    project("up", "-d")
    began = time.monotonic()
    outcomes = disorder.perform(project.run, disorder.operations(seed, count))
    took = time.monotonic() - began
    failed = [outcome for outcome in outcomes if outcome.code]
    wrong = [
        f"{shlex.join(outcome.words)}: exit code {outcome.code}\n{outcome.err}"
        for outcome in outcomes
        if outcome.fault
    ]
    print(
        f"{len(outcomes)} operations (seed {seed}), {disorder.COMMANDS} at a time, in {took:.0f} s:"
        f" {len(failed)} found that another was quicker, {len(wrong)} failed",
        flush=True,
    )
    wrong += disorder.differences(project.containers(), project.root, project.run_directory)
    project("up", "-d")
    found = project.containers()
    wrong += disorder.differences(found, project.root, project.run_directory)
    counts = collections.Counter(record["Service"] for record in found.values())
    if counts != disorder.REPLICAS:
        wrong.append(f"after up: {dict(counts)} instead of {disorder.REPLICAS}")
    project("down", "-v", "-t", "0")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pycompose", default="pycompose")
    parser.add_argument("--containers", type=int, default=100, help="default: %(default)s")
    parser.add_argument("--minutes", type=float, default=10, help="default: %(default)s")
    parser.add_argument("--lines", type=int, default=10, help="a second and container, even")
    parser.add_argument("--operations", type=int, default=200, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    command = shlex.split(options.pycompose)
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        before = isolation.traces()
        for title, text, work in (
            (
                "endurance",
                endurance.stack(options.containers, lines_a_second=options.lines),
                lambda project: endure(project, options.containers, options.minutes),
            ),
            (
                "disorder",
                disorder.FILE,
                lambda project: disturb(project, options.operations, options.seed),
            ),
        ):
            if not (options.minutes if title == "endurance" else options.operations):
                continue
            project = Project(base, command, title, text)
            image.provide(command, None, name)
            wrong += work(project)
            time.sleep(1)
            wrong += left_over(before, project)
            shutil.rmtree(project.run_directory)
    print("\n".join(wrong) or "nothing grew, nothing was lost, nothing is left")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
