"""The mounts of the calling process (proc(5), /proc/pid/mountinfo)."""

from __future__ import annotations

import os

from schemas.typed import NamedTuple

_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}


class MountEntry(NamedTuple):
    target: str
    shared: bool
    fstype: str
    source: str
    options: tuple[str, ...]  # of the filesystem


def read() -> list[MountEntry]:
    """All mounts, in the order they were made."""
    with open("/proc/self/mountinfo") as file:
        return parse(file.read())


def parse(text: str) -> list[MountEntry]:
    """The mounts a mountinfo text lists."""
    entries = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        words, last = before.split(" "), after.split(" ")
        shared = any(word.startswith("shared:") for word in words[6:])
        target = _unescape(words[4])
        options = tuple(last[2].split(",")) if len(last) > 2 else ()
        entries.append(MountEntry(target, shared, last[0], _unescape(last[1]), options))
    return entries


def covering(path: str) -> MountEntry:
    """The mount that ``path`` is on."""
    real = os.path.realpath(path)
    best = None
    for entry in read():
        at = entry.target.rstrip("/")
        covers = real == at or real.startswith(at + "/")
        # The later of two mounts on the same place hides the earlier one.
        if covers and (best is None or len(entry.target) >= len(best.target)):
            best = entry
    if best is None:
        raise FileNotFoundError(2, os.strerror(2), path)
    return best


def _unescape(word: str) -> str:
    if "\\" in word:
        for code, character in _ESCAPES.items():
            word = word.replace(code, character)
    return word
