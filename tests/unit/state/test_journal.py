from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from engine.state import journal
from engine.state.events import EventStream
from tests.support.eventually import eventually


@pytest.fixture(autouse=True)
def made(root: Path) -> None:
    root.mkdir()


def write(action: str, **attributes: str) -> None:
    journal.append("container", action, "c1", attributes)


def read(**query: object) -> list[str]:
    return [event.action for event in EventStream(follow=False, **query)]  # type: ignore[arg-type]


def test_events_come_back_in_order() -> None:
    write("create")
    write("start")
    assert read() == ["create", "start"]


def test_without_a_state_directory_an_event_is_lost_silently(root: Path) -> None:
    root.rmdir()
    write("create")
    assert not root.exists()


def test_labels_select_events() -> None:
    write("create", project="a")
    write("start", project="b")
    assert read(labels={"project": "b"}) == ["start"]
    assert read(labels={"project": ""}) == ["create", "start"]
    assert read(labels={"other": ""}) == []


def test_since_and_until_bound_the_answer() -> None:
    write("create")
    middle = time.time()
    time.sleep(0.001)
    write("start")
    assert read(since=middle) == ["start"]
    assert read(until=middle) == ["create"]


def test_a_line_torn_by_a_crash_is_passed_over() -> None:
    write("create")
    with open(journal.path(), "ab") as file:
        file.write(b'[1, "conta\n')
    write("start")
    assert read() == ["create", "start"]


def test_a_rotated_journal_is_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "ROTATE_AT", 60)
    write("create")
    write("start")
    assert os.path.exists(journal.path() + ".1")
    assert read()[-1] == "start"


def test_a_follower_sees_what_comes_and_nothing_that_was_before() -> None:
    write("create")
    stream = EventStream()
    write("start")
    assert next(stream).action == "start"
    write("die")
    assert next(stream).action == "die"
    stream.close()
    assert list(stream) == []


def test_close_ends_a_follower_that_waits_in_another_thread() -> None:
    stream = EventStream()
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.extend(event.action for event in stream))
    thread.start()
    write("start")
    eventually(lambda: found == ["start"])
    stream.close()
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert found == ["start"]


def test_a_follower_goes_over_a_rotation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "ROTATE_AT", 200)
    stream = EventStream()
    for number in range(12):
        write("tick", number=str(number))
        assert next(stream).attributes["number"] == str(number)
    stream.close()
    assert list(stream) == []


def test_a_follower_ends_by_itself_at_until() -> None:
    assert list(EventStream(until=time.time() + 0.05)) == []


def test_writers_in_many_processes_do_not_tear_each_others_lines() -> None:
    children = []
    for _ in range(5):
        pid = os.fork()
        if pid == 0:
            for _ in range(40):
                write("tick", padding="x" * 500)
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    assert read() == ["tick"] * 200
