"""Networks and how services sit on them: one project, looked at from inside its containers."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Compose
from tests.engine.attributes.conftest import Inside
from tests.support.eventually import eventually
from tests.support.netlab import parent_interface
from tests.support.proofs import proves

PARENT = "lab7"
# A name server that knows 192.0.2.77 for every name of one label and the search list, and nothing else.
SERVER = """import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(('', 53))
while True:
    query, client = server.recvfrom(512)
    known = b'b\\x07example' in query and query[-4:-2] == b'\\0\\1'
    answer = bytes.fromhex('c00c000100010000003c0004c000024d') if known else b''
    head = query[:2] + (b'\\x81\\x80' if b'b\\x07example' in query else b'\\x81\\x83')
    server.sendto(head + b'\\0\\1\\0' + bytes([known, 0, 0, 0, 0]) + query[12:] + answer, client)
"""
PROJECT = f"""
x-idle: &idle
  image: pycompose/host
  command: [sleep, infinity]
  stop_signal: SIGKILL
services:
  dual:
    <<: *idle
    networks: [dual]
  server:
    <<: *idle
    command: [python3, -c, {json.dumps(SERVER)}]
    networks:
      dual:
        ipv4_address: 10.91.0.53
  fixed:
    <<: *idle
    mac_address: 02:00:00:00:00:77
    networks:
      dual:
        ipv4_address: 10.91.0.9
        ipv6_address: fd00:91::9
        aliases: [other-name]
        link_local_ips: [169.254.91.9, "fe80::91:9"]
  six:
    <<: *idle
    networks: [six]
    extra_hosts: ["machine:host-gateway"]
  six-peer:
    <<: *idle
    networks: [six]
  many:
    <<: *idle
    networks:
      plain:
        priority: 1
        mac_address: 02:00:00:00:00:78
      dual:
        priority: 2
        gw_priority: 5
        interface_name: wan0
      quiet:
        driver_opts:
          com.docker.network.endpoint.sysctls: net.ipv4.conf.IFNAME.log_martians=1
      given: {{}}
      outside: {{}}
  quiet:
    <<: *idle
    networks: [quiet]
  closed:
    <<: *idle
    networks: [closed]
  closed-peer:
    <<: *idle
    networks: [closed]
  resolving:
    <<: *idle
    domainname: example.org
    dns: [10.91.0.53]
    dns_opt: [timeout:1, attempts:2]
    dns_search: [a.example, b.example]
    networks: [dual]
  calling:
    <<: *idle
    extra_hosts:
      machine: host-gateway
      elsewhere: 192.0.2.9
      sixth: 2001:db8::9
    links: ["fixed:called"]
    external_links: ["table-dual-1:further"]
    networks: [dual]
  sharing:
    <<: *idle
    network_mode: service:fixed
  machine:
    <<: *idle
    network_mode: host
  joining:
    <<: *idle
    network_mode: container:table-fixed-1
    depends_on: [fixed]
  nowhere:
    <<: *idle
    network_mode: none
  lowest:
    <<: *idle
    networks: [below]
  lowest-peer:
    <<: *idle
    networks: [below]
networks:
  plain: {{}}
  dual:
    enable_ipv6: true
    ipam:
      driver: default
      config:
        - subnet: 10.91.0.0/24
          gateway: 10.91.0.254
          ip_range: 10.91.0.64/26
          aux_addresses:
            printer: 10.91.0.64
            camera: 10.91.0.65
        - subnet: fd00:91::/64
          gateway: fd00:91::fe
  six:
    enable_ipv4: false
    enable_ipv6: true
  quiet:
    driver: bridge
    driver_opts:
      com.docker.network.bridge.name: br-quiet
      com.docker.network.bridge.enable_icc: "false"
      com.docker.network.driver.mtu: "1400"
      com.docker.network.container_iface_prefix: lan
  closed:
    internal: true
  given:
    name: given-name
    labels:
      com.example.about: names
  outside:
    external: true
    name: made-before
  below:
    driver: macvlan
    driver_opts:
      parent: {PARENT}
    ipam:
      config:
        - subnet: 10.92.0.0/24
