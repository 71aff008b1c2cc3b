"""Nothing in an image leads out of the container's root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.erase import erase
from engine.kernel import caps, seccomp
from tests.support import bare

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def base(state: tuple[Path, Path], tmp_path: Path) -> Iterator[Path]:
    yield bare.busybox_root(tmp_path / "base")
    erase(str(state[0] / "containers"))


def test_links_in_the_image_do_not_lead_a_mount_out(base: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (base / "escape").symlink_to(outside)
    (base / "up").symlink_to("../../../../../../../../.." + str(outside))
    (base / "magic").symlink_to("/proc/self/cwd")
    data = tmp_path / "data"
    data.mkdir()
    (data / "mark").write_text("data")
    for target in ("/escape/x", "/up/x", "/../../up/x"):
        made = bare.bundle(
            "a1", [base], mounts=[{"kind": "bind", "source": str(data), "target": target}]
        )
        assert bare.shell(made, f"cat {target}/mark").out == "data", target
        assert list(outside.iterdir()) == []
    made = bare.bundle("a1", [base], files=[{"target": "/escape/secret", "content": "s"}])
    assert bare.shell(made, "cat /escape/secret").out == "s"
    assert list(outside.iterdir()) == []


def test_an_image_that_makes_system_directories_links_gets_them_inside(
    base: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("dev", "sys", "proc"):
        (base / name).symlink_to(outside)
    bare.shell(bare.bundle("a1", [base]), "true")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("kind", ["bind", "tmpfs", "overlay"])
@pytest.mark.parametrize("target", ["/kernel/sys", "/kernel/1", "/self", "/kernel"])
def test_links_in_the_image_do_not_lead_a_mount_over_proc(
    base: Path, tmp_path: Path, kind: str, target: str
) -> None:
    # What is written to /proc/sys later on would be written to files of whoever filled the volume.
    (base / "kernel").symlink_to("/proc")
    (base / "self").symlink_to("/")
    (tmp_path / "data").mkdir()
    data = str(tmp_path / "data")
    made = bare.bundle(
        "a1",
        [base],
        mounts=[{"kind": kind, "source": data, "lowers": [data, data], "target": target}],
    )
    result = bare.shell(made, "true")
    assert result.code == bare.FAILED
    assert f"mount {target}: " in result.err
    assert "cannot be" in result.err


def test_a_link_to_nothing_is_made_where_it_points(base: Path) -> None:
    (base / "var").mkdir()
    (base / "var/run").symlink_to("/run")
    made = bare.bundle("a1", [base], files=[{"target": "/var/run/secrets/x", "content": "here"}])
    assert bare.shell(made, "cat /run/secrets/x").out == "here"


def test_a_loop_of_links_is_an_error(base: Path) -> None:
    (base / "one").symlink_to("two")
    (base / "two").symlink_to("one")
    made = bare.bundle("a1", [base], files=[{"target": "/one/x", "content": ""}])
    assert "Too many levels of symbolic links" in bare.shell(made, "true").err


def test_the_hosts_tree_and_processes_are_out_of_reach(base: Path, tmp_path: Path) -> None:
    result = bare.shell(
        bare.bundle("a1", [base]),
        f"test -e {tmp_path} || echo gone; ls /proc | grep -c '^[0-9]'; cat /proc/self/cgroup; ls /proc/1/root",
    )
    lines = result.out.splitlines()
    assert lines[0] == "gone"
    assert int(lines[1]) < 6
    assert all(line.endswith(":/") for line in lines if ":" in line)
    assert "base" not in lines


def test_a_foreign_device_can_be_made_and_not_opened(base: Path) -> None:
    result = bare.shell(bare.bundle("a1", [base]), "mknod /disk b 7 0 && cat /disk")
    assert "Operation not permitted" in result.err


def test_mounting_and_new_namespaces_are_refused(base: Path) -> None:
    filter = seccomp.compiled(None, caps.DEFAULT)
    made = bare.bundle("a1", [base], seccomp=filter)
    for command in ("mount -t tmpfs x /tmp", "unshare -m true", "hostname other"):
        result = bare.shell(made, command)
        assert result.code != 0, command
    assert bare.shell(made, "echo fine").out == "fine\n"


def test_root_has_dockers_capabilities_and_a_user_has_none(base: Path) -> None:
    script = "grep Cap /proc/self/status"
    root = bare.shell(bare.bundle("a1", [base]), script).out.split()
    assert root == [
        "CapInh:", "0" * 16, "CapPrm:", "00000000a80425fb", "CapEff:", "00000000a80425fb",
        "CapBnd:", "00000000a80425fb", "CapAmb:", "0" * 16,
    ]  # fmt: skip
    user = bare.shell(bare.bundle("a1", [base], user="1000", caps=[]), script).out.split()
    assert user[1::2] == ["0" * 16] * 5


def test_no_new_privileges_is_set_when_asked(base: Path) -> None:
    made = bare.bundle(
        "a1", [base], no_new_privs=True, seccomp=seccomp.compiled(None, caps.DEFAULT)
    )
    result = bare.shell(made, "grep -E 'NoNewPrivs|Seccomp:' /proc/self/status")
    assert result.out.split() == ["NoNewPrivs:", "1", "Seccomp:", "2"]


def test_a_hard_limit_that_cannot_be_raised_is_refused_in_words(base: Path) -> None:
    made = bare.bundle("a1", [base], rlimits={"nofile": {"soft": 64, "hard": 128}})
    assert bare.shell(made, "ulimit -Sn; ulimit -Hn").out == "64\n128\n"
    if caps.number("SYS_RESOURCE") not in caps.permitted():
        made = bare.bundle(
            "a1",
            [base],
            rlimits={"nofile": {"soft": 1 << 30, "hard": 1 << 30}},
        )
        assert "ulimits.nofile: hard limit 1073741824 refused" in bare.shell(made, "true").err
