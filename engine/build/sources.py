"""Where a build's files come from: the context, further contexts, images; opened when a step needs them."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from typing import Any

from engine import images, paths
from engine.build import remote
from engine.build.facts import Facts
from engine.build.patterns import Matcher, read_ignore_file
from engine.build.stack import Stack
from engine.build.steps import Origin
from engine.image.platform import Platform
from schemas.digest import sha256
from schemas.errors import InvalidArgument, NotFound, Unsupported
from schemas.typed import NamedTuple

IGNORE_FILE = ".dockerignore"


class Directory(NamedTuple):
    """Files of a person: owners and, where they are left out, existence do not count."""

    path: str
    ignored: Matcher
    facts: Facts


class Image(NamedTuple):
    """An image: its id and config, and the layers of its files."""

    id: str
    config: dict[str, Any]
    stack: Stack


Provided = Directory | Image
Bring = Callable[[str, Platform | None], images.ImageRecord]


class Sources:
    """The origins of one build. ``fetch`` brings remote contexts, ``bring`` images that are not here."""

    def __init__(
        self,
        context: str,
        dockerfile: str,
        named: dict[str, str],
        *,
        fetch: Callable[[str], str],
        bring: Bring,
    ) -> None:
        self._context = context
        self._dockerfile = (
            dockerfile  # its path, for the ignore file beside it; "" for an inline one
        )
        self._named = named
        self._fetch = fetch
        self._bring = bring
        self._found: dict[Origin, Provided] = {}
        self._lock = threading.RLock()

    def of(self, origin: Origin) -> Provided:
        """What ``origin`` (context, named, image) is; NotFound, Unsupported and what fetching may raise."""
        with self._lock:
            found = self._found.get(origin)
            if found is None:
                found = self._found[origin] = self._open(origin)
            return found

    def config(self, origin: Origin) -> dict[str, Any]:
        """The image document of an origin; {} for a directory."""
        found = self.of(origin)
        return found.config if isinstance(found, Image) else {}

    def ignored(self, path: str) -> bool:
        """Whether the context's ignore file leaves ``path`` out, as far as that can be said of a name alone."""
        if remote.is_remote(self._context):
            return False
        found = self.of(Origin("context"))
        assert isinstance(found, Directory)
        matcher = found.ignored
        return bool(matcher) and not matcher.exceptions and path != "." and matcher.matches(path)

    def save(self) -> None:
        """Keep what was learned of unchanged files for the next build."""
        for found in self._found.values():
            if isinstance(found, Directory) and found.facts.changed:
                _save_facts(found)

    def _open(self, origin: Origin) -> Provided:
        if origin.kind == "context":
            return self._directory(self._context, self._ignore_lines)
        if origin.kind == "image":
            return self._image(origin.name, origin.platform)
        assert origin.kind == "named"
        where = self._named[origin.name]
        if where.startswith("docker-image://"):
            return self._image(where.removeprefix("docker-image://"), origin.platform)
        if where.startswith("oci-layout://"):
            from engine.build.layout import load

            return _provided(load(where.removeprefix("oci-layout://"), origin.platform))
        return self._directory(where, lambda path: _lines(f"{path}/{IGNORE_FILE}"))

    def _image(self, name: str, platform: Platform | None) -> Image:
        return _provided(self._bring(name, platform))

    def _directory(self, where: str, ignore: Callable[[str], list[str]]) -> Directory:
        path = self._fetch(where) if remote.is_remote(where) else where
        scheme = where.partition("://")[0] if "://" in where else ""
        if scheme and path == where:
            raise Unsupported(f"build context {where}: {scheme}:// is not supported")
        if not os.path.isdir(path):
            kind = "not a directory" if os.path.exists(path) else "no such file or directory"
            raise NotFound(f"build context {path}: {kind}")
        path = os.path.realpath(path)
        return Directory(path, Matcher(ignore(path)), _load_facts(path))

    def _ignore_lines(self, path: str) -> list[str]:
        """Of the file beside the Dockerfile if there is one, else of the context's own."""
        if self._dockerfile:
            own = f"{self._dockerfile}{IGNORE_FILE}"
            if os.path.exists(own):
                return _lines(own)
        return _lines(f"{path}/{IGNORE_FILE}")


def _provided(found: images.ImageRecord) -> Image:
    return Image(found.id, found.config, Stack(found.layers, found.kind == "host"))


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return read_ignore_file(file.read())
    except FileNotFoundError:
        return []
    except IsADirectoryError:
        raise InvalidArgument(f"{path} is a directory") from None


def _facts_path(directory: str) -> str:
    name = sha256(directory.encode(errors="surrogateescape")).hexdigest()[:32]
    return f"{paths.root()}/build/facts/{name}.json"


def _load_facts(directory: str) -> Facts:
    facts = Facts()
    try:
        with open(_facts_path(directory), encoding="utf-8") as file:
            facts.known = json.load(file)
    except (OSError, ValueError):
        pass  # read again, then
    return facts


def _save_facts(found: Directory) -> None:
    path = _facts_path(found.path)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    temporary = f"{path}.{os.urandom(4).hex()}"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(found.facts.known, file)
    except UnicodeEncodeError:  # a name that is no text
        os.unlink(temporary)
        return
    os.rename(temporary, path)
