"""Images between a real daemon and us, both ways: through a registry and through archives, with equal digests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import image_files, images, transfers
from tests.engine.registry.contents import ONE, TWO, silent
from tests.support import dockerd
from tests.support.images import busybox_layer, directory, docker_archive, member, symlink, tar
from tests.support.registry import Registry

# What travels badly: attributes, odd owners, links, marks of what a lower layer loses, a name that is no text.
HARD = tar(
    directory("etc"),
    member("etc/one", b"1", mode=0o4755, uid=1 << 20, gid=65534, pax={"SCHILY.xattr.user.x": "y"}),
    symlink("etc/link", "one"),
    member("etc/.wh.two"),
    member("na\nme", b"odd"),
)


@pytest.fixture(scope="module")
def daemon(
    tmp_path_factory: pytest.TempPathFactory, private_namespaces: None
) -> Iterator[dockerd.Daemon]:
    options = ("--bridge=none", "--iptables=false", "--ip6tables=false")
    found = dockerd.Daemon(tmp_path_factory.mktemp("docker"), *options)
    try:
        found.start()
        yield found
    finally:
        found.stop()


def load(tmp_path: Path, *layers: bytes, name: str) -> str:
    path = tmp_path / "image.tar"
    path.write_bytes(docker_archive(list(layers), [name]))
    [info] = image_files.load(str(path), sink=silent)
    return info.id


def facts(daemon: dockerd.Daemon, name: str) -> dict[str, object]:
    """What the daemon says of an image, as far as it must be the same everywhere."""
    [found] = json.loads(daemon.docker("image", "inspect", name))
    return {key: found[key] for key in ("Id", "RootFS", "RepoDigests")}


def ours(name: str) -> dict[str, object]:
    found = images.inspect(name)
    return {key: found[key] for key in ("Id", "RootFS", "RepoDigests")}


def test_the_daemon_pulls_what_we_pushed(
    daemon: dockerd.Daemon, registry: Registry, tmp_path: Path
) -> None:
    name = f"{registry.address}/docker/ours:1"
    load(tmp_path, ONE, TWO, HARD, name=name)
    digest = transfers.push(name, sink=silent)
    assert f"Digest: {digest}" in daemon.docker("pull", name)
    assert facts(daemon, name) == ours(name)
    daemon.docker("rmi", name)
    by_digest = f"{name.rpartition(':')[0]}@{digest}"
    daemon.docker("pull", by_digest)
    assert facts(daemon, by_digest) == ours(by_digest)
    daemon.docker("rmi", by_digest)


def test_we_pull_what_the_daemon_pushed(
    daemon: dockerd.Daemon,
    registry: Registry,
    tmp_path: Path,
) -> None:
    name = f"{registry.address}/docker/theirs:1"
    archive = tmp_path / "theirs.tar"
    archive.write_bytes(docker_archive([busybox_layer(), HARD], [name]))
    daemon.docker("load", "-i", str(archive))
    said = daemon.docker("push", name)
    assert f"digest: {registry.digest('docker/theirs', '1')}" in said
    info = transfers.pull(name, sink=silent)
    assert facts(daemon, name) == ours(name)
    # What came from there goes back as the same bytes: there is nothing to be sent.
    assert transfers.push(name, sink=silent) == registry.digest("docker/theirs", "1")
    top = Path(images.layers(info.id)[0])
    status = (top / "etc/one").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (1 << 20, 65534, 0o4755)
    daemon.docker("rmi", name)


def test_the_daemon_loads_what_we_saved_and_we_load_what_it_saves(
    daemon: dockerd.Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = load(tmp_path, ONE, TWO, HARD, name="app:1")
    saved, again = tmp_path / "saved.tar", tmp_path / "again.tar"
    image_files.save(["app:1"], str(saved))
    assert "Loaded image: app:1" in daemon.docker("load", "-i", str(saved))
    assert facts(daemon, "app:1")["Id"] == id
    daemon.docker("tag", "app:1", "other:2")
    daemon.docker("save", "-o", str(again), "app:1", "other:2")
    monkeypatch.setenv("PYCOMPOSE_ROOT", str(tmp_path / "second"))
    [info] = image_files.load(str(again), sink=silent)
    assert (info.id, info.tags) == (id, ("app:1", "other:2"))
    assert facts(daemon, "app:1")["RootFS"] == ours("app:1")["RootFS"]
    daemon.docker("rmi", "app:1", "other:2")
