"""Volumes, binds, tmpfs, secrets and configs, looked at from inside: what is mounted, with what flags and whose."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.kernel import mount
from tests.e2e.conftest import Compose
from tests.engine.attributes.conftest import Inside
from tests.support import images
from tests.support.eventually import eventually
from tests.support.proofs import proves

PROJECT = """
x-idle: &idle
  image: pycompose/host
  network_mode: none
  command: [sleep, infinity]
  stop_signal: SIGKILL
services:
  mounting:
    <<: *idle
    tmpfs:
      - /scratch:size=4m,mode=1770,uid=7,gid=8,exec
    volumes:
      - type: bind
        source: ./tree
        target: /tree
        consistency: cached
        bind: {selinux: z}
      - type: bind
        source: ./tree
        target: /tree-all
        read_only: true
      - type: bind
        source: ./tree
        target: /tree-top
        read_only: true
        bind: {recursive: writable}
      - type: bind
        source: ./tree
        target: /tree-alone
        bind: {recursive: disabled}
      - type: bind
        source: ./made/below
        target: /made
        bind: {create_host_path: true}
      - type: bind
        source: ./slave
        target: /slave
        bind: {propagation: rslave}
      - type: tmpfs
        target: /memory
        tmpfs: {size: 2m, mode: 0710}
      - data:/data
      - type: volume
        source: existing
        target: /part
        read_only: true
        volume: {subpath: sub/dir}
      - type: volume
        target: /anonymous
        volume:
          labels: {about: this}
      - type: volume
        source: copied
        target: /etc
        volume: {nocopy: true}
      - existing:/existing
      - memory:/shared
      - bound:/bound
      - layered:/layered
      - type: image
        source: busybox:latest
        target: /image
      - type: image
        source: busybox:latest
        target: /applets
        image: {subpath: bin}
    labels: {what: ever}
  sharing:
    <<: *idle
    volumes: ["memory:/shared"]
  mounting-back:
    <<: *idle
    privileged: true
    volumes:
      - type: bind
        source: ./slave
        target: /shared
        bind: {propagation: rshared}
  secretive:
    <<: *idle
    read_only: true
    user: "1234:1235"
    secrets:
      - file
      - source: environ
        target: elsewhere
        uid: "1234"
        gid: "1235"
        mode: 0400
      - source: file
        target: /opt/absolute
    configs:
      - inline
      - source: file
        target: /etc/app/config.ini
        uid: "1234"
        mode: 0440
      - source: environ
        target: /from-environment
  owning:
    <<: *idle
    user: "4321:4322"
    volumes:
      - type: volume
        source: owned
        target: /owned
        x-owner: user
      - type: bind
        source: ./theirs
        target: /theirs
        x-owner: user
volumes:
  data:
    labels: {com.example.about: data}
  copied:
  owned:
  existing:
    external: true
    name: was-there
  memory:
    driver: local
    driver_opts: {type: tmpfs, device: tmpfs, o: "size=3m,uid=9,nosuid,noexec"}
  bound:
    name: given-name
    driver_opts: {type: none, device: "${PWD}/tree", o: "bind,ro,noexec"}
  layered:
    driver_opts: {type: overlay, device: overlay, o: "lowerdir=${PWD}/lower,upperdir=${PWD}/upper,workdir=${PWD}/work"}
secrets:
  file:
    file: ./secret.txt
  environ:
    environment: PATH
configs:
  inline:
    content: |
      inline content
  file:
    file: ./config.ini
  environ:
    environment: PATH
