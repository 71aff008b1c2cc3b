"""RUN: a process in a container of the moment, on a stage's layers."""

from __future__ import annotations

import json
import os
import posixpath
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine import paths
from engine.build.given import Settings
from engine.build.network import Place, Pool
from engine.build.stack import Stack
from engine.build.steps import RunStep
from engine.build.store import Draft
from engine.build.trees import host_directories
from engine.erase import erase
from engine.image import host
from engine.kernel import caps, seccomp
from engine.network import hosts
from engine.runtime import launcher, masks, messages, owned
from schemas.errors import EngineError, Failed, InvalidArgument
from schemas.specs import FileMount
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from engine.runtime.bundle import Bundle, BundleMount, Etc, Root

_LOG_LIMIT = 64 << 10  # of output kept for the error
_ROOTS = {"default": "new", "none": "new", "host": "host"}


class Extra(NamedTuple):
    """The mounts of one RUN, by now things of this host; ``env`` are secrets given as variables."""

    mounts: tuple[BundleMount, ...] = ()
    files: tuple[FileMount, ...] = ()
    env: tuple[tuple[str, str], ...] = ()


class Exited(Exception):
    """The process ended with ``code``; ``tail`` is the last of what it wrote."""

    def __init__(self, code: int, tail: bytes) -> None:
        super().__init__(code)
        self.code = code
        self.tail = tail


