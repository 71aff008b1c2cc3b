"""Replacements that need more than a new container beside the old one: addresses, networks, namespaces, volumes, content."""

from __future__ import annotations

import json

from tests.e2e.conftest import Compose


def addresses(compose: Compose, service: str) -> str:
    """The addresses of a service's interface, as its container sees them."""
    return compose("exec", "-T", service, "ip", "-4", "addr", "show", "eth0")


def test_two_services_swap_their_fixed_addresses(compose: Compose) -> None:
    text = """
    services:
      a: {{image: busybox, command: sleep 1000, init: true, networks: {{default: {{ipv4_address: 10.123.45.{}}}}}}}
      b: {{image: busybox, command: sleep 1000, init: true, networks: {{default: {{ipv4_address: 10.123.45.{}}}}}}}
    networks: {{default: {{ipam: {{config: [{{subnet: 10.123.45.0/24}}]}}}}}}
    """
    compose.write(text.format(5, 6))
    compose("up", "-d")
    compose.write(text.format(6, 5))
    compose("up", "-d")
    assert "10.123.45.6/24" in addresses(compose, "a")
    assert "10.123.45.5/24" in addresses(compose, "b")


def test_a_changed_network_is_made_anew_and_its_containers_with_it(compose: Compose) -> None:
    text = """
    services:
      web: {{image: busybox, command: sleep 1000, init: true, volumes: [/cache], depends_on: [db]}}
      db: {{image: busybox, command: sleep 1000, init: true}}
    networks: {{default: {{ipam: {{config: [{{subnet: {}}}]}}}}}}
    """
    compose.write(text.format("10.123.45.0/24"))
    compose("up", "-d")
    compose("exec", "-T", "web", "touch", "/cache/kept")
    compose.write(text.format("10.123.46.0/24"))
    compose("up", "-d")
    assert "10.123.46." in addresses(compose, "web")
    assert "10.123.46." in addresses(compose, "db")
    assert compose("exec", "-T", "web", "ls", "/cache") == "kept\n"
    compose("exec", "-T", "web", "ping", "-c1", "-W2", "db")
    ids = compose.ids()
    compose("up", "-d")
    assert compose.ids() == ids


def test_who_shares_a_network_and_volumes_is_replaced_with_whom_they_are_shared(
    compose: Compose,
) -> None:
    text = """
    services:
      vpn: {image: busybox, command: sleep 1000, init: true, environment: {A: "%s"}, volumes: [/shared]}
      app: {image: busybox, command: sleep 1000, init: true, network_mode: "service:vpn", volumes_from: ["vpn:ro"]}
    """
    compose.write(text % 1)
    compose("up", "-d")
    compose("exec", "-T", "vpn", "sh", "-c", "echo hello >/shared/file")
    before = compose.ids()
    compose.write(text % 2)
    compose("up", "-d")
    after = compose.ids()
    assert not set(before.values()) & set(after.values())
    assert addresses(compose, "app") == addresses(compose, "vpn")
    assert compose("exec", "-T", "app", "cat", "/shared/file") == "hello\n"
    assert compose.run("exec", "-T", "app", "touch", "/shared/other").code != 0


def test_new_content_of_a_config_file_replaces_the_container(compose: Compose) -> None:
    compose.write("one", "c.txt")
    compose.write(
        "services: {web: {image: busybox, command: sleep 1000, init: true, configs: [c]}}\n"
        "configs: {c: {file: ./c.txt}}"
    )
    compose("up", "-d")
    before = compose.ids()
    compose("up", "-d")
    assert compose.ids() == before
    compose.write("two", "c.txt")
    compose("up", "-d")
    assert compose.ids() != before
    assert compose("exec", "-T", "web", "cat", "/c") == "two"


def test_a_service_renamed_and_its_port_given_on_is_replaced_in_one_go(compose: Compose) -> None:
    text = "services: {%s: {image: busybox, command: sleep 1000, init: true, container_name: web, ports: ['18099:80']}}"
    compose.write(text % "old")
    compose("up", "-d")
    compose.write(text % "new")
    compose("up", "-d", "--remove-orphans")
    found = json.loads(compose("ps", "--format", "json"))
    assert (found["Service"], found["Name"]) == ("new", "web")
    assert found["Publishers"][0]["PublishedPort"] == 18099