"""


@pytest.fixture(scope="module", autouse=True)
def surroundings(place: Compose, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Files, mounts, an image and a volume that are there before."""
    directory = place.directory
    place.environ["PWD"] = str(directory)
    for name in ("tree/below", "slave", "theirs", "lower"):
        (directory / name).mkdir(parents=True)
    (directory / "tree" / "file").write_text("on top")
    (directory / "lower" / "low").write_text("lower")
    (directory / "theirs" / "file").write_text("theirs")
    for path in (directory / "theirs", directory / "theirs" / "file"):
        os.chown(path, 1111, 1112)
    (directory / "secret.txt").write_text("secret one")
    (directory / "config.ini").write_text("config one")
    mount.mount("tmpfs", str(directory / "tree" / "below"), "tmpfs", 0)
    mount.mount(str(directory / "slave"), str(directory / "slave"), "", mount.MS_BIND)
    mount.mount("", str(directory / "slave"), "", mount.MS_SHARED)
    # overlayfs takes no upper directory on another overlay or on hostfs, so its parts are in memory.
    for name in ("upper", "work"):
        (directory / name).mkdir()
    archive = images.write_busybox(tmp_path_factory.mktemp("image") / "busybox.tar")
    place("image", "load", "-i", str(archive))
    place("volume", "create", "was-there")
    there = Path(place("volume", "inspect", "-f", "{{.Mountpoint}}", "was-there").strip())
    (there / "sub" / "dir").mkdir(parents=True)
    yield
    place("down", "-v", "-t", "0")
    place("volume", "rm", "was-there")
    mount.umount(str(directory / "slave"), mount.MNT_DETACH)
    mount.umount(str(directory / "tree" / "below"))


def flags(inside: Inside, service: str, target: str) -> tuple[str, set[str]]:
    """Type and options of the mount at ``target``."""
    lines = inside(service, "cat /proc/self/mountinfo").splitlines()
    rows = [line.split() for line in lines]
    row = next(row for row in reversed(rows) if row[4] == target)
    end = row.index("-")
    return row[end + 1], {*row[5].split(","), *row[end + 3].split(",")}


def owner(inside: Inside, service: str, path: str) -> str:
    return inside(service, f"stat -L -c '%a %u:%g' {path}")


@proves("services.volumes.type", "services.volumes.source", "services.volumes.target")
@proves("services.volumes.bind.selinux")
def test_a_bind_shows_the_hosts_directory(inside: Inside, place: Compose) -> None:
    assert inside("mounting", "cat /tree/file") == "on top"
    inside("mounting", "echo more > /tree/new")
    assert (place.directory / "tree" / "new").read_text() == "more\n"


@proves("services.volumes.read_only", "services.volumes.bind.recursive")
def test_read_only_reaches_as_deep_as_asked_for(inside: Inside) -> None:
    writes = "touch {0}/x 2>/dev/null; echo $?; touch {0}/below/x 2>/dev/null; echo $?"
    assert inside("mounting", writes.format("/tree")).split() == ["0", "0"]
    assert inside("mounting", writes.format("/tree-all")).split() == ["1", "1"]
    assert inside("mounting", writes.format("/tree-top")).split() == ["1", "0"]
    # Not recursive at all: what is mounted below on the host is not there.
    assert "/tree-alone/below" not in inside("mounting", "cut -d ' ' -f 5 /proc/self/mountinfo")


@proves("services.volumes.bind.create_host_path")
def test_a_missing_source_is_made_when_asked_for(inside: Inside, place: Compose) -> None:
    inside("mounting", "echo x > /made/file")
    assert (place.directory / "made" / "below" / "file").exists()


@proves("services.volumes.bind.propagation")
def test_a_slave_mount_sees_what_the_host_mounts_later(inside: Inside, place: Compose) -> None:
    later = place.directory / "slave" / "later"
    later.mkdir()
    mount.mount("tmpfs", str(later), "tmpfs", 0)
    try:
        (later / "seen").touch()
        assert inside("mounting", "ls /slave/later") == "seen"
    finally:
        mount.umount(str(later))
    # A shared one gives back what is mounted inside.
    inside(
        "mounting-back", "mkdir /shared/own; mount -t tmpfs none /shared/own; touch /shared/own/x"
    )
    assert (place.directory / "slave" / "own" / "x").exists()
    inside("mounting-back", "umount /shared/own; rmdir /shared/own")


