"""Service volumes: ``[SOURCE:]TARGET[:OPTIONS]`` → long form."""

from __future__ import annotations

from compose.loader.faults import Fault
from compose.paths import KeyPath
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_PROPAGATIONS = frozenset(("rprivate", "private", "rshared", "shared", "rslave", "slave"))
_PATH_START = frozenset("./~")


def parse_volume(spec: str, path: KeyPath) -> dict[str, Any]:
    """The long form of a short volume.

    A single letter before a colon is a Windows drive to the reference implementation, and so it is here.
    """
    if not spec:
        raise Fault(path, "invalid empty volume spec")
    if len(spec) <= 2:
        return {"type": "volume", "target": spec}
    fields = _split(spec)
    if "" in fields:
        raise Fault(path, f"invalid spec: {spec}: empty section between colons")
    if len(fields) > 3:
        raise Fault(path, f"invalid spec: {spec}: too many colons")
    if len(fields) == 1:
        return {"type": "volume", "target": fields[0], "volume": {}}
    source, target = fields[0], fields[1]
    volume: dict[str, Any] = {"type": "volume", "source": source, "target": target}
    bind: dict[str, Any] = {}
    if len(fields) == 3:
        _options(fields[2], volume, bind)
    if _is_path(source):
        volume["type"] = "bind"
        bind["create_host_path"] = True
    else:
        volume.setdefault("volume", {})
    if bind:
        volume["bind"] = bind
    return volume


def _split(spec: str) -> list[str]:
    fields = spec.split(":")
    if "$" not in spec and not any(len(field) == 1 and field.isalpha() for field in fields[:-1]):
        return fields  # neither variables nor drives
    fields = [""]
    depth = 0
    for index, char in enumerate(spec):
        if char == "$" and spec[index + 1 : index + 2] == "{":
            depth += 1
        elif char == "}" and depth:
            depth -= 1
        elif char == ":" and not depth and not (len(fields[-1]) == 1 and fields[-1].isalpha()):
            fields.append("")
            continue
        fields[-1] += char
    return fields


def _options(text: str, volume: dict[str, Any], bind: dict[str, Any]) -> None:
    for option in text.split(","):
        if option == "ro":
            volume["read_only"] = True
        elif option == "rw":
            volume.pop("read_only", None)
        elif option == "nocopy":
            volume["volume"] = {"nocopy": True}
        elif option in _PROPAGATIONS:
            bind["propagation"] = option
        elif option in ("z", "Z"):
            bind["selinux"] = option


def _is_path(source: str) -> bool:
    return (
        source[0] in _PATH_START
        or source.startswith("\\\\")
        or (len(source) > 1 and source[0].isalpha() and source[1] == ":")
    )


def clean_path(path: str) -> str:
    """Go's ``path.Clean``."""
    if not path:
        return "."
    rooted = path.startswith("/")
    parts: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if parts and parts[-1] != "..":
                parts.pop()
                continue
            if rooted:
                continue
        parts.append(part)
    cleaned = "/".join(parts)
    return f"/{cleaned}" if rooted else cleaned or "."


def transform(items: list[Any], path: KeyPath, faults: list[Fault]) -> None:
    """Every volume of a service in long form; targets of long ones are cleaned by ``normalize``."""
    for index, item in enumerate(items):
        if isinstance(item, str):
            try:
                items[index] = item = parse_volume(item, (*path, index))
            except Fault as fault:
                faults.append(fault)
                continue
            item["target"] = clean_path(item["target"])
