"""What all tests have in common: the engine that the end-to-end tests run on."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=("local", "docker"),
        default="local",
        help="the engine of the end-to-end tests; docker: a dockerd is started for them",
    )
