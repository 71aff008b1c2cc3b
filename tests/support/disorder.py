"""Random operations on one project from several commands at a time, and whether what is left is consistent.

Consistent means: what ``ps`` says is what the kernel has, nothing is there that ``ps`` does not tell of, and ``up``
brings the project back to what its file says.
"""

from __future__ import annotations

import json
import os
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

FILE = """
services:
  web:
    image: busybox
    init: true
    command: sleep 1000
    stop_grace_period: 1s
    ports: ["127.0.0.1::80"]
    networks: [front, back]
    depends_on: {data: {condition: service_started}}
    deploy: {replicas: 2}
  data:
    image: busybox
    command: [sh, -c, "trap 'exit 3' TERM; while :; do sleep 0.1; done"]
    stop_grace_period: 1s
    healthcheck: {test: [CMD, "true"], interval: 200ms}
    volumes: ["kept:/data"]
    networks: [back]
  deaf:
    image: busybox
    command: [sh, -c, "trap '' TERM; while :; do sleep 0.1; done"]
    stop_grace_period: 300ms
    networks: [back]
  busy:
    image: busybox
    command: [sh, -c, "echo begun; sleep 0.3; exit 1"]
    restart: always
    stop_grace_period: 1s
  logger:
    image: busybox
    command: [sh, -c, "while :; do echo line; usleep 20000; done"]
    stop_grace_period: 0s
    restart: on-failure
networks: {front: , back: {internal: true}}
volumes: {kept: }
"""
REPLICAS = {"web": 2, "data": 1, "deaf": 1, "busy": 1, "logger": 1}
COMMANDS = 4  # at a time

# What one command may say because another one was quicker. Everything else is a fault.
_RACES = (
    "No such container",
    "is not running",
    "is already in use",
    "was removed while it was waited for",
    "no container found for project",
    "no container to kill",
    "dependency failed to start: container",
    "has no container to start",
)


class Outcome(NamedTuple):
    """One command: its words, exit code and what it said."""

    words: tuple[str, ...]
    code: int
    err: str

    @property
    def fault(self) -> bool:
        """Whether it failed for another reason than that another command was quicker."""
        if self.code == 0:
            return "Traceback" in self.err
        return self.code != 1 or not any(race in self.err for race in _RACES)


def operations(seed: int, count: int) -> list[tuple[str, ...]]:
    """The words of ``count`` commands: the same for the same seed."""
    chance = random.Random(seed)
    services = list(REPLICAS)
    found: list[tuple[str, ...]] = []
    while len(found) < count:
        verb = chance.choice(("start", "stop", "kill", "restart", "scale", "up"))
        some = tuple(sorted(chance.sample(services, chance.choice((1, 1, 2, 5)))))
        if verb == "scale":
            replicas = [f"{service}={chance.randint(0, 3)}" for service in some]
            found.append(("scale", *replicas))
        elif verb in ("stop", "restart"):
            found.append((verb, "-t", chance.choice(("0", "1")), *some))
        elif verb == "kill":
            found.append(("kill", "-s", chance.choice(("KILL", "TERM")), *some))
        elif verb == "up":
            found.append(("up", "-d", *some))
        else:
            found.append((verb, *some))
    return found


def perform(
    run: Callable[[Sequence[str]], tuple[int, str]], wanted: Sequence[tuple[str, ...]]
) -> list[Outcome]:
    """Run the commands, ``COMMANDS`` at a time, each thread its own share in order. ``run``: exit code and stderr."""
    outcomes: list[Outcome] = []
    failures: list[BaseException] = []

    def work(share: Sequence[tuple[str, ...]]) -> None:
        try:
            for words in share:
                code, err = run(words)
                outcomes.append(Outcome(words, code, err))
        except BaseException as error:  # raised by whoever waits
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=(wanted[index::COMMANDS],)) for index in range(COMMANDS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return outcomes


def differences(listed: dict[str, dict[str, Any]], root: Path, run: Path) -> list[str]:
    """Where the kernel and the state directories have something else than ``ps -a`` says (its records by name)."""
    found: list[str] = []
    living = shims(run)
    known = set()
    for name, record in listed.items():
        id = _whole(root / "containers", record["ID"])
        known.add(id)
        active = record["State"] in ("running", "restarting", "paused")
        if active != (id in living):
            found.append(f"{name} is {record['State']}, but its shim is {living.get(id, 'gone')}")
        if active != (run / "containers" / id).is_dir():
            there = "there" if not active else "gone"
            found.append(f"{name} is {record['State']}, but its runtime directory is {there}")
        if record["State"] == "running":
            found += _process(name, run / "containers" / id / "state.json")
    found += [f"a shim of no container: {id}" for id in living.keys() - known]
    for directory in (root / "containers", run / "containers"):
        found += [
            f"of no container: {path}" for path in _entries(directory) if path.name not in known
        ]
    found += [
        f"the name of a container that does not run: {path}"
        for path in run.glob("networks/*/*")
        if path.name not in living
    ]
    return found


def shims(run: Path) -> dict[str, int]:
    """Pids of the shims below a runtime directory by the ids of their containers, by the locks that they hold open."""
    found = {}
    place = re.compile(re.escape(str(run)) + "/containers/([0-9a-f]{64})/lock")
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if (directory / "comm").read_text().strip() != "pycompose-shim":
                continue
            descriptors = list((directory / "fd").iterdir())
        except OSError:
            continue
        for descriptor in descriptors:
            with suppress(OSError):  # closed meanwhile
                if match := place.fullmatch(os.readlink(descriptor)):
                    found[match[1]] = int(directory.name)
    return found


def _process(name: str, state: Path) -> list[str]:
    """A container whose first process is gone although it is said to run: one that ends this moment or is
    between two runs is looked at twice."""
    for _ in range(2):
        try:
            shown = json.loads(state.read_text())
            pid = shown["pid"]
            if shown["state"] == "restarting":
                return []
        except FileNotFoundError:
            pid = 0
        if pid and os.path.exists(f"/proc/{pid}/ns/pid"):
            return []
        time.sleep(0.5)
    return [f"{name} is running, but its process {pid} is not there"]


def _whole(directory: Path, prefix: str) -> str:
    return next((path.name for path in _entries(directory) if path.name.startswith(prefix)), prefix)


def _entries(directory: Path) -> list[Path]:
    return list(directory.iterdir()) if directory.is_dir() else []
