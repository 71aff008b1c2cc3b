"""Attributes that Docker Compose 2.26 does not know yet: what the Compose Specification says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from compose.emit import escape_dollars
from compose.emit.goyaml import to_yaml
from tests.unit.loader.support import project, refusal, service


@pytest.mark.parametrize(
    ("body", "printed"),
    [
        ("use_api_socket: true", {"use_api_socket": True}),
        ("pull_policy: daily", {"pull_policy": "daily"}),
        ("pull_policy: every_12h", {"pull_policy": "every_12h"}),
        (
            "pull_policy: refresh\npull_refresh_after: 3d",
            {"pull_policy": "refresh", "pull_refresh_after": "3d"},
        ),
        (
            "pre_start: [{command: migrate all, image: tool, per_replica: true, environment: [A=b]}]",
            {
                "pre_start": [
                    {
                        "command": ["migrate", "all"],
                        "environment": {"A": "b"},
                        "image": "tool",
                        "per_replica": True,
                    }
                ]
            },
        ),
        (
            "post_start: [{command: a b, user: root, privileged: 'true', working_dir: /w}]",
            {
                "post_start": [
                    {"command": ["a", "b"], "user": "root", "privileged": True, "working_dir": "/w"}
                ]
            },
        ),
        ("pre_stop: [{command: [a]}]", {"pre_stop": [{"command": ["a"]}]}),
        ("gpus: all", {"gpus": [{"count": -1}]}),
        (
            "gpus: [{driver: nvidia, count: 2, options: [a=b]}]",
            {"gpus": [{"driver": "nvidia", "count": 2, "options": {"a": "b"}}]},
        ),
        (
            "develop: {watch: [{path: /w, action: sync, target: /t, include: '*.py', ignore: [x], initial_sync: true}]}",
            {
                "develop": {
                    "watch": [
                        {
                            "path": "/w",
                            "action": "sync",
                            "target": "/t",
                            "include": ["*.py"],
                            "ignore": ["x"],
                            "initial_sync": True,
                        }
                    ]
                }
            },
        ),
        (
            "volumes: [{type: image, source: busybox, target: /i, image: {subpath: bin}}]",
            {
                "volumes": [
                    {
                        "type": "image",
                        "source": "busybox",
                        "target": "/i",
                        "image": {"subpath": "bin"},
                    }
                ]
            },
        ),
        (
            "volumes: [{type: volume, target: /v, volume: {labels: [a=b], subpath: s}}]",
            {
                "volumes": [
                    {
                        "type": "volume",
                        "target": "/v",
                        "volume": {"labels": {"a": "b"}, "subpath": "s"},
                    }
                ]
            },
        ),
        (
            "build: {context: /c, provenance: mode=max, sbom: true, no_cache_filter: [a]}",
            {
                "build": {
                    "context": "/c",
                    "dockerfile": "Dockerfile",
                    "provenance": "mode=max",
                    "sbom": "true",
                    "no_cache_filter": ["a"],
                }
            },
        ),
        (
            "networks: {default: {interface_name: eth9, gw_priority: 3}}",
            {"networks": {"default": {"gw_priority": 3, "interface_name": "eth9"}}},
        ),
        (
            "blkio_config: {weight: 5, x-note: a}",
            {"blkio_config": {"weight": 5}},
        ),
        ("isolation: process", {"isolation": "process"}),
        ("cpu_count: 2\ncpu_percent: 50", {"cpu_count": 2, "cpu_percent": 50}),
        ("credential_spec: {registry: r}", {"credential_spec": {"registry": "r"}}),
    ],
)
def test_a_service_attribute(body: str, printed: dict[str, Any], tmp_path: Path) -> None:
    assert service(tmp_path, body) == printed


def test_models_are_granted_by_name_or_with_the_names_of_their_variables(tmp_path: Path) -> None:
    text = (
        "services:\n"
        "  a: {image: i, models: [m]}\n"
        "  b: {image: i, models: {m: {endpoint_var: URL, model_var: NAME}, n: }}\n"
        "models:\n"
        "  m: {model: ai/small, context_size: 1024, runtime_flags: [--a]}\n"
        "  n: {model: ai/other}\n"
        "  unused: {model: x}\n"
    )
    found = project(tmp_path, text)
    assert found.services["a"]["models"] == {"m": None}
    assert found.services["b"]["models"]["m"] == {"endpoint_var": "URL", "model_var": "NAME"}
    assert list(found.section("models")) == ["m", "n"]
    assert found.section("models")["m"]["runtime_flags"] == ["--a"]


def test_an_undefined_model_is_named(tmp_path: Path) -> None:
    said = refusal(tmp_path, "services:\n  a: {image: i, models: [m]}\n")
    assert said == (
        'compose.yaml:2:26: services.a.models.m: service "a" refers to undefined model m'
    )


def test_a_provider_needs_neither_image_nor_network(tmp_path: Path) -> None:
    found = project(
        tmp_path,
        "services:\n  db: {provider: {type: cloud, options: {size: 3, tags: [a, b]}}}\n",
    )
    assert found.services["db"] == {
        "provider": {"type": "cloud", "options": {"size": 3, "tags": ["a", "b"]}}
    }
    assert "networks" not in found.tree


def test_env_file_format_raw_takes_values_as_they_stand(tmp_path: Path) -> None:
    files = {"raw.env": "# note\nA='$X'\nB=\"q\" # not a comment\n\nC=\nX\nUNSET\n"}
    body = "env_file: [{path: raw.env, format: raw}]"
    assert service(tmp_path, body, files=files, X="shell")["environment"] == {
        "A": "'$X'",
        "B": '"q" # not a comment',
        "C": "",
        "X": "shell",
    }


def test_an_unknown_env_file_format_is_refused(tmp_path: Path) -> None:
    text = "services:\n  s: {image: i, env_file: [{path: e.env, format: toml}]}\n"
    said = refusal(tmp_path, {"compose.yaml": text, "e.env": ""})
    assert 'services.s.env_file[0].format: unsupported env_file format "toml"' in said


def test_networks_and_volumes_and_secrets(tmp_path: Path) -> None:
    text = (
        "services:\n  s: {image: i, networks: [n], secrets: [x]}\n"
        "networks:\n  n: {enable_ipv4: false, enable_ipv6: true, ipam: {options: {a: b}}}\n"
        "secrets:\n  x: {driver: vault, driver_opts: {a: 1}, template_driver: t}\n"
    )
    found = project(tmp_path, text)
    assert found.section("networks")["n"] == {
        "name": "p_n",
        "ipam": {"options": {"a": "b"}},
        "enable_ipv4": False,
        "enable_ipv6": True,
    }
    assert found.section("secrets")["x"] == {
        "name": "p_x",
        "driver": "vault",
        "driver_opts": {"a": "1"},
        "template_driver": "t",
    }


def test_the_newest_attributes_print_to_what_loads_again(tmp_path: Path) -> None:
    text = (
        "services:\n"
        "  a:\n"
        "    image: i\n"
        "    models: {m: {endpoint_var: E}}\n"
        "    pre_start: [{command: x, image: y}]\n"
        "    use_api_socket: true\n"
        "    volumes: [{type: image, source: b, target: /b}]\n"
        "    networks: {n: {interface_name: e0, gw_priority: 1}}\n"
        "  b: {provider: {type: t, options: {o: [1, true]}}}\n"
        "models: {m: {model: x}}\n"
        "networks: {n: {enable_ipv4: true}}\n"
    )
    first = project(tmp_path, text)
    printed = escape_dollars(to_yaml(first.tree))
    second = project(tmp_path, printed)
    assert second.tree == first.tree
