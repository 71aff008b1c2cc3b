"""Published ports: asked for from the host, and where they listen."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Compose
from tests.support.eventually import eventually
from tests.support.netlab import parent_interface
from tests.support.proofs import proves

PARENT = "lab7"
ECHO = """import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("", 53))
while True:
    server.sendto(*server.recvfrom(512))
"""
PROJECT = f"""
x-web: &web
  image: pycompose/host
  command: [sh, -c, 'mkdir /tmp/w; hostname > /tmp/w/index.html; exec busybox httpd -f -p 80 -h /tmp/w']
  stop_signal: SIGKILL
services:
  here:
    <<: *web
    hostname: here
    ports:
      - "127.0.0.1:8081:80"
      - "[::1]:8082:80"
      - target: 80
        published: "8083"
        host_ip: 127.0.0.2
        protocol: tcp
        mode: host
        name: web
        app_protocol: http
      - "80"
      - "8090-8091:80-81"
    expose: ["9000"]
  datagrams:
    image: pycompose/host
    command: [python3, -c, {json.dumps(ECHO)}]
    stop_signal: SIGKILL
    ports: ["127.0.0.1:8053:53/udp"]
  replicated:
    <<: *web
    scale: 2
    ports: ["127.0.0.1:8101-8102:80"]
  six:
    <<: *web
    hostname: six
    networks: [six]
    ports: ["8084:80"]
  bound:
    <<: *web
    hostname: bound
    networks: [bound]
    ports: ["8085:80"]
  lowest:
    <<: *web
    hostname: lowest
    networks: [below]
    ports: ["127.0.0.1:8086:80"]
networks:
  six:
    enable_ipv4: false
    enable_ipv6: true
  bound:
    driver_opts:
      com.docker.network.bridge.host_binding_ipv4: 127.0.0.1
  below:
    driver: macvlan
    driver_opts: {{parent: {PARENT}}}
"""
BOUND = """
networks:
  default:
    driver_opts:
      com.docker.network.bridge.host_binding_ipv4: 127.0.0.1
"""
DEFAULT = """
services:
  web:
    image: pycompose/host
    command: [sleep, infinity]
    stop_signal: SIGKILL
    ports: ["8087:80", "0.0.0.0:8088:80"]
"""


@pytest.fixture(scope="module")
def parent(private_namespaces: None) -> Iterator[None]:
    with parent_interface(PARENT):
        yield


@pytest.fixture(scope="module")
def project(parent: None, place: Compose) -> Compose:
    place.write(PROJECT)
    place("up", "-d", timeout=120)
    return place


def get(address: str) -> str:
    """The host name that the server there says."""
    with urllib.request.urlopen(f"http://{address}/", timeout=3) as response:
        return str(response.read().decode().strip())


def listening() -> set[str]:
    """The addresses of this namespace's TCP listeners."""
    done = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True)
    return {line.split()[3] for line in done.stdout.splitlines()}


@proves("services.ports.host_ip", "services.ports.published", "services.ports.target")
@proves("services.ports.mode")
def test_a_port_listens_where_it_was_asked_for_and_nowhere_else(project: Compose) -> None:
    for address in ("127.0.0.1:8081", "[::1]:8082", "127.0.0.2:8083"):
        assert eventually(lambda address=address: get(address)) == "here", address
        number = address.rpartition(":")[2]
        assert [item for item in listening() if item.endswith(f":{number}")] == [address]


def test_a_range_leads_port_by_port_and_a_free_one_is_chosen(project: Compose) -> None:
    assert get("127.0.0.1:8090") == get("[::1]:8090") == "here"
    with pytest.raises(OSError):  # nobody serves port 81 inside
        get("127.0.0.1:8091")
    assert {"0.0.0.0:8091", "[::]:8091"} <= listening()
    anywhere = {project("port", "--index", "1", "replicated", "80").strip()}
    anywhere.add(project("port", "--index", "2", "replicated", "80").strip())
    assert anywhere == {"127.0.0.1:8101", "127.0.0.1:8102"}
    assert len({get(address) for address in anywhere}) == 2


@proves("services.ports.protocol")
def test_datagrams_are_led_and_answered(project: Compose) -> None:
    def ask() -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(1)
            client.connect(("127.0.0.1", 8053))
            client.send(b"hello")
            return client.recv(100)

    assert eventually(ask) == b"hello"


def test_a_network_without_ipv4_publishes_on_both_families(project: Compose) -> None:
    for address in ("127.0.0.1:8084", "[::1]:8084"):
        assert eventually(lambda address=address: get(address)) == "six"


def test_a_network_may_say_where_its_ports_listen(project: Compose) -> None:
    assert eventually(lambda: get("127.0.0.1:8085")) == "bound"
    assert [item for item in listening() if item.endswith(":8085")] == ["127.0.0.1:8085"]


def test_a_port_held_at_another_address_is_no_trouble_where_the_network_says_where(
    project: Compose,
) -> None:
    project.write(
        DEFAULT.replace(', "0.0.0.0:8088:80"', "").replace("8087", "8096") + BOUND, "own.yaml"
    )
    words = ("-f", "own.yaml", "-p", "own")
    with socket.create_server(("127.0.0.3", 8096)):
        project(*words, "up", "-d")
        assert "127.0.0.1:8096" in listening()
    project(*words, "down", "-t", "0")


def test_a_macvlan_containers_port_is_reached_from_the_host(project: Compose) -> None:
    assert eventually(lambda: get("127.0.0.1:8086")) == "lowest"


@proves("services.expose")
def test_an_exposed_port_is_shown_and_not_published(project: Compose) -> None:
    shown = project("ps", "--format", "{{.Ports}}", "here")
    assert "9000/tcp" in shown
    assert not [item for item in listening() if item.endswith(":9000")]


def test_the_machines_setting_says_where_other_ports_listen(project: Compose) -> None:
    project.write(DEFAULT, "default.yaml")
    words = ("-f", "default.yaml", "-p", "default")
    wrong = project.run(*words, "up", "-d", PYCOMPOSE_DEFAULT_BIND="here")
    assert wrong.code == 1 and "PYCOMPOSE_DEFAULT_BIND=here is not an IP address" in wrong.err
    done = project.run(*words, "up", "-d", PYCOMPOSE_DEFAULT_BIND="127.0.0.1")
    assert done.code == 0, done.err
    found = {item for item in listening() if item.endswith((":8087", ":8088"))}
    assert found == {"127.0.0.1:8087", "0.0.0.0:8088"}
    project(*words, "down", "-t", "0")
    pools = [{"base": "10.95.0.0/16", "size": 24}]
    file = project.write(json.dumps({"ip": "127.0.0.1", "default-address-pools": pools}), "n.json")
    done = project.run(*words, "up", "-d", PYCOMPOSE_NETWORKS=str(file))
    assert done.code == 0, done.err
    assert "127.0.0.1:8087" in listening()
    assert project("network", "inspect", "-f", "{{.IPAM.Config}}", "default_default").strip() == (
        "[map[Gateway:10.95.0.1 Subnet:10.95.0.0/24]]"
    )
    project(*words, "down", "-t", "0")


def test_a_port_in_use_is_refused_before_anything_is_made(project: Compose) -> None:
    project.write(DEFAULT.replace("8087", "8099"), "taken.yaml")
    words = ("-f", "taken.yaml", "-p", "taken")
    with socket.create_server(("127.0.0.1", 8099)):
        done = project.run(*words, "up", "-d")
    assert done.code == 1 and "8099/tcp is already in use" in done.err
    assert project(*words, "ps", "-aq") == ""
