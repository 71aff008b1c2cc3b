"""Which daemon is meant: environment, context, configuration, in docker's order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compose.backends.docker.place import DEFAULT, Tls, find
from schemas.digest import sha256
from schemas.errors import NotFound, UsageError


def write_context(
    home: Path, name: str, host: str, *, tls: tuple[str, ...] = (), skip: bool = False
) -> None:
    digest = sha256(name.encode()).hexdigest()
    meta = home / ".docker/contexts/meta" / digest
    meta.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": skip}
    (meta / "meta.json").write_text(
        json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}})
    )
    below = home / ".docker/contexts/tls" / digest / "docker"
    below.mkdir(parents=True)
    for each in tls:
        (below / f"{each}.pem").write_text("")


def test_without_anything_it_is_the_socket_of_this_machine(tmp_path: Path) -> None:
    assert find({"HOME": str(tmp_path)}).url == DEFAULT


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("unix:///tmp/d.sock", "unix:///tmp/d.sock"),
        ("tcp://build:2375", "tcp://build:2375"),
        ("tcp://build", "tcp://build:2375"),
        ("build:99", "tcp://build:99"),
        ("tcp://[::1]:2375", "tcp://[::1]:2375"),
        ("ssh://me@build:22", "ssh://me@build:22"),
    ],
)
def test_docker_host_names_it(tmp_path: Path, host: str, url: str) -> None:
    found = find({"HOME": str(tmp_path), "DOCKER_HOST": host})
    assert found == (url, None, "DOCKER_HOST")


@pytest.mark.parametrize("host", ["npipe:////./pipe/docker", "ftp://x", "unix://"])
def test_an_address_of_no_known_kind_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(UsageError, match="no address of a daemon"):
        find({"HOME": str(tmp_path), "DOCKER_HOST": host})


def test_tls_comes_from_the_environment(tmp_path: Path) -> None:
    for name in ("ca", "cert", "key"):
        (tmp_path / f"{name}.pem").write_text("")
    environ = {
        "DOCKER_HOST": "tcp://build",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(tmp_path),
    }
    paths = [f"{tmp_path}/{name}.pem" for name in ("ca", "cert", "key")]
    assert find(environ)[:2] == ("tcp://build:2376", Tls(*paths))


def test_certificates_that_are_missing_are_named(tmp_path: Path) -> None:
    environ = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path), "DOCKER_HOST": "x:1"}
    with pytest.raises(UsageError, match=r"ca\.pem"):
        find(environ)


def test_a_context_is_found_by_name_and_docker_host_goes_before_it(tmp_path: Path) -> None:
    write_context(tmp_path, "build", "ssh://me@build")
    environ = {"HOME": str(tmp_path), "DOCKER_CONTEXT": "build"}
    assert find(environ) == ("ssh://me@build", None, 'context "build"')
    assert find({**environ, "DOCKER_HOST": "unix:///x"}).url == "unix:///x"


def test_the_current_context_counts_when_nothing_else_is_said(tmp_path: Path) -> None:
    write_context(tmp_path, "far", "tcp://far:2376", tls=("ca", "cert", "key"))
    (tmp_path / ".docker/config.json").write_text('{"currentContext": "far"}')
    found = find({"HOME": str(tmp_path)})
    assert found.url == "tcp://far:2376"
    assert found.tls is not None
    assert found.tls.verify
    assert found.tls.key.endswith("/docker/key.pem")
    assert find({"HOME": str(tmp_path), "DOCKER_CONTEXT": "default"}).url == DEFAULT


def test_a_context_that_trusts_anyone_says_so(tmp_path: Path) -> None:
    write_context(tmp_path, "lab", "tcp://lab:2376", skip=True)
    assert find({"HOME": str(tmp_path), "DOCKER_CONTEXT": "lab"}).tls == Tls(verify=False)


def test_a_context_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match='context "gone" does not exist'):
        find({"HOME": str(tmp_path), "DOCKER_CONTEXT": "gone"})


def test_a_broken_configuration_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be read"):
        find({"HOME": str(tmp_path)})
