"""/etc/hosts and /etc/resolv.conf of a container."""

from __future__ import annotations

from engine.network import hosts

LOCAL = """\
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
fe00::0	ip6-localnet
ff00::0	ip6-mcastprefix
ff02::1	ip6-allnodes
ff02::2	ip6-allrouters
"""
HOST = """\
# made by something
; and by something else
nameserver 192.0.2.53
nameserver fe80::1%eth0
search corp.example example.org
options timeout:2 edns0
nameserver 192.0.2.54
nameserver 192.0.2.55
"""


def resolv_conf(mode: str, host: str = HOST, **asked: list[str]) -> list[str]:
    text = hosts.resolv_conf_text(mode=mode, host=host, **asked)  # type: ignore[arg-type]
    return [line for line in text.splitlines() if not line.startswith(("#", ";"))]


def test_a_container_knows_itself_by_all_its_addresses() -> None:
    text = hosts.hosts_text(hostname="web", addresses=["10.0.0.2/24", "", "fd00::2/64"])
    assert text == LOCAL + "10.0.0.2\tweb\nfd00::2\tweb\n"


def test_the_whole_name_comes_before_the_short_one() -> None:
    text = hosts.hosts_text(hostname="web", domainname="example.org", addresses=["10.0.0.2/24"])
    assert text == LOCAL + "10.0.0.2\tweb.example.org web\n"


def test_extra_hosts_stand_before_the_own_name() -> None:
    text = hosts.hosts_text(
        hostname="web",
        addresses=["10.0.0.2/24"],
        extra_hosts=["host.docker.internal=host-gateway", "b=1.2.3.4", "six=[fd00::9]"],
        host_gateway="10.0.0.1",
    )
    assert text == LOCAL + (
        "10.0.0.1\thost.docker.internal\n1.2.3.4\tb\nfd00::9\tsix\n10.0.0.2\tweb\n"
    )


def test_with_the_hosts_network_the_file_is_the_hosts_unless_hosts_are_added() -> None:
    assert hosts.host_mode_text("127.0.0.1 here\n", []) == "127.0.0.1 here\n"
    assert hosts.host_mode_text("127.0.0.1 here\n", ["b=1.2.3.4"]) == LOCAL + "1.2.3.4\tb\n"


def test_names_are_asked_of_the_resolver_inside_as_they_are() -> None:
    assert resolv_conf("resolver") == [
        "nameserver 127.0.0.11",
        "search corp.example example.org",
        "options timeout:2 edns0 ndots:0",
    ]


def test_what_is_asked_for_stands_in_for_the_hosts() -> None:
    assert resolv_conf("resolver", servers=["1.1.1.1"], search=["a"], options=["ndots:3"]) == [
        "nameserver 127.0.0.11",
        "search a",
        "options ndots:3",
    ]
    assert resolv_conf("none", servers=["1.1.1.1"], search=["."]) == [
        "nameserver 1.1.1.1",
        "options timeout:2 edns0",
    ]


def test_with_the_hosts_network_the_text_is_the_hosts() -> None:
    assert hosts.resolv_conf_text(mode="host", host=HOST) == HOST
    assert resolv_conf("host", search=["a"])[0] == "nameserver 192.0.2.53"


def test_a_host_without_servers_leaves_none() -> None:
    assert resolv_conf("none", host="") == []
    assert resolv_conf("resolver", host="") == ["nameserver 127.0.0.11", "options ndots:0"]


def test_upstream_servers_are_the_first_three() -> None:
    assert hosts.upstream_servers(HOST) == ["192.0.2.53", "fe80::1%eth0", "192.0.2.54"]
    assert hosts.upstream_servers("nameserver\n#nameserver 1.1.1.1\n") == []


def test_the_last_search_line_counts() -> None:
    assert hosts.search_domains("search a b\ndomain c\n") == ["c"]
