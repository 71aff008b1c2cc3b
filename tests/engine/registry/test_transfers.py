"""Images to and from a real registry: what is pulled is what was pushed, byte for byte, for us and for others."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path

import pytest
from backports import zstd

from engine import image_files, image_names, images, transfers
from engine.state import images as rows
from schemas.errors import InvalidArgument, NotFound, Unsupported
from schemas.records import Progress
from tests.engine.registry.contents import BIG, ONE, TWO, silent
from tests.support.images import docker_archive, member, oci_archive, tar
from tests.support.registry import OCI_INDEX, OCI_LAYER, Registry, sha256

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


def load(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "image.tar"
    path.write_bytes(data)
    [info] = image_files.load(str(path), sink=silent)
    return info.id


def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str = "second") -> None:
    """Go on with an empty store."""
    monkeypatch.setenv("PYCOMPOSE_ROOT", str(tmp_path / name))


def content(reference: str) -> list[str]:
    """The names of the files of an image, layer by layer from the top."""
    found = images.resolve(reference)
    assert found is not None
    return [
        str(path.relative_to(layer))
        for layer in map(Path, images.layers(found.id))
        for path in sorted(layer.rglob("*"))
        if path.is_file()
    ]


def test_what_is_pushed_is_pulled_into_an_empty_store(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{registry.address}/push/app:1"
    id = load(tmp_path, docker_archive([ONE, TWO, BIG], [name]))
    digest = transfers.push(name, sink=silent)
    assert registry.digest("push/app", "1") == digest
    elsewhere(monkeypatch, tmp_path)
    info = transfers.pull(name, sink=silent)
    assert info.id == id
    assert info.tags == (name,) and info.digests == (f"{registry.address}/push/app@{digest}",)
    assert content(name) == ["big", "etc/two", "etc/one"]
    assert transfers.push(name, sink=silent) == digest


def test_an_image_is_pulled_by_digest_and_then_has_no_tag(registry: Registry) -> None:
    stored = registry.image("digest/app", "1", [(OCI_LAYER, ONE, ONE)])
    name = f"{registry.address}/digest/app@{stored.digest}"
    info = transfers.pull(name, sink=silent)
    assert (info.tags, info.digests) == ((), (name,))
    assert images.image(name) == info
    assert images.image(f"{registry.address}/digest/app:1@{stored.digest}") == info
    assert image_names.remove(name)[0] == f"Untagged: {name}"
    assert images.image(info.id) is None


@pytest.mark.parametrize(
    ("type", "pack"),
    [
        (OCI_LAYER, bytes),
        (f"{OCI_LAYER}+gzip", gzip.compress),
        (f"{OCI_LAYER}+zstd", zstd.compress),
    ],
)
def test_a_layer_is_unpacked_whatever_its_compression_and_pushed_as_it_came(
    registry: Registry, type: str, pack: type
) -> None:
    stored = registry.image("packed/app", "1", [(type, pack(ONE), ONE)])
    name = f"{registry.address}/packed/app:1"
    transfers.pull(name, sink=silent)
    assert content(name) == ["etc/one"]
    image_names.tag(name, f"{registry.address}/packed/other:1")
    assert transfers.push(f"{registry.address}/packed/other:1", sink=silent) == stored.digest


def test_of_an_index_the_platform_that_fits_is_pulled(registry: Registry) -> None:
    entries = []
    for architecture, variant, layer in (
        ("arm64", "v8", TWO),
        ("amd64", "", ONE),
        ("arm", "v6", BIG),
    ):
        facts = {"architecture": architecture, **({"variant": variant} if variant else {})}
        stored = registry.image("multi/app", "", [(OCI_LAYER, layer, layer)], **facts)
        entries.append(
            stored.descriptor(
                "application/vnd.oci.image.manifest.v1+json", platform={"os": "linux", **facts}
            )
        )
    attestation = {**entries[0], "platform": {"os": "unknown", "architecture": "unknown"}}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [attestation, *entries]}
    stored = registry.manifest("multi/app", "1", index, OCI_INDEX)
    name = f"{registry.address}/multi/app:1"
    info = transfers.pull(name, sink=silent)
    assert content(name) == ["etc/one"]
    # As with Docker, the digest is that of what the tag stands for.
    assert info.digests == (f"{registry.address}/multi/app@{stored.digest}",)
    assert transfers.pull(name, platform="linux/arm64", sink=silent).architecture == "arm64"
    assert content(name) == ["etc/two"]
    assert transfers.pull(name, platform="linux/arm/v7", sink=silent).architecture == "arm"
    with pytest.raises(NotFound, match=r"no matching manifest for linux/s390x .*linux/arm/v6"):
        transfers.pull(name, platform="linux/s390x", sink=silent)


def test_dockers_own_manifests_and_lists_are_understood(registry: Registry) -> None:
    config = registry.blob("docker/app", json.dumps(
        {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [sha256(ONE)]}}
    ).encode())  # fmt: skip
    layer = registry.blob("docker/app", gzip.compress(ONE))
    manifest = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": config.descriptor("application/vnd.docker.container.image.v1+json"),
        "layers": [layer.descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip")],
    }
    stored = registry.manifest("docker/app", "", manifest, DOCKER_MANIFEST)
    entry = stored.descriptor(DOCKER_MANIFEST, platform={"os": "linux", "architecture": "amd64"})
    document = {"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": [entry]}
    registry.manifest("docker/app", "1", document, DOCKER_LIST)
    name = f"{registry.address}/docker/app:1"
    transfers.pull(name, sink=silent)
    assert content(name) == ["etc/one"]
    assert transfers.push(name, sink=silent) == stored.digest


def test_another_platform_than_the_one_that_was_asked_for_is_refused(registry: Registry) -> None:
    registry.image("single/app", "1", [(OCI_LAYER, ONE, ONE)])
    name = f"{registry.address}/single/app:1"
    with pytest.raises(NotFound, match="wanted linux/arm64, actual: linux/amd64"):
        transfers.pull(name, platform="linux/arm64", sink=silent)
    assert images.image(name) is None


def test_a_tag_that_has_moved_leaves_the_old_image_without_a_name(registry: Registry) -> None:
    name = f"{registry.address}/moving/app:1"
    registry.image("moving/app", "1", [(OCI_LAYER, ONE, ONE)])
    old = transfers.pull(name, sink=silent)
    registry.image("moving/app", "1", [(OCI_LAYER, ONE, ONE), (OCI_LAYER, TWO, TWO)])
    said: list[str] = []
    new = transfers.pull(name, sink=lambda progress: said.append(progress.text))
    assert new.id != old.id and new.tagged > old.tagged
    found = images.image(old.id)
    assert found is not None and found.tags == () and found.digests == old.digests
    assert "Already exists" in said and f"Status: Downloaded newer image for {name}" in said
    said.clear()
    transfers.pull(name, sink=lambda progress: said.append(progress.text))
    assert said[-1] == f"Status: Image is up to date for {name}"
    assert "Already exists" not in said


def test_only_what_is_missing_is_pushed_and_the_rest_is_mounted(
    registry: Registry, tmp_path: Path
) -> None:
    name = f"{registry.address}/mount/app:1"
    load(tmp_path, docker_archive([ONE, BIG], [name]))
    states: dict[str, list[str]] = {}

    def note(progress: Progress) -> None:
        if progress.id and progress.status == "done":
            states.setdefault(progress.id, []).append(progress.text)

    transfers.push(name, sink=note)
    assert sorted(states.values()) == [["Pushed"], ["Pushed"]]
    states.clear()
    transfers.push(name, sink=note)
    assert sorted(states.values()) == [["Layer already exists"], ["Layer already exists"]]
    states.clear()
    image_names.tag(name, f"{registry.address}/mount/second:1")
    transfers.push(f"{registry.address}/mount/second:1", sink=note)
    assert sorted(states.values()) == [["Mounted from mount/app"], ["Mounted from mount/app"]]


def test_what_cannot_be_pushed_is_said_before_anybody_is_asked(tmp_path: Path) -> None:
    load(tmp_path, docker_archive([ONE], ["localhost:1/app:1"]))
    with pytest.raises(NotFound, match="does not exist locally with the tag: localhost:1/other"):
        transfers.push("localhost:1/other", sink=silent)
    with pytest.raises(InvalidArgument, match="cannot push a digest reference"):
        transfers.push(f"localhost:1/app@{sha256(ONE)}", sink=silent)
    images.images()
    with pytest.raises(Unsupported, match="view of this host"):
        transfers.push("pycompose/host", sink=silent)


def test_an_artifact_is_no_image(registry: Registry) -> None:
    config = registry.blob("artifact/app", b"{}").descriptor("application/vnd.oci.empty.v1+json")
    layer = registry.blob("artifact/app", b"text").descriptor("text/plain")
    document = {"schemaVersion": 2, "config": config, "layers": [layer]}
    registry.manifest("artifact/app", "1", document)
    with pytest.raises(Unsupported, match="no container image: it holds text/plain"):
        transfers.pull(f"{registry.address}/artifact/app:1", sink=silent)


def test_the_digest_of_a_tag_is_told_without_pulling(registry: Registry) -> None:
    stored = registry.image("told/app", "1", [(OCI_LAYER, ONE, ONE)])
    name = f"{registry.address}/told/app"
    assert transfers.digest(f"{name}:1") == f"{name}:1@{stored.digest}"
    assert transfers.digest(f"{name}:1@{stored.digest}") == f"{name}@{stored.digest}"
    assert images.image(f"{name}:1") is None
    with pytest.raises(NotFound, match=r"manifest for .*told/app:2 not found"):
        transfers.digest(f"{name}:2")


def test_skopeo_takes_what_we_pushed_with_the_same_digest(
    registry: Registry, tmp_path: Path
) -> None:
    name = f"{registry.address}/skopeo/app:1"
    load(tmp_path, docker_archive([ONE, TWO], [name]))
    digest = transfers.push(name, sink=silent)
    copy = ["skopeo", "copy", "-q", "--preserve-digests", "--src-tls-verify=false"]
    subprocess.run([*copy, f"docker://{name}", f"dir:{tmp_path}/copy"], check=True, timeout=60)
    assert sha256((tmp_path / "copy" / "manifest.json").read_bytes()) == digest


def test_we_take_what_skopeo_pushed_with_the_same_digest(
    registry: Registry, tmp_path: Path
) -> None:
    archive = tmp_path / "app.tar"
    stored = [(f"{OCI_LAYER}+gzip", gzip.compress(ONE)), (OCI_LAYER, TWO)]
    archive.write_bytes(oci_archive([ONE, TWO], stored, "app:1"))
    name = f"{registry.address}/skopeo/theirs:1"
    copy = ["skopeo", "copy", "-q", "--dest-tls-verify=false"]
    subprocess.run([*copy, f"oci-archive:{archive}", f"docker://{name}"], check=True, timeout=60)
    info = transfers.pull(name, sink=silent)
    assert info.digests == (f"{name.rpartition(':')[0]}@{registry.digest('skopeo/theirs', '1')}",)
    assert content(name) == ["etc/two", "etc/one"]
    assert transfers.push(name, sink=silent) == registry.digest("skopeo/theirs", "1")


def test_a_layer_that_came_plain_travels_compressed_and_is_kept_so(
    registry: Registry, tmp_path: Path
) -> None:
    name = f"{registry.address}/plain/app:1"
    zeros = tar(member("zeros", bytes(4 << 20)))
    id = load(tmp_path, docker_archive([zeros], [name]))
    transfers.push(name, sink=silent)
    [layer] = rows.layers(id)
    assert layer.media_type.endswith("gzip") and layer.blob_size < 1 << 20
    image_files.save([name], str(tmp_path / "saved.tar"))
    assert (tmp_path / "saved.tar").stat().st_size < 1 << 20
