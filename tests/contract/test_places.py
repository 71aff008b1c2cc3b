"""The same daemon by TCP, TLS and ssh: requests, streams both ways, half closed ones, ends from another thread."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from compose.backends.docker.client import Client
from compose.backends.docker.engine import DockerEngine
from schemas.errors import Unavailable
from tests.contract.making import sleeper, start
from tests.support import dockerd
from tests.support.containers import finish
from tests.support.registry import authority

PORT = 12376
# What an ssh client does with its words, but here.
SSH = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
[ "$2" = me@build ] || { echo "unknown host $2" >&2; exit 255; }
shift 2
exec "$@"
"""


@pytest.fixture(scope="module")
def certificates(place: Path) -> Path:
    """A directory as DOCKER_CERT_PATH has it."""
    made = authority(place / "authority")
    directory = place / "certificates"
    directory.mkdir()
    for source, name in zip(made, ("ca.pem", "cert.pem", "key.pem"), strict=True):
        shutil.copy(source, directory / name)
    return directory


@pytest.fixture(scope="module")
def far(place: Path, certificates: Path, archive: Path) -> Iterator[dockerd.Daemon]:
    """A daemon that can be reached from afar by those who can prove who they are."""
    files = [
        f"--tls{name}={certificates}/{file}.pem"
        for name, file in (("cacert", "ca"), ("cert", "cert"), ("key", "key"))
    ]
    daemon = dockerd.Daemon(
        place / "far",
        "--tlsverify",
        *files,
        "--host",
        f"tcp://127.0.0.1:{PORT}",
        "--bridge",
        "none",
    )
    try:
        daemon.start()
        daemon.docker("load", "-i", str(archive))
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture(params=["tcp", "tls", "ssh"])
def environ(
    request: pytest.FixtureRequest, far: dockerd.Daemon, certificates: Path, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """What names the daemon."""
    plain = {**os.environ, **far.environ}
    if request.param == "tls":
        host = f"tcp://127.0.0.1:{PORT}"
        yield {
            **plain,
            "DOCKER_HOST": host,
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(certificates),
        }
    elif request.param == "tcp":
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=_forward, args=(server, far.host), daemon=True).start()
            yield {**plain, "DOCKER_HOST": f"tcp://127.0.0.1:{server.getsockname()[1]}"}
            server.shutdown(socket.SHUT_RDWR)
    else:
        script = tmp_path / "ssh"
        script.write_text(SSH)
        script.chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            # The ssh client is found in our own environment, and so is the daemon by what it starts there.
            patch.setenv("PATH", f"{tmp_path}:{far.environ['PATH']}")
            patch.setenv("DOCKER_HOST", far.host)
            yield {**plain, "DOCKER_HOST": "ssh://me@build"}


def _forward(server: socket.socket, host: str) -> None:
    """Plain TCP to the daemon's own socket."""
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_relay, args=(client, host), daemon=True).start()


def _relay(client: socket.socket, host: str) -> None:
    with client, socket.socket(socket.AF_UNIX) as upstream:
        upstream.connect(host.removeprefix("unix://"))
        back = threading.Thread(target=_copy, args=(upstream, client))
        back.start()
        _copy(client, upstream)
        back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning"
)  # docker-py leaves its ssh clients to themselves
def test_everything_goes_through(environ: dict[str, str]) -> None:
    engine = DockerEngine(Client(environ))
    try:
        made = sleeper(engine, "one", labels={"a": "b"})
        assert [info.id for info in engine.containers(labels={"a": "b"})] == [made.id]
        channel = engine.exec(
            "one", {"command": ["sh", "-c", "cat; echo end >&2; exit 4"], "stdin": True}
        )
        os.write(channel.stdin(), b"typed" * 50_000)
        assert finish(channel) == (4, b"typed" * 50_000, b"end\n")
        start(engine, "two", "echo a; exec sleep 100", init=True)
        for stream in (engine.logs("two", {"follow": True}), engine.events(labels={"x": "y"})):
            threading.Timer(0.3, stream.close).start()
            assert len(list(stream)) <= 1
    finally:
        for info in engine.containers():
            engine.remove(info.id, force=True)
        engine.close()


def test_who_cannot_prove_who_he_is_is_told(
    far: dockerd.Daemon, certificates: Path, tmp_path: Path
) -> None:
    host = {"DOCKER_HOST": f"tcp://127.0.0.1:{PORT}"}
    other = authority(tmp_path / "other")
    shutil.copytree(certificates, tmp_path / "mixed")
    shutil.copy(other.certificate, tmp_path / "mixed/ca.pem")
    strange = {**host, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path / "mixed")}
    with pytest.raises(Unavailable, match="certificate verify failed"):
        DockerEngine(Client(strange)).containers()
    with pytest.raises(Exception, match="HTTPS server"):
        DockerEngine(Client(host)).containers()


def test_a_place_where_nobody_is_is_named_with_what_to_do(tmp_path: Path) -> None:
    for host in (f"unix://{tmp_path}/nobody.sock", "tcp://127.0.0.1:9"):
        with pytest.raises(
            Unavailable, match=f"cannot connect to the Docker daemon at {host}"
        ) as caught:
            DockerEngine(Client({"DOCKER_HOST": host})).containers()
        assert "DOCKER_CONTEXT" in (caught.value.hint or "")
