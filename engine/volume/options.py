"""The options of the local driver (type, o, device) as mount(2) takes them, with Docker's words for what is wrong. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from engine.kernel import mount
from schemas.errors import InvalidArgument, Unsupported
from schemas.typed import NamedTuple

_KEYS = ("type", "o", "device", "size")
_NEEDS = {"device": ("type",), "type": ("device",), "o": ("type", "device")}
_NOTHING = frozenset({"", "defaults", "bind", "rbind"})
_PROPAGATION = ("private", "rprivate", "slave", "rslave", "shared", "rshared")
# What a bind mount takes beside how far it reaches; the words of rootmounts.
_BIND_FLAGS = frozenset({"noexec", "nosuid", "nodev"})
_BIND_DEFAULTS = frozenset({"rw", "exec", "suid", "dev", "relatime"})


class Source(NamedTuple):
    """Where a volume's content is: a directory of this host (``bind``), or a file system to be mounted."""

    bind: bool
    type: str
    device: str
    flags: int  # of mount(2)
    data: str
    words: tuple[str, ...]  # of a bind mount: those that rootmounts knows, and "ro"
    propagation: str  # of a bind mount

    @property
    def read_only(self) -> bool:
        return "ro" in self.words or bool(self.flags & mount.MS_RDONLY)


def parse(options: Mapping[str, str]) -> Source | None:
    """None when they ask for nothing. InvalidArgument or Unsupported, naming the option."""
    for key in options:
        if key not in _KEYS:
            raise InvalidArgument(f'invalid option: "{key}"')
    for key, needed in _NEEDS.items():
        for other in needed:
            if options.get(key) and not options.get(other):
                raise InvalidArgument(f'missing required option: "{other}"')
    kind, device = options.get("type") or "", options.get("device") or ""
    if not kind:
        return None
    words = [word.strip() for word in (options.get("o") or "").split(",")]
    if {"bind", "rbind"} & set(words):
        return _bind(device, words)
    if kind in ("none", "bind"):
        raise InvalidArgument(
            f"driver_opts: type {kind} is no file system; for a directory of this host add o: bind"
        )
    flags, data = 0, []
    for word in words:
        if word in mount.WORDS:
            add, remove = mount.WORDS[word]
            flags = (flags | add) & ~remove
        elif word not in _NOTHING:
            data.append(word)
    return Source(False, kind, device, flags, ",".join(data), (), "")


def _bind(device: str, words: list[str]) -> Source:
    if not device.startswith("/"):
        raise InvalidArgument(f"driver_opts: device {device} must be an absolute path")
    found = [] if "rbind" in words else ["bind"]
    propagation = ""
    for word in words:
        if word in _BIND_FLAGS or word == "ro":
            found.append(word)
        elif word in _PROPAGATION:
            propagation = word
        elif word not in _NOTHING and word not in _BIND_DEFAULTS:
            raise Unsupported(
                f"driver_opts: o: {word} does not go with a bind mount in the local engine"
            )
    return Source(True, "", device, 0, "", tuple(found), propagation)
