"""From the file to what must exist on a cluster."""

from __future__ import annotations

import pytest

from compose.backends import grades_of
from compose.ops.honoured import unhonoured
from compose.translate.refusal import KeyUnsupported
from schemas import labels
from schemas.errors import UsageError
from tests.support.projects import project
from tests.unit.swarm.world import spec, wish

FILES = """
services:
  web:
    image: x
    secrets: [key]
    configs: [{source: conf, target: conf}]
secrets: {key: {environment: KEY}}
configs: {conf: {content: CONTENT}, unused: {content: a}}
"""


def names(text: str, key: str = "one") -> list[str]:
    return [file.name for file in wish(text, environ={"KEY": key}).files]


def test_secrets_and_configs_are_called_by_what_they_hold() -> None:
    first = names(FILES)
    assert [name.rpartition("-")[0] for name in first] == ["shop_key", "shop_conf"]
    assert names(FILES) == first
    assert names(FILES, "two")[0] != first[0]
    assert names(FILES.replace("CONTENT", "other"))[1] != first[1]
    found = spec(FILES, environ={"KEY": "one"})
    assert found["secrets"] == [{"source": first[0], "target": "key"}]
    assert found["configs"] == [{"source": first[1], "target": "/conf"}]


def test_long_names_are_cut_to_what_a_cluster_takes() -> None:
    long = "k" * 80
    (name,) = (
        file.name
        for file in wish(FILES.replace("key", long), environ={"KEY": "1"}).files
        if file.kind == "secrets"
    )
    assert len(name) == 64


def test_external_ones_keep_their_names() -> None:
    text = FILES.replace("{environment: KEY}", "{external: true, name: corp}")
    (secret,) = (file for file in wish(text).files if file.kind == "secrets")
    assert (secret.name, secret.spec) == ("corp", None)


def test_a_variable_that_is_not_set_is_refused() -> None:
    with pytest.raises(UsageError, match="KEY"):
        wish(FILES)


def test_labels_are_those_of_docker_stack_and_of_compose() -> None:
    found = spec("services: {web: {image: x, labels: {a: b}, deploy: {labels: {c: d}}}}")
    assert found["labels"]["c"] == "d"
    assert found["labels"][labels.STACK] == found["labels"][labels.PROJECT] == "shop"
    assert found["labels"][labels.STACK_IMAGE] == "x"
    assert found["container_labels"]["a"] == "b"
    assert found["container_labels"][labels.STACK] == "shop"


def test_networks_are_overlays() -> None:
    found = wish(
        "services: {web: {image: x}}\nnetworks: {default: {driver: bridge, attachable: true}}"
    )
    assert found.networks["default"].spec["driver"] == "overlay"
    assert found.networks["default"].spec["attachable"] is True
    host = wish("services: {web: {image: x, network_mode: host}}")
    assert host.services["web"].spec["networks"] == [{"network": "host"}]
    assert host.networks == {}


@pytest.mark.parametrize(
    ("text", "restart"),
    [
        ("image: x", None),
        ("{image: x, restart: 'no'}", {"condition": "none"}),
        ("{image: x, restart: always}", None),
        ("{image: x, restart: 'on-failure:3'}", {"condition": "on-failure", "max_attempts": 3}),
        ("{image: x, deploy: {restart_policy: {condition: none}}}", {"condition": "none"}),
        ("{image: x, deploy: {restart_policy: {delay: 1s}}}", {"delay": 1.0}),
    ],
)
def test_restart_policies(text: str, restart: object) -> None:
    body = f"{{{text}}}" if not text.startswith("{") else text
    assert spec(f"services: {{web: {body}}}").get("restart") == restart


def test_what_is_waited_for_to_complete_is_not_started_again() -> None:
    text = """
services:
  web: {image: x, depends_on: {setup: {condition: service_completed_successfully}}}
  setup: {image: x}
"""
    assert spec(text, "setup")["restart"] == {"condition": "none"}


@pytest.mark.parametrize(
    "body",
    [
        "{image: x, ports: ['80:80'], deploy: {endpoint_mode: dnsrr}}",
        "{image: x, deploy: {mode: replicated-job, update_config: {parallelism: 1}}}",
        "{image: x, deploy: {mode: global-job, restart_policy: {condition: any}}}",
        "{image: x, tmpfs: '/tmp:uid=5'}",
    ],
)
def test_what_contradicts_itself_on_a_cluster_is_refused(body: str) -> None:
    with pytest.raises(KeyUnsupported):
        spec(f"services: {{web: {body}}}")


