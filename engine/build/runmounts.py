"""The mounts of a RUN as things of this host: bind, cache, tmpfs, secret, ssh."""

from __future__ import annotations

import fcntl
import os
import posixpath
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from engine import paths
from engine.build.agent import Agents
from engine.build.copying import Dress, Target
from engine.build.given import Secret
from engine.build.instructions import Document, Mount
from engine.build.patterns import Matcher
from engine.build.reading import Reader
from engine.build.running import Extra
from engine.build.selection import Want, expand, walk
from engine.build.stack import Stack
from engine.build.steps import MountOf, Origin, RunStep
from engine.build.trees import Places
from engine.erase import erase
from engine.snapshot import merged
from schemas.errors import InvalidArgument, NotFound
from schemas.specs import FileMount

if TYPE_CHECKING:
    from engine.runtime.bundle import BundleMount

_EVERYTHING = Want(Matcher(()))
_SECRETS = "/run/secrets"
_SOCKETS = "/run/buildkit/ssh_agent"


class Preparer:
    """Prepares the mounts of a build's steps."""

    def __init__(self, reader: Reader, secrets: dict[str, Secret], agents: Agents) -> None:
        self._reader = reader
        self._secrets = secrets
        self._agents = agents
        self.directory = f"{paths.root()}/tmp/build-mounts-{os.urandom(6).hex()}"
        self._copies: dict[tuple[Origin, str], str] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        erase(self.directory)

    @contextmanager
    def prepared(self, step: RunStep) -> Iterator[Extra]:
        """What the step's mounts are, for as long as it runs. NotFound, InvalidArgument."""
        with ExitStack() as held:
            found = Extra()
            for item in step.mounts:
                found = self._add(found, item, held)
            if step.script is not None:
                found = self._script(found, step.script, held)
            yield found

    def _script(self, found: Extra, script: Document, held: ExitStack) -> Extra:
        """A here-document that is a program of its own."""
        path = f"{self._scratch(held)}/{script.name}"
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(script.content)
        os.chmod(path, 0o755)
        target = f"/dev/pipes/{script.name}"
        one: BundleMount = {"kind": "bind", "target": target, "source": path, "read_only": True}
        return found._replace(mounts=(*found.mounts, one))

    def _add(self, found: Extra, item: MountOf, held: ExitStack) -> Extra:
        mount = item.mount
        if mount.type == "secret":
            return self._secret(found, mount)
        if mount.type == "ssh":
            return self._ssh(found, mount)
        if mount.type == "tmpfs":
            one: BundleMount = {
                "kind": "tmpfs",
                "target": mount.target,
                "options": ["exec"],
                "mode": 0o1777,
            }
            if mount.size:
                one["size"] = mount.size
        elif mount.type == "cache":
            one = self._cache(item, held)
        else:
            one = self._bind(item, held)
        return found._replace(mounts=(*found.mounts, one))

    def _secret(self, found: Extra, mount: Mount) -> Extra:
        id = mount.id or mount.source or posixpath.basename(mount.target)
        secret = self._secrets.get(id)
        if secret is None:
            if mount.required:
                raise NotFound(f"secret {id}: not found")
            return found
        if mount.env:
            found = found._replace(env=(*found.env, (mount.env, secret.read())))
            if not mount.target:
                return found
        target = mount.target or f"{_SECRETS}/{posixpath.basename(id)}"
        file: FileMount = {
            "target": target,
            "uid": mount.uid or 0,
            "gid": mount.gid or 0,
            "mode": 0o400 if mount.mode is None else mount.mode,
        }
        if secret.text is None:
            if not os.path.isfile(secret.file):
                raise NotFound(f"secret file {secret.file}: no such file")
            file["source"] = secret.file
        else:
            file["content"] = secret.text
        return found._replace(files=(*found.files, file))

    def _ssh(self, found: Extra, mount: Mount) -> Extra:
        id = mount.id or mount.source or "default"
        if not self._agents.knows(id):
            if mount.required:
                raise NotFound(f"ssh agent {id}: not given to the build")
            return found
        mode = 0o600 if mount.mode is None else mount.mode
        path = self._agents.socket(id, uid=mount.uid or 0, gid=mount.gid or 0, mode=mode)
        target = mount.target or f"{_SOCKETS}.{len(found.env)}"
        one: BundleMount = {"kind": "bind", "target": target, "source": path}
        env = found.env
        if not any(key == "SSH_AUTH_SOCK" for key, _ in env):
            env = (*env, ("SSH_AUTH_SOCK", target))
        return found._replace(mounts=(*found.mounts, one), env=env)

    # files --------------------------------------------------------------------------------------

    def _bind(self, item: MountOf, held: ExitStack) -> BundleMount:
        mount = item.mount
        directory = self._reader.directory(item.origin)
        if directory is None:
            layers = self._layers(self._reader.stack(item.origin), mount)
        else:
            layers = [self._copy(item.origin, mount.source)]
        if not os.path.isdir(layers[0]):
            # A file alone; a change of it must not reach where it comes from.
            if not mount.read_only:
                layers[0] = self._own_file(layers[0], held)
            return {
                "kind": "bind",
                "target": mount.target,
                "source": layers[0],
                "read_only": mount.read_only,
            }
        one: BundleMount = {"kind": "overlay", "target": mount.target, "lowers": layers}
        if mount.read_only:
            if len(layers) == 1:
                return {
                    "kind": "bind",
                    "target": mount.target,
                    "source": layers[0],
                    "read_only": True,
                }
            return one
        scratch = self._scratch(held)
        for name in ("upper", "work"):
            os.mkdir(f"{scratch}/{name}")
        found = os.stat(layers[0])
        os.chown(f"{scratch}/upper", found.st_uid, found.st_gid)
        os.chmod(f"{scratch}/upper", found.st_mode & 0o7777)
        return {**one, "upper": f"{scratch}/upper", "work": f"{scratch}/work"}

    def _layers(self, stack: Stack, mount: Mount) -> list[str]:
        """The directories that merge at the source, or the one file."""
        path = posixpath.normpath(posixpath.join("/", mount.source))
        if stack.host and (path + "/").startswith("/usr/"):
            found = merged.resolve(stack.usr(), path[4:])
        else:
            found = merged.resolve(stack.lowers(), path)
        if not found:
            raise NotFound(f'"{path}": not found')
        return found

    def _copy(self, origin: Origin, source: str) -> str:
        """What the context has at ``source``, as COPY would see it: without what is ignored, and root's."""
        with self._lock:
            known = self._copies.get((origin, source))
            if known is not None:
                return known
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
            base = f"{self.directory}/{len(self._copies)}"
            os.mkdir(base, 0o755)
            places = Places()
            try:
                tree = self._reader.tree(places, origin)
                path = expand(tree, source or "/")[0]
                target = Target(places.open(base), Dress((0, 0)))
                target.copy(tree, path, "/content", _EVERYTHING)
            finally:
                places.close()
            found = self._copies[origin, source] = f"{base}/content"
            return found

    def _own_file(self, path: str, held: ExitStack) -> str:
        import shutil

        copied = f"{self._scratch(held)}/file"
        shutil.copy2(path, copied)
        return copied

    def _scratch(self, held: ExitStack) -> str:
        path = f"{self.directory}/scratch-{os.urandom(6).hex()}"
        os.makedirs(path, mode=0o700)
        held.callback(erase, path)
        return path

    # caches -------------------------------------------------------------------------------------

    def _cache(self, item: MountOf, held: ExitStack) -> BundleMount:
        """A directory that outlives the build. Locked: one step at a time; private: another one for each at the same time."""
        import hashlib

        mount = item.mount
        facts = f"{mount.id} {item.origin} {mount.source} {mount.uid} {mount.gid} {mount.mode}"
        name = hashlib.sha256(facts.encode()).hexdigest()[:32]
        base = f"{paths.root()}/build/mounts"
        os.makedirs(base, mode=0o700, exist_ok=True)
        if mount.sharing == "private":
            number = next(
                number
                for number in range(1 << 16)
                if _locked(f"{base}/{name}-{number}.lock", held, wait=False)
            )
            name = f"{name}-{number}"
        else:
            _locked(f"{base}/{name}.lock", held, wait=True, shared=mount.sharing != "locked")
        path = f"{base}/{name}"
        with self._lock:
            if not os.path.isdir(path):
                self._new_cache(item, path)
        return {
            "kind": "bind",
            "target": mount.target,
            "source": path,
            "read_only": mount.read_only,
        }

    def _new_cache(self, item: MountOf, path: str) -> None:
        mount = item.mount
        temporary = f"{path}.{os.urandom(4).hex()}"
        os.mkdir(temporary)
        seed = None if item.origin.kind == "scratch" else self._fill(item, temporary)
        uid, gid, mode = (
            (seed.st_uid, seed.st_gid, seed.st_mode & 0o7777) if seed else (0, 0, 0o755)
        )
        if mount.uid is not None or mount.gid is not None:
            uid, gid = mount.uid or 0, mount.gid or 0
        os.chown(temporary, uid, gid)
        os.chmod(temporary, mode if mount.mode is None else mount.mode)
        try:
            os.rename(temporary, path)
        except OSError:
            erase(temporary)  # another build was quicker

    def _fill(self, item: MountOf, path: str) -> os.stat_result | None:
        """Put in what the cache is to begin with; what its directory looks like there."""
        from engine.build.trees import apart

        def work(places: Places) -> os.stat_result | None:
            tree = self._reader.tree(places, item.origin)
            found = None
            for source in expand(tree, item.mount.source or "/"):
                target = Target(places.open(path), Dress())
                target.copy(tree, source, "/", _EVERYTHING)
                first = next(walk(tree, source, _EVERYTHING), None)
                found = first.status if first and stat.S_ISDIR(first.status.st_mode) else None
            return found

        return apart(work)


def _locked(path: str, held: ExitStack, *, wait: bool, shared: bool = False) -> bool:
    """Hold the lock as long as the step runs; False when it is another's and is not waited for."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(fd, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return False
    held.callback(os.close, fd)
    return True


def check_secret(secret: Secret, id: str) -> None:
    """InvalidArgument for a secret that is neither a file nor a text."""
    if secret.text is None and not secret.file:
        raise InvalidArgument(f"secret {id}: neither a file nor a value")
