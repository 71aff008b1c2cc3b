"""Errors of Compose files: ``compose.yaml:12:7: services.web.ports[0]: message``, and the line they are about.

Phases report faults by key path only; positions are looked up in the marked tree when a fault is noted. What is faulty
is then taken out of the tree, so that later phases can go on and all independent mistakes are reported together.
"""

from __future__ import annotations

from compose.loader.marks import Map, Seq, locate, unpack
from compose.paths import KeyPath, show
from schemas.errors import ComposeFileError, FileMissing
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn

_MOST_LINES = 50  # of one report; nobody reads further
_MOST_FAULTS = 1000  # that are looked up at all
_WIDTH = 100  # of the excerpt of a line
_LONGEST = 400  # of a message, which may quote what the file holds


class Fault(Exception):
    """Something wrong at a key path, before its position is known.

    ``at`` is the packed position, where the phase that found it has changed the list that held it. ``harmless``: what is
    said is left out of the model, as in the reference, which is worth a warning. ``hint`` ends the message; it is asked
    only when the message is shown, since there may be thousands.
    """

    def __init__(
        self,
        path: KeyPath,
        message: str,
        *,
        missing: bool = False,
        at: int | None = None,
        harmless: bool = False,
        hint: Callable[[], str] | None = None,
    ) -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.missing = missing
        self.at = at
        self.harmless = harmless
        self.hint = hint


def meant(word: object, names: Iterable[str], otherwise: str = "") -> Callable[[], str]:
    """A hint: the name that was probably meant, or what to say where none resembles the word."""

    def hint() -> str:
        from compose.loader.nearest import suggestion

        return suggestion(word, names) or otherwise

    return hint


