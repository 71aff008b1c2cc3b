"""What a process finds in its container: what Docker gives it, where programs rely on that."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Compose

SERVICE = "services:\n  app:\n    image: busybox\n    init: true\n    command: sleep 1000\n"


def inside(compose: Compose, attributes: str, script: str) -> str:
    """What ``script`` says in a container with these attributes."""
    compose.write(SERVICE + "".join(f"    {line}\n" for line in attributes.splitlines()))
    compose("up", "-d")
    done = compose.run("exec", "-T", "app", "sh", "-c", script)
    return done.out + done.err


def test_any_user_may_listen_on_a_low_port_and_ping(compose: Compose) -> None:
    script = "cd /proc/sys/net/ipv4; cat ip_unprivileged_port_start ping_group_range"
    assert inside(compose, "user: '1234'", script) == "0\n0\t2147483647\n"
    listening = "nc -l -p 80 & sleep 0.2; kill $!"
    assert "denied" not in compose.run("exec", "-T", "app", "sh", "-c", listening).err


def test_what_is_asked_for_precedes_the_usual_parameters(compose: Compose) -> None:
    script = "cat /proc/sys/net/ipv4/ip_unprivileged_port_start"
    attributes = "sysctls: {net.ipv4.ip_unprivileged_port_start: 80}"
    assert inside(compose, attributes, script) == "80\n"


@pytest.mark.parametrize(
    ("attributes", "groups"),
    [("", "0"), ("user: '5:6'", "6"), ("user: '5:6'\ngroup_add: ['7']", "6 7"), ("user: '5'", "0")],
)
def test_a_process_is_in_its_own_group_even_when_it_changes_that(
    compose: Compose, attributes: str, groups: str
) -> None:
    script = "grep ^Groups: /proc/self/status"
    assert inside(compose, attributes, script).split()[1:] == groups.split()


def test_a_read_only_root_has_read_only_hosts(compose: Compose) -> None:
    assert "Read-only" in inside(compose, "read_only: true", "echo 1.2.3.4 x >> /etc/hosts")
    assert inside(compose, "read_only: false", "echo 1.2.3.4 x >> /etc/hosts") == ""


def test_no_device_leads_nowhere(compose: Compose) -> None:
    script = "for name in /dev/*; do test -e $name || echo $name leads nowhere; done"
    assert inside(compose, "", script) == ""
