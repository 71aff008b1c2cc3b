"""What the local engine's table calls honoured is carried out."""

from __future__ import annotations

import pytest

from compose.translate import build, limits, service
from engine.grades import TABLE

SERVICE_KEYS = [
    path.split(".")[2] for path in TABLE if path.startswith("services.*.") and path.count(".") == 2
]
BUILD_KEYS = [
    path.split(".")[3]
    for path in TABLE
    if path.startswith("services.*.build.") and path.count(".") == 3
]


@pytest.mark.parametrize("key", SERVICE_KEYS)
def test_an_attribute_of_a_service_that_is_honoured_is_translated(key: str) -> None:
    carried_out = (
        key in service._SAME
        or key in service._ELSEWHERE
        or key in service._TRANSLATED
        or key in limits.KEYS
        or key in service._DEFAULTS
    )
    assert TABLE[f"services.*.{key}"].level == "unsupported" or carried_out


@pytest.mark.parametrize("key", BUILD_KEYS)
def test_an_attribute_of_a_build_that_is_honoured_is_translated(key: str) -> None:
    level = TABLE[f"services.*.build.{key}"].level
    if key in build._SAME or key in build._TRANSLATED:
        assert level != "unsupported"
    else:
        assert level == "unsupported"


def test_hooks_are_honoured_and_what_is_for_windows_is_not() -> None:
    for key in ("pre_start", "post_start", "pre_stop"):
        assert TABLE[f"services.*.{key}"].level == "honoured"
    for key in ("cpu_count", "cpu_percent", "credential_spec", "isolation"):
        assert TABLE[f"services.*.{key}"].level == "unsupported"
