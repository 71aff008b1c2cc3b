"""Containers that go on for a while, and commands that get in each other's way. ``benchmarks/endurance.py`` is the long form."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.runtime import health
from tests.e2e.conftest import Compose
from tests.support import disorder, endurance
from tests.support.eventually import eventually

CONTAINERS, SECONDS, OPERATIONS, FLOOD = 12, 8, 40, 41_000
# A shim touches some pages for the first time now and then, in seconds as in hours.
SLACK = 256  # KiB


@pytest.mark.timeout(180)
def test_nothing_grows_nothing_is_lost_and_every_exit_is_recorded(
    compose: Compose, state: tuple[Path, Path]
) -> None:
    compose.write(endurance.stack(CONTAINERS))
    with _events(compose) as recorded:
        _go_on(compose, state[1])
        names = {f"demo-{service}-1" for service in compose("config", "--services").split()}
        journal = state[0] / "events.jsonl"
        eventually(
            lambda: _stopped(recorded) >= names or _late(recorded, journal, names), within=30
        )
    found = {}
    told = list(map(json.loads, recorded.read_text().splitlines()))
    for service in compose("config", "--services").split():
        output = compose("logs", "--no-log-prefix", service)
        mine = [event for event in told if event["service"] == service]
        code = endurance.CODES[service.rstrip("0123456789")]
        wrong = endurance.lost_lines(output) + endurance.unrecorded(output, mine, code)
        if wrong:
            found[service] = wrong
    assert found == {}


@contextmanager
def _events(compose: Compose) -> Iterator[Path]:
    """A file that the project's events go to while the context lasts."""
    path = compose.directory / "events"
    with path.open("w") as file:
        process = compose.begin("events", "--json", "--since", f"{time.time():.3f}", stdout=file)
    try:
        yield path
    finally:
        process.terminate()
        process.communicate()


def _go_on(compose: Compose, run: Path) -> None:
    """Up, a while of checks and lines, and a stop."""
    compose("up", "-d")
    assert len(compose.states()) == CONTAINERS
    eventually(lambda: _warm(run) == CONTAINERS, within=60)
    before = endurance.measure(run)
    assert len(before) == CONTAINERS
    time.sleep(SECONDS)
    after = endurance.measure(run)
    assert endurance.growth(before, after, private=SLACK, anonymous=SLACK // 4) == []

    compose("stop")
    assert set(compose.states().values()) == {"exited"}


def _warm(run: Path) -> int:
    """How many shims have done everything they do: a full record of health checks, or the container begun anew twice."""
    states = [json.loads(path.read_text()) for path in run.glob("containers/*/state.json")]
    return sum(
        len(state["health_log"]) >= health.KEPT or state["restarts"] >= 2 for state in states
    )


def _late(events: Path, journal: Path, names: set[str]) -> bool:
    """Says which stops have not been told of, and whether they were recorded."""
    missing = names - _stopped(events)
    lines = [line for line in journal.read_text().splitlines() if '"stop"' in line]
    raise AssertionError({name: [line for line in lines if name in line] for name in missing})


def _stopped(events: Path) -> set[str]:
    told = [json.loads(line) for line in events.read_text().splitlines()]
    return {event["attributes"]["name"] for event in told if event["action"] == "stop"}


@pytest.mark.timeout(180)
def test_four_commands_at_a_time_leave_a_consistent_state(
    compose: Compose, state: tuple[Path, Path]
) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # the same operations again, if not in the same order to the last
    compose.write(disorder.FILE)
    compose("up", "-d")

    def run(words: Sequence[str]) -> tuple[int, str]:
        done = compose.run(*words)
        return done.code, done.err

    outcomes = disorder.perform(run, disorder.operations(seed, OPERATIONS))
    assert len(outcomes) == OPERATIONS
    assert [outcome for outcome in outcomes if outcome.fault] == []
    assert disorder.differences(compose.containers(), *state) == []
    compose("up", "-d")
    containers = compose.containers()
    assert disorder.differences(containers, *state) == []
    counts = dict.fromkeys(disorder.REPLICAS, 0)
    for record in containers.values():
        counts[record["Service"]] += 1
    assert counts == disorder.REPLICAS
    compose("down", "-v", "-t", "0")
    assert disorder.shims(state[1]) == {}


@pytest.mark.timeout(180)
def test_a_flood_of_lines_is_followed_to_its_end(compose: Compose) -> None:
    compose.write(f"services: {{one: {{image: busybox, command: [seq, '{FLOOD}']}}}}\n")
    compose("up", "-d")
    # Nobody reads until the container has ended: what is kept meanwhile must all come.
    reader = compose.begin("logs", "-f", "--no-log-prefix")
    eventually(lambda: compose.states() == {"demo-one-1": "exited"})
    time.sleep(0.5)
    followed = reader.communicate(timeout=120)[0].splitlines()
    wanted = [str(number) for number in range(1, FLOOD + 1)]
    assert followed[:FLOOD] == wanted
    assert followed[FLOOD:] in ([], ["one-1 exited with code 0"])  # the latter if it still ran
    assert compose("logs", "--no-log-prefix").splitlines() == wanted
