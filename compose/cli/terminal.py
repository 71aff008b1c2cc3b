"""Join a process's descriptors to our own: raw terminal, window size, signals, detach keys."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from schemas.errors import EngineError, UsageError
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from schemas.engine import Channel

DETACH_KEYS = "ctrl-p,ctrl-q"
_CHUNK = 65536
_PIECE = 1024  # what a pipe or terminal that is writable takes without blocking
_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_POLLGONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Detached(Exception):
    """The detach keys were typed: the process goes on without us."""


class Wiring(NamedTuple):
    """How to join: ``stdin`` -1 for no input; ``detach`` the key bytes; ``proxy`` forwards signals to the process."""

    stdin: int = 0
    stdout: int = 1
    stderr: int = 2
    detach: bytes = b""
    proxy: bool = False


def parse_keys(text: str) -> bytes:
    """The bytes of a detach sequence ("ctrl-p,ctrl-q", "a"); UsageError."""
    keys = b""
    for word in filter(None, text.split(",")):
        if len(word) == 1:
            keys += word.encode()
        elif word.startswith("ctrl-") and len(word) == 6 and 0 < ord(word[5].upper()) - 64 < 32:
            keys += bytes([ord(word[5].upper()) - 64])
        else:
            raise UsageError(f"Unknown character: '{word}'")
    return keys


def size(descriptor: int) -> tuple[int, int]:
    """Rows and columns of a terminal; (0, 0) when it is none."""
    try:
        columns, rows = os.get_terminal_size(descriptor)
    except OSError:
        return 0, 0
    return rows, columns


def interact(channel: Channel, wiring: Wiring) -> int:
    """Carry bytes until the process has ended; its exit code. Raises Detached."""
    raw = channel.tty and wiring.stdin >= 0 and os.isatty(wiring.stdin)
    with _raw(wiring.stdin) if raw else _cooked(), _signals(channel, wiring):
        _carry(channel, wiring)
        return channel.wait()


def _carry(channel: Channel, wiring: Wiring) -> None:
    """The copy loop; ends when the process's output has ended."""
    outputs = {channel.stdout(): wiring.stdout}
    if channel.stderr() >= 0:
        outputs[channel.stderr()] = wiring.stderr
    source, sink = wiring.stdin, channel.stdin()
    if sink < 0:
        source = -1
    elif source < 0:
        channel.close_stdin()
        sink = -1
    keys = _Keys(wiring.detach if channel.tty else b"")
    pending = b""
    ended = False  # our input has come to its end
    while outputs:
        poll = select.poll()
        masks = dict.fromkeys(outputs, select.POLLIN)
        if pending:
            masks[sink] = masks.get(sink, 0) | select.POLLOUT
        elif source >= 0 and not ended:
            masks[source] = select.POLLIN
        for descriptor, mask in masks.items():
            poll.register(descriptor, mask)
        for descriptor, event in poll.poll():
            if descriptor in outputs and event & (select.POLLIN | _POLLGONE):
                data = _read(descriptor)
                if data:
                    _write(outputs[descriptor], data)
                else:
                    del outputs[descriptor]
            if descriptor == sink and pending and event & (select.POLLOUT | _POLLGONE):
                pending = _feed(sink, pending)
                if ended and not pending:
                    channel.close_stdin()
            if descriptor == source and not pending and event & (select.POLLIN | _POLLGONE):
                data = _read(source)
                ended = not data
                pending = keys.typed(data)
                if ended and not pending:
                    channel.close_stdin()


class _Keys:
    """Watches typed bytes for the detach sequence; holds back what may be its beginning."""

    def __init__(self, sequence: bytes) -> None:
        self._sequence = sequence
        self._held = b""

    def typed(self, data: bytes) -> bytes:
        """What to pass on; Detached when the sequence is complete."""
        if not self._sequence:
            return data
        text = self._held + data
        if self._sequence in text:
            raise Detached
        self._held = b""
        if data:
            for length in range(min(len(self._sequence) - 1, len(text)), 0, -1):
                if self._sequence.startswith(text[-length:]):
                    text, self._held = text[:-length], text[-length:]
                    break
        return text


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:  # EIO: the other side of a terminal has closed
        return b""


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _feed(sink: int, pending: bytes) -> bytes:
    try:
        return pending[os.write(sink, pending[:_PIECE]) :]
    except OSError:  # the process reads no more
        return b""


@contextmanager
def _cooked() -> Iterator[None]:
    yield


@contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    deadly = (signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.signal(number, _leave) for number in deadly]
    try:
        tty.setraw(descriptor, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        for number, handler in zip(deadly, handlers, strict=True):
            signal.signal(number, handler)


def _leave(number: int, _: object) -> None:
    """Killed, but not without giving the terminal back."""
    raise SystemExit(128 + number)


@contextmanager
def _signals(channel: Channel, wiring: Wiring) -> Iterator[None]:
    """Window changes go to the terminal of the process; with ``proxy`` other signals go to the process itself.

    A process may ignore them: the second that should end it ends us, as does the end of our terminal.
    """
    before = {}
    deadly = 0

    def resize(*_: object) -> None:
        rows, columns = size(wiring.stdout)
        if rows and columns:
            _tell(lambda: channel.resize(rows, columns))

    def forward(number: int, _: object) -> None:
        nonlocal deadly
        _tell(lambda: channel.signal(signal.Signals(number).name))
        deadly += number in (signal.SIGINT, signal.SIGTERM)
        if number == signal.SIGHUP:
            _leave(number, _)
        if deadly > 1:
            raise KeyboardInterrupt

    try:
        if channel.tty:
            before[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, resize)
            resize()
        if wiring.proxy and not channel.tty:
            for name in _FORWARDED:
                number = signal.Signals[name]
                before[number] = signal.signal(number, forward)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(call: object) -> None:
    assert callable(call)
    try:
        call()
    except (EngineError, OSError):
        pass  # the process has just ended