def test_a_global_service_cannot_be_scaled() -> None:
    with pytest.raises(KeyUnsupported, match="scaled"):
        wish("services: {web: {image: x, deploy: {mode: global}}}", scale={"web": 2})


def told(text: str) -> tuple[list[str], list[str]]:
    loaded = project(text)
    faults, warnings = unhonoured(loaded, frozenset(loaded.services), grades_of("swarm"))
    return [".".join(map(str, fault.path)) for fault in faults], warnings


def test_what_a_cluster_does_not_honour_is_refused_by_name() -> None:
    faults, _ = told(
        """
services:
  web:
    image: x
    privileged: true
    devices: [/dev/null]
    ipc: host
    volumes_from: [other]
    networks: {default: {ipv4_address: 10.0.0.5}}
    post_start: [{command: "true"}]
  other: {image: x, links: [third]}
  third: {image: x}
  built: {build: .}
"""
    )
    assert set(faults) >= {
        "services.built.build",
        "services.other.links",
        "services.web.devices",
        "services.web.ipc",
        "services.web.networks.default.ipv4_address",
        "services.web.post_start",
        "services.web.privileged",
        "services.web.volumes_from",
    }


def test_what_can_be_borne_is_warned_of_by_name() -> None:
    faults, warnings = told(
        """
services:
  web:
    image: x
    build: .
    container_name: one
    volumes: [/srv:/srv]
    develop: {watch: []}
"""
    )
    assert faults == []
    assert {text.partition(":")[0] for text in warnings} >= {
        "services.web.build",
        "services.web.container_name",
        "services.web.volumes[0].type",
    }


def test_what_is_not_used_is_not_complained_of() -> None:
    loaded = project("services: {web: {image: x}, odd: {image: x, privileged: true}}")
    assert unhonoured(loaded, frozenset(("web",)), grades_of("swarm")) == ([], [])


# What the loader, the planner or the nodes do themselves; it is not in a service's spec.
ELSEWHERE = frozenset((
    "attach", "build", "depends_on", "env_file", "expose", "extends", "label_file", "profiles", "pull_policy",
))  # fmt: skip
SAMPLES = {
    "cap_add": "[NET_ADMIN]", "cap_drop": "[CHOWN]", "command": "[a]", "configs": "[conf]", "cpus": "0.5",
    "deploy": "{labels: {a: b}}", "dns": "10.0.0.1", "dns_opt": "[a]", "dns_search": "a.example", "entrypoint": "[a]",
    "environment": "{A: b}", "extra_hosts": "[a=10.0.0.1]", "group_add": "[5]", "healthcheck": "{test: a}", "hostname": "a",
    "image": "other", "init": "true", "labels": "{a: b}", "logging": "{driver: none}", "mem_limit": "8m",
    "mem_reservation": "4m", "network_mode": "host", "networks": "[net]", "oom_score_adj": "5", "pids_limit": "5",
    "platform": "linux/arm64", "ports": "['80']", "read_only": "true", "restart": "'no'", "scale": "3", "secrets": "[sec]",
    "security_opt": "[label:disable]", "stdin_open": "true", "stop_grace_period": "3s", "stop_signal": "SIGINT",
    "sysctls": "{a: b}", "tmpfs": "/tmp", "tty": "true", "ulimits": "{nofile: 5}", "user": "a", "volumes": "[data:/data]",
    "working_dir": "/a",
}  # fmt: skip


def test_whatever_is_honoured_reaches_the_spec() -> None:
    table = grades_of("swarm").table
    honoured = {
        path.removeprefix("services.*.")
        for path, support in table.items()
        if path.startswith("services.*.")
        and path.count(".") == 2
        and support.level != "unsupported"
    }
    assert honoured - ELSEWHERE == set(SAMPLES)
    rest = "networks: {net: {}}\nvolumes: {data: {}}\nconfigs: {conf: {content: a}}\nsecrets: {sec: {environment: KEY}}\n"
    plain = spec("services: {web: {image: x}}\n" + rest, environ={"KEY": "1"})
    for key, value in SAMPLES.items():
        image = "" if key == "image" else "image: x, "
        text = f"services: {{web: {{{image}{key}: {value}}}}}\n{rest}"
        assert spec(text, environ={"KEY": "1"}) != plain, key