class Runner:
    """Runs the steps of one build; ``stop`` ends those that run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = Pool()
        self._running: set[int] = set()
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def close(self) -> None:
        self._pool.close()

    def stop(self) -> None:
        """End what runs: its supervisors see that nobody waits any more."""
        with self._lock:
            self._stopped.set()
            for fd in self._running:
                _shutdown(fd)

    def run(
        self, step: RunStep, stack: Stack, draft: Draft, extra: Extra, log: Callable[[bytes], None]
    ) -> None:
        """Run to the end; Exited for another exit code than 0, EngineError for what kept it from running."""
        self._check(step)
        place = self._pool.take() if step.network == "default" else None
        id = owned.new_id()
        directory = paths.runtime_dir(id)
        try:
            bundle = self._bundle(id, step, stack, draft, extra, place)
            stubs = _missing(
                stack, [item["target"] for item in (*bundle["mounts"], *bundle["files"])]
            )
            os.makedirs(directory, mode=0o700)
            with open(
                f"{directory}/bundle.json", "w", encoding="utf-8", errors="surrogateescape"
            ) as file:
                json.dump(bundle, file)
            self._carry_out(id, place, log)
            _remove_stubs(draft.upper, stubs)
        finally:
            erase(directory)
            if place is not None:
                self._pool.give(place)

    def _check(self, step: RunStep) -> None:
        if step.security == "insecure" and not self._settings.insecure:
            raise InvalidArgument(
                "RUN --security=insecure: security.insecure is not allowed",
                hint="grant it with build.entitlements: [security.insecure]",
            )
        if step.network == "host" and not self._settings.host_network:
            raise InvalidArgument(
                "RUN --network=host: network.host is not allowed",
                hint="grant it with build.entitlements: [network.host]",
            )

    def _carry_out(self, id: str, place: Place | None, log: Callable[[bytes], None]) -> None:
        ours, theirs = os.pipe2(os.O_CLOEXEC)
        try:
            fds = (theirs, theirs) if place is None else (theirs, theirs, place.netns)
            answer = launcher.step(id, fds)
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        tail = b""
        try:
            with self._lock:
                self._running.add(answer.fileno())
                if self._stopped.is_set():
                    raise Failed("canceled")
            while data := os.read(ours, 65536):
                log(data)
                tail = (tail + data)[-_LOG_LIMIT:]
            reply, _ = messages.receive_plain(answer)
        finally:
            with self._lock:
                self._running.discard(answer.fileno())
            answer.close()
            os.close(ours)
        if reply is None:
            raise Failed(
                "canceled" if self._stopped.is_set() else "the process's supervisor was killed"
            )
        if "error" in reply:
            error = messages.to_error(reply)
            code = error.exit_code
            if getattr(error, "step", "") == "exec":
                raise Exited(code, f"{error.message}\n".encode())
            raise error if isinstance(error, EngineError) else Failed(error.message)
        if reply["code"]:
            raise Exited(reply["code"], tail)

    def _bundle(
        self, id: str, step: RunStep, stack: Stack, draft: Draft, extra: Extra, place: Place | None
    ) -> Bundle:
        privileged = step.security == "insecure"
        held = caps.resolve([], [], privileged)
        settings = self._settings
        env = {**dict(step.proxies), **dict(step.env), **dict(extra.env)}
        return {
            "id": id,
            "name": id,
            "hostname": settings.hostname,
            "domainname": "",
            "argv": list(step.argv) or [""],
            "env": [f"{key}={value}" for key, value in env.items()],
            "cwd": step.cwd,
            "user": step.user,
            "group_add": [],
            "tty": False,
            "stdin_open": False,
            "stdin_once": False,
            "init": False,
            "privileged": privileged,
            "read_only": False,
            "root": _root(stack, draft),
            "mounts": list(extra.mounts),
            "files": list(extra.files),
            "etc": self._etc(step, place),
            "caps": sorted(held),
            "seccomp": seccomp.compiled(None, held, privileged=privileged),
            "no_new_privs": False,
            "sysctls": {},
            "rlimits": settings.ulimits,
            "masked_paths": [] if privileged else list(masks.MASKED_PATHS),
            "readonly_paths": [] if privileged else list(masks.READONLY_PATHS),
            "devices": [],
            "device_rules": [],
            "shm_size": settings.shm_size,
            "oom_score_adj": None,
            "namespaces": {
                "net": _ROOTS[step.network],
                "pid": "new",
                "ipc": "new",
                "uts": "new",
                "cgroup": "private",
            },
            "cgroup": {
                "name": f"pycompose/{id}",
                "parent": settings.cgroup_parent or None,
                "limits": settings.limits,
            },
            "hooks": [],
            "annotations": {},
            "labels": {},
            "image": "",
            "image_id": "",
            "restart": None,
            "stop_signal": "9",
            "stop_grace_period": 0.0,
            "auto_remove": True,
            "endpoints": [],
            "ports": [],
            "dns": None,
            "healthcheck": None,
            "logging": {"driver": "none"},
        }

    def _etc(self, step: RunStep, place: Place | None) -> Etc:
        settings = self._settings
        host = _text("/etc/resolv.conf")
        text = hosts.hosts_text(
            hostname=settings.hostname,
            addresses=["127.0.0.1"],
            extra_hosts=settings.extra_hosts,
            host_gateway=place.gateway if place else "127.0.0.1",
        )
        return {
            "hosts": text,
            "hostname": f"{settings.hostname}\n",
            "resolv_conf": host
            if step.network == "host"
            else hosts.resolv_conf_text(mode="none", host=host),
        }


def _shutdown(fd: int) -> None:
    import socket

    with socket.socket(fileno=os.dup(fd)) as end:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has just ended by itself


def _root(stack: Stack, draft: Draft) -> Root:
    found: Root = {
        "kind": "layers",
        "lowers": stack.lowers(mount_points=True),
        "upper": draft.upper,
        "work": draft.work,
    }
    if stack.host:
        own, work = host_directories(draft.upper)
        found = {
            **found,
            "kind": "host",
            "usr_lowers": stack.usr(),
            "usr_upper": own,
            "usr_work": work,
            "extra": host.extra_directories(),
        }
    return found


def _missing(stack: Stack, targets: list[str]) -> list[str]:
    """Paths that a mount will have to make, deepest first: they are no part of what the step has done."""
    from engine.snapshot import merged

    found: list[str] = []
    for target in targets:
        path = posixpath.normpath(target)
        while path not in ("/", ""):
            if merged.resolve(list(stack.lowers()), path):
                break
            found.append(path)
            path = posixpath.dirname(path)
    return sorted(set(found), key=lambda path: -path.count("/"))


def _remove_stubs(upper: str, stubs: list[str]) -> None:
    """Take away mount points that were made and are as empty as they were made."""
    for stub in stubs:
        path = f"{upper}{stub}"
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                os.rmdir(path)
            elif os.path.isfile(path) and os.path.getsize(path) == 0:
                os.unlink(path)
        except OSError:
            continue  # the step has put something there


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
