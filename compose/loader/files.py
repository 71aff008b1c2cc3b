"""Compose files → one canonical tree: each document interpolated, completed, merged, validated, in long form.

Per document, in compose-go's order: interpolate → include → reset → extends → merge → unique → schema → long forms.
"""

from __future__ import annotations

import os

from compose.loader import extends, include, reset
from compose.loader.canonical import canonical
from compose.loader.check import check_model
from compose.loader.evidence import Environment, Evidence
from compose.loader.faults import Fault, Problems, shown_file
from compose.loader.interpolate import interpolate
from compose.loader.marks import Map
from compose.loader.merge import merge
from compose.loader.normalize import resolve_environment, set_defaults
from compose.loader.resolve import resolve_paths
from compose.loader.schema import validate
from compose.loader.unique import enforce, enforce_long_forms
from compose.loader.yamltree import Document, parse
from compose.paths import KeyPath
from compose.project import LoadOptions
from schemas.errors import ComposeFileError, FileMissing
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TextIO

_MOST_INCLUDES = 5000


class Shared:
    """What the loads of a project and of everything it includes have in common."""

    def __init__(self, options: LoadOptions, evidence: Evidence, warnings: list[str]) -> None:
        self.options = options
        self.evidence = evidence
        self.warnings = warnings
        self.numbers: list[str] = []  # every file by its number in positions
        self.documents: dict[str, list[Document]] = {}  # parsed, and not taken yet
        self.includes = 0
        self.home = options.environ.get("HOME")
        evidence.variables["HOME"] = self.home
        self.problems = Problems(self.numbers, options.cwd, self.source)

    def source(self, file: str) -> bytes | None:
        """The content of a file that has been read, for messages."""
        if file == "-":
            return _standard_input()
        return self.evidence.read.get(file)


