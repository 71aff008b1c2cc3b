"""The images that are here, by name, narrowed by Docker's filters."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from compose.ops.used_images import split_tag
from schemas.engine import Engine
from schemas.errors import NotFound, UsageError
from schemas.records import ImageInfo
from schemas.typed import NamedTuple

Filter = tuple[str, str]


class NamedImage(NamedTuple):
    """An image under one of its names; without a name both parts are ""."""

    repository: str
    tag: str
    image: ImageInfo


def parse_filters(texts: list[str]) -> list[Filter]:
    """``key=value`` pairs; UsageError for a key that is no filter."""
    found = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f'invalid argument "{text}" for "-f, --filter" flag: invalid filter')
        if key not in _FILTERS:
            raise UsageError(f"invalid filter '{key}'")
        found.append((key, value))
    return found


def listed(engine: Engine, filters: list[Filter]) -> list[NamedImage]:
    """A row for each name of each image, newest image first; values of one key are alternatives."""
    wanted: dict[str, list[str]] = {}
    for key, value in filters:
        wanted.setdefault(key, []).append(value)
    rows = [row for image in engine.images() for row in _rows(image)]
    for key, values in wanted.items():
        keep = _FILTERS[key](engine, values)
        rows = [row for row in rows if keep(row)]
    return rows


def _rows(image: ImageInfo) -> list[NamedImage]:
    names = [NamedImage(*split_tag(tag), image) for tag in image.tags]
    return names or [NamedImage("", "", image)]


Keep = Callable[[NamedImage], bool]


def _dangling(engine: Engine, values: list[str]) -> Keep:
    if values[-1] not in ("true", "false", "1", "0"):
        raise UsageError(f"invalid filter 'dangling={values[-1]}'")
    wanted = values[-1] in ("true", "1")
    return lambda row: (not row.image.tags) == wanted


def _reference(engine: Engine, values: list[str]) -> Keep:
    def keep(row: NamedImage) -> bool:
        name = f"{row.repository}:{row.tag}"
        return bool(row.repository) and any(
            _matches(row.repository, value) or _matches(name, value) for value in values
        )

    return keep


def _matches(name: str, pattern: str) -> bool:
    """Go's path.Match: a star does not cross a slash."""
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


def _label(engine: Engine, values: list[str]) -> Keep:
    pairs = [value.partition("=") for value in values]

    def keep(row: NamedImage) -> bool:
        labels = row.image.labels
        return all(
            key in labels and (not equals or labels[key] == value) for key, equals, value in pairs
        )

    return keep


def _before(engine: Engine, values: list[str]) -> Keep:
    limit = min(_created(engine, value) for value in values)
    return lambda row: row.image.created < limit


def _since(engine: Engine, values: list[str]) -> Keep:
    limit = max(_created(engine, value) for value in values)
    return lambda row: row.image.created > limit


def _created(engine: Engine, reference: str) -> float:
    image = engine.image(reference)
    if image is None:
        raise NotFound(f"No such image: {reference}")
    return image.created


_FILTERS: dict[str, Callable[[Engine, list[str]], Keep]] = {
    "before": _before,
    "dangling": _dangling,
    "label": _label,
    "reference": _reference,
    "since": _since,
}