@proves("services.tmpfs", "services.volumes.tmpfs.size", "services.volumes.tmpfs.mode")
def test_a_tmpfs_has_its_size_mode_owner_and_flags(inside: Inside) -> None:
    kind, options = flags(inside, "mounting", "/scratch")
    assert kind == "tmpfs" and {"size=4096k", "nosuid", "nodev"} <= options
    assert "noexec" not in options
    assert owner(inside, "mounting", "/scratch") == "1770 7:8"
    kind, options = flags(inside, "mounting", "/memory")
    assert kind == "tmpfs" and {"size=2048k", "noexec"} <= options
    assert owner(inside, "mounting", "/memory").startswith("710 ")


@proves("services.volumes.volume.subpath")
def test_a_part_of_a_volume_is_mounted(inside: Inside) -> None:
    inside("mounting", "echo x > /existing/sub/dir/file")
    assert inside("mounting", "cat /part/file") == "x"
    assert inside("mounting", "touch /part/y 2>/dev/null; echo $?") == "1"


@proves("services.volumes.volume.nocopy")
def test_nocopy_leaves_the_volume_empty(inside: Inside) -> None:
    assert inside("mounting", "ls /etc | grep -v -e hosts -e hostname -e resolv.conf", code=1) == ""


@proves("services.volumes.image.subpath")
def test_an_image_is_mounted_read_only_or_a_part_of_it(inside: Inside) -> None:
    assert inside("mounting", "test -x /image/bin/busybox && test -x /applets/busybox && echo yes")
    assert "ro" in flags(inside, "mounting", "/image")[1]
    assert inside("mounting", "touch /image/x 2>/dev/null; echo $?") == "1"


@proves("volumes.driver", "volumes.driver_opts", "volumes.external.name", "volumes.name")
def test_a_volumes_options_decide_what_is_mounted(inside: Inside, place: Compose) -> None:
    kind, options = flags(inside, "mounting", "/shared")
    assert kind == "tmpfs" and {"size=3072k", "nosuid", "noexec"} <= options
    assert owner(inside, "mounting", "/shared").endswith(" 9:0")
    # One file system for all its users, also after one of them was away.
    inside("mounting", "echo kept > /shared/file")
    place("restart", "-t", "0", "sharing")
    assert eventually(lambda: inside("sharing", "cat /shared/file")) == "kept"
    assert {"ro", "noexec"} <= flags(inside, "mounting", "/bound")[1]
    assert inside("mounting", "cat /bound/file") == "on top"
    inside("mounting", "echo x > /layered/high")
    assert inside("mounting", "ls /layered").split() == ["high", "low"]
    assert (place.directory / "upper" / "high").exists()
    assert place("volume", "inspect", "-f", "{{.Name}}", "was-there", "given-name").split() == [
        "was-there",
        "given-name",
    ]


@proves("volumes.labels", "services.volumes.volume.labels")
def test_labels_are_the_volumes(place: Compose, inside: Inside) -> None:
    shown = place("volume", "ls", "--format", "{{.Name}} {{.Labels}}").splitlines()
    labels = dict(line.split(" ", 1) for line in shown)
    assert "com.example.about=data" in labels["table_data"]
    assert [text for name, text in labels.items() if len(name) == 64 and "about=this" in text]


@proves("services.secrets.source", "services.secrets.target", "services.secrets.mode")
@proves("services.secrets.uid", "services.secrets.gid", "secrets.file", "secrets.environment")
def test_secrets_are_files_in_memory_with_owner_and_mode(inside: Inside) -> None:
    assert owner(inside, "secretive", "/run/secrets/file") == "444 0:0"
    assert inside("secretive", "cat /run/secrets/file /opt/absolute") == "secret onesecret one"
    assert owner(inside, "secretive", "/run/secrets/elsewhere") == "400 1234:1235"
    assert inside("secretive", "cat /run/secrets/elsewhere") == os.environ["PATH"]
    kind, options = flags(inside, "secretive", "/run/secrets/file")
    assert kind == "tmpfs" and {"ro", "nosuid", "nodev", "noexec"} <= options


