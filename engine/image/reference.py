"""Image references after Docker's grammar (distribution/reference): ``[domain/]path[:tag][@digest]``.

The normal form names everything (``docker.io/library/busybox:latest``); the familiar form is what people type.
"""

from __future__ import annotations

import re

from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
_OFFICIAL = "library/"
_LEGACY_DOMAIN = "index.docker.io"

_DOMAIN = (
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
)
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_HEX = frozenset("0123456789abcdef")
_NAME_LIMIT = 255


class Reference(NamedTuple):
    """A reference in parts; ``tag`` and ``digest`` are "" when absent."""

    domain: str
    path: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        return f"{self.domain}/{self.path}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def parse(text: str) -> Reference:
    """Parse what a person typed; InvalidArgument in Docker's words. No tag is added."""
    name, _, digest = text.partition("@")
    if "@" in text and not re.fullmatch(_DIGEST, digest):
        raise _invalid(text)
    tag = ""
    colon = name.rfind(":")
    if colon > name.rfind("/") and colon >= 0:
        name, tag = name[:colon], name[colon + 1 :]
        if not re.fullmatch(_TAG, tag):
            raise _invalid(text)
    if len(name) == 64 and is_hex(name):
        raise InvalidArgument(
            f"invalid repository name ({name}), cannot specify 64-byte hexadecimal strings"
        )
    domain, path = _split_domain(name)
    if path != path.lower() and re.fullmatch(_PATH, path.lower()):
        raise InvalidArgument(
            f"invalid reference format: repository name ({path}) must be lowercase"
        )
    if not re.fullmatch(_PATH, path) or not re.fullmatch(_DOMAIN, domain):
        raise _invalid(text)
    if len(path) > _NAME_LIMIT:
        raise InvalidArgument("repository name must not be more than 255 characters")
    return Reference(domain, path, tag, digest)


def normalise(text: str) -> str:
    """The full form, with ``:latest`` where neither tag nor digest is given."""
    return str(with_default_tag(parse(text)))


def tag_name(text: str) -> str:
    """The full form of a name that an image is to be given; InvalidArgument when it names a digest."""
    wanted = parse(text)
    if wanted.digest:
        raise InvalidArgument("refusing to create a tag with a digest reference")
    return str(with_default_tag(wanted))


def full(text: str) -> str:
    """The full form of ``text``, or "" when it cannot be a reference. Beside a digest, a tag says nothing."""
    try:
        wanted = with_default_tag(parse(text))
    except InvalidArgument:
        return ""
    return str(wanted._replace(tag="") if wanted.digest else wanted)


def with_default_tag(reference: Reference) -> Reference:
    if reference.tag or reference.digest:
        return reference
    return reference._replace(tag=DEFAULT_TAG)


def familiar(normal: str) -> str:
    """The form people type: without the default domain and ``library/``."""
    if normal.startswith(f"{DEFAULT_DOMAIN}/{_OFFICIAL}"):
        rest = normal[len(DEFAULT_DOMAIN) + 1 + len(_OFFICIAL) :]
        if "/" not in rest:
            return rest
    return normal.removeprefix(f"{DEFAULT_DOMAIN}/")


def is_hex(text: str) -> bool:
    """Whether ``text`` is lower-case hexadecimal, as ids are."""
    return bool(text) and _HEX.issuperset(text)


def _split_domain(name: str) -> tuple[str, str]:
    """A first part without a dot, a colon or a capital is no host but a user's name ("localhost" is a host)."""
    first, slash, rest = name.partition("/")
    is_host = slash and (
        "." in first or ":" in first or first == "localhost" or first != first.lower()
    )
    domain, path = (first, rest) if is_host else (DEFAULT_DOMAIN, name)
    if domain == _LEGACY_DOMAIN:
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in path:
        path = _OFFICIAL + path
    return domain, path


def _invalid(text: str) -> InvalidArgument:
    return InvalidArgument(f'invalid reference format: "{text}"')
