"""Commands at points of a service's life: each writes into a directory of the machine as whom and where it ran."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Compose
from tests.support.eventually import eventually
from tests.support.proofs import proves

_SCRIPT = "echo $$(id -u) $$(pwd) $$WORD $$(grep CapEff /proc/self/status | cut -f 2) >> /out/%s"
_PLAIN = "00000000a80425fb"


@pytest.fixture
def out(place: Compose) -> Path:
    """The directory that all of them write to."""
    directory = place.directory / "out"
    directory.mkdir(exist_ok=True)
    directory.chmod(0o777)
    for path in directory.iterdir():
        path.unlink()
    return directory


def service(place: Compose, kind: str, extra: str = "", lines: str = "") -> None:
    place.write(
        "services:\n  one:\n    image: pycompose/host\n    network_mode: none\n    init: true\n"
        "    command: sleep 100\n    volumes: ['./out:/out']\n    environment: {WORD: own}\n"
        f"{lines}    {kind}:\n"
        f"    - command: [sh, -c, '{_SCRIPT % 'plain'}']\n{extra}"
        f"    - command: [sh, -c, '{_SCRIPT % 'changed'}']\n      user: '1234'\n      working_dir: /tmp\n"
        f"      environment: {{WORD: hook}}\n{extra}"
        f"    - command: [sh, -c, '{_SCRIPT % 'privileged'}']\n      privileged: true\n{extra}"
    )


def said(out: Path, name: str) -> list[list[str]]:
    return [line.split() for line in (out / name).read_text().splitlines()]


def verify(out: Path) -> None:
    (plain,) = said(out, "plain")
    assert plain[2:] == ["own", _PLAIN]
    (changed,) = said(out, "changed")
    assert changed[:3] == ["1234", "/tmp", "hook"]
    (privileged,) = said(out, "privileged")
    assert int(privileged[-1], 16) & 1 << 21  # CAP_SYS_ADMIN


@proves(
    "services.post_start.command", "services.post_start.user", "services.post_start.working_dir",
    "services.post_start.environment", "services.post_start.privileged",
)  # fmt: skip
def test_after_the_start(place: Compose, out: Path) -> None:
    service(place, "post_start")
    place("up", "-d", "--force-recreate", "-t", "0")
    verify(out)


@proves(
    "services.pre_stop.command", "services.pre_stop.user", "services.pre_stop.working_dir",
    "services.pre_stop.environment", "services.pre_stop.privileged",
)  # fmt: skip
def test_before_the_stop(place: Compose, out: Path) -> None:
    service(place, "pre_stop")
    place("up", "-d", "--force-recreate", "-t", "0")
    assert list(out.iterdir()) == []
    place("stop")
    eventually(lambda: (out / "privileged").exists())
    verify(out)


@proves(
    "services.pre_start.command", "services.pre_start.user", "services.pre_start.working_dir",
    "services.pre_start.environment", "services.pre_start.privileged", "services.pre_start.image",
    "services.pre_start.per_replica",
)  # fmt: skip
def test_before_the_start_in_containers_of_their_own(place: Compose, out: Path) -> None:
    service(place, "pre_start", "      image: pycompose/host\n", "    scale: 2\n")
    place("up", "-d", "--force-recreate", "-t", "0")
    verify(out)
    for path in out.iterdir():
        path.unlink()
    service(place, "pre_start", "      per_replica: true\n", "    scale: 2\n")
    place("up", "-d", "--force-recreate", "-t", "0")
    assert len(said(out, "plain")) == len(said(out, "changed")) == 2
