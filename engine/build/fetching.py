"""Remote sources brought here: files by HTTP (kept and asked for again only when they changed), git repositories."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from engine import paths
from engine.build.remote import GitSource, file_name
from engine.erase import erase
from engine.state import locks
from schemas.errors import Failed, InvalidArgument, NotFound, Unavailable, Unsupported
from schemas.typed import NamedTuple

_TIMEOUT = 60.0
_CHUNK = 1 << 20
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_AGENT = "pycompose"
_ABOUT = "about.json"


class Fetched(NamedTuple):
    """A file or tree of this host: ``name`` is what it is called, ``digest`` what its content is."""

    path: str
    name: str
    digest: str
    mtime: int = 0  # ns; 0 for none


def url(address: str, checksum: str = "") -> Fetched:
    """The file at ``address``. Unavailable, NotFound; InvalidArgument when ``checksum`` is another one."""
    wanted = _checksum(checksum)
    name = _name(address)
    directory = f"{_downloads()}/{name}"
    # Who comes second finds what the first has brought.
    with locks.exclusive(f"download-{name[:2]}"):
        known = _known(directory)
        if known is not None and wanted and known["digest"] == wanted:
            return _file(directory, address, known)  # content by digest never changes
        known = _download(address, directory, known)
    if wanted and known["digest"] != wanted:
        raise InvalidArgument(
            f"{address}: digest mismatch {known['digest']}, but {wanted} was expected"
        )
    return _file(directory, address, known)


def sweep() -> None:
    """Remove downloads that others have replaced. The caller holds the store's lock alone: no build reads them."""
    for name in _names(_downloads()):
        directory = f"{_downloads()}/{name}"
        known = _known(directory)
        for other in _names(directory):
            if known is None or other not in (known["file"], _ABOUT):
                erase(f"{directory}/{other}")


def _downloads() -> str:
    return f"{paths.root()}/build/downloads"


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []


def _checksum(text: str) -> str:
    if not text:
        return ""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
        raise InvalidArgument(f"--checksum={text}: must be sha256:<64 hex digits>")
    return text


