"""What all tests have in common: the engine that the end-to-end tests run on, and how properties are tried."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# A test must say the same twice, and nothing of how busy the machine is. ``--hypothesis-profile=search`` looks for more.
settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=("local", "docker"),
        default="local",
        help="the engine of the end-to-end tests; docker: a dockerd is started for them",
    )
