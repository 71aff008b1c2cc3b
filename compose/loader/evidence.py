"""What a load depended on: files read, files looked for in vain, variables consulted.

Every look at the world goes through here, so that the compile cache can prove that nothing has changed.
"""

from __future__ import annotations

import os

from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Evidence:
    """Reads files and remembers what was found."""

    __slots__ = ("absent", "dotenv", "links", "present", "read", "variables", "volatile")

    def __init__(self) -> None:
        self.read: dict[str, bytes] = {}
        self.absent: dict[str, None] = {}
        self.present: dict[str, None] = {}
        self.links: dict[str, str] = {}
        self.variables: dict[str, str | None] = {}
        self.dotenv: dict[str, str] = {}  # what the .env files gave in the end
        self.volatile = False  # something was read that cannot be looked at again: standard input, another machine

    def content(self, path: str) -> bytes:
        """A file's bytes; OSError as open() raises it. Reads once."""
        data = self.read.get(path)
        if data is None:
            try:
                with open(path, "rb", buffering=0) as file:
                    data = file.read()
            except OSError:
                self.absent[path] = None
                raise
            self.read[path] = data
        return data

    def is_file(self, path: str) -> bool:
        """Whether something that is not a directory is there."""
        if path in self.read:
            return True
        found = os.path.exists(path) and not os.path.isdir(path)
        if found:
            self.present[path] = None
        else:
            self.absent[path] = None
        return found

    def real(self, path: str) -> str:
        """The path with symbolic links resolved."""
        target = os.path.realpath(path)
        self.links[path] = target
        return target


class Environment:
    """Variables as interpolation sees them: what is fixed, then the shell, then ``.env`` files."""

    __slots__ = ("evidence", "extra", "fixed", "shell")

    def __init__(self, shell: Mapping[str, str], evidence: Evidence) -> None:
        self.shell = shell
        self.evidence = evidence
        self.extra: dict[str, str] = {}
        self.fixed: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """A variable's value or None; what the shell said is noted."""
        value = self.fixed.get(name)
        if value is not None:
            return value
        value = self.shell.get(name)
        self.evidence.variables[name] = value
        return self.extra.get(name) if value is None else value

    def add(self, found: Mapping[str, str]) -> None:
        """Variables of an env file; what is already known wins."""
        for name, value in found.items():
            self.extra.setdefault(name, value)

    def child(self) -> Environment:
        """A copy that an include may add to."""
        new = Environment(self.shell, self.evidence)
        new.extra = dict(self.extra)
        new.fixed = self.fixed
        return new

    def merged(self) -> dict[str, str]:
        """Everything, as one mapping."""
        return {**self.extra, **self.shell, **self.fixed}
