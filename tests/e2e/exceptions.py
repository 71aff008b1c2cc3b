"""End-to-end tests that are not about an engine, or that an engine cannot pass, each with the reason."""

from __future__ import annotations

# By engine: a file of tests, or one test of it ("file::test"), and why it is left out.
REASONS: dict[str, dict[str, str]] = {
    "local": {"test_interop": "about Docker Compose on the same daemon"},
    "docker": {
        "test_malformed": "no engine is opened: the local run has proven it",
        "test_registry_files": "no engine is opened: the local run has proven it",
        "test_doctor": "about this machine's kernel; the daemon's doctor has tests of its own",
        "test_endurance": "about the local engine's state directories",
        "test_interrupted::test_a_killed_shim_is_replaced_by_the_next_command": "a daemon's shims are not ours",
        "test_interrupted::test_shims_killed_while_containers_start_leave_nothing": "a daemon's shims are not ours",
    },
}


def reason(engine: str, file: str, name: str) -> str:
    """Why a test is left out on an engine; "" when it is not. ``name`` may have parameters in brackets."""
    reasons = REASONS.get(engine, {})
    plain = name.partition("[")[0]
    return (
        reasons.get(file) or reasons.get(f"{file}::{plain}") or reasons.get(f"{file}::{name}", "")
    )
