"""Log lines with aligned, coloured prefixes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from compose.render.colour import CYCLE, paint
from compose.render.text import timestamp
from schemas.records import LogLine


class LogPrinter:
    """Writes lines of several containers to ``out``; each container keeps its colour from its first appearance on."""

    def __init__(
        self,
        out: BinaryIO,
        *,
        prefix: bool = True,
        colour: bool = False,
        timestamps: bool = False,
        names: Iterable[str] = (),
    ) -> None:
        self._out = out
        self._prefix = prefix
        self._colour = colour
        self._timestamps = timestamps
        self._order: dict[str, int] = {}
        self._width = 0
        self._made: dict[str, bytes] = {}
        for name in names:
            self.know(name)

    def know(self, name: str) -> None:
        """Give ``name`` the next colour, and widen the prefixes when it is longer than the others."""
        if name in self._order:
            return
        self._order[name] = len(self._order)
        if len(name) > self._width:
            self._width = len(name)
            self._made.clear()

    def line(self, name: str, line: LogLine) -> None:
        """Write one line of the container ``name``."""
        moment = timestamp(line.time).encode() + b" " if self._timestamps else b""
        self._out.write(self._start(name) + moment + line.line + b"\n")

    def ended(self, name: str, code: int) -> None:
        """Say that the container ``name`` has exited."""
        text = f"{name} exited with code {code}"
        self._out.write((self._painted(name, text) + "\n").encode())

    def flush(self) -> None:
        """Let the reader see what was written."""
        self._out.flush()

    def _start(self, name: str) -> bytes:
        if not self._prefix:
            return b""
        self.know(name)
        made = self._made.get(name)
        if made is None:
            text = f"{name:<{self._width}}  | "
            made = self._made[name] = self._painted(name, text).encode()
        return made

    def _painted(self, name: str, text: str) -> str:
        self.know(name)
        return paint(CYCLE[self._order[name] % len(CYCLE)], text) if self._colour else text
