"""Many containers with health checks and flowing logs: what their shims hold over time, and what they have recorded.

Every container counts aloud: a line is a run's number and the line's. What is lost, doubled or out of order shows.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.disorder import shims

# A burst of lines, then a pause: what would be one process a line is one a burst.
_BURST = (
    "j=0; while [ $$j -lt {burst} ]; do j=$$((j+1)); i=$$((i+1)); echo line $$i; done; sleep 0.5"
)
# Ends on SIGTERM with the last line's number said and exit code 7.
_STEADY = f"trap 'echo last $$i; exit 7' TERM; i=0; while :; do {_BURST}; done"
# Ends by itself every other second and is started again.
_SHORT = f"i=0; while [ $$i -lt {{lines}} ]; do {_BURST}; done; echo last $$i; exit 3"
CODES = {"steady": "7", "short": "3"}
_LINE = re.compile(r"(line|last) (\d+)")


class Sample(NamedTuple):
    """What one shim held in several looks."""

    private: int  # KiB, at most: what is shared with a child of the moment does not count, so this goes up and down
    anonymous: int  # KiB of memory of its own, whoever shares it: what leaks is here
    fewest: int  # descriptors; a health check on its way has some more, a container between two runs less
    most: int


def stack(containers: int, *, lines_a_second: int = 20) -> str:
    """A Compose file: of four containers three go on, and one ends every two seconds and is started again."""
    text = ["services:"]
    for number in range(containers):
        kind = "short" if number % 4 == 3 else "steady"
        script = _STEADY if kind == "steady" else _SHORT
        script = script.format(burst=lines_a_second // 2, lines=2 * lines_a_second)
        text += [
            f"  {kind}{number:03d}:",
            "    image: busybox",
            f"    command: [sh, -c, {json.dumps(script)}]",
            "    healthcheck: {test: [CMD, 'true'], interval: 1s}",
            "    stop_grace_period: 20s",
        ]
        if kind == "short":
            text.append("    restart: always")
    return "\n".join(text) + "\n"


def measure(run: Path, *, times: int = 8, pause: float = 0.15) -> dict[str, Sample]:
    """What each shim holds, by container id."""
    found: dict[str, Sample] = {}
    for _ in range(times):
        for id, pid in shims(run).items():
            try:
                memory = _memory(pid)
                count = len(list(Path(f"/proc/{pid}/fd").iterdir()))
            except OSError:
                continue
            before = found.get(id, Sample(*memory, count, count))
            found[id] = Sample(
                max(before.private, memory[0]),
                max(before.anonymous, memory[1]),
                min(before.fewest, count),
                max(before.most, count),
            )
        time.sleep(pause)
    return found


def growth(
    before: dict[str, Sample], after: dict[str, Sample], *, private: int, anonymous: int
) -> list[str]:
    """The shims that hold more than before: more descriptors than ever, or more memory than these KiB."""
    found = [f"{id[:12]}: its shim is gone" for id in before.keys() - after.keys()]
    for id in before.keys() & after.keys():
        old, new = before[id], after[id]
        if new.fewest > old.most:
            found.append(f"{id[:12]}: at most {old.most} descriptors became at least {new.fewest}")
        if new.private > old.private + private:
            found.append(f"{id[:12]}: {old.private} KiB private became {new.private}")
        if new.anonymous > old.anonymous + anonymous:
            found.append(f"{id[:12]}: {old.anonymous} KiB anonymous became {new.anonymous}")
    return found


def lost_lines(output: str) -> list[str]:
    """What is wrong with a container's log: each run counts from 1 without a gap and ends with its count."""
    found: list[str] = []
    expected = 1
    for text in output.splitlines():
        match = _LINE.fullmatch(text)
        if match is None:
            found.append(f"damaged line {text!r}")
            continue
        kind, number = match[1], int(match[2])
        if kind == "last":
            # A signal may come after a line was counted and before it was written.
            if number not in (expected - 1, expected):
                found.append(f"ended at {number}, but {expected - 1} lines are there")
            expected = 1
        elif number != expected:
            found.append(f"line {number} instead of {expected}")
            expected = number + 1
        else:
            expected += 1
    if expected != 1:
        found.append(f"no end after line {expected - 1}")
    return found


def unrecorded(output: str, events: list[dict[str, Any]], code: str) -> list[str]:
    """What the events of one container do not tell of the runs that its log tells of; each must end with ``code``."""
    begun = output.splitlines().count("line 1")
    starts = sum(event["action"] == "start" for event in events)
    codes = [event["attributes"]["exitCode"] for event in events if event["action"] == "die"]
    if begun != starts or codes != [code] * begun:
        return [f"{begun} runs in the log, {starts} starts and exits {codes} recorded"]
    return []


def _memory(pid: int) -> tuple[int, int]:
    """KiB private and anonymous (proc_pid_smaps(5))."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    private = sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
    return private, sum(int(line.split()[1]) for line in lines if line.startswith("Anonymous:"))
