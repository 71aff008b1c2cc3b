"""A service of a compose file in the engine's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compose.desired import Desired, container_spec, desire
from compose.translate.refusal import KeyUnsupported
from schemas import labels
from schemas.errors import UsageError
from schemas.records import ImageInfo
from schemas.specs import ContainerSpec
from tests.support.projects import project

TOP = """
networks: {n1: {name: corp}, n2: }
volumes: {v1: , v2: {name: other}}
"""
_OURS = ("name", "image", "labels", "endpoints")


def desired(text: str, **how: Any) -> Desired:
    environ = how.pop("environ", {})
    return desire(project(text, environ=environ), images={}, **how)


def spec(lines: str, top: str = TOP) -> ContainerSpec:
    """The spec of a service with these lines."""
    body = "\n".join(f"    {line}" for line in lines.strip().splitlines())
    return container_spec(desired(f"services:\n  web:\n    image: x\n{body}\n{top}"), "web", 1)


def told(lines: str) -> dict[str, Any]:
    """The same without what every container has."""
    return {key: value for key, value in spec(lines).items() if key not in _OURS}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("command: echo a b", {"command": ["echo", "a", "b"]}),
        ("command: []", {}),
        ("entrypoint: []", {"entrypoint": []}),
        ("entrypoint: [sh, -c]", {"entrypoint": ["sh", "-c"]}),
        ("environment: {A: 1, B: , C: ''}", {"environment": {"A": "1", "B": None, "C": ""}}),
        ("user: '1000'\nworking_dir: /w", {"user": "1000", "working_dir": "/w"}),
        ("tty: true\nstdin_open: true\ninit: false", {"tty": True, "stdin_open": True, "init": False}),
        ("hostname: h\ndomainname: d", {"hostname": "h", "domainname": "d"}),
        ("cap_add: [A]\ncap_drop: [ALL]", {"cap_add": ["A"], "cap_drop": ["ALL"]}),
        ("read_only: true\nprivileged: true", {"read_only": True, "privileged": True}),
        ("security_opt: [no-new-privileges]", {"security_opt": ["no-new-privileges"]}),
        ("sysctls: {a.b: 1}\ngroup_add: [5]", {"sysctls": {"a.b": "1"}, "group_add": ["5"]}),
        ("dns: 1.1.1.1\ndns_opt: [x]\ndns_search: y", {"dns": ["1.1.1.1"], "dns_opt": ["x"], "dns_search": ["y"]}),
        ("extra_hosts: {a: 1.1.1.1, b: host-gateway}", {"extra_hosts": ["a=1.1.1.1", "b=host-gateway"]}),
        ("external_links: [a, 'b:c']", {"links": ["a:a", "b:c"]}),
        ("stop_signal: SIGINT\nstop_grace_period: 1m30s", {"stop_signal": "SIGINT", "stop_grace_period": 90.0}),
        ("shm_size: 64m\noom_score_adj: 5", {"shm_size": 67108864, "oom_score_adj": 5}),
        ("logging: {driver: local, options: {max-size: 1m}}", {"logging": {"driver": "local", "options": {"max-size": "1m"}}}),
        ("ulimits: {nproc: 5, nofile: {soft: 1, hard: 2}}",
         {"ulimits": {"nofile": {"soft": 1, "hard": 2}, "nproc": {"soft": 5, "hard": 5}}}),
        ("devices: [/dev/a, '/dev/b:/dev/c:r']",
         {"devices": [{"source": "/dev/a", "target": "/dev/a", "permissions": "rwm"},
                      {"source": "/dev/b", "target": "/dev/c", "permissions": "r"}]}),
        ("expose: [80, '90/udp']", {"expose": ["80", "90/udp"]}),
        ("annotations: {a: b}\ncgroup: host", {"annotations": {"a": "b"}, "cgroup": "host"}),
        ("runtime: runc\nisolation: default", {}),
    ],
)  # fmt: skip
def test_an_attribute_in_the_engines_words(lines: str, expected: dict[str, Any]) -> None:
    assert told(lines) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("restart: always", {"name": "always"}),
        ("restart: 'no'", {"name": "no"}),
        ("restart: on-failure:3", {"name": "on-failure", "max_retries": 3}),
        ("restart: always\ndeploy: {restart_policy: {condition: none}}", {"name": "no"}),
        ("deploy: {restart_policy: {condition: any, delay: 5s, window: 1m}}",
         {"name": "always", "delay": 5.0, "window": 60.0}),
        ("deploy: {restart_policy: {condition: any, max_attempts: 3, window: 5s, delay: 1s}}",
         {"name": "always", "max_retries": 3, "window": 5.0, "delay": 1.0}),
        ("deploy: {restart_policy: {condition: on-failure, max_attempts: 2}}",
         {"name": "on-failure", "max_retries": 2}),
    ],
)  # fmt: skip
def test_deploys_restart_policy_goes_before_restart(lines: str, expected: dict[str, Any]) -> None:
    assert told(lines) == {"restart": expected}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("cpus: 0.5\nmem_limit: 6m\nmemswap_limit: -1", {"cpus": 0.5, "memory": 6291456, "memory_swap": -1}),
        ("cpu_shares: 5\ncpu_quota: 7\ncpu_period: 9\ncpuset: '0'",
         {"cpu_shares": 5, "cpu_quota": 7, "cpu_period": 9, "cpuset": "0"}),
        ("mem_reservation: 1k\nmem_swappiness: 5\noom_kill_disable: true\npids_limit: 3",
         {"memory_reservation": 1024, "memory_swappiness": 5, "oom_kill_disable": True, "pids": 3}),
        ("deploy: {resources: {limits: {cpus: '0.25', memory: 1g, pids: 4}, reservations: {memory: 1m}}}",
         {"cpus": 0.25, "memory": 1073741824, "pids": 4, "memory_reservation": 1048576}),
        ("blkio_config: {weight: 300, device_read_bps: [{path: /dev/sda, rate: 1mb}]}",
         {"blkio": {"weight": 300, "device_read_bps": [{"path": "/dev/sda", "rate": 1048576}]}}),
    ],
)  # fmt: skip
def test_limits_come_from_the_service_and_from_deploy(lines: str, expected: dict[str, Any]) -> None:
    assert told(lines) == {"limits": expected}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("{test: exit 0, interval: 1m, timeout: 500ms, retries: 3, start_period: 2s, start_interval: 1s}",
         {"test": ["CMD-SHELL", "exit 0"], "interval": 60.0, "timeout": 0.5, "retries": 3, "start_period": 2.0,
          "start_interval": 1.0}),
        ("{disable: true}", {"test": ["NONE"]}),
        ("{interval: 2s, retries: 0}", {"interval": 2.0}),
    ],
)  # fmt: skip
def test_a_health_check_in_seconds(lines: str, expected: dict[str, Any]) -> None:
    assert told(f"healthcheck: {lines}") == {"healthcheck": expected}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("/anonymous", {"type": "volume", "target": "/anonymous"}),
        ("v1:/a:ro", {"type": "volume", "source": "shop_v1", "target": "/a", "read_only": True}),
        ("v2:/a", {"type": "volume", "source": "other", "target": "/a"}),
        ("/h:/a:rslave", {"type": "bind", "source": "/h", "target": "/a",
                          "bind": {"propagation": "rslave", "create_host_path": True}}),
        ("{type: bind, source: /h, target: /a}",
         {"type": "bind", "source": "/h", "target": "/a"}),
        ("{type: bind, source: /h, target: /a, bind: {create_host_path: false, recursive: readonly}}",
         {"type": "bind", "source": "/h", "target": "/a", "bind": {"recursive": "readonly"}}),
        ("{type: volume, source: v1, target: /a, volume: {nocopy: true, subpath: s}}",
         {"type": "volume", "source": "shop_v1", "target": "/a", "nocopy": True, "subpath": "s"}),
        ("{type: tmpfs, target: /a, tmpfs: {size: 1m, mode: 0700}}",
         {"type": "tmpfs", "target": "/a", "size": 1048576, "mode": 0o700}),
        ("{type: image, source: busybox, target: /a, image: {subpath: bin}}",
         {"type": "image", "source": "busybox", "target": "/a", "subpath": "bin"}),
    ],
)  # fmt: skip
def test_a_mount(entry: str, expected: dict[str, Any]) -> None:
    assert spec(f"volumes: [{json.dumps(entry) if entry[0] != '{' else entry}]")["mounts"] == [
        expected
    ]


def test_tmpfs_options_become_numbers_and_words() -> None:
    assert spec('tmpfs: ["/run:size=1m,mode=1777,uid=3,exec,ro", /tmp, "/big:size=50%"]')["mounts"] == [
        {"type": "tmpfs", "target": "/run", "size": 1048576, "mode": 0o1777, "uid": 3, "read_only": True, "options": ["exec"]},
        {"type": "tmpfs", "target": "/tmp"},
        {"type": "tmpfs", "target": "/big", "options": ["size=50%"]},
    ]  # fmt: skip


def test_published_ports() -> None:
    ports = '["80", "8080:81/udp", "127.0.0.1:9000-9001:82", "[::1]:83:83"]'
    assert spec(f"ports: {ports}")["ports"] == [
        {"target": 80, "protocol": "tcp"},
        {"target": 81, "protocol": "udp", "published": 8080},
        {"target": 82, "protocol": "tcp", "published_range": [9000, 9001], "host_ip": "127.0.0.1"},
        {"target": 83, "protocol": "tcp", "published": 83, "host_ip": "::1"},
    ]


def test_places_on_networks_have_the_names_that_docker_compose_gives() -> None:
    found = spec(
        "networks: {n1: {aliases: [db, web], ipv4_address: 10.0.0.5, gw_priority: 2}, n2: }"
    )
    assert found["endpoints"] == [
        {
            "network": "corp",
            "aliases": ["shop-web-1", "web", "db"],
            "ipv4_address": "10.0.0.5",
            "gw_priority": 2,
        },
        {"network": "shop_n2", "aliases": ["shop-web-1", "web"]},
    ]


def test_an_external_network_called_host_is_the_hosts_network() -> None:
    found = spec("networks: [h]", "networks: {h: {external: true, name: host}}")
    assert (found.get("endpoints"), found["network_mode"]) == (None, "host")


def test_namespaces_and_links_name_the_other_services_containers() -> None:
    text = """
    services:
      a: {image: x, network_mode: "service:b", ipc: "service:b", pid: "container:c"}
      b: {image: x, links: ["d:db", d]}
      d: {image: x, scale: 2}
    """
    wanted = desired(text)
    a = container_spec(wanted, "a", 1)
    assert (a["network_mode"], a["ipc"], a["pid"]) == (
        "container:shop-b-1",
        "container:shop-b-1",
        "container:c",
    )
    other = container_spec(wanted, "a", 1, {"b": ["shop-b-7"]})
    assert other["network_mode"] == "container:shop-b-7"
    assert container_spec(wanted, "b", 1)["links"] == [
        "shop-d-1:db", "shop-d-1:d-1", "shop-d-1:shop-d-1", "shop-d-2:db", "shop-d-2:d-1", "shop-d-2:shop-d-1",
        "shop-d-1:d", "shop-d-2:d",
    ]  # fmt: skip


def test_secrets_and_configs_become_files() -> None:
    text = """
    services:
      web:
        image: x
        secrets: [plain, {source: pass, target: pw, uid: "5", gid: "6", mode: 0400}]
        configs: [c, {source: c, target: sub/dir}]
    secrets: {plain: {file: /etc/hostname}, pass: {environment: PASS}}
    configs: {c: {content: "hi $PASS"}}
    """
    wanted = desired(text, environ={"PASS": "pw"}, digests={"/etc/hostname": "0123456789abcdef0"})
    assert wanted.services["web"].spec["files"] == [
        {"target": "/c", "content": "hi pw"},
        {"target": "/sub/dir", "content": "hi pw"},
        {"target": "/run/secrets/plain", "source": "/etc/hostname"},
        {"target": "/run/secrets/pw", "content": "pw", "uid": 5, "gid": 6, "mode": 0o400},
    ]
    assert wanted.services["web"].contents["secrets/plain"] == "0123456789abcdef"
    with pytest.raises(
        UsageError, match=r'secrets.pass.environment: environment variable "PASS" is not set'
    ):
        desired(text)


def test_labels_are_those_of_docker_compose() -> None:
    text = """
    services:
      web: {image: x, labels: {mine: "1"}, depends_on: {db: {condition: service_healthy, restart: true}}}
      db: {image: y}
    """
    loaded = project(text)
    image = ImageInfo("sha256:1", ("x",), (), 0.0, 0, "amd64", "linux", {})
    found = container_spec(desire(loaded, images={"x": image}), "web", 2)["labels"]
    assert found.pop(labels.VERSION)
    assert found.pop(labels.CONFIG_PARTS)
    assert len(found.pop(labels.CONFIG_HASH)) == 64
    assert found == {
        "mine": "1",
        labels.PROJECT: "shop",
        labels.SERVICE: "web",
        labels.NUMBER: "2",
        labels.ONEOFF: "False",
        labels.IMAGE: "sha256:1",
        labels.DEPENDS_ON: "db:service_healthy:true",
        labels.WORKING_DIR: loaded.working_dir,
        labels.CONFIG_FILES: f"{loaded.working_dir}/compose.yaml",
    }


def test_names_follow_the_project_the_compatibility_mode_and_the_file() -> None:
    text = "services: {web: {image: x}, own: {image: x, container_name: mine}, built: {build: .}}"
    wanted = desired(text)
    assert container_spec(wanted, "web", 3)["name"] == "shop-web-3"
    assert container_spec(wanted, "own", 1)["name"] == "mine"
    assert container_spec(wanted, "built", 1)["image"] == "shop-built"
    assert container_spec(desired(text, separator="_"), "web", 3)["name"] == "shop_web_3"


def test_networks_and_volumes_carry_their_labels() -> None:
    text = """
    services: {web: {image: x, networks: [n], volumes: ["v1:/v", "out:/o"]}}
    networks: {n: {internal: true, labels: {a: b}, driver_opts: {o: p}, ipam: {config: [{subnet: 10.0.0.0/8}]}}, unused: }
    volumes: {v1: {driver_opts: {type: tmpfs}}, out: {external: true}}
    """
    wanted = desired(text)
    network = wanted.networks["n"]
    assert {key: value for key, value in network.spec.items() if key != "labels"} == {
        "name": "shop_n",
        "internal": True,
        "driver_opts": {"o": "p"},
        "ipam": [{"subnet": "10.0.0.0/8"}],
    }
    assert network.spec["labels"]["a"] == "b"
    assert network.spec["labels"][labels.NETWORK] == "n"
    assert network.spec["labels"][labels.CONFIG_HASH] == network.hash
    assert wanted.volumes["v1"].spec["driver_opts"] == {"type": "tmpfs"}
    assert wanted.volumes["v1"].spec["labels"][labels.VOLUME] == "v1"
    assert (wanted.volumes["out"].name, wanted.volumes["out"].external) == ("out", True)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("post_start: [{user: x}]", "services.web.post_start[0].command: a hook needs a command"),
        ("devices: [vendor.com/class]", "services.web.devices[0]: vendor.com/class is neither a path nor a CDI device"),
        ("volumes: [{type: npipe, source: a, target: /b}]", "services.web.volumes[0].type: npipe is not supported"),
        ("restart: always:3", "services.web.restart: always:3"),
        ("healthcheck: {test: x, x-restart: often}", "services.web.healthcheck.x-restart: is true or false"),
    ],
)  # fmt: skip
def test_what_nothing_honours_is_refused_by_the_name_of_its_key(lines: str, message: str) -> None:
    with pytest.raises(KeyUnsupported) as caught:
        spec(lines)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "line",
    ["cpu_count: 2", "cpu_percent: 50", "credential_spec: {file: x.json}", "isolation: hyperv"],
)
def test_what_only_another_platform_can_do_is_a_warning(line: str) -> None:
    wanted = desired(f"services: {{web: {{image: x, {line}}}}}")
    key = line.partition(":")[0]
    assert wanted.warnings == (f"services.web.{key} has no effect here: Windows containers only",)


def test_what_only_swarm_honours_is_a_warning() -> None:
    wanted = desired(
        """
        services:
          web:
            image: x
            deploy:
              mode: global
              update_config: {parallelism: 1}
              placement: {constraints: [a==b]}
              resources: {reservations: {cpus: "1"}}
              restart_policy: {delay: 5s}
        """
    )
    assert sorted(text.split(" ")[0] for text in wanted.warnings) == [
        "services.web.deploy.mode",
        "services.web.deploy.placement",
        "services.web.deploy.resources.reservations.cpus",
        "services.web.deploy.restart_policy",
        "services.web.deploy.update_config",
    ]


def test_external_secrets_are_refused() -> None:
    text = "services: {web: {image: x, secrets: [s]}}\nsecrets: {s: {external: true}}"
    with pytest.raises(
        KeyUnsupported, match=r"secrets.s.external: external secrets are not supported"
    ):
        desired(text)


def test_desired_is_plain_json() -> None:
    text = 'services: {web: {image: x, volumes: ["v1:/v"], healthcheck: {test: a}, depends_on: [b]}, b: {image: y}}'
    wanted = desired(text + "\nvolumes: {v1: }")
    assert json.loads(json.dumps(wanted)) == json.loads(json.dumps(wanted))


def test_scaling_what_does_not_exist_is_an_error() -> None:
    with pytest.raises(UsageError, match="no such service: nix"):
        desired("services: {web: {image: x}}", scale={"nix": 2})


def test_an_empty_name_of_a_network_or_volume_is_no_name() -> None:
    top = "networks: {n1: {name: ''}, e: {name: '', external: true}}\nvolumes: {v1: {name: ''}}\n"
    found = desired(
        f"services: {{web: {{image: x, networks: [n1, e], volumes: ['v1:/v']}}}}\n{top}"
    )
    assert {key: each.name for key, each in found.networks.items()} == {"n1": "shop_n1", "e": "e"}
    assert {key: each.name for key, each in found.volumes.items()} == {"v1": "shop_v1"}
    [mount] = container_spec(found, "web", 1)["mounts"]
    assert mount["source"] == "shop_v1"