class Problems:
    """What is wrong with a project so far."""

    def __init__(self, files: list[str], cwd: str, source: Callable[[str], bytes | None]) -> None:
        self.files = files
        self.cwd = cwd
        self.source = source
        self.errors: list[ComposeFileError] = []
        self._damaged: set[KeyPath] = set()
        self._said: set[tuple[Any, ...]] = set()
        self._lines: dict[str, list[str]] = {}
        self._hints: dict[int, Callable[[], str]] = {}  # by the error's identity

    @property
    def beyond_sense(self) -> bool:
        """Whether a whole section is lost, so that nothing can be said about what refers to it."""
        return any(len(path) < 2 for path in self._damaged)

    def note(
        self, faults: list[Fault], root: Any, file: str, *, consequences: bool = False
    ) -> None:
        """Take in faults and take what they are about out of the tree.

        ``consequences``: the faults may follow from earlier ones of the same service or resource; these do not count.
        """
        if consequences:
            faults = [fault for fault in faults if not self._follows(fault.path)]
        for fault in faults[:_MOST_FAULTS]:
            self._add(fault, self._located(fault, root, file))
        self._damaged.update(fault.path[:3] for fault in faults)
        if not consequences:
            paths = {fault.path for fault in faults if fault.at is None}
            for path in sorted(paths, key=_deep, reverse=True):
                _remove(root, path)

    def doubt(self, path: KeyPath) -> None:
        """Take what is said of a service or resource from now on for a consequence of earlier faults."""
        self._damaged.add(path)

    def warning(self, fault: Fault, root: Any, file: str) -> str:
        """What to say about a harmless fault."""
        said = self._located(fault, root, file).message
        return said + fault.hint() if fault.hint else said

    def stop(self, fault: Fault, root: Any, file: str) -> NoReturn:
        """Raise the error for this fault and all that were noted before."""
        self._add(fault, self._located(fault, root, file))
        self.finish()
        raise AssertionError

    def add(self, error: ComposeFileError) -> NoReturn:
        """Raise an error that knows its place, and all that were noted before."""
        self.errors.append(error)
        self.finish()
        raise AssertionError

    def finish(self) -> None:
        """Raise everything noted, in the order of the files; nothing when nothing is wrong."""
        if not self.errors:
            return
        self.errors.sort(key=lambda error: (error.file or "", error.line or 0, error.column or 0))
        lines = list(dict.fromkeys(map(self._with_excerpt, self.errors[:_MOST_LINES])))
        if len(self.errors) > _MOST_LINES:
            lines.append(f"… and {len(self.errors) - _MOST_LINES} more")
        first = self.errors[0]
        raise type(first)(
            "\n".join(lines), file=first.file, line=first.line, column=first.column, path=first.path
        )

    def _add(self, fault: Fault, error: ComposeFileError) -> None:
        """Keep a fault's error; what several services inherit is said once."""
        key = (error.file, error.line, error.column, fault.message)
        if error.line is None or key not in self._said:
            self._said.add(key)
            self.errors.append(error)
            if fault.hint is not None:
                self._hints[id(error)] = fault.hint

    def _follows(self, path: KeyPath) -> bool:
        """Whether a fault may be a consequence: of the same attribute, or of the service as a whole."""
        if len(path) < 3:
            return any(known[:2] == path[:2] for known in self._damaged)
        return path[:3] in self._damaged or path[:2] in self._damaged

    def _located(self, fault: Fault, root: Any, default_file: str) -> ComposeFileError:
        position = locate(root, fault.path) if fault.at is None else fault.at
        kind = FileMissing if fault.missing else ComposeFileError
        where = show(fault.path)
        said = fault.message
        said = (
            said if len(said) <= _LONGEST else f"{said[: _LONGEST // 2]} … {said[-_LONGEST // 4 :]}"
        )
        text = f"{where}: {said}" if where else said
        number, line, column = unpack(position) if position else (-1, 0, 0)
        if not 0 <= number < len(self.files):
            name = shown_file(default_file, self.cwd)
            return kind(f"{name}: {text}" if name else text, file=default_file, path=fault.path)
        file = self.files[number]
        shown = shown_file(file, self.cwd)
        return kind(
            f"{shown}:{line}:{column}: {text}", file=file, line=line, column=column, path=fault.path
        )

    def _with_excerpt(self, error: ComposeFileError) -> str:
        file = error.file or ""
        if file not in self._lines:
            self._lines[file] = (self.source(file) or b"").decode("utf-8", "replace").splitlines()
        hint = self._hints.get(id(error))
        said = error.message + hint() if hint else error.message
        return f"{said}{excerpt(self._lines[file], error.line or 0, error.column or 1)}"


def excerpt(lines: list[str], line: int, column: int) -> str:
    """A line of a file with a mark below the column, as text to append to a message."""
    if not 0 < line <= len(lines):
        return ""
    text = "".join(char if char.isprintable() else " " for char in lines[line - 1]).rstrip()
    start = max(0, column - 1 - _WIDTH // 2) if len(text) > _WIDTH else 0
    text = text[start : start + _WIDTH]
    if not text:
        return ""
    gutter = " " * len(str(line))
    mark = " " * (column - 1 - start)
    return f"\n  {line} | {text}\n  {gutter} | {mark}^"


def shown_file(file: str, cwd: str) -> str:
    """A file's name as a person would type it: relative when it stands below the current directory."""
    if cwd and file.startswith(cwd.rstrip("/") + "/"):
        return file[len(cwd.rstrip("/")) + 1 :]
    return file


def _deep(path: KeyPath) -> tuple[str, ...]:
    """A key that sorts later items of a list, and what is inside others, last."""
    return tuple(f"{part:09d}" if isinstance(part, int) else part for part in path)


def _remove(root: Any, path: KeyPath) -> None:
    """Take an entry out of a tree; a service or resource is emptied instead, since others may refer to it."""
    node = root
    for part in path[:-1]:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return
    if not path:
        return
    last = path[-1]
    if isinstance(node, dict) and last in node:
        if len(path) == 2:
            node[last] = Map()
        else:
            del node[last]
    elif isinstance(node, list) and isinstance(last, int) and last < len(node):
        del node[last]
        if isinstance(node, Seq):
            del node.at[last : last + 1]
