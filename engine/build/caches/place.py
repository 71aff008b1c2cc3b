"""Where a cache is kept, in the words of ``cache_from`` and ``cache_to``: checked, with defaults. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from engine.image import reference
from schemas.errors import InvalidArgument, Unsupported
from schemas.typed import NamedTuple

# What each kind of cache may be told; those of the second row only when it is written.
_FROM = {"registry": {"ref"}, "local": {"src", "digest", "tag"}}
_SHAPE = {
    "mode",
    "compression",
    "ignore-error",
    "oci-mediatypes",
    "image-manifest",
    "force-compression",
}
_TO = {"inline": set[str](), "registry": {"ref", *_SHAPE}, "local": {"dest", "tag", *_SHAPE}}
_ELSEWHERE = ("gha", "s3", "azblob")
_COMPRESSIONS = ("gzip", "uncompressed")


class CachePlace(NamedTuple):
    """``type``: inline, registry, local. ``where``: a reference or a directory. ``tag``: of a directory's entry."""

    type: str
    where: str = ""
    tag: str = "latest"
    digest: str = ""
    everything: bool = False  # all steps, not only those of the image
    compression: str = "gzip"
    ignore_error: bool = False

    def __str__(self) -> str:
        return reference.familiar(self.where) if self.type == "registry" else self.where


def source(words: Mapping[str, str]) -> CachePlace:
    """A cache to look in. InvalidArgument, Unsupported."""
    kind = _kind(words, _FROM, "cache_from")
    if kind == "registry":
        return CachePlace(kind, reference.normalise(_needed(words, "ref", kind)))
    place = CachePlace(kind, _needed(words, "src", kind), digest=words.get("digest", ""))
    return place._replace(tag=words.get("tag") or place.tag)


def target(words: Mapping[str, str]) -> CachePlace:
    """A cache to write. InvalidArgument, Unsupported."""
    kind = _kind(words, _TO, "cache_to")
    if kind == "inline":
        return CachePlace(kind)
    where = _needed(words, "ref" if kind == "registry" else "dest", kind)
    if kind == "registry":
        where = reference.normalise(where)
    mode = words.get("mode", "min")
    if mode not in ("min", "max"):
        raise InvalidArgument(f'cache_to: mode "{mode}" is not min or max')
    compression = words.get("compression", "gzip")
    if compression not in _COMPRESSIONS:
        raise Unsupported(f"cache_to: compression {compression}: layers are packed with gzip")
    for name in ("oci-mediatypes", "image-manifest"):
        if not _flag(words, name, True):
            raise Unsupported(f"cache_to: {name}=false: a cache is an OCI image manifest")
    _flag(words, "force-compression", False)
    place = CachePlace(kind, where, everything=mode == "max", compression=compression)
    return place._replace(
        tag=words.get("tag") or place.tag, ignore_error=_flag(words, "ignore-error", False)
    )


def _kind(words: Mapping[str, str], known: Mapping[str, set[str]], about: str) -> str:
    kind = words.get("type") or "registry"
    if kind in _ELSEWHERE:
        raise Unsupported(
            f"{about}: a cache of type {kind} is not supported", hint="there are registry and local"
        )
    if kind == "inline" and about == "cache_from":
        raise InvalidArgument(f"{about}: an inline cache is read with type=registry,ref=IMAGE")
    if kind not in known:
        raise InvalidArgument(f"{about}: unknown type {kind}: there are {', '.join(known)}")
    unknown = sorted(set(words) - known[kind] - {"type"})
    if unknown:
        raise InvalidArgument(f"{about}: a {kind} cache knows no {unknown[0]}")
    return kind


def _needed(words: Mapping[str, str], name: str, kind: str) -> str:
    found = words.get(name, "")
    if not found:
        raise InvalidArgument(f"a {kind} cache needs {name}=…")
    return found


def _flag(words: Mapping[str, str], name: str, default: bool) -> bool:
    text = words.get(name, "").lower()
    if text not in ("", "true", "false", "1", "0"):
        raise InvalidArgument(f'cache_to: {name}: "{text}" is not true or false')
    return default if not text else text in ("true", "1")
