"""Loaded projects, kept: a load whose evidence still holds is read instead of done again.

Like ccache's manifest, an entry lists what the load depended on (``compose.loader.proof``): every file read, every file
looked for, every link followed, every variable asked for. Beside the project it keeps texts that were made of it alone,
such as what ``config`` prints. Whatever is wrong with an entry, the project is loaded: the cache is never the cause of an
error. Entries hold values of the environment, so they are readable by their owner alone, and only the owner's are trusted.
PYCOMPOSE_NO_CACHE=1 switches it off.

An entry is a line with checksum and length of its head, the head, and its parts one after the other. Head and project are
in the interpreter's own format (marshal): json costs six milliseconds to load.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from binascii import crc32

from compose.loader import proof
from compose.project import LoadOptions, Project
from compose.version import VERSION
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from compose.loader.evidence import Evidence

_FORMAT = 2
_MOST_ENTRIES = 256
_MOST_TEXTS = 8
_NAME = "COMPOSE_PROJECT_NAME"
_PROJECT = "project"


class Entry:
    """A load that is kept, or may be."""

    def __init__(self, directory: str, key: list[Any], evidence: proof.Proof) -> None:
        self.directory = directory
        self.key = key
        self.evidence = evidence
        self.warnings: tuple[str, ...] = ()
        self.parts: dict[str, bytes] = {}

    def project(self, environ: Mapping[str, str]) -> Project:
        """The project, in an environment of which the evidence holds."""
        facts = marshal.loads(self.parts[_PROJECT])
        # As loading puts it together: the shell over .env files, and the name over both.
        variables = {**self.evidence["dotenv"], **environ, _NAME: facts["name"]}
        return Project(**facts, environment=variables, warnings=self.warnings)

    def put(self, project: Project) -> None:
        """Hold a project."""
        facts = project._asdict()
        del facts["environment"], facts["warnings"]
        self.warnings = project.warnings
        self.parts = {_PROJECT: marshal.dumps(facts)}

    def text(self, name: str) -> bytes | None:
        """A text made of the project, when it was kept."""
        return self.parts.get(f"text {name}")

    def put_text(self, name: str, text: bytes) -> None:
        """Hold a text made of the project."""
        texts = [part for part in self.parts if part != _PROJECT]
        if len(texts) >= _MOST_TEXTS:
            del self.parts[texts[0]]
        self.parts[f"text {name}"] = text

    def save(self) -> None:
        """Write the entry; silently nothing where that is not possible."""
        sizes = {name: [len(part), crc32(part)] for name, part in self.parts.items()}
        head = marshal.dumps([self.key, self.evidence, list(self.warnings), sizes])
        temporary = f"{self.directory}/.{os.getpid()}-{os.urandom(6).hex()}"
        try:
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(fd, "wb", buffering=0) as file:
                file.write(b"%08x %d\n%b" % (crc32(head), len(head), head))
                for part in self.parts.values():
                    file.write(part)
            os.rename(temporary, f"{self.directory}/{_file_name(self.key)}")
            _prune(self.directory)
        except OSError:
            try:
                os.unlink(temporary)
            except OSError:
                pass


def fetch(options: LoadOptions) -> Entry | None:
    """The load that these options had last, when nothing that it depended on has changed."""
    directory = _directory(options.environ)
    if directory is None:
        return None
    key = _key(options)
    entry = _read(f"{directory}/{_file_name(key)}", directory)
    if entry is None or entry.key != key or not proof.holds(entry.evidence, options.environ):
        return None
    if not proof.is_settled(entry.evidence):
        entry.evidence["stored"] = time.time_ns()
        if proof.is_settled(entry.evidence):  # the next time, files need not be looked into
            entry.save()
    return entry


def entry_of(options: LoadOptions, evidence: Evidence, project: Project) -> Entry | None:
    """An entry for a load, to be saved; None where it cannot be kept."""
    directory = _directory(options.environ)
    found = proof.write_down(evidence) if directory is not None else None
    if directory is None or found is None:
        return None
    entry = Entry(directory, _key(options), found)
    try:
        entry.put(project)
    except ValueError:  # more than plain data
        return None
    return entry


def _directory(environ: Mapping[str, str]) -> str | None:
    """Where this user's entries are; None when they are not wanted, or there is no place for them."""
    if environ.get("PYCOMPOSE_NO_CACHE") == "1":
        return None
    for name, below in (("XDG_CACHE_HOME", ""), ("HOME", "/.cache")):
        base = environ.get(name) or ""
        if base.startswith("/") and _is_own(base):
            return f"{base}{below}/pycompose/projects"
    # sudo with somebody else's HOME: what root makes there would only be in that user's way.
    if os.geteuid() == 0 and environ.get("HOME"):
        return f"{environ.get('PYCOMPOSE_ROOT') or '/var/lib/pycompose'}/cache/projects"
    return None


def _is_own(path: str) -> bool:
    """Whether the directory, or the nearest one above that is there, is the user's."""
    while True:
        try:
            return os.stat(path).st_uid == os.geteuid()
        except OSError:
            if path == "/":
                return False
            path = os.path.dirname(path)


def _key(options: LoadOptions) -> list[Any]:
    """What the command line says, and which program reads it."""
    asked = [
        list(value) if isinstance(value, tuple) else value for value in options._replace(environ={})
    ]
    return [_FORMAT, VERSION, sys.hexversion, _program(), asked]


def _program() -> list[int]:
    """The program's own files: what is kept must not outlive a change of what made it."""
    here = os.path.dirname(__file__)
    newest = count = 0
    for directory in (
        here, f"{here}/canonical", f"{here}/..", f"{here}/../emit", f"{here}/../cli/verbs", f"{here}/../../schemas",
    ):  # fmt: skip
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.endswith((".py", ".json")):
                    newest = max(newest, entry.stat().st_mtime_ns)
                    count += 1
    return [newest, count]


def _file_name(key: list[Any]) -> str:
    return f"{crc32(marshal.dumps(key, 2)):08x}"


def _read(path: str, directory: str) -> Entry | None:
    """An entry that is whole, and that nobody else can have written."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(fd, "rb", buffering=0) as file:
            if not all(map(_is_ours, (os.fstat(fd), os.stat(directory)))):
                return None
            data = file.read()
        line, _, rest = data[:64].partition(b"\n")
        checksum, _, length = line.partition(b" ")
        begin = len(data[:64]) - len(rest)
        end = begin + int(length)
        head = data[begin:end]
        if crc32(head) != int(checksum, 16):
            return None
        key, evidence, warnings, sizes = marshal.loads(head)
    except (OSError, ValueError, EOFError, TypeError):
        return None
    entry = Entry(directory, key, evidence)
    entry.warnings = tuple(warnings)
    for name, (size, checksum) in sizes.items():
        entry.parts[name] = part = data[end : end + size]
        end += size
        if len(part) != size or crc32(part) != checksum:
            return None
    return entry


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _prune(directory: str) -> None:
    names = os.listdir(directory)
    if len(names) <= _MOST_ENTRIES:
        return
    ages = sorted((os.stat(f"{directory}/{name}").st_mtime_ns, name) for name in names)
    for _, name in ages[: len(names) - _MOST_ENTRIES]:
        os.unlink(f"{directory}/{name}")