class Files:
    """The files of one project, or of an included one."""

    def __init__(self, shared: Shared, environment: Environment, directory: str) -> None:
        self.shared = shared
        self.options = shared.options
        self.evidence = shared.evidence
        self.warnings = shared.warnings
        self.problems = shared.problems
        self.home = shared.home
        self.environment = environment
        self.directory = directory
        self.current = ""  # the file at work, for messages
        self.bases: dict[str, tuple[Map, tuple[KeyPath, ...]]] = {}  # files that services extend
        self.broken: set[tuple[str, str]] = set()  # (file, service) that cannot extend another

    def names(self, file: str) -> list[Any]:
        """The ``name:`` of each document of a file."""
        self.shared.documents[file] = documents = self._take(file)
        return [d.tree["name"] for d in documents if isinstance(d.tree, Map) and d.tree.get("name")]

    def _take(self, file: str, path: KeyPath = ()) -> list[Document]:
        """The parsed documents of a file, to be changed by who takes them; ``path`` is the key that names it."""
        shared = self.shared
        found = shared.documents.pop(file, None)
        if found is not None:
            return found
        content = self._content(file, path)
        if file not in shared.numbers:
            shared.numbers.append(file)
        number = shared.numbers.index(file)
        try:
            found = parse(
                content, file=file, number=number, shown=shown_file(file, self.options.cwd)
            )
        except ComposeFileError as error:
            self.problems.add(error)
        if any(document.dated for document in found):
            self.evidence.volatile = True  # the cache knows no dates
        return found

    def _content(self, file: str, path: KeyPath) -> bytes:
        if file == "-":
            self.evidence.volatile = True
            return _standard_input()
        try:
            return self.evidence.content(file)
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            if path:
                raise Fault(path, f"open {file}: {reason}", missing=True) from None
            raise FileMissing(f"open {file}: {reason}", file=file) from None

    def expand_home(self, name: str) -> str:
        """``~/…`` in the user's home."""
        return (self.home or "~") + name[1:] if name == "~" or name.startswith("~/") else name

    def warn(self, text: str) -> None:
        """Note a warning once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def note(self, faults: list[Fault], root: Any, *, consequences: bool = False) -> None:
        """Take in faults of the file at work (see ``Problems.note``); harmless ones become warnings."""
        grave = []
        for fault in faults:
            if fault.harmless:
                self.warn(self.problems.warning(fault, root, self.current))
            else:
                grave.append(fault)
        self.problems.note(grave, root, self.current, consequences=consequences)

    def interpolated(self, document: Document) -> Map:
        """A document's tree, interpolated."""
        tree = document.tree
        if not isinstance(tree, Map):
            shown = f"{shown_file(self.current, self.options.cwd)}:{document.line}:1"
            text = f"{shown}: top-level object must be a mapping"
            self.problems.add(
                ComposeFileError(text, file=self.current, line=document.line, column=1)
            )
        if self.options.interpolate:
            faults: list[Fault] = []
            interpolate(tree, self.environment.get, self.warn, faults)
            self.note(faults, tree)
        return tree

    def plain_file(self, file: str, path: KeyPath) -> tuple[Map, tuple[KeyPath, ...]]:
        """A file that a service extends: its documents merged, nothing else applied; and what it resets."""
        merged = Map()
        resets: tuple[KeyPath, ...] = ()
        before, self.current = self.current, file
        for document in self._take(file, path):
            tree = self.interpolated(document)
            reset.apply(merged, document.resets)
            merged = merge(merged, tree)
            resets += document.resets
        self._each(enforce, merged)
        self.current = before
        return merged, resets

    def model(self, files: tuple[str, ...], included: tuple[str, ...] = ()) -> Map:
        """All files merged into one canonical tree."""
        tree = Map()
        for file in files:
            self.current = file
            for document in self._take(file):
                tree = self._add(tree, document, file, included)
        if not tree and not included:
            self.problems.finish()
            shown = shown_file(files[0], self.options.cwd)
            raise ComposeFileError(f"{shown}: empty compose file", file=files[0])
        return tree

    def _add(self, tree: Map, document: Document, file: str, included: tuple[str, ...]) -> Map:
        own = self.interpolated(document)
        root: Any = own
        try:
            self._stand_ins(own)
            missing = include.apply(own, self, (*included, file))
            self.current = file
            if missing:  # what refers to what is missing cannot be judged: only this file by itself
                self.note(missing, own)
                own.pop("include", None)
                self._validate(own, file)
                self.problems.finish()
            reset.apply(tree, document.resets)
            extends.apply(own, self, file, self.directory, document.resets)
            root = tree if tree else own
            tree = root = merge(tree, own)
        except Fault as fault:
            self.problems.stop(fault, root, file)
        self._each(enforce, tree)
        self._validate(tree, file)
        faults: list[Fault] = []
        for note in canonical(tree, faults, interpolated=self.options.interpolate):
            self.warn(note)
        self.note(faults, tree)
        self._each(enforce_long_forms, tree)
        return tree

    def _each(self, phase: Callable[[Any], None], tree: Any) -> None:
        """Run a phase that ends at its first fault until it finds none (what is faulty is gone the next time)."""
        while True:
            try:
                return phase(tree)
            except Fault as fault:
                self.note([fault], tree)

    def _stand_ins(self, tree: Map) -> None:
        """A service that is null is an empty one; a ``services`` that is null is a mistake."""
        services = tree.get("services", Map())
        if not isinstance(services, dict):
            raise Fault(("services",), "must be a mapping")
        for name, body in services.items():
            if body is None:
                services[name] = Map()

    def _validate(self, tree: Map, file: str) -> None:
        faults: list[Fault] = []
        validate(tree, faults, interpolated=self.options.interpolate)
        self.note(faults, tree)
        if tree.pop("version", None) is not None:
            self.warn(
                f"{file}: the attribute `version` is obsolete, it will be ignored, please remove it to avoid "
                "potential confusion"
            )

    def included(
        self, files: list[str], directory: str, environment: Environment, trail: tuple[str, ...]
    ) -> Map:
        """An included project, canonical, its paths resolved."""
        inner = Files(self.shared, environment, directory)
        tree = inner.model(tuple(files), trail)
        inner.complete(tree, relative_to=self.shown(directory))
        return tree

    def shown(self, directory: str) -> str:
        """What the paths of an extended or included file in a directory begin with.

        Without path resolution they are relative to the directory of the project that asks for the file.
        """
        if self.options.resolve_paths:
            return directory
        return os.path.relpath(directory, self.directory)

    def count_include(self, path: KeyPath) -> None:
        """Note an include; files that include each other manifold would otherwise keep us busy for ever."""
        self.shared.includes += 1
        if self.shared.includes > _MOST_INCLUDES:
            raise Fault(path, f"more than {_MOST_INCLUDES} includes")

    def complete(self, tree: Map, *, relative_to: str | None) -> None:
        """Defaults, checks of single resources, paths unless they stay as they are, variables without a value."""
        set_defaults(tree)
        faults: list[Fault] = []
        check_model(tree, faults)
        self.note(faults, tree, consequences=True)
        if relative_to is not None:
            resolve_paths(tree, relative_to, self.home, self.evidence)
        if self.options.interpolate:
            resolve_environment(tree, self.environment.get)


def _standard_input() -> bytes:
    """What standard input gives until its end; it can be read once only, but may be wanted twice."""
    import sys

    if sys.stdin not in _INPUT:
        _INPUT[sys.stdin] = sys.stdin.buffer.read()
    return _INPUT[sys.stdin]


_INPUT: dict[TextIO, bytes] = {}
