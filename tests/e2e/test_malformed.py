"""Files that cannot work: one clear line with file and line number, a failure, and nothing left behind."""

from __future__ import annotations

import re
import socket

import pytest

from tests.e2e.conftest import Compose
from tests.e2e.malformed import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_the_one_line_says_where_and_what(compose: Compose, case: Case) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        text = case.text.replace("%PORT%", port)
        marked = [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("#!")]
        compose.write(re.sub(" ?#!$", "", text, flags=re.MULTILINE))
        done = compose.run(*case.verb)
    pattern = case.pattern.replace("%PORT%", port)
    if marked:
        pattern = pattern.replace("@", rf"compose\.yaml:{marked[0]}\b")
    assert done.code != 0
    lines = [
        line for line in done.err.splitlines() if not line.startswith(("hint: ", "warning: ", "  "))
    ]
    assert len(lines) == 1, done.err
    assert re.search(pattern, lines[0]), f"{lines[0]!r} has not {pattern!r}"
    assert compose.run("-p", "demo", "ps", "-a", "-q").out == ""