@proves("services.configs.source", "services.configs.target", "services.configs.mode")
@proves("services.configs.uid", "services.configs.gid", "configs.file", "configs.environment")
@proves("configs.content")
def test_configs_are_files_with_owner_and_mode(inside: Inside) -> None:
    assert inside("secretive", "cat /inline") == "inline content"
    assert owner(inside, "secretive", "/inline") == "444 0:0"
    assert inside("secretive", "cat /etc/app/config.ini") == "config one"
    assert owner(inside, "secretive", "/etc/app/config.ini") == "440 1234:0"
    assert inside("secretive", "cat /from-environment") == os.environ["PATH"]
    assert inside("secretive", "echo x 2>/dev/null > /inline; echo $?") != "0"


def test_new_content_of_a_secret_makes_the_container_anew(inside: Inside, place: Compose) -> None:
    before = place.ids()["table-secretive-1"]
    place("up", "-d")
    assert place.ids()["table-secretive-1"] == before
    (place.directory / "secret.txt").write_text("secret two")
    place("up", "-d", "-t", "0")
    assert place.ids()["table-secretive-1"] != before
    assert inside("secretive", "cat /run/secrets/file") == "secret two"


def test_a_mount_can_belong_to_the_containers_user(inside: Inside, place: Compose) -> None:
    inside("owning", "echo x > /owned/mine; echo x > /theirs/mine; echo y >> /theirs/file")
    assert owner(inside, "owning", "/owned /owned/mine").split()[1::2] == ["4321:4322"] * 2
    assert owner(inside, "owning", "/theirs/file /theirs/mine").split()[1::2] == ["4321:4322"] * 2
    # On the host they are still the other's: the bind shows them as the user's and changes nothing.
    for name in ("file", "mine"):
        entry = os.stat(place.directory / "theirs" / name)
        assert (entry.st_uid, entry.st_gid) == (1111, 1112)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("{type: nfs, device: ':/x', o: 'addr=192.0.2.9'}", "unknown file system type nfs"),
        ("{type: ext4, device: /dev/nothing}", "mount /dev/nothing"),
        ("{type: none, device: ./x, o: bind}", "device ./x must be an absolute path"),
        ("{type: none, device: /nothing, o: bind}", "mount /nothing: no such file"),
        ("{type: tmpfs, device: tmpfs, o: bogus=1}", "data: bogus=1: Invalid argument"),
        ("{type: tmpfs, o: size=1m}", 'missing required option: "device"'),
        ("{size: 10m}", "no quota support"),
        ("{foo: bar}", 'invalid option: "foo"'),
    ],
)
def test_options_that_cannot_be_are_one_clear_line(
    place: Compose, options: str, message: str
) -> None:
    place.write(
        "services: {a: {image: pycompose/host, network_mode: none, command: 'true', volumes: ['vol:/v']}}\n"
        f"volumes: {{vol: {{driver_opts: {options}}}}}\n",
        "wrong.yaml",
    )
    done = place.run("-f", "wrong.yaml", "-p", "wrong", "up", "-d")
    assert done.code == 1 and re.search(message, done.err), done
    assert "Traceback" not in done.err
    place("-f", "wrong.yaml", "-p", "wrong", "down", "-v")


def test_file_systems_of_volumes_are_unmounted_with_their_last_container(place: Compose) -> None:
    root = Path(place.environ["PYCOMPOSE_ROOT"])
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    assert any(str(root / "volumes") in target for target in mounts)
    place("down", "-t", "0")
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    assert not any(str(root / "volumes") in target for target in mounts)
