"""What a registry may answer that is not true, or not now: nothing false is ever stored."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine import images, transfers
from schemas.errors import Failed
from tests.engine.registry.contents import BIG, ONE, silent
from tests.support.answers import Answers, answering
from tests.support.images import member, tar
from tests.support.registry import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Registry,
    Stored,
    sha256,
)
from tests.support.store import rubbish


@contextmanager
def damaged(file: Path, data: bytes) -> Iterator[None]:
    """The registry's file holds ``data`` for a while; images of other tests may need it as it was."""
    good = file.read_bytes()
    file.write_bytes(data)
    try:
        yield
    finally:
        file.write_bytes(good)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_corrupted_blob_is_refused(
    registry: Registry, state: tuple[Path, Path], pack: Callable[[bytes], bytes]
) -> None:
    # Content and length are right in the end, only a byte in the middle is not.
    layer = tar(member("f", os.urandom(100_000)))
    blob = pack(layer)
    registry.image("corrupt/app", "1", [(OCI_LAYER, blob, layer)])
    bad = bytearray(blob)
    bad[50_000] ^= 1
    name = f"{registry.address}/corrupt/app:1"
    with (
        damaged(registry.file(sha256(blob)), bytes(bad)),
        pytest.raises(Failed, match=r"digest|damaged"),
    ):
        transfers.pull(name, sink=silent)
    assert images.image(name) is None
    assert rubbish(state[0]) == []
    assert list((state[0] / "layers").glob("*")) == []
    assert transfers.pull(name, sink=silent)


def test_a_corrupted_config_is_refused(registry: Registry) -> None:
    stored = registry.image("config/app", "1", [(OCI_LAYER, ONE, ONE)])
    manifest = json.loads(registry.file(stored.digest).read_bytes())
    file = registry.file(manifest["config"]["digest"])
    with (
        damaged(file, file.read_bytes().replace(b"linux", b"LINUX")),
        pytest.raises(Failed, match="content has digest"),
    ):
        transfers.pull(f"{registry.address}/config/app:1", sink=silent)


@pytest.mark.parametrize("by_digest", [False, True])
def test_a_corrupted_manifest_is_refused(registry: Registry, by_digest: bool) -> None:
    stored = registry.image("manifest/app", "1", [(OCI_LAYER, ONE, ONE)])
    file = registry.file(stored.digest)
    wanted = f"@{stored.digest}" if by_digest else ":1"
    # It says the same, in other bytes.
    text = file.read_bytes().replace(b'"schemaVersion": 2', b'"schemaVersion":\n2')
    with (
        damaged(file, text),
        pytest.raises(Failed, match="asked for" if by_digest else "the registry says"),
    ):
        transfers.pull(f"{registry.address}/manifest/app{wanted}", sink=silent)


def test_a_layer_with_another_content_than_the_config_says_is_refused(
    registry: Registry, state: tuple[Path, Path]
) -> None:
    registry.image("lie/app", "1", [(OCI_LAYER, gzip.compress(BIG), ONE)])
    with pytest.raises(Failed, match="the image names"):
        transfers.pull(f"{registry.address}/lie/app:1", sink=silent)
    assert list((state[0] / "layers").glob("*")) == []
    # Nor is it believed when the layer that it claims to be is here already.
    registry.image("true/app", "1", [(OCI_LAYER, ONE, ONE)])
    transfers.pull(f"{registry.address}/true/app:1", sink=silent)
    with pytest.raises(Failed, match="the image names"):
        transfers.pull(f"{registry.address}/lie/app:1", sink=silent)


@pytest.mark.parametrize(
    ("size", "protocol", "message"),
    [
        (1000, "HTTP/1.1", "is longer than the 1000 bytes announced for it"),
        (1 << 30, "HTTP/1.1", f"ends after {len(BIG)} of the {1 << 30} bytes announced for it"),
        # Without a length the end may have been a cut: only the next request, for the rest, tells.
        (1 << 30, "HTTP/1.0", f"ends after {len(BIG)} of the {1 << 30} bytes announced for it"),
    ],
)
def test_a_size_that_lies_is_refused(
    registry: Registry, state: tuple[Path, Path], size: int, protocol: str, message: str
) -> None:
    config = {"os": "linux", "rootfs": {"type": "layers", "diff_ids": [sha256(BIG)]}}
    text = json.dumps(config).encode()
    layer = Stored(sha256(BIG), size).descriptor(OCI_LAYER)
    described = Stored(sha256(text), len(text)).descriptor(OCI_CONFIG)
    manifest = {"schemaVersion": 2, "config": described, "layers": [layer]}
    bodies = {sha256(text): text, sha256(BIG): BIG}

    class Lying(Answers):
        protocol_version = protocol

        def do_GET(self) -> None:
            if "/manifests/" in self.path:
                self.say(200, json.dumps(manifest).encode(), Content_Type=OCI_MANIFEST)
            elif self.headers["Range"]:
                self.say(416)
            else:
                self.blob(bodies[self.path.rpartition("/")[2]])

        def blob(self, body: bytes) -> None:
            if protocol == "HTTP/1.1":
                self.say(200, body)
            else:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

    with answering(Lying) as address, pytest.raises(Failed, match=message):
        transfers.pull(f"{address}/size/app:1", sink=silent)
    assert rubbish(state[0]) == []


@pytest.mark.parametrize(("status", "after", "refusals"), [(503, "0", 2), (429, "1", 1)])
def test_a_passing_refusal_is_waited_out(
    registry: Registry, status: int, after: str, refusals: int
) -> None:
    registry.image("busy/app", "1", [(OCI_LAYER, ONE, ONE)])
    left = [refusals]

    class Busy(Answers):
        def do_GET(self) -> None:
            if left[0]:
                left[0] -= 1
                self.say(status, Retry_After=after)
            else:
                self.say(307, Location=f"http://{registry.address}{self.path}")

    with answering(Busy) as address:
        info = transfers.pull(f"{address}/busy/app:1", sink=silent)
    assert info.tags == (f"{address}/busy/app:1",)
    assert left == [0]
