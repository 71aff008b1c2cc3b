from __future__ import annotations

import pytest

from engine.kernel import sysctl, ulimits
from schemas.errors import InvalidArgument


def test_limits_may_be_unlimited() -> None:
    ulimits.check({"core": {"soft": -1, "hard": -1}, "nofile": {"soft": 10, "hard": -1}})


def test_an_unknown_limit_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"ulimits\.nofiles: unknown"):
        ulimits.check({"nofiles": {"soft": 1, "hard": 1}})


@pytest.mark.parametrize("soft", [11, -1])
def test_a_soft_limit_above_the_hard_one_is_refused(soft: int) -> None:
    with pytest.raises(InvalidArgument, match="above hard limit 10"):
        ulimits.check({"nofile": {"soft": soft, "hard": 10}})


@pytest.mark.parametrize(
    "name", ["net.core.somaxconn", "kernel.shmmax", "fs.mqueue.msg_max", "net/ipv4/ip_forward"]
)
def test_parameters_of_namespaces_are_allowed(name: str) -> None:
    sysctl.check({name: "1"}, own_net=True, own_ipc=True)


@pytest.mark.parametrize(
    "name", ["vm.swappiness", "kernel.panic", "kernel.domainname", "net..x", "net/../kernel/panic"]
)
def test_parameters_of_the_machine_are_refused(name: str) -> None:
    with pytest.raises(InvalidArgument, match="sysctls"):
        sysctl.check({name: "1"}, own_net=True, own_ipc=True)


def test_parameters_of_a_shared_namespace_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="network namespace"):
        sysctl.check({"net.core.somaxconn": "1"}, own_net=False, own_ipc=True)
    with pytest.raises(InvalidArgument, match="ipc namespace"):
        sysctl.check({"kernel.msgmax": "1"}, own_net=True, own_ipc=False)
