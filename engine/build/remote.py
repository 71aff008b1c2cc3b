"""Sources that are not files of a context: URLs and git repositories, told apart by how they are written. Pure."""

from __future__ import annotations

import posixpath
import re

from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

_SCP = re.compile(
    r"(?:([A-Za-z0-9_.-]+)@)?([A-Za-z0-9.-]+\.[A-Za-z0-9.-]+|localhost):(?!//)([^\s]+)"
)
_GIT_SCHEMES = ("git", "ssh", "git+https", "git+http", "git+ssh", "git+file")


class GitSource(NamedTuple):
    """A repository, what of it, and how much comes along."""

    remote: str
    ref: str = ""
    subdirectory: str = ""
    checksum: str = ""
    submodules: bool = True
    keep_git_dir: bool | None = None


def is_remote(text: str) -> bool:
    """Whether ``text`` is a URL or a git repository."""
    return git(text) is not None or is_url(text)


def is_url(text: str) -> bool:
    """Whether ``text`` is an address to be fetched as it is."""
    return text.startswith(("http://", "https://")) and git(text) is None


def git(text: str) -> GitSource | None:
    """The repository that ``text`` names; None for something else. InvalidArgument for options that do not exist."""
    if ":" not in text and not text.startswith("github.com/"):
        return None
    from urllib.parse import urlsplit  # not for the paths that most sources are

    parts = urlsplit(text)
    if parts.scheme in _GIT_SCHEMES:
        base = text
    elif parts.scheme in ("http", "https"):
        if not parts.path.endswith(".git"):
            return None
        base = text
    elif text.startswith("github.com/"):
        base = f"https://{text}"
    elif not parts.scheme.startswith("git") and _SCP.fullmatch(
        text.partition("#")[0].partition("?")[0]
    ):
        match = _SCP.fullmatch(text.partition("#")[0].partition("?")[0])
        if match is None or not match[1]:
            return None
        remote, _, fragment = text.partition("#")
        return _source(remote.partition("?")[0], "", fragment)
    else:
        return None
    parts = urlsplit(base)
    scheme = parts.scheme.removeprefix("git+")
    remote = f"{scheme}://{parts.netloc}{parts.path}"
    return _source(remote, parts.query, parts.fragment)


def _source(remote: str, query: str, fragment: str) -> GitSource:
    from urllib.parse import parse_qsl, unquote

    ref, _, directory = unquote(fragment).partition(":")
    found = GitSource(remote, ref, directory.strip("/"))
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key in ("ref", "tag", "branch"):
            prefix = {"tag": "refs/tags/", "branch": "refs/heads/"}.get(key, "")
            found = found._replace(ref=prefix + value.removeprefix(prefix))
        elif key == "subdir":
            found = found._replace(subdirectory=value.strip("/"))
        elif key in ("checksum", "commit"):
            found = found._replace(checksum=value)
        elif key == "submodules":
            found = found._replace(submodules=value not in ("false", "0"))
        elif key == "keep-git-dir":
            found = found._replace(keep_git_dir=value not in ("false", "0"))
        else:
            raise InvalidArgument(f'unexpected query "{key}" in git context {remote}')
    if found.subdirectory and ".." in found.subdirectory.split("/"):
        raise InvalidArgument(f"{remote}: {found.subdirectory} leads out of the repository")
    return found


def file_name(url: str) -> str:
    """What a fetched file is called."""
    from urllib.parse import urlsplit

    return posixpath.basename(urlsplit(url).path.rstrip("/")) or "__unnamed__"
