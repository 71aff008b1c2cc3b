"""Whether what a load depended on is still as it was: the evidence of a load as plain data, and the comparison.

A file that looks the same to stat(2) counts as the same, unless it was changed so shortly before the proof was written
down that its times may not tell; then, and when it looks different, its content decides.
"""

from __future__ import annotations

import os
import stat
import time

from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from compose.loader.evidence import Evidence

    Proof = dict[str, Any]

_RACY = 2_000_000_000  # nanoseconds: the coarsest clock of a file system in use (FAT, NFS)


def write_down(evidence: Evidence) -> Proof | None:
    """The evidence as plain data; None when it cannot be looked at again, or has changed meanwhile."""
    if evidence.volatile:
        return None
    read: dict[str, tuple[list[int], str]] = {}
    for path, data in evidence.read.items():
        try:
            read[path] = (_signature(path), _digest(data))
        except OSError:
            return None
    # A file may have changed between the load and the look at its times.
    if not all(_content_is(path, digest) for path, (_, digest) in read.items()):
        return None
    return {
        "read": {path: list(facts) for path, facts in read.items()},
        "absent": list(evidence.absent),
        "present": list(evidence.present),
        "links": evidence.links,
        "variables": evidence.variables,
        "dotenv": evidence.dotenv,
        "stored": time.time_ns(),
    }


def holds(proof: Proof, environ: Mapping[str, str]) -> bool:
    """Whether everything is as it was. Files that were looked into because of their times alone are noted anew."""
    for name, value in proof["variables"].items():
        if environ.get(name) != value:
            return False
    if any(map(_is_file, proof["absent"])) or not all(map(_is_file, proof["present"])):
        return False
    for path, target in proof["links"].items():
        if os.path.realpath(path) != target:
            return False
    return all(_is_same(path, facts, proof["stored"]) for path, facts in proof["read"].items())


def is_settled(proof: Proof) -> bool:
    """Whether the times of all files can be relied on: they were old when they were noted."""
    return all(signature[0] < proof["stored"] - _RACY for signature, _ in proof["read"].values())


def _is_same(path: str, facts: list[Any], stored: int) -> bool:
    try:
        signature = _signature(path)
    except OSError:
        return False
    if signature == facts[0] and signature[0] < stored - _RACY:
        return True
    if not _content_is(path, facts[1]):
        return False
    facts[0] = signature
    return True


def _is_file(path: str) -> bool:
    """As ``Evidence.is_file`` looks at it."""
    return os.path.exists(path) and not os.path.isdir(path)


def _signature(path: str) -> list[int]:
    """The later of both times first: ctime cannot be set back. OSError for what is no file: a pipe cannot be read twice."""
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path} is not a regular file")
    latest = max(found.st_mtime_ns, found.st_ctime_ns)
    return [latest, found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev]


def _content_is(path: str, digest: str) -> bool:
    try:
        with open(path, "rb", buffering=0) as file:
            return _digest(file.read()) == digest
    except OSError:
        return False


def _digest(data: bytes) -> str:
    from schemas.digest import blake2b

    return blake2b(data).hexdigest()
