"""Real registries on loopback (Debian's docker-registry): plain, with passwords, with TLS by an own authority, with tokens;
and a wire that breaks."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
NAME, PASSWORD = "alice", "s3cret"
_HTPASSWD = "alice:$2y$05$TsDCHSlny8G2Q.iC1TXVpOHbhyUZi/0.VkNA3dP1IoGWlljaVm5zq\n"


class Stored(NamedTuple):
    """Content in a registry: its digest and size."""

    digest: str
    size: int

    def descriptor(self, media_type: str, **more: Any) -> dict[str, Any]:
        return {"mediaType": media_type, "digest": self.digest, "size": self.size, **more}


class Registry:
    """A registry that runs. What is put into it does not go through our client."""

    def __init__(self, address: str, root: Path) -> None:
        self.address = address
        self.root = root

    def blob(self, repository: str, data: bytes) -> Stored:
        """Upload a blob."""
        digest = sha256(data)
        location = self._ask("POST", f"/v2/{repository}/blobs/uploads/", b"", 202)
        path = location.partition(self.address)[2] or location
        separator = "&" if "?" in path else "?"
        self._ask("PUT", f"{path}{separator}digest={digest}", data, 201)
        return Stored(digest, len(data))

    def manifest(
        self, repository: str, tag: str, document: dict[str, Any], media_type: str = OCI_MANIFEST
    ) -> Stored:
        """Upload a manifest or index."""
        data = json.dumps(document).encode()
        name = tag or sha256(data)
        self._ask("PUT", f"/v2/{repository}/manifests/{name}", data, 201, media_type)
        return Stored(sha256(data), len(data))

    def image(
        self,
        repository: str,
        tag: str,
        layers: list[tuple[str, bytes, bytes]],
        **facts: Any,
    ) -> Stored:
        """Upload an image; a layer is (media type, blob, plain tar). ``facts`` are for the config."""
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Cmd": ["sh"]},
                "rootfs": {"type": "layers", "diff_ids": [sha256(plain) for _, _, plain in layers]},
                **facts,
            }
        ).encode()
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self.blob(repository, config).descriptor(OCI_CONFIG),
            "layers": [self.blob(repository, data).descriptor(type) for type, data, _ in layers],
        }
        return self.manifest(repository, tag, document)

    def digest(self, repository: str, tag: str) -> str:
        """What the registry says a tag stands for."""
        with closing(http.client.HTTPConnection(self.address, timeout=10)) as connection:
            accept = {
                "Accept": f"{OCI_MANIFEST}, {OCI_INDEX}, application/vnd.docker.distribution.manifest.v2+json"
            }
            connection.request("HEAD", f"/v2/{repository}/manifests/{tag}", headers=accept)
            answer = connection.getresponse()
            assert answer.status == 200
            return answer.headers["Docker-Content-Digest"]

    def file(self, digest: str) -> Path:
        """The file in which the registry keeps a blob."""
        value = digest.partition(":")[2]
        return self.root / "docker/registry/v2/blobs/sha256" / value[:2] / value / "data"

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes,
        wanted: int,
        type: str = "application/octet-stream",
    ) -> str:
        with closing(http.client.HTTPConnection(self.address, timeout=10)) as connection:
            connection.request(method, path, body, {"Content-Type": type})
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == wanted, f"{method} {path}: {answer.status} {text!r}"
            return answer.headers.get("Location", "")


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def running(
    directory: Path, *, port: int = 0, enter: tuple[str, ...] = (), **sections: Any
) -> Iterator[Registry]:
    """A registry that keeps everything below ``directory``; ``sections`` go into its configuration. ``enter``: the command
    that starts it in other namespaces."""
    port = port or free_port()
    root = directory / "storage"
    config = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(root)}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}", "secret": "tests", **sections.pop("http", {})},
        **sections,
    }
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "config.yml"
    file.write_text(json.dumps(config))  # JSON is YAML
    with (directory / "log").open("wb") as log:
        words = [*enter, "docker-registry", "serve", str(file)]
        server = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        if not enter:
            _await(port, server)
        yield Registry(f"127.0.0.1:{port}", root)
    finally:
        server.terminate()
        server.wait(10)


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert server.poll() is None, "docker-registry has ended"
            assert time.monotonic() < deadline, "docker-registry does not listen"
            time.sleep(0.02)


def with_password(directory: Path) -> dict[str, Any]:
    """The sections of a registry that knows one name and its password."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "htpasswd"
    file.write_text(_HTPASSWD)
    return {"auth": {"htpasswd": {"realm": "tests", "path": str(file)}}}


class Authority(NamedTuple):
    """A certificate authority of our own, and a server certificate by it for ``localhost`` and 127.0.0.1."""

    certificate: Path
    server_certificate: Path
    server_key: Path


def authority(directory: Path) -> Authority:
    """Make one (openssl)."""
    directory.mkdir(parents=True, exist_ok=True)

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)

    new = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
    openssl(
        "req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority"
    )
    names = "subjectAltName=DNS:localhost,DNS:registry.test,IP:127.0.0.1"
    openssl(
        "req",
        *new[:3],
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
        "-subj",
        "/CN=registry",
        "-addext",
        names,
    )
    openssl(
        "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "2", "-copy_extensions", "copy", "-out", "server.crt",
    )  # fmt: skip
    return Authority(directory / "ca.crt", directory / "server.crt", directory / "server.key")


@contextmanager
def wire(target: str, *cuts: int) -> Iterator[str]:
    """The address of a forwarder to ``target`` whose first connections are cut after so many bytes from there (-1: after the
    first byte to there that is beyond 64 KiB), the others not."""
    left = list(cuts)
    lock = threading.Lock()
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with lock:
                limit = left.pop(0) if left else None
            host, _, port = target.rpartition(":")
            upstream = socket.create_connection((host, int(port)))
            threading.Thread(target=_join, args=(client, upstream, limit), daemon=True).start()

    with server:
        acceptor = threading.Thread(target=serve, daemon=True)
        acceptor.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            acceptor.join(10)


def _join(client: socket.socket, upstream: socket.socket, limit: int | None) -> None:
    back, forth = (limit, None) if limit is None or limit >= 0 else (None, 1 << 16)
    with client, upstream:
        other = threading.Thread(target=_carry, args=(upstream, client, back), daemon=True)
        other.start()
        _carry(client, upstream, forth)
        other.join()


def _carry(source: socket.socket, sink: socket.socket, most: int | None) -> None:
    done = 0
    try:
        while data := source.recv(1 << 14):
            if most is not None and done + len(data) > most:
                sink.sendall(data[: most - done])
                break
            sink.sendall(data)
            done += len(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
