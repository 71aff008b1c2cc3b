"""One name for images of several platforms: built together, run as the one of this machine, pushed as an index."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import Conflict, EngineError, NotFound, Unsupported
from tests.support import dockerfiles, registry

if TYPE_CHECKING:
    from engine.local import LocalEngine
    from schemas.building import BuildEvent

OURS, OTHERS = "linux/amd64", ["linux/arm64", "linux/arm/v7"]
CROSS = """FROM --platform=$BUILDPLATFORM base:1 AS compiler
ARG TARGETPLATFORM
RUN echo "program for $TARGETPLATFORM" > /program
FROM scratch
ARG TARGETARCH
ENV FOR=$TARGETARCH
COPY --from=compiler /program /
"""


@pytest.fixture
def based(engine: LocalEngine, tmp_path: Path) -> LocalEngine:
    path = tmp_path / "base.tar"
    path.write_bytes(dockerfiles.base_archive())
    engine.load_images(str(path), sink=lambda _: None)
    return engine


def build(engine: LocalEngine, directory: Path, text: str, **options: Any) -> list[BuildEvent]:
    dockerfiles.write(dockerfiles.Case("x", text), directory)
    events: list[BuildEvent] = []
    spec: Any = {"context": str(directory), "platforms": [OURS, *OTHERS], **options}
    engine.build(spec, sink=events.append)
    return events


def inspected(address: str, *words: str) -> Any:
    done = subprocess.run(
        ["skopeo", "inspect", "--tls-verify=false", *words, f"docker://{address}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_an_image_for_each_platform_goes_out_as_an_index(
    based: LocalEngine, tmp_path: Path
) -> None:
    with registry.running(tmp_path / "registry") as server:
        name = f"{server.address}/app:1"
        events = build(based, tmp_path / "x", CROSS, tags=[name])
        titles = {event.title for event in events}
        assert any(title.startswith("[linux/arm64 compiler 2/2] RUN") for title in titles)
        found: Any = based.image_inspect(name)
        assert (found["Architecture"], found["Config"]["Env"][-1]) == ("amd64", "FOR=amd64")
        digest = based.push(name, sink=lambda _: None)
        assert server.digest("app", "1") == digest
        index = inspected(name, "--raw")
        platforms = [each["platform"] for each in index["manifests"]]
        assert platforms == [
            {"os": "linux", "architecture": "amd64"},
            {"os": "linux", "architecture": "arm64"},
            {"os": "linux", "architecture": "arm", "variant": "v7"},
        ]
        arm = inspected(name, "--config", "--override-arch=arm64")
        assert arm["architecture"] == "arm64"
        assert "FOR=arm64" in arm["config"]["Env"]
        # It is what it was when it comes back, and a base for each platform.
        for image in based.images():
            if name in image.tags:
                based.remove_image(image.id, force=True)
        pulled = based.pull(name, platform="linux/arm64", sink=lambda _: None)
        assert pulled.architecture == "arm64"
        again = f"FROM {name}\nENV MORE=yes\n"
        build(based, tmp_path / "y", again, tags=["derived:1"], platforms=["linux/arm64", OURS])
        derived: Any = based.image_inspect("derived:1")
        assert derived["Config"]["Env"][-2:] == ["FOR=amd64", "MORE=yes"]


def test_a_name_that_is_given_to_another_image_is_an_index_no_more(
    based: LocalEngine, tmp_path: Path
) -> None:
    with registry.running(tmp_path / "registry") as server:
        name = f"{server.address}/app:1"
        build(based, tmp_path / "x", CROSS, tags=[name])
        for image in based.images():
            if image.architecture == "arm64":
                based.remove_image(image.id, force=True)
        with pytest.raises(NotFound, match="of another platform has been removed"):
            based.push(name, sink=lambda _: None)
        build(based, tmp_path / "x", CROSS, tags=[name], platforms=[OURS])
        based.push(name, sink=lambda _: None)
        assert "manifests" not in inspected(name, "--raw")
        args = {"BUILDKIT_MULTI_PLATFORM": "1"}
        build(based, tmp_path / "x", CROSS, tags=[name], platforms=[OURS], args=args)
        based.push(name, sink=lambda _: None)
        assert len(inspected(name, "--raw")["manifests"]) == 1


def test_what_cannot_run_here_is_told_before_anything_is_built(
    based: LocalEngine, tmp_path: Path
) -> None:
    text = "FROM scratch\nRUN true\n"
    with pytest.raises(Unsupported, match=r"RUN in a stage for linux/s390x: this machine is linux/"):  # fmt: skip
        build(based, tmp_path / "x", text, tags=["x:1"], platforms=[OURS, "linux/s390x"])
    assert based.image("x:1") is None
    with pytest.raises(Unsupported, match="other frontends cannot be run"):
        build(based, tmp_path / "x", CROSS, args={"BUILDKIT_SYNTAX": "example.com/other:1"})
    to = [{"type": "registry", "ref": "127.0.0.1:1/x"}]
    with pytest.raises(EngineError, match="several platforms"):
        build(based, tmp_path / "x", CROSS, tags=["x:1"], cache_to=to)


def test_an_image_of_another_platform_is_not_taken_for_the_one_asked_for(
    based: LocalEngine, tmp_path: Path
) -> None:
    text = "FROM scratch\nCOPY . /\nCMD x\n"
    build(based, tmp_path / "x", text, platforms=["linux/arm64"], tags=["strange:1"])
    spec: Any = {"name": "one", "image": "strange:1", "platform": OURS, "network_mode": "none"}
    with pytest.raises(
        Conflict, match=r"platform \(linux/arm64\) does not match .* \(linux/amd64\)"
    ):
        based.create(spec)
    assert based.containers() == []
