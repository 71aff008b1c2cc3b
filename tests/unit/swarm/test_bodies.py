"""Specs in the daemon's words, and back again."""

from __future__ import annotations

from typing import Any

import pytest

from compose.backends.swarm.bodies import Ids, service
from compose.backends.swarm.reading import specification
from schemas.errors import Unsupported
from schemas.services import ServiceSpec
from tests.unit.swarm.world import spec

NEWEST = (1, 48)

EVERYTHING = """
services:
  web:
    image: registry.example/web:1
    command: [serve]
    entrypoint: [/entry]
    environment: {MODE: fast, EMPTY: "", HOME: }
    working_dir: /srv
    user: "1000:1000"
    group_add: ["2000"]
    hostname: "{{.Node.Hostname}}"
    tty: true
    stdin_open: true
    init: true
    read_only: true
    stop_signal: SIGINT
    stop_grace_period: 3s
    cap_add: [NET_ADMIN]
    cap_drop: [CHOWN]
    security_opt: [no-new-privileges:true, seccomp:unconfined, apparmor:unconfined, "label:type:svirt"]
    sysctls: {net.core.somaxconn: "1024"}
    ulimits: {nofile: {soft: 10, hard: 20}, nproc: 5}
    oom_score_adj: 100
    extra_hosts: ["db=10.0.0.9", "six=::1"]
    dns: [10.0.0.53]
    dns_opt: [ndots:1]
    dns_search: [example.org]
    healthcheck: {test: [CMD, "true"], interval: 2s, timeout: 1s, start_period: 5s, start_interval: 1s, retries: 4}
    logging: {driver: json-file, options: {max-size: 1m}}
    labels: {tier: front}
    platform: linux/amd64
    volumes:
      - data:/data
      - {type: volume, source: nfs, target: /nfs, read_only: true, volume: {nocopy: true, subpath: a}}
      - {type: bind, source: /srv, target: /srv, bind: {propagation: rslave}}
      - {type: volume, target: /anonymous}
    tmpfs: ["/tmp:size=1m,mode=1770"]
    secrets: [{source: key, target: k, uid: "5", gid: "6", mode: 0400}, other]
    configs: [{source: conf, target: /etc/conf}]
    ports:
      - {target: 80, published: "8080", mode: host}
      - {target: 53, protocol: udp, mode: host}
    networks: {front: {aliases: [www]}, back: {driver_opts: {x: "1"}}}
    deploy:
      mode: replicated
      replicas: 6
      endpoint_mode: dnsrr
      labels: {owner: shop}
      update_config: {parallelism: 2, delay: 1s, failure_action: rollback, monitor: 3s,
        max_failure_ratio: 0.5, order: start-first}
      rollback_config: {parallelism: 0}
      restart_policy: {condition: on-failure, delay: 1s, max_attempts: 3, window: 60s}
      placement:
        constraints: [node.role == worker]
        preferences: [{spread: node.labels.zone}, {spread: node.id}]
        max_replicas_per_node: 2
      resources:
        limits: {cpus: "0.5", memory: 64M, pids: 50}
        reservations:
          cpus: "0.25"
          memory: 16M
          generic_resources: [{discrete_resource_spec: {kind: gpu, value: 2}}]
networks: {front: {}, back: {}}
volumes: {data: {labels: {a: b}}, nfs: {driver: local, driver_opts: {type: nfs}}}
secrets: {key: {environment: KEY}, other: {environment: KEY}}
configs: {conf: {content: hello}}
"""


class Names(dict[str, str]):
    """Every name has an id."""

    def __missing__(self, name: str) -> str:
        return f"id-{name}"


IDS = Ids(Names(), Names(), Names())


def there_and_back(wanted: ServiceSpec) -> dict[str, Any]:
    body = service(wanted, IDS, NEWEST)
    names = {f"id-{each['network']}": each["network"] for each in wanted.get("networks") or ()}
    return dict(specification(body, names))


@pytest.mark.parametrize("mode", ["replicated", "global"])
def test_a_spec_with_everything_comes_back_as_it_was(mode: str) -> None:
    text = EVERYTHING.replace("mode: replicated", f"mode: {mode}")
    if mode == "global":
        text = text.replace("      replicas: 6\n", "")
    wanted = spec(text, environ={"KEY": "1"})
    assert there_and_back(wanted) == wanted


def test_no_grace_at_all_is_something_to_say() -> None:
    wanted = spec("services: {web: {image: x, stop_grace_period: 0s}}")
    assert there_and_back(wanted)["stop_grace_period"] == wanted["stop_grace_period"] == 0.0


def test_a_spec_with_nothing_comes_back_as_it_was() -> None:
    wanted = spec("services: {web: {image: x}}")
    assert there_and_back(wanted) == wanted


@pytest.mark.parametrize("mode", ["replicated-job", "global-job"])
def test_jobs_come_back_as_they_were(mode: str) -> None:
    wanted = spec(f"services: {{web: {{image: x, deploy: {{mode: {mode}}}}}}}")
    assert wanted["restart"] == {"condition": "none"}
    assert there_and_back(wanted) == wanted


def test_what_a_daemon_fills_in_is_no_difference() -> None:
    wanted = spec("services: {web: {image: x, deploy: {update_config: {parallelism: 2}}}}")
    body = service(wanted, IDS, NEWEST)
    body["TaskTemplate"] |= {
        "Runtime": "container",
        "RestartPolicy": {"Condition": "any", "Delay": 5 * 10**9, "MaxAttempts": 0},
        "LogDriver": None,
    }
    body["TaskTemplate"]["ContainerSpec"] |= {
        "Isolation": "default",
        "DNSConfig": {},
        "Init": False,
    }
    body["UpdateConfig"] |= {
        "FailureAction": "pause",
        "Monitor": 5 * 10**9,
        "MaxFailureRatio": 0,
        "Order": "stop-first",
    }
    body["RollbackConfig"] = {"Parallelism": 1, "FailureAction": "pause", "Order": "stop-first"}
    names = {"id-shop_default": "shop_default"}
    assert specification(body, names) == wanted


@pytest.mark.parametrize(
    ("what", "version"),
    [
        ("security_opt: [no-new-privileges:true]", (1, 43)),
        ("oom_score_adj: 5", (1, 45)),
        ("healthcheck: {test: x, start_interval: 1s}", (1, 43)),
        ("deploy: {mode: replicated-job}", (1, 40)),
        ("extra_hosts: [a=host-gateway]", NEWEST),
        ("security_opt: [systempaths=unconfined]", NEWEST),
    ],
)
def test_what_a_manager_is_too_old_for_is_refused_by_name(
    what: str, version: tuple[int, ...]
) -> None:
    wanted = spec(f"services:\n  web:\n    image: x\n    {what}\n")
    with pytest.raises(Unsupported) as refused:
        service(wanted, IDS, version)
    assert what.partition(":")[0] in refused.value.message
