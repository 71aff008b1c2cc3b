"""Compose files that live elsewhere: git repositories, fetched by the ``git`` binary and cached by commit; registries."""

from __future__ import annotations

import os

from schemas.errors import ComposeFileError
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.loader.evidence import Environment

_GIT_PREFIXES = ("git://", "ssh://git@", "git@", "github.com/")
_MAIN_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


def is_remote(name: str) -> bool:
    """Whether a file is named by URL."""
    if name.startswith("oci://") or name.startswith(_GIT_PREFIXES):
        return True
    head = name.split("#", 1)[0]
    return name.startswith(("https://", "http://", "ssh://", "file://")) and head.endswith(".git")


def fetch(name: str, environment: Environment) -> str:
    """A local path of the remote Compose file."""
    environment.evidence.volatile = True
    oci = name.startswith("oci://")
    switch = "COMPOSE_EXPERIMENTAL_OCI_REMOTE" if oci else "COMPOSE_EXPERIMENTAL_GIT_REMOTE"
    if (environment.get(switch) or "").lower() in ("0", "f", "false"):
        kind = "OCI" if oci else "git"
        raise ComposeFileError(f"{name}: {kind} remote resource is disabled by {switch!r}")
    if oci:
        from compose.loader.artifact import fetch_artifact

        return fetch_artifact(name, _cache(environment))
    url, _, fragment = name.partition("#")
    reference, _, directory = fragment.partition(":")
    if url.startswith("github.com/"):
        url = f"https://{url}"
    commit = _resolve(url, reference or "HEAD")
    checkout = os.path.join(_cache(environment), "git", commit)
    if not os.path.isdir(checkout):
        _check_out(url, commit, reference or "HEAD", checkout)
    place = os.path.normpath(os.path.join(checkout, directory.lstrip("/")))
    for candidate in (place, *(os.path.join(place, main) for main in _MAIN_NAMES)):
        if os.path.isfile(candidate):
            real = os.path.realpath(candidate)
            if not real.startswith(os.path.realpath(checkout) + "/"):
                raise ComposeFileError(f"{name}: {directory or real} leads out of the repository")
            return candidate
    raise ComposeFileError(f"{name}: no Compose file found in {directory or 'the repository'}")


def _cache(environment: Environment) -> str:
    home = environment.get("XDG_CACHE_HOME") or os.path.join(
        environment.get("HOME") or "/", ".cache"
    )
    return os.path.join(home, "pycompose")


def _git(*arguments: str, where: str) -> str:
    import subprocess

    try:
        done = subprocess.run(
            ["git", *arguments],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        )
    except FileNotFoundError:
        raise ComposeFileError(
            f"{where}: the git command is needed for remote Compose files"
        ) from None
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"git exited with {done.returncode}"
        raise ComposeFileError(f"{where}: {reason}")
    return done.stdout


def _is_commit(text: str) -> bool:
    return len(text) == 40 and all(char in "0123456789abcdef" for char in text)


def _resolve(url: str, reference: str) -> str:
    """The commit a branch or tag names now."""
    if url.startswith("-") or reference.startswith("-"):
        raise ComposeFileError(f"{url}#{reference}: not a git URL")
    if _is_commit(reference):
        return reference
    listed = _git("ls-remote", url, reference, where=url)
    found: dict[str, str] = {}
    for line in listed.splitlines():
        commit, _, name = line.partition("\t")
        found[name] = commit
    for candidate in (
        f"refs/tags/{reference}^{{}}",
        f"refs/tags/{reference}",
        f"refs/heads/{reference}",
        reference,
    ):
        if candidate in found and _is_commit(found[candidate]):
            return found[candidate]
    raise ComposeFileError(f"{url}: repository does not contain ref {reference}")


def _check_out(url: str, commit: str, reference: str, target: str) -> None:
    """Fetch one commit into place; a half-made checkout is never seen."""
    import shutil
    import tempfile

    os.makedirs(os.path.dirname(target), exist_ok=True)
    work = tempfile.mkdtemp(prefix=".fetch-", dir=os.path.dirname(target))
    try:
        _git("init", "--quiet", work, where=url)
        _git(
            "-C",
            work,
            "fetch",
            "--quiet",
            "--depth=1",
            url,
            commit if _is_commit(reference) else reference,
            where=url,
        )
        _git("-C", work, "checkout", "--quiet", "--detach", commit, where=url)
        try:
            os.rename(work, target)
        except OSError:
            if not os.path.isdir(target):
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
