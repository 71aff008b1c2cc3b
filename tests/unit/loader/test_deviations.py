"""Where we answer otherwise than Docker Compose 2.26 on purpose, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from compose.emit.goyaml import to_yaml
from tests.unit.loader.support import project, refusal, service


def test_a_negative_size_as_text_is_read_because_that_is_how_it_is_printed(tmp_path: Path) -> None:
    assert service(tmp_path, "memswap_limit: -1") == {"memswap_limit": "-1"}
    assert service(tmp_path, "memswap_limit: '-1'") == {"memswap_limit": "-1"}


@pytest.mark.parametrize("size", ["1e6", "64.5", "9223372036854775808", "1e30", "-1e19"])
def test_a_number_that_is_no_whole_size_is_left_out_with_a_warning(
    size: str, tmp_path: Path
) -> None:
    """The reference leaves it out without a word."""
    text = f"services: {{s: {{image: i, mem_limit: {size}}}}}\n"
    found = project(tmp_path, text)
    assert "mem_limit" not in found.services["s"]
    [warning] = found.warnings
    assert warning.startswith("compose.yaml:1:26: services.s.mem_limit: ")
    assert "is no size and is left out" in warning


def test_a_size_that_no_counter_holds_is_an_error_and_not_a_negative_one(tmp_path: Path) -> None:
    for size in ("8192p", "'99999999999999999999'", "8388608t"):
        text = f"services: {{s: {{image: i, mem_limit: {size}}}}}\n"
        assert refusal(tmp_path, text).startswith("compose.yaml:1:26: services.s.mem_limit: ")


def test_hosts_that_are_the_same_are_printed_once(tmp_path: Path) -> None:
    assert service(tmp_path, "extra_hosts: ['a:1.1.1.1', 'a=1.1.1.1']") == {
        "extra_hosts": ["a=1.1.1.1"]
    }


def test_the_gateway_priority_is_printed(tmp_path: Path) -> None:
    assert service(tmp_path, "networks: {default: {gw_priority: 5}}") == {
        "networks": {"default": {"gw_priority": 5}}
    }


def test_an_included_service_may_be_extended(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "include: [inc.yaml]\nservices: {s: {extends: t}}\n",
        "inc.yaml": "services: {t: {image: i}}\n",
    }
    assert project(tmp_path, files).services["s"]["image"] == "i"


def test_a_bare_last_line_of_an_env_file_is_a_name_with_or_without_a_line_break(
    tmp_path: Path,
) -> None:
    for text in ("A=1\nSET", "A=1\nSET\n"):
        found = service(tmp_path, "env_file: e.env", files={"e.env": text}, SET="x")
        assert found["environment"] == {"A": "1", "SET": "x"}


def test_an_empty_list_in_a_first_file_does_not_break_the_second(tmp_path: Path) -> None:
    files = {
        "a.yaml": "services: {s: {image: i, security_opt: []}}\n",
        "b.yaml": "services: {s: {command: c}}\n",
    }
    found = project(tmp_path, files, "-p", "p", "-f", "a.yaml", "-f", "b.yaml")
    assert found.services["s"]["command"] == ["c"]


@pytest.mark.parametrize("key", ["scale", "cpu_shares", "pids_limit"])
def test_numbers_of_more_than_64_bits_are_refused(key: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, f"services: {{s: {{image: i, {key}: {2**63}}}}}\n")
    assert said.endswith(f"services.s.{key}: {2**63} is out of range")
    assert service(tmp_path, f"{key}: {2**63 - 1}") == {key: 2**63 - 1}


def test_a_colon_that_ends_a_word_in_braces_is_refused(tmp_path: Path) -> None:
    """YAML 1.2 takes it for a key without value, the reference for a part of the key."""
    assert "found unexpected ':'" in refusal(
        tmp_path, "services: {s: {image: i, environment: {A:}}}"
    )


def test_a_scale_below_zero_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, "services: {s: {image: i, scale: -1}}\n")
    assert said.endswith("services.s.scale: must be greater than or equal to 0")


def test_arguments_without_value_survive_when_nothing_is_interpolated(tmp_path: Path) -> None:
    from compose.loader.evidence import Evidence
    from compose.loader.load import load
    from tests.unit.loader.support import options, write

    write(tmp_path, {"compose.yaml": "services: {s: {build: {context: ., args: [A, B=1]}}}\n"})
    found = load(options(tmp_path, "-p", "p")._replace(interpolate=False), Evidence())
    assert found.tree["services"]["s"]["build"]["args"] == ["A", "B=1"]


def test_a_key_that_looks_like_a_merge_is_quoted(tmp_path: Path) -> None:
    found = project(tmp_path, "x-a: {'<<': 1}\nservices: {s: {image: i}}\n")
    assert '"<<": 1' in to_yaml(found.tree)


def test_a_profile_that_names_a_broken_service_is_checked_too(tmp_path: Path) -> None:
    text = "services: {a: {image: i, profiles: [x], networks: [nowhere]}, b: {image: i}}\n"
    assert project(tmp_path, text).services.keys() == {"b"}
    assert "undefined network nowhere" in refusal(tmp_path, text, "-p", "p", "a")


def test_a_text_that_begins_with_a_line_break_keeps_it() -> None:
    """The reference leaves the first one out, so that what it prints is another text when it is read again."""
    assert to_yaml({"command": ["\nset -e\n"]}) == "command:\n  - |2\n\n    set -e\n"


def test_a_number_of_processors_that_is_none_is_refused(tmp_path: Path) -> None:
    for number in ("inf", "NaN", "1e300"):
        text = f"services: {{s: {{image: i, deploy: {{resources: {{limits: {{cpus: '{number}'}}}}}}}}}}\n"
        assert "value out of range" in refusal(tmp_path, text)
