"""What takes up room and what of it can go: system df, system prune, builder prune, image history and its prune's filters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Compose
from tests.support import images

FILE = """
name: demo
services:
  web:
    image: app:1
    build:
      network: none
      dockerfile_inline: |
        FROM busybox
        LABEL a=b
        RUN --mount=type=cache,target=/c echo kept > /c/x; dd if=/dev/zero of=/big bs=1000 count=3
        CMD ["sleep", "1000"]
    network_mode: none
    stop_grace_period: 0s
    command: [sh, -c, "echo 12345 > /written; exec sleep 1000"]
    volumes: [/anonymous, "named:/named"]
  off: {image: busybox, networks: [own]}
volumes: {named: {}}
networks: {own: {}}
"""
WARNING = """WARNING! This will remove:
  - all stopped containers
  - all networks not used by at least one container
  - all dangling images
  - unused build cache

Are you sure you want to continue? [y/N] """
FILTERED = """WARNING! This will remove:
  - all stopped containers
  - all networks not used by at least one container
  - all anonymous volumes not used by at least one container
  - all images without at least one container associated to them
  - all build cache

  Items to be pruned will be filtered with:
  - label!=x
  - label=y

Are you sure you want to continue? [y/N] """


@pytest.fixture
def alone(compose: Compose, tmp_path: Path) -> Iterator[Compose]:
    """The command on a store of its own, in which it may remove everything."""
    environ = {
        **compose.environ,
        "PYCOMPOSE_ROOT": str(tmp_path / "lib"),
        "PYCOMPOSE_RUN": str(tmp_path / "run"),
    }
    own = Compose(compose.directory, environ)
    own("image", "load", "-q", "-i", str(images.write_busybox(tmp_path / "busybox.tar")))
    own.write(FILE)
    yield own
    own("down", "-v", "-t", "0", "--remove-orphans")


def by_kind(own: Compose) -> dict[str, dict[str, str]]:
    lines = own("system", "df", "--format", "json").splitlines()
    return {row["Type"]: row for row in map(json.loads, lines)}


def test_df_counts_what_there_is(alone: Compose) -> None:
    alone("up", "-d", "--build", "web")
    alone("create", "off")
    assert alone("system", "df").splitlines()[0].split() == [
        "TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE",
    ]  # fmt: skip
    found = by_kind(alone)
    assert list(found) == ["Images", "Containers", "Local Volumes", "Build Cache"]
    assert (found["Images"]["TotalCount"], found["Images"]["Active"]) == ("3", "2")
    assert (found["Containers"]["TotalCount"], found["Containers"]["Active"]) == ("2", "1")
    assert found["Containers"]["Size"] == "6B"
    assert found["Containers"]["Reclaimable"] == "0B (0%)"
    assert found["Local Volumes"]["Active"] == "2"
    # The layer of the step is the image's; only the cache directory is the builder's own.
    assert found["Build Cache"]["Size"] == found["Build Cache"]["Reclaimable"] == "5B"


def test_df_verbose_names_everything(alone: Compose) -> None:
    alone("up", "-d", "--build", "web")
    text = alone("system", "df", "-v")
    for title in (
        "Images space usage:\n\nREPOSITORY ",
        "\nContainers space usage:\n\nCONTAINER ID ",
        "\nLocal Volumes space usage:\n\nVOLUME NAME ",
        "\nBuild cache usage: 5B\n\nCACHE ID ",
    ):
        assert title in text
    found = json.loads(alone("system", "df", "-v", "--format", "json"))
    [app] = [image for image in found["Images"] if image["Repository"] == "app"]
    assert (app["UniqueSize"], app["Containers"]) == ("3kB", "1")
    [web] = found["Containers"]
    assert (web["Names"], web["LocalVolumes"], web["Size"]) == ("demo-web-1", "2", "6B")
    assert {volume["Links"] for volume in found["Volumes"]} == {"1"}
    kinds = {record["CacheType"]: record for record in found["BuildCache"]}
    assert kinds["regular"]["Shared"] == "true"
    assert "RUN --mount=type=cache" in kinds["regular"]["Description"]
    assert kinds["exec.cachemount"]["Size"] == "5B"


def test_prune_asks_first_and_takes_only_y_for_an_answer(alone: Compose) -> None:
    alone("create", "off")
    assert alone("system", "prune", input="yes\n") == WARNING
    words = ("--all", "--volumes", "--filter", "label=y", "--filter", "label!=x")
    assert alone("system", "prune", *words, input="") == FILTERED
    assert list(alone.states()) == ["demo-off-1"]
    for wrong, said in (
        ("x=1", "invalid filter 'x'"),
        ("until=soon", 'failed to parse value as time or duration: "soon"'),
    ):
        done = alone.run("system", "prune", "-f", "--filter", wrong)
        assert done.code == 1
        assert said in done.err
    done = alone.run("system", "prune", "-f", "--volumes", "--filter", "until=1h")
    assert (done.code, done.err) == (
        1, 'The "until" filter is not supported with "--volumes"\n',
    )  # fmt: skip


def test_prune_spares_what_is_in_use_and_what_has_a_name(alone: Compose) -> None:
    alone("up", "-d", "--build", "web")
    alone("create", "off")
    [off] = [id for name, id in alone.ids().items() if "off" in name]
    out = alone("system", "prune", "-f", "--volumes")
    kinds = [part.splitlines()[0] for part in out.split("\n\n")]
    assert kinds == [
        "Deleted Containers:", "Deleted Networks:", "Deleted build cache objects:", "Total reclaimed space: 5B",
    ]  # fmt: skip
    assert off in out
    assert alone.states() == {"demo-web-1": "running"}
    assert alone("exec", "-T", "web", "cat", "/written") == "12345\n"
    found = by_kind(alone)
    assert (found["Images"]["TotalCount"], found["Local Volumes"]["TotalCount"]) == ("3", "2")
    alone("up", "-d", "--build", "web")
    assert "CACHED" in alone.run("--progress", "plain", "build", "web").err


def test_prune_all_leaves_an_empty_store(alone: Compose, tmp_path: Path) -> None:
    alone("up", "-d", "--build", "web")
    alone("down", "-t", "0")
    [volume] = [each for each in alone("system", "df", "-v").splitlines() if each[:64].isalnum()]
    out = alone("system", "prune", "-a", "-f", "--volumes")
    assert "untagged: app:1\n" in out
    assert "untagged: busybox:latest\n" in out
    assert out.startswith(f"Deleted Volumes:\n{volume.split()[0]}\n\n"), "a named one stays"
    store = tmp_path / "lib"
    for kept in ("layers", "blobs/sha256", "build/snapshots", "build/keys", "build/mounts", "tmp"):
        assert list((store / kept).iterdir()) == [], kept
    found = by_kind(alone)
    assert found["Local Volumes"]["TotalCount"] == "1"
    assert found["Images"]["Size"] == found["Build Cache"]["Size"] == "0B"


def test_the_build_cache_is_pruned_by_age_and_size(alone: Compose) -> None:
    alone("build", "web")
    assert alone("builder", "prune", "-f", "--filter", "until=1h") == "Total reclaimed space: 0B\n"
    assert alone("builder", "prune", "-f", "--keep-storage", "1mb") == "Total reclaimed space: 0B\n"
    asked = alone("builder", "prune", input="n\n")
    assert asked == (
        "WARNING! This will remove all dangling build cache. Are you sure you want to continue? [y/N] "
    )
    assert alone("builder", "prune", "-f").endswith("\nTotal reclaimed space: 5B\n")
    # What an image shares is forgotten with --all only, and the image keeps it.
    out = alone("builder", "prune", "-af")
    assert out.startswith("Deleted build cache objects:\n")
    assert out.endswith("\nTotal reclaimed space: 0B\n")
    alone("up", "-d", "web")
    assert alone("exec", "-T", "web", "wc", "-c", "/big") == "3000 /big\n"
    done = alone.run("--progress", "plain", "build", "web")
    assert done.err.count("CACHED") == 1, "the base image only"


def test_history_tells_how_an_image_was_made(alone: Compose) -> None:
    alone("build", "web")
    header, cmd, run, label, base = alone("image", "history", "app:1").splitlines()
    assert header.split() == ["IMAGE", "CREATED", "CREATED", "BY", "SIZE", "COMMENT"]
    assert cmd.split()[0] == alone("image", "ls", "-q", "app:1").strip()
    assert 'CMD ["sleep" "1000"]' in cmd
    assert "RUN /bin/sh -c echo kept > /c/x; dd if=/dev/…   3kB " in run
    assert "LABEL a=b" in label
    assert base.startswith("<missing>")
    words = ("--no-trunc", "--human=false", "--format", "{{.CreatedBy}}|{{.Size}}")
    exact = alone("image", "history", *words, "app:1").splitlines()
    assert (
        exact[1]
        == "RUN /bin/sh -c echo kept > /c/x; dd if=/dev/zero of=/big bs=1000 count=3 # buildkit|3000"
    )
    assert alone("image", "history", "-q", "app:1").splitlines()[1:] == ["<missing>"] * 3
    assert alone.run("image", "history", "nope").err == "No such image: nope\n"


def test_image_prune_obeys_its_filters(alone: Compose) -> None:
    alone("build", "web")
    assert "Total reclaimed space: 0B" in alone("image", "prune", "-af", "--filter", "label=a=c")
    assert "Total reclaimed space: 0B" in alone("image", "prune", "-af", "--filter", "label!=a")
    assert "Total reclaimed space: 0B" in alone("image", "prune", "-af", "--filter", "until=24h")
    out = alone("image", "prune", "-f", "--filter", "dangling=false", "--filter", "label=a")
    assert out.startswith("Deleted Images:\nuntagged: app:1\n")