"""


@pytest.fixture(scope="module", autouse=True)
def parent(place: Compose) -> Iterator[None]:
    """An interface for macvlan, and a network that is there before."""
    with parent_interface(PARENT):
        place("network", "create", "--label", "by=hand", "made-before")
        yield
        place("down", "-t", "0")
        place("network", "rm", "made-before")


def addresses(inside: Inside, service: str) -> dict[str, list[str]]:
    """The addresses of each interface but lo, with prefix length."""
    links = json.loads(inside(service, "ip -j address"))
    return {
        link["ifname"]: [f"{found['local']}/{found['prefixlen']}" for found in link["addr_info"]]
        for link in links
        if link["ifname"] != "lo"
    }


def default_route(inside: Inside, service: str, family: str) -> str:
    routes = json.loads(inside(service, f"ip -j -{family} route show default") or "[]")
    return " ".join(f"{route.get('gateway')} {route['dev']}" for route in routes)


def reaches(inside: Inside, service: str, address: str) -> bool:
    """Whether an address, or what a name stands for, answers an echo request."""
    found = f"$(getent ahosts {address} | head -n 1 | cut -d ' ' -f 1)"
    return inside(service, f"busybox ping -c 1 -W 3 {found} >/dev/null 2>&1; echo $?") == "0"


@proves("networks.ipam.config.subnet", "networks.ipam.config.ip_range")
@proves("networks.ipam.config.aux_addresses", "networks.ipam.driver")
def test_an_address_comes_from_the_range_without_what_is_reserved(inside: Inside) -> None:
    found = addresses(inside, "dual")["eth0"][0]
    number = int(found.removeprefix("10.91.0.").removesuffix("/24"))
    assert 66 <= number <= 127


@proves("networks.ipam.config.gateway", "networks.enable_ipv6")
def test_each_family_has_its_gateway(inside: Inside) -> None:
    assert default_route(inside, "dual", "4") == "10.91.0.254 eth0"
    assert default_route(inside, "dual", "6") == "fd00:91::fe eth0"
    for gateway in ("10.91.0.254", "fd00:91::fe"):
        assert reaches(inside, "dual", gateway), gateway


@proves("services.networks.ipv4_address", "services.networks.ipv6_address")
@proves("services.networks.link_local_ips", "services.mac_address")
def test_a_place_has_the_addresses_asked_for(inside: Inside) -> None:
    assert sorted(addresses(inside, "fixed")["eth0"]) == sorted(
        ["10.91.0.9/24", "fd00:91::9/64", "169.254.91.9/16", "fe80::91:9/64", "fe80::ff:fe00:77/64"]
    )
    assert inside("fixed", "cat /sys/class/net/eth0/address") == "02:00:00:00:00:77"
    assert reaches(inside, "dual", "fd00:91::9")


@proves("services.networks.aliases")
def test_an_alias_is_a_name_on_that_network(inside: Inside) -> None:
    assert "10.91.0.9" in inside("dual", "getent ahostsv4 other-name")
    assert inside("closed", "getent hosts other-name", code=2) == ""


@proves("networks.enable_ipv4")
def test_a_network_without_ipv4_has_ipv6_alone(inside: Inside) -> None:
    found = addresses(inside, "six")["eth0"]
    assert found and not [address for address in found if ":" not in address]
    assert default_route(inside, "six", "4") == ""
    gateway = default_route(inside, "six", "6").split()[0]
    assert inside("six", "getent hosts machine").split()[0] == gateway
    peer = inside("six", "getent ahostsv6 six-peer").split()[0]
    assert reaches(inside, "six", peer)


@proves("networks.internal")
def test_an_internal_network_has_no_route_out_and_its_own_names(inside: Inside) -> None:
    assert default_route(inside, "closed", "4") == ""
    assert reaches(inside, "closed", "closed-peer")
    assert inside("closed", "getent hosts example.org", code=2) == ""


@proves("services.networks.priority", "services.networks.gw_priority")
@proves("services.networks.interface_name", "services.networks.mac_address")
def test_several_networks_have_an_order_and_one_default_route(inside: Inside) -> None:
    links = json.loads(inside("many", "ip -j link"))
    names = [link["ifname"] for link in links if link["ifname"] != "lo"]
    assert names[:2] == ["wan0", "eth1"]
    assert inside("many", "cat /sys/class/net/eth1/address") == "02:00:00:00:00:78"
    assert default_route(inside, "many", "4") == "10.91.0.254 wan0"
    assert default_route(inside, "many", "6") == "fd00:91::fe wan0"


@proves("networks.driver_opts", "services.networks.driver_opts")
def test_driver_options_reach_the_interfaces(inside: Inside) -> None:
    name = next(name for name in addresses(inside, "many") if name.startswith("lan"))
    assert inside("many", f"cat /sys/class/net/{name}/mtu") == "1400"
    assert os.path.isdir("/sys/class/net/br-quiet/bridge") or "br-quiet" in {
        name for _, name in socket.if_nameindex()
    }
    assert inside("many", f"cat /proc/sys/net/ipv4/conf/{name}/log_martians") == "1"
    # enable_icc: false: the host is reached, the neighbour is not, by whatever way.
    neighbour = addresses(inside, "quiet")["lan0"][0].partition("/")[0]
    gateway = default_route(inside, "quiet", "4").split()[0]
    assert reaches(inside, "quiet", gateway)
    assert not reaches(inside, "many", neighbour)


@proves("networks.name")
def test_a_given_name_is_the_networks_name_for_dns(inside: Inside) -> None:
    assert inside("many", "getent hosts many.given-name")
    assert inside("many", "getent hosts many.table_given", code=2) == ""


@proves("networks.external.name", "networks.labels")
def test_a_network_may_be_somebody_elses_and_has_labels(inside: Inside, place: Compose) -> None:
    assert inside("many", "getent hosts many.made-before")
    shown = place("network", "inspect", "-f", "{{json .Labels}}", "given-name", "made-before")
    given, before = map(json.loads, shown.splitlines())
    assert given["com.example.about"] == "names" and before == {"by": "hand"}


@proves("networks.driver")
def test_macvlan_puts_an_interface_below_the_hosts(inside: Inside, place: Compose) -> None:
    link = json.loads(inside("lowest", "ip -j -d link show eth0"))[0]
    assert link["linkinfo"]["info_kind"] == "macvlan"
    assert link["linkinfo"]["info_data"]["mode"] == "bridge"
    assert default_route(inside, "lowest", "4") == "10.92.0.1 eth0"
    assert reaches(inside, "lowest", "lowest-peer")
    place("restart", "-t", "0", "lowest")
    assert eventually(lambda: reaches(inside, "lowest-peer", "lowest"))


@proves("services.dns", "services.dns_opt", "services.dns_search")
def test_the_name_servers_and_search_list_are_those_asked_for(inside: Inside) -> None:
    lines = inside("resolving", "cat /etc/resolv.conf").splitlines()
    assert "search a.example b.example" in lines
    assert next(line for line in lines if line.startswith("options")).split()[1:3] == [
        "timeout:1",
        "attempts:2",
    ]
    # Names that no network has go to the server asked for, from inside, with each word of the search list.
    assert inside("resolving", "getent ahostsv4 printer").split()[0] == "192.0.2.77"
    assert inside("resolving", "hostname -f").endswith(".example.org")


@proves("services.extra_hosts")
def test_extra_hosts_are_names_in_etc_hosts(inside: Inside) -> None:
    assert inside("calling", "getent hosts machine").split()[0] == "10.91.0.254"
    assert inside("calling", "getent hosts elsewhere").split()[0] == "192.0.2.9"
    assert inside("calling", "getent hosts sixth").split()[0] == "2001:db8::9"


@proves("services.links", "services.external_links")
def test_links_are_further_names_that_follow_their_containers(
    inside: Inside, place: Compose
) -> None:
    assert "10.91.0.9" in inside("calling", "getent ahostsv4 called")
    own = addresses(inside, "dual")["eth0"][0].partition("/")[0]
    assert own in inside("calling", "getent ahostsv4 further")
    assert inside("fixed", "getent hosts called", code=2) == ""  # nobody else's names
    place("stop", "-t", "0", "dual")
    assert inside("calling", "getent hosts further", code=2) == ""
    place("start", "dual")
    assert own in inside("calling", "getent ahostsv4 further")


@proves("services.network_mode")
def test_a_network_may_be_anothers_the_machines_or_none_at_all(inside: Inside) -> None:
    assert addresses(inside, "sharing") == addresses(inside, "fixed")
    namespaces = {inside(name, "readlink /proc/self/ns/net") for name in ("sharing", "fixed")}
    assert len(namespaces) == 1
    assert addresses(inside, "joining") == addresses(inside, "fixed")
    assert addresses(inside, "nowhere") == {}
    assert inside("machine", "readlink /proc/self/ns/net") == os.readlink("/proc/self/ns/net")
    assert inside("machine", "cat /etc/resolv.conf") == Path("/etc/resolv.conf").read_text().strip()
    for file in ("/etc/hosts", "/etc/resolv.conf"):
        assert inside("sharing", f"cat {file}") == inside("fixed", f"cat {file}")
