"""A container of ours beside one of a real Docker: what it finds and may do, and that it is nowhere more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import confinement, dockerd, images
from tests.support.containers import execute, output

if TYPE_CHECKING:
    from engine.local import LocalEngine

_CHANGES: dict[str, dict[str, Any]] = {
    "run": {},
    "user": {"user": "1000:1000"},
    "exec": {},
    "read-only": {"read_only": True},
    "privileged": {"privileged": True},
}


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return confinement.build(tmp_path_factory.mktemp("probe"))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return images.write_busybox(tmp_path_factory.mktemp("image") / "busybox.tar")


@pytest.fixture(scope="module")
def docker(
    tmp_path_factory: pytest.TempPathFactory, private_namespaces: None, archive: Path, probe: Path
) -> Iterator[Callable[[str], confinement.Facts]]:
    """What the probe finds in the containers of a real Docker with the same image, by way; each is tried once."""
    daemon = dockerd.Daemon(
        tmp_path_factory.mktemp("dockerd"), "--iptables=false", "--ip6tables=false", "--bridge=none"
    )
    found: dict[str, confinement.Facts] = {}

    def facts(way: str) -> confinement.Facts:
        if way not in found:
            found[way] = confinement.docker(daemon.docker, way, probe)
        return found[way]

    try:
        daemon.start()
        daemon.docker("load", "-i", str(archive))
        yield facts
    finally:
        daemon.stop()


@pytest.fixture
def loaded(engine: LocalEngine, archive: Path) -> LocalEngine:
    engine.load_images(str(archive), sink=lambda progress: None)
    return engine


def ours(engine: LocalEngine, way: str, probe: Path) -> confinement.Facts:
    joining = way == "exec"
    arguments = ["/probe", *confinement.arguments(way)]
    made = engine.create({
        "name": "one", "image": "busybox", "network_mode": "none",
        "command": ["sleep", "60"] if joining else arguments,
        "mounts": [{"type": "bind", "source": str(probe), "target": "/probe", "read_only": True}],
        **_CHANGES[way],
    })  # type: ignore[typeddict-item]  # fmt: skip
    engine.start(made.id)
    if joining:
        return confinement.parse(execute(engine, "one", *arguments).out.decode(), way)
    engine.wait("one", timeout=60)
    return confinement.parse("\n".join(output(engine, "one")), way)


@pytest.mark.parametrize("way", list(_CHANGES))
def test_nothing_is_weaker_than_with_docker(
    docker: Callable[[str], confinement.Facts],
    loaded: LocalEngine,
    probe: Path,
    way: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = confinement.differences(ours(loaded, way, probe), docker(way))
    with capsys.disabled():
        print(f"\n{way}: {len(found)} differences")
        for difference in found:
            print(f"  {difference}")
    assert [str(difference) for difference in found if difference.weaker] == []


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("status", "CapEff", "000001ffffffffff"),
        ("status", "Seccomp", "0"),
        ("syscall", "165", "14"),
        ("mount", "/sys", "sysfs nodev noexec nosuid"),
        ("mount", "/host", "ext4"),
        ("mount", "/proc", "proc nodev noexec nosuid shared"),
        ("device", "/dev/sda", "60660 0:6 8:0"),
        ("device", "/dev/null", "20777 0:0 1:3"),
        ("node", "mem", "0"),
        ("namespace", "pid", "the machine's"),
        ("environment", "AWS_SECRET", "hush"),
        ("descriptor", "7", "/"),
        ("readable", "/proc/kcore", "yes"),
        ("writable", "/proc/sys/kernel/core_pattern", "yes"),
        ("limit", "Max open files", "unlimited unlimited"),
        ("act", "mount a tmpfs", "0"),
        ("unshare", "user", "0"),
    ],
)
def test_what_would_be_weaker_is_noticed(
    docker: Callable[[str], confinement.Facts], kind: str, name: str, value: str
) -> None:
    theirs = docker("run")
    changed = {**theirs, kind: {**theirs.get(kind, {}), name: value}}
    (difference,) = confinement.differences(changed, theirs)
    assert difference.weaker, difference
