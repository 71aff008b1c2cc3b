"""The same tests on a second kernel: Linux 6.1 with cgroup v2, without NAT and without system call filters."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.support import uml

TOP = Path(__file__).parents[2]
# Life, limits and lack of memory; exec and terminals; lost shims; names and ports without NAT; ipvlan, nfs and quotas;
# an attached ``up``; a stack.
# Without translation, published ports are the supervisor's own, and go with it.
NOT_THERE = "tests/engine/test_network_containers.py::test_a_container_works_on_without_its_supervisor_and_with_a_new_one"
CHILDREN = "tests/engine/test_network_children.py"
TESTS = (
    "tests/engine/attributes/test_resources.py",
    "tests/engine/test_floods.py::test_a_fork_bomb_stops_at_its_limit_and_can_be_ended",
    "tests/engine/test_floods.py::test_a_bomb_in_the_machines_pid_namespace_is_killed_as_a_whole",
    "tests/engine/test_floods.py::test_who_takes_memory_without_end_is_killed_alone",
    "tests/engine/test_floods.py::test_a_kill_for_memory_is_told_at_once",
    "tests/engine/test_stats.py",
    "tests/engine/test_lifecycle.py",
    "tests/engine/test_exec.py",
    "tests/engine/test_recovery.py",
    "tests/engine/test_network_containers.py",
    f"{CHILDREN}::test_an_ipvlan_interface_has_its_parents_address",
    f"{CHILDREN}::test_between_networks_ipvlan_needs_no_gateway",
    f"{CHILDREN}::test_a_network_without_a_parent_has_one_of_its_own[ipvlan]",
    "tests/engine/test_sizes.py",
    "tests/engine/test_volumes.py::test_a_network_file_systems_server_is_asked_or_its_lack_is_named",
    "tests/e2e/test_attached.py",
    "tests/e2e/test_samples.py::test_what_was_written_to_the_guestbook_is_there_after_down_and_up",
)


@pytest.mark.cgroup2
@pytest.mark.timeout(900)
def test_the_engine_works_on_cgroup_version_2() -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        f"--deselect={NOT_THERE}",
        *TESTS,
    ]
    done = uml.run(["env", f"PYTHONPATH={TOP}", *command], cwd=str(TOP), timeout=800)
    assert done.status == 0, done.output[-20000:]
    assert re.search(r"\d+ passed", done.output), done.output[-2000:]
    assert "skipped" not in done.output
