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
        "test_system": "what a daemon keeps of builds is BuildKit's, and pruning takes the image of all tests",
        "test_samples": "the samples run on pycompose/host, which is the local engine's",
        "test_image::test_images_are_listed_filtered_and_formatted": "pycompose/host is the local engine's",
        "test_image::test_prune_asks_and_spares_what_is_named_or_used": "pycompose/host is the local engine's",
        "test_up::test_a_host_port_that_is_taken_is_named_before_anything_is_made": "what else than a container holds a port"
        " of its host is known to a daemon alone, and only when the container starts",
        "test_up::test_an_image_that_cannot_be_pulled_ends_up_with_its_own_exit_code": "the daemon's own words for it",
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
