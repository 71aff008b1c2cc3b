"""Attributes that tests elsewhere prove, and those that need no proof at run time.

Whoever builds an attribute takes it out of ``UNPROVEN`` and marks its test with ``@proves``; ``tests/unit/engine/test_proofs.py``
compares.
"""

from __future__ import annotations

_E2E = "tests/e2e/test_"

_LIFE = "tests/engine/test_lifecycle.py::test_"

ELSEWHERE: dict[str, str] = {
    "services.depends_on.condition": f"{_E2E}dependencies.py::test_a_service_starts_when_its_dependency_is_healthy",
    "services.depends_on.required": f"{_E2E}dependencies.py::test_a_dependency_that_is_not_required_is_skipped_with_a_warning",
    "services.depends_on.restart": f"{_E2E}dependencies.py::test_dependents_that_ask_for_it_restart_with_their_dependency",
    "services.healthcheck.test": f"{_LIFE}health_goes_from_starting_to_healthy_to_unhealthy",
    "services.healthcheck.timeout": f"{_LIFE}a_health_check_that_hangs_is_killed_and_counts_as_failed",
    "services.volumes_from": f"{_E2E}volumes.py::test_volumes_from_finds_the_directories_that_are_made_for_the_first_service",
    "services.scale": f"{_E2E}scale.py::test_replicas_of_the_file",
}

# The loader, the planner and the image verbs answer for these: nothing of them is left when a container runs.
NOT_AT_RUN_TIME = (
    "services.attach",
    "services.build",
    "services.develop",
    "services.extends",
    "services.profiles",
    "services.pull_policy",
    "services.pull_refresh_after",
    "services.platform",
    "services.volumes.consistency",
    "secrets.name",
    "secrets.labels",
    "configs.name",
    "configs.labels",
    "services.ports.app_protocol",
    "services.ports.name",
    "services.deploy.mode",
    "services.deploy.endpoint_mode",
    "services.deploy.labels",
    "services.deploy.rollback_config",
    "services.deploy.update_config",
    "services.deploy.placement",
    "services.deploy.resources.reservations.cpus",
    "services.deploy.resources.reservations.generic_resources",
)

# Honoured in name, without a test that shows it: each is a debt.
UNPROVEN: frozenset[str] = frozenset(
    (
        "networks.ipam.options",
        "services.deploy.resources.reservations.devices.options",
    )
)
