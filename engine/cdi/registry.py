"""The specification files of this machine, and the devices that they describe."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from schemas.errors import Conflict, InvalidArgument, NotFound
from schemas.typed import NamedTuple

# A later directory goes before an earlier one: what is generated at boot before what was installed.
_DIRECTORIES = "/etc/cdi:/var/run/cdi"
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9._-]*/[A-Za-z][A-Za-z0-9_-]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_VERSIONS = ("0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0")
_EDITS = frozenset(("env", "deviceNodes", "mounts", "hooks", "additionalGids", "intelRdt", "netDevices"))  # fmt: skip

Edits = dict[str, Any]


class Device(NamedTuple):
    """A device, with what all devices of its file need beside it."""

    name: str  # vendor.com/class=name
    edits: Edits
    common: Edits
    file: str


class Registry:
    """All devices. A file that is no specification spoils only itself: whoever asks for one of its devices is told why."""

    def __init__(self, devices: dict[str, list[Device]], faults: dict[str, str]) -> None:
        self._devices = devices
        self._faults = faults

    def find(self, name: str) -> Device:
        """The device; NotFound, Conflict when two files of the same rank describe it."""
        found = self._devices.get(name)
        if not found:
            faults = "".join(f"; {file}: {why}" for file, why in sorted(self._faults.items()))
            raise NotFound(
                f"CDI device {name}: no file in {' or '.join(directories())} describes it{faults}"
            )
        if len(found) > 1:
            raise Conflict(
                f"CDI device {name}: {' and '.join(each.file for each in found)} both describe it"
            )
        return found[0]

    def names(self, kind: str) -> list[str]:
        """The names of the devices of a kind, numbers in their order, without the kind."""
        names = [name.partition("=")[2] for name in self._devices if name.startswith(f"{kind}=")]
        return sorted(names, key=lambda name: (not name.isdecimal(), len(name), name))


def directories() -> list[str]:
    """Where specifications lie, the least first (``PYCOMPOSE_CDI_SPEC_DIRS``)."""
    return (os.environ.get("PYCOMPOSE_CDI_SPEC_DIRS") or _DIRECTORIES).split(":")


def load() -> Registry:
    """Read every file of every directory; a directory that is not there has none."""
    devices: dict[str, list[Device]] = {}
    faults: dict[str, str] = {}
    for directory in directories():
        here: dict[str, list[Device]] = {}
        for path in _files(directory):
            try:
                for device in parse(_read(path), path):
                    here.setdefault(device.name, []).append(device)
            except (InvalidArgument, ValueError, OSError) as err:
                faults[path] = str(err)
        devices.update(here)
    return Registry(devices, faults)


def parse(document: Any, file: str) -> list[Device]:
    """The devices of a specification. InvalidArgument says what is wrong with it."""
    if not isinstance(document, dict):
        raise InvalidArgument("is no CDI specification")
    if document.get("cdiVersion") not in _VERSIONS:
        raise InvalidArgument(f"unknown cdiVersion {document.get('cdiVersion')}")
    kind = document.get("kind")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise InvalidArgument(f"kind {kind} is not like vendor.com/class")
    common = _edits(document.get("containerEdits") or {}, "containerEdits")
    found = []
    for entry in document.get("devices") or []:
        name = str(entry.get("name"))
        if not _NAME.fullmatch(name):
            raise InvalidArgument(f"device name {name} is not possible")
        edits = _edits(entry.get("containerEdits") or {}, f"device {name}")
        found.append(Device(f"{kind}={name}", edits, common, file))
    return found


def is_name(text: str) -> bool:
    """Whether a word is the full name of a device: vendor.com/class=name."""
    kind, separator, name = text.partition("=")
    return bool(separator and _KIND.fullmatch(kind) and _NAME.fullmatch(name))


def _edits(edits: Any, where: str) -> Edits:
    if not isinstance(edits, dict):
        raise InvalidArgument(f"{where}: containerEdits is no mapping")
    unknown = edits.keys() - _EDITS
    if unknown:
        raise InvalidArgument(f"{where}: unknown edit {', '.join(sorted(unknown))}")
    for key in ("env", "deviceNodes", "mounts", "hooks", "additionalGids"):
        if not isinstance(edits.get(key) or [], list):
            raise InvalidArgument(f"{where}: {key} is no list")
    return edits


def _files(directory: str) -> list[str]:
    try:
        names = sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [f"{directory}/{name}" for name in names if name.endswith((".json", ".yaml", ".yml"))]


def _read(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if path.endswith(".json"):
        return json.loads(text)
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as err:
        raise InvalidArgument(f"is no YAML: {err}") from err
