"""A registry that all these tests share: each keeps to repositories of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.registry import Registry, running


@pytest.fixture(scope="session")
def registry(
    tmp_path_factory: pytest.TempPathFactory, private_namespaces: None
) -> Iterator[Registry]:
    with running(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture(autouse=True)
def own_store(state: object) -> None:
    """Every test begins with an empty store."""
