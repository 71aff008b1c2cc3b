"""The built-in image: it looks like any other, and shows nothing private of the host."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from engine import image_files, image_roots, images
from engine.image import skeleton
from engine.volume import local
from schemas.specs import Mount
from tests.support import bare
from tests.support.images import docker_archive, member, tar

pytestmark = pytest.mark.usefixtures("state")


def test_it_is_listed_and_inspected_like_any_image() -> None:
    [info] = images.images()
    assert info.tags == ("pycompose/host:latest",)
    found = images.inspect("pycompose/host")
    assert found["Id"] == info.id and found["Config"]["Cmd"] == ["/bin/sh"]  # type: ignore[index]
    assert images.resolve(info.id[7:19]).id == info.id  # type: ignore[union-attr]


def test_its_id_is_the_same_until_the_system_changes() -> None:
    assert images.resolve("pycompose/host") == images.resolve("docker.io/pycompose/host:latest")


def test_the_skeleton_holds_what_programs_need() -> None:
    root = Path(skeleton.path())
    for name in (
        "etc/passwd",
        "etc/group",
        "etc/ld.so.cache",
        "etc/os-release",
        "etc/nsswitch.conf",
        "tmp",
        "proc",
        "dev",
    ):
        assert (root / name).is_symlink() or (root / name).exists(), name
    assert stat.S_IMODE((root / "tmp").stat().st_mode) == 0o1777
    assert (root / "etc/passwd").read_text().startswith("root:x:0:0:")


def test_the_skeleton_holds_nothing_private() -> None:
    root = Path(skeleton.path())
    names = {str(path.relative_to(root)) for path in root.rglob("*")}
    for private in (
        "shadow",
        "gshadow",
        "machine-id",
        "ssh",
        "ssl/private",
        "docker",
        "sudoers",
        "fstab",
        "environment",
    ):
        assert f"etc/{private}" not in names
    for empty in ("root", "home", "var/lib", "var/log", "srv", "opt"):
        assert not list((root / empty).iterdir())
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert b"PRIVATE KEY" not in path.read_bytes(), path
    for line in (root / "etc/passwd").read_text().splitlines():
        assert line.split(":")[1] == "x" and (int(line.split(":")[2]) < 1000 or "65534" in line)


def test_links_of_the_skeleton_lead_into_the_system_only() -> None:
    root = Path(skeleton.path())
    for path in root.rglob("*"):
        if path.is_symlink():
            end = os.path.normpath(
                os.path.join("/", path.parent.relative_to(root), os.readlink(path))
            )
            assert end.startswith(("/usr", "/etc", "/proc", "/run", "/bin", "/sbin", "/lib")), path


def test_the_root_of_a_container_has_its_own_writable_directories(state: tuple[Path, Path]) -> None:
    image = images.resolve("pycompose/host")
    assert image is not None
    root = image_roots.root(image.id, "a" * 64)
    assert root["kind"] == "host" and root["lowers"] == [skeleton.path()]
    for key in ("upper", "work", "usr_upper", "usr_work"):
        assert root[key].startswith(str(state[0] / "containers" / ("a" * 64)))  # type: ignore[literal-required]
        assert os.path.isdir(root[key])  # type: ignore[literal-required]
    assert stat.S_IMODE(os.stat(root["upper"]).st_mode) == 0o755


def test_a_container_of_it_runs_the_hosts_programs_and_changes_nothing_of_the_host(
    state: tuple[Path, Path],
) -> None:
    id = "d" * 64
    image = images.resolve("pycompose/host")
    assert image is not None
    made = bare.bundle(id, [], root=image_roots.root(image.id, id))
    (state[1] / "containers" / id).mkdir(parents=True)
    script = "python3 -c 'import ssl, json; print(1)' && echo x > /usr/local/written && cat /usr/local/written /etc/shadow"
    done = bare.shell(made, script)
    assert done.out == "1\nx\n" and "shadow" in done.err
    assert not os.path.exists("/usr/local/written")
    assert (state[0] / "containers" / id / "usr-upper/local/written").read_text() == "x\n"


def test_the_content_of_another_image_is_mounted_read_only(
    state: tuple[Path, Path], tmp_path: Path
) -> None:
    id = "e" * 64
    archive = docker_archive(
        [
            tar(member("a/one", b"1"), member("a/gone", b"x")),
            tar(member("a/two", b"2"), member("a/.wh.gone")),
        ],
        ["data:1"],
    )
    (tmp_path / "data.tar").write_bytes(archive)
    image_files.load(str(tmp_path / "data.tar"), sink=lambda _: None)
    (state[1] / "containers" / id).mkdir(parents=True)
    mount: Mount = {"type": "image", "source": "data:1", "target": "/x", "subpath": "a"}
    mounts = local.prepare_mounts(id, {"name": "web", "image": "x", "mounts": [mount]}, [])
    made = bare.bundle(id, [bare.busybox_root(tmp_path / "root")], mounts=mounts)
    done = bare.shell(made, "ls /x; cat /x/one; touch /x/new")
    assert done.out == "one\ntwo\n1" and "Read-only" in done.err
