"""The life of a one-off container: made, started, joined to our terminal, removed."""

from __future__ import annotations

import sys

from compose.cli import terminal
from compose.cli.parser import Arguments
from compose.desired import Desired
from compose.oneoff import RunOptions
from compose.ops.run import create
from schemas.engine import ATTACH_CREATED, Engine
from schemas.errors import EngineError, NotFound
from schemas.records import ContainerInfo

_ENDING = 5.0  # seconds between the end of a process and that of its supervisor, at most


def run_one_off(
    engine: Engine, desired: Desired, service: str, options: RunOptions, args: Arguments
) -> int:
    """The exit code of its process; 0 when it is left in the background."""
    info = create(engine, desired, service, options)
    # Whatever ends this command, Ctrl-C included: what --rm promises is kept.
    leave = False
    try:
        if args.detach:
            engine.start(info.id)
            leave = True
            if not args.quiet:
                sys.stdout.write(f"{info.id}\n")
            return 0
        code = _joined(engine, info, options)
        leave = code is None
        return code or 0
    finally:
        if args.rm and not leave:
            try:
                engine.remove(info.id, force=True, volumes=True)
            except NotFound:
                pass  # somebody was faster


def _joined(engine: Engine, info: ContainerInfo, options: RunOptions) -> int | None:
    """Our streams joined to the container's until it ends; None when the detach keys were typed."""
    sys.stdout.flush()
    first = ATTACH_CREATED in engine.features
    if not first:
        engine.start(info.id)
    try:
        channel = engine.attach(info.id, stdin=options.stdin, logs=not first)
    except EngineError as error:
        return _said(engine, info, error)
    try:
        if first:
            engine.start(info.id)
        wiring = terminal.Wiring(
            stdin=0 if options.stdin else -1,
            detach=terminal.parse_keys(terminal.DETACH_KEYS),
            proxy=not options.tty,
        )
        return terminal.interact(channel, wiring)
    except terminal.Detached:
        sys.stderr.write("read escape sequence\n")
        return None
    finally:
        channel.close()


def _said(engine: Engine, info: ContainerInfo, error: EngineError) -> int:
    """It ended before we could join (else the ``error`` is a real one): all it has said is in its log."""
    try:
        end = engine.wait(info.id, timeout=_ENDING)
    except TimeoutError:
        raise error from None
    lines = engine.logs(info.id, {})
    try:
        for line in lines:
            out = sys.stdout if line.stream == "stdout" else sys.stderr
            out.buffer.write(line.line + b"\n")
            out.buffer.flush()
    finally:
        lines.close()
    return end.code
