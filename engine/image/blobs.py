"""The blob store: content named by its digest, under ``blobs/sha256/``.

What is written is invisible until ``commit``: temporary file → digest check → rename. A temporary file that a killed
process leaves is swept by ``gc`` under the exclusive store lock, which writers share. Whether a blob has reached the disk is
for ``proof`` to find out.
"""

from __future__ import annotations

import os
from typing import Self

from engine.image import digest as digests
from schemas.errors import Failed


class BlobStore:
    """Blobs under one root directory."""

    def __init__(self, root: str) -> None:
        self._directory = f"{root}/blobs/sha256"
        self._temporary = f"{root}/tmp"

    def path(self, digest: str) -> str:
        return f"{self._directory}/{digests.hex_part(digest)}"

    def has(self, digest: str) -> bool:
        return os.path.exists(self.path(digest))

    def read(self, digest: str) -> bytes:
        """The whole blob; for the small ones."""
        try:
            with open(self.path(digest), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise Failed(f"blob {digest} is missing from the store") from None

    def put(self, data: bytes) -> str:
        """Store ``data``; its digest."""
        ingest = self.ingest()
        with ingest:
            ingest.write(data)
            return ingest.commit()

    def ingest(self) -> Ingest:
        """Begin a blob; use as a context manager: what is not committed is removed."""
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        os.makedirs(self._temporary, mode=0o700, exist_ok=True)
        return Ingest(self, f"{self._temporary}/blob-{os.urandom(8).hex()}")

    def remove(self, digest: str) -> None:
        """Remove; absent is not an error."""
        try:
            os.unlink(self.path(digest))
        except FileNotFoundError:
            pass

    def digests(self) -> list[str]:
        """Every blob that is here."""
        try:
            return [digests.from_hex(name) for name in os.listdir(self._directory)]
        except FileNotFoundError:
            return []


class Ingest:
    """A blob being written."""

    def __init__(self, store: BlobStore, path: str) -> None:
        import hashlib  # loads OpenSSL: not for who only looks what is here

        self._store = store
        self._path = path
        self._hash = hashlib.sha256()
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)
        if self._path:
            os.unlink(self._path)

    def write(self, data: bytes | memoryview) -> None:
        self._hash.update(data)
        self.size += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self.fd, view) :]

    def digest(self) -> str:
        """The digest of what has been written so far."""
        return digests.from_hex(self._hash.hexdigest())

    def commit(self, expected: str = "") -> str:
        """Make the blob visible under its digest; Failed when it is not the ``expected`` one."""
        digest = self.digest()
        if expected and digest != expected:
            raise Failed(f"content has digest {digest}, but {expected} was announced")
        os.rename(self._path, self._store.path(digest))
        self._path = ""
        return digest