def _name(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _known(directory: str) -> dict[str, Any] | None:
    try:
        with open(f"{directory}/{_ABOUT}", encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return None
    return found if os.path.isfile(f"{directory}/{found['file']}") else None


def _file(directory: str, address: str, known: dict[str, Any]) -> Fetched:
    mtime = int(known["mtime"]) * 1_000_000_000
    return Fetched(f"{directory}/{known['file']}", file_name(address), known["digest"], mtime)


def _download(address: str, directory: str, known: dict[str, Any] | None) -> dict[str, Any]:
    import urllib3

    headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
    for header, key in (("If-None-Match", "etag"), ("If-Modified-Since", "modified")):
        if known is not None and known[key]:
            headers[header] = known[key]
    pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=urllib3.Retry(3, backoff_factor=0.3))
    try:
        answer = pool.request("GET", address, headers=headers, preload_content=False)
    except urllib3.exceptions.HTTPError as err:
        raise Unavailable(f"{address}: {err}") from err
    try:
        if answer.status == 304 and known is not None:
            return known
        if answer.status == 404:
            raise NotFound(f"{address}: not found (404)")
        if answer.status >= 400:
            raise Unavailable(f"{address}: the server answered {answer.status} {answer.reason}")
        return _store(answer, directory)
    finally:
        answer.release_conn()


def _store(answer: Any, directory: str) -> dict[str, Any]:
    """Keep what comes. Another build may be at what came before: that stays until it is swept."""
    import hashlib

    temporary = f"{paths.root()}/tmp/download-{os.urandom(8).hex()}"
    os.makedirs(temporary, mode=0o700)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    digest = hashlib.sha256()
    try:
        with open(f"{temporary}/content", "wb") as content:
            for chunk in answer.stream(_CHUNK):
                digest.update(chunk)
                content.write(chunk)
        os.chmod(f"{temporary}/content", 0o600)
        modified = answer.headers.get("Last-Modified") or ""
        about = {
            "file": digest.hexdigest(),
            "digest": f"sha256:{digest.hexdigest()}",
            "etag": answer.headers.get("ETag") or "",
            "modified": modified,
            "mtime": _epoch(modified),
        }
        with open(f"{temporary}/{_ABOUT}", "w", encoding="utf-8") as file:
            json.dump(about, file)
        os.rename(f"{temporary}/content", f"{directory}/{about['file']}")
        os.rename(f"{temporary}/{_ABOUT}", f"{directory}/{_ABOUT}")
    finally:
        erase(temporary)
    return about


def _epoch(text: str) -> int:
    from email.utils import parsedate_to_datetime

    try:
        return int(parsedate_to_datetime(text).timestamp())
    except (TypeError, ValueError):
        return 0


def git(source: GitSource, *, keep_git_dir: bool, checksum: str = "") -> Fetched:
    """A checkout of the repository: its digest is the commit's. NotFound for a ref, Unavailable, InvalidArgument for another
    commit than ``checksum`` begins."""
    commit = _resolve(source)
    wanted = checksum or source.checksum
    if wanted and not commit.startswith(wanted):
        raise InvalidArgument(f"{source.remote}: expected checksum to match {wanted}, got {commit}")
    key = _name(
        f"{source.remote} {commit} {source.subdirectory} {keep_git_dir} {source.submodules}"
    )
    path = f"{paths.root()}/build/git/{key}"
    if not os.path.isdir(path):
        _checkout(source, commit, path, keep_git_dir=keep_git_dir)
    return Fetched(path, "", f"git:{commit}:{source.subdirectory}:{keep_git_dir}")


def _resolve(source: GitSource) -> str:
    """The commit that the ref means there now."""
    if _COMMIT.fullmatch(source.ref):
        return source.ref
    lines = _git(["ls-remote", source.remote], source.remote).splitlines()
    refs = {name: commit for commit, name in (line.split("\t", 1) for line in lines)}
    ref = source.ref or "HEAD"
    for name in (
        f"{ref}^{{}}",
        ref,
        f"refs/heads/{ref}",
        f"refs/tags/{ref}^{{}}",
        f"refs/tags/{ref}",
    ):
        if name in refs:
            return refs[name]
    short = {commit for commit in refs.values() if len(ref) >= 7 and commit.startswith(ref)}
    if len(short) == 1:
        return short.pop()
    raise NotFound(f"{source.remote}: repository does not contain ref {ref}")


def _checkout(source: GitSource, commit: str, path: str, *, keep_git_dir: bool) -> None:
    temporary = f"{paths.root()}/tmp/git-{os.urandom(8).hex()}"
    os.makedirs(temporary, mode=0o755)
    inside = ["-C", temporary]
    try:
        _git(["init", "-q", "-b", "master", temporary], source.remote)
        _git([*inside, "remote", "add", "origin", source.remote], source.remote)
        try:
            _git([*inside, "fetch", "-q", "--depth=1", "origin", commit], source.remote)
        except Unavailable:  # a server that does not give out single commits
            _git(
                [*inside, "fetch", "-q", "--tags", "origin", "+refs/*:refs/remotes/origin/*"],
                source.remote,
            )
        _git([*inside, "-c", "advice.detachedHead=false", "checkout", "-q", commit], source.remote)
        if source.submodules and os.path.exists(f"{temporary}/.gitmodules"):
            update = ["submodule", "update", "-q", "--init", "--recursive", "--depth=1"]
            _git([*inside, *update], source.remote)
        tree = f"{temporary}/{source.subdirectory}" if source.subdirectory else temporary
        if not os.path.isdir(tree):
            raise NotFound(f"{source.remote}: no directory {source.subdirectory}")
        if not keep_git_dir:
            _forget(tree)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        try:
            os.rename(tree, path)
        except OSError:
            if not os.path.isdir(path):  # another build was quicker otherwise
                raise
    finally:
        erase(temporary)


def _forget(tree: str) -> None:
    for directory, names, files in os.walk(tree):
        if ".git" in names:
            names.remove(".git")
            erase(f"{directory}/.git")
        if ".git" in files:
            os.unlink(f"{directory}/.git")


def _git(words: list[str], remote: str) -> str:
    import subprocess

    environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1"}
    environ.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
    command = ["git", "-c", "protocol.file.allow=always", *words]
    try:
        done = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=600,
        )
    except FileNotFoundError:
        raise Unsupported(
            f"{remote}: git contexts need the program git", hint="install git"
        ) from None
    except subprocess.TimeoutExpired as err:
        raise Failed(f"{remote}: git {words[0]} took too long") from err
    if done.returncode:
        text = done.stderr.decode("utf-8", "replace").strip()
        raise Unavailable(f"{remote}: {text or f'git ended with {done.returncode}'}")
    return done.stdout.decode("utf-8", "replace")


def archive_context(address: str) -> str:
    """A context that a URL names: a tar, unpacked; or a Dockerfile alone. The directory."""
    found = url(address)
    path = f"{paths.root()}/tmp/context-{os.urandom(8).hex()}"
    os.makedirs(path, mode=0o755)
    from engine.build import unpacking

    fd = os.open(found.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if unpacking.is_archive(fd):
            directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                unpacking.unpack(fd, directory)
            finally:
                os.close(directory)
        else:
            with open(f"{path}/Dockerfile", "wb") as file:
                while data := os.read(fd, _CHUNK):
                    file.write(data)
    finally:
        os.close(fd)
    return path
