"""The files of tests/e2e/malformed.py that need no engine to be found wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.malformed import CASES, Case
from tests.unit.loader.support import project, refusal

NEEDS_AN_ENGINE = frozenset(
    (
        "missing image",
        "bad bind source",
        "port in use",
        "not honoured yet",
        "a device that is not there",
    )
)
FOUND_BY_THE_LOADER = [case for case in CASES if case.name not in NEEDS_AN_ENGINE]


@pytest.mark.parametrize("case", FOUND_BY_THE_LOADER, ids=lambda case: case.name.replace(" ", "-"))
def test_one_line_says_where_and_what(case: Case, tmp_path: Path) -> None:
    lines = case.text.splitlines()
    marked = [number for number, line in enumerate(lines, 1) if line.endswith("#!")]
    said = refusal(tmp_path, re.sub(" ?#!$", "", case.text, flags=re.MULTILINE))
    pattern = case.pattern.replace("@", rf"compose\.yaml:{marked[0]}\b" if marked else "@")
    assert len(said.splitlines()) == 1
    assert re.search(pattern, said)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name in NEEDS_AN_ENGINE], ids=lambda case: case.name
)
def test_what_only_an_engine_can_refuse_loads(case: Case, tmp_path: Path) -> None:
    assert project(tmp_path, case.text.replace("%PORT%", "80")).services
