"""What a logging driver calls a container (``tag``), and the labels and variables it tells of it. Pure."""

from __future__ import annotations

import re

from schemas.errors import InvalidArgument, Unsupported
from schemas.typed import TypedDict

DEFAULT = "{{.ID}}"
_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
# moby's loggerutils.ParseLogTag over logger.Info.
_FIELDS = ("ID", "FullID", "Name", "ImageID", "ImageFullID", "ImageName", "DaemonName")


class About(TypedDict):
    """As much of a container as a tag can say."""

    id: str
    name: str
    image: str
    image_id: str


def check(template: str) -> None:
    """Unsupported for a field or function that is not one of a container's, InvalidArgument for a broken template."""
    for action in _ACTION.findall(template):
        if action.removeprefix(".") not in _FIELDS or not action.startswith("."):
            raise Unsupported(
                f"logging.options tag: {{{{{action}}}}} is not supported"
                f" ({', '.join(f'.{name}' for name in _FIELDS)} are)"
            )
    if "{{" in _ACTION.sub("", template):
        raise InvalidArgument(f"logging.options tag: {template} is not a template")


def render(template: str, about: About) -> str:
    """The tag of a container."""
    image = about["image_id"].removeprefix("sha256:")
    values = {
        "ID": about["id"][:12],
        "FullID": about["id"],
        "Name": about["name"],
        "ImageID": image[:12],
        "ImageFullID": about["image_id"],
        "ImageName": about["image"],
        "DaemonName": "pycompose",
    }
    return _ACTION.sub(lambda found: values[found[1].removeprefix(".")], template)


def attributes(
    options: dict[str, str], labels: dict[str, str], environment: list[str]
) -> dict[str, str]:
    """The labels and variables that ``labels``, ``env`` and their patterns name, as far as the container has them."""
    variables = dict(word.partition("=")[::2] for word in environment)
    found = {**_chosen(options, "labels", labels), **_chosen(options, "env", variables)}
    return dict(sorted(found.items()))


def _chosen(options: dict[str, str], key: str, values: dict[str, str]) -> dict[str, str]:
    named = {name.strip() for name in options.get(key, "").split(",")}
    pattern = options.get(f"{key}-regex")
    return {
        name: value
        for name, value in values.items()
        if name in named or (pattern and re.search(pattern, name))
    }
