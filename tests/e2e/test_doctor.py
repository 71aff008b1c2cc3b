"""doctor, as a person asks it."""

from __future__ import annotations

import json

from tests.e2e.conftest import Compose


def test_doctor_says_that_containers_can_run_here(compose: Compose) -> None:
    done = compose.run("doctor")
    assert done.code == 0, done.out
    assert done.out.splitlines()[0].startswith("✔ root ")
    assert done.out.splitlines()[-1].startswith("Containers can run here")


def test_doctor_for_programs_is_one_json_array(compose: Compose) -> None:
    found = json.loads(compose("doctor", "--format", "json"))
    assert {"name", "ok", "found", "remedy", "essential"} == set(found[0])
    assert all(each["ok"] for each in found if each["essential"])
    assert compose.run("doctor", "--format", "xml").code == 1


def test_doctor_names_what_is_missing_and_fails(compose: Compose) -> None:
    done = compose.run("doctor", PYCOMPOSE_RUN="/proc/nowhere")
    assert done.code == 1
    assert "✘ run directory" in done.out
    assert "→ set PYCOMPOSE_RUN to a directory that can be written" in done.out
    assert done.out.splitlines()[-1] == "Containers cannot run here: run directory."
