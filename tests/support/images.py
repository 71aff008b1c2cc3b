"""Image archives for tests, the same bytes every time: a busybox root as ``docker save`` and as OCI layout."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

BUSYBOX = "/bin/busybox"
_WORDS = (
    "sh ash ls cat echo stat mount umount mknod head tail wc true false grep touch mkdir rm ln id sleep dd readlink test kill "
    "chroot hostname date unshare seq df find setsid chown chmod env printf ps top nc wget httpd nslookup ping ip tty stty "
    "vi more less awk sed sort uniq cut tr xargs tee yes nproc free mv cp rmdir sync timeout trap time usleep which whoami "
    "pwd su adduser expr basename dirname du md5sum sha256sum od hexdump tar gzip gunzip traceroute netstat ifconfig route"
)
APPLETS = _WORDS.split()
CONFIG = {
    "Cmd": ["sh"],
    "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
}


def member(
    name: str,
    data: bytes = b"",
    *,
    type: bytes = tarfile.REGTYPE,
    mode: int = 0o644,
    linkname: str = "",
    uid: int = 0,
    gid: int = 0,
    pax: dict[str, str] | None = None,
    device: tuple[int, int] = (0, 0),
    mtime: int = 0,
) -> tuple[tarfile.TarInfo, bytes]:
    """One member of a tar, with nothing in it that differs from run to run."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.linkname, entry.size = type, mode, linkname, len(data)
    entry.uid, entry.gid, entry.pax_headers, entry.mtime = uid, gid, pax or {}, mtime
    entry.devmajor, entry.devminor = device
    return entry, data


def directory(name: str, mode: int = 0o755, **facts: Any) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.DIRTYPE, mode=mode, **facts)


def symlink(name: str, target: str, **facts: Any) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.SYMTYPE, linkname=target, mode=0o777, **facts)


def tar(*members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of the members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for entry, data in members:
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def busybox_layer() -> bytes:
    """The tar of a root filesystem around the static busybox."""
    members = [
        directory(name) for name in ("bin", "dev", "etc", "home", "proc", "sys", "usr", "var")
    ]
    members += [directory("root", 0o700), directory("tmp", 0o1777)]
    members.append(member("bin/busybox", Path(BUSYBOX).read_bytes(), mode=0o755))
    members += [symlink(f"bin/{applet}", "busybox") for applet in APPLETS]
    members.append(
        member(
            "etc/passwd",
            b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
        )
    )
    members.append(member("etc/group", b"root:x:0:\nnogroup:x:65534:\n"))
    return tar(*members)


def config(layers: list[bytes], settings: dict[str, Any] | None = None) -> bytes:
    """An image config over plain layer tars."""
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-01-02T03:04:05.123456789Z",
            "config": settings if settings is not None else CONFIG,
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + _sha(layer) for layer in layers]},
        },
        sort_keys=True,
    ).encode()


def docker_archive(
    layers: list[bytes], tags: list[str], settings: dict[str, Any] | None = None
) -> bytes:
    """What ``docker save`` wrote before version 25."""
    text = config(layers, settings)
    name = f"{_sha(text)}.json"
    names = [f"{_sha(layer)}/layer.tar" for layer in layers]
    manifest = [{"Config": name, "RepoTags": tags, "Layers": names}]
    return tar(
        *[member(path, layer) for path, layer in zip(names, layers, strict=True)],
        member(name, text),
        member("manifest.json", json.dumps(manifest).encode()),
    )


def oci_archive(
    layers: list[bytes],
    stored: list[tuple[str, bytes]],
    name: str,
    settings: dict[str, Any] | None = None,
) -> bytes:
    """An OCI layout in a tar; ``stored`` is (media type, bytes) of each layer as it is written."""
    text = config(layers, settings)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": _descriptor("application/vnd.oci.image.config.v1+json", text),
            "layers": [_descriptor(type, data) for type, data in stored],
        }
    ).encode()
    entry = _descriptor("application/vnd.oci.image.manifest.v1+json", manifest)
    entry["annotations"] = {"org.opencontainers.image.ref.name": name}
    index = {"schemaVersion": 2, "manifests": [entry]}
    blobs = [text, manifest, *(data for _, data in stored)]
    return tar(
        member("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
        member("index.json", json.dumps(index).encode()),
        *[member(f"blobs/sha256/{_sha(blob)}", blob) for blob in blobs],
    )


def write_busybox(path: Path, tag: str = "busybox:latest") -> Path:
    """A ``docker save`` archive of the busybox image."""
    path.write_bytes(docker_archive([busybox_layer()], [tag]))
    return path


def _descriptor(type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": type, "digest": "sha256:" + _sha(data), "size": len(data)}


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
