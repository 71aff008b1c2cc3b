"""The words of ``RUN --mount``. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.build.arguments import boolean
from engine.build.instructions import Mount
from schemas.errors import InvalidArgument

TYPES = ("bind", "cache", "tmpfs", "secret", "ssh")
_SHARING = ("shared", "private", "locked")
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
_WITH_OWNER = ("secret", "ssh", "cache")
_CREDENTIALS = ("secret", "ssh")
_TEXTS = {
    "from": "origin",
    "source": "source", "src": "source",
    "target": "target", "dst": "target", "destination": "target",
    "id": "id",
    "env": "env",
}  # fmt: skip


def parse(text: str, expand: Callable[[str], str] | None = None) -> Mount:
    """The mount that ``text`` asks for; without ``expand`` only what can be said before variables have values.

    InvalidArgument in BuildKit's words.
    """
    import csv

    try:
        fields = next(csv.reader([text], strict=True), [])
    except csv.Error as err:
        raise InvalidArgument(f"failed to parse csv mounts: {err}") from err
    found: dict[str, Any] = {"type": "bind"}
    read_only: bool | None = None
    for field in fields:
        key, equals, value = field.partition("=")
        key = key.lower()
        if key == "from" and "$" in value.rstrip("$") and expand is None:
            raise InvalidArgument(
                "'from' doesn't support variable expansion, define alias stage instead"
            )
        if expand is None and key not in ("type", "from"):
            continue
        value = expand(value) if expand and equals else value
        if key in ("readonly", "ro", "readwrite", "rw"):
            read_only = _flag(key, value, equals) == (key in ("readonly", "ro"))
        elif not equals and key != "required":
            raise InvalidArgument(f"invalid field '{field}' must be a key=value pair")
        else:
            _set(found, key, value, field)
    if expand is None:
        return Mount(found["type"], origin=found.get("origin", ""))
    return _checked(Mount(**found), read_only)


def _set(found: dict[str, Any], key: str, value: str, field: str) -> None:
    kind = found["type"]
    if key == "type":
        if value.lower() not in TYPES:
            raise InvalidArgument(f'unsupported mount type "{value}"')
        found["type"] = value.lower()
    elif key in _TEXTS:
        if key == "env" and kind not in _CREDENTIALS:
            raise InvalidArgument(f"unexpected key '{key}' for mount type '{kind}'")
        found[_TEXTS[key]] = value
    elif key == "required":
        if kind not in _CREDENTIALS:
            raise InvalidArgument(f"unexpected key '{key}' for mount type '{kind}'")
        found["required"] = _flag(key, value, "=" if value else "")
    elif key == "size":
        if kind != "tmpfs":
            raise InvalidArgument(f"unexpected key '{key}' for mount type '{kind}'")
        found["size"] = size(value)
    elif key == "sharing":
        if value.lower() not in _SHARING:
            raise InvalidArgument(f'unsupported sharing value "{value}"')
        found["sharing"] = value.lower()
    elif key in ("mode", "uid", "gid"):
        try:
            found[key] = int(value, 8 if key == "mode" else 10)
        except ValueError:
            raise InvalidArgument(f"invalid value {value} for {key}") from None
    else:
        raise InvalidArgument(f"unexpected key '{key}' in '{field}'")


def _flag(key: str, value: str, equals: str) -> bool:
    if not equals:
        return True
    found = boolean(value)
    if found is None:
        raise InvalidArgument(f"invalid value for {key}: {value}")
    return found


def _checked(mount: Mount, read_only: bool | None) -> Mount:
    kind = mount.type
    for key, value in (("mode", mount.mode), ("uid", mount.uid), ("gid", mount.gid)):
        if value is not None and kind not in _WITH_OWNER:
            raise InvalidArgument(f'{key} not allowed for "{kind}" type mounts')
    if kind == "secret":
        if mount.origin:
            raise InvalidArgument("secret mount should not have a from")
        if not (mount.source or mount.target or mount.id):
            raise InvalidArgument("invalid secret mount. one of source, target required")
        if mount.source and mount.id:
            raise InvalidArgument("both source and id can't be set")
    if mount.sharing and kind != "cache":
        raise InvalidArgument(f"invalid cache sharing set for {kind} mount")
    if kind in ("bind", "tmpfs", "cache") and not mount.target:
        raise InvalidArgument(f"invalid {kind} mount: target is required")
    default = kind not in ("cache", "tmpfs")
    return mount._replace(read_only=default if read_only is None else read_only)


def size(text: str) -> int:
    """A size in binary units ("64m"); InvalidArgument."""
    word = text.strip().lower().removesuffix("b").removesuffix("i")
    unit = word[-1:] if word[-1:].isalpha() else ""
    try:
        return int(float(word.removesuffix(unit)) * _UNITS[unit])
    except (KeyError, ValueError):
        raise InvalidArgument(f"invalid value for size: {text}") from None
