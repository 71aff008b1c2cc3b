"""End-to-end tests that are not about an engine, or that an engine cannot pass, each with the reason."""

from __future__ import annotations

# By engine: a file of tests, or one test of it ("file::test"), and why it is left out.
_WORDS = "the daemon's own words for it"
_HOST = "pycompose/host is the local engine's"
_SHIMS = "a daemon's supervisors are not ours"
REASONS: dict[str, dict[str, str]] = {
    "local": {"test_interop": "about Docker Compose on the same daemon"},
    "docker": {
        # No engine is opened, or it is about the local one: its own run has proven it.
        "test_malformed": "no engine is opened",
        "test_registry_files": "no engine is opened",
        "test_doctor": "about this machine's kernel; the daemon's doctor has tests of its own",
        "test_endurance": "about the local engine's state directories",
        "test_interrupted::test_a_killed_shim_is_replaced_by_the_next_command": _SHIMS,
        "test_interrupted::test_shims_killed_while_containers_start_leave_nothing": _SHIMS,
        "test_build_interrupted": "about what a killed build leaves in the local engine's store",
        "test_samples": _HOST,
        "test_image::test_images_are_listed_filtered_and_formatted": _HOST,
        "test_image::test_prune_asks_and_spares_what_is_named_or_used": _HOST,
        # A daemon does or says it in a way of its own.
        "test_system": "what a daemon keeps of builds is BuildKit's, and pruning takes the image of all tests",
        "test_unpullable": _WORDS,
        "test_network_verbs::test_a_network_is_made_shown_and_removed": "inspect has the fields of the daemon's version",
        "test_network_verbs::test_what_cannot_be_is_said_with_an_exit_code": _WORDS,
        "test_network_verbs::test_a_running_container_is_connected_and_disconnected": "disconnecting what is not connected"
        " is an error to a daemon",
        "test_volume_verbs::test_what_cannot_be_is_said_with_an_exit_code": _WORDS,
        "test_commit_export::test_an_image_of_the_changes_runs_as_the_container_did": "a daemon gives the image the labels of"
        " the container",
        "test_commit_export::test_a_commit_pauses_unless_told_not_to": "a daemon tells of the pause, not of its end",
        "test_up::test_a_host_port_that_is_taken_is_named_before_anything_is_made": "what else than a container holds a port"
        " of its host is known to a daemon alone, and only when the container starts",
        "test_up::test_what_the_engine_does_not_honour_is_refused_before_anything_is_made": "which devices a daemon has drivers"
        " for is known to it alone, and only when the container starts",
        "test_up::test_an_image_that_cannot_be_pulled_ends_up_with_its_own_exit_code": _WORDS,
        "test_build::test_flags_of_build_that_cannot_be_obeyed_are_errors": "checks look for base images in their registries,"
        " of which the tests have none",
    },
}


def reason(engine: str, file: str, name: str) -> str:
    """Why a test is left out on an engine; "" when it is not. ``name`` may have parameters in brackets."""
    reasons = REASONS.get(engine, {})
    plain = name.partition("[")[0]
    return (
        reasons.get(file) or reasons.get(f"{file}::{plain}") or reasons.get(f"{file}::{name}", "")
    )
