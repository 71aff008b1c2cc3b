"""Error kinds, shared by both sides.

PycomposeError                      .hint, .exit_code = 1
├─ ComposeFileError                 where (file, line, column), key path      exit 15 (model wrong), 14 (file missing)
├─ DependencyError                  a dependency failed or the graph has a cycle
├─ UsageError                       wrong command line                        exit 1
└─ EngineError                      kinds, raised by every backend, with the HTTP status they map to
    ├─ NotFound 404   Conflict 409   InvalidArgument 400   Unauthorized 401
    ├─ Unavailable 503 (registry, daemon or kernel facility away)   Unsupported 501
    └─ Failed 500 ── StartFailed(step, errno)  BuildFailed(lines, output)  SyscallError(call, args, errno)
"""

from __future__ import annotations


class PycomposeError(Exception):
    """An error a person can act on: one clear line, and maybe a hint what to do."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PycomposeError):
    """The command line is wrong."""


class ComposeFileError(PycomposeError):
    """A Compose file (or what it reads) is wrong; the message begins with ``file:line:column: key.path:``."""

    exit_code = 15

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        path: tuple[str | int, ...] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.file = file
        self.line = line
        self.column = column
        self.path = path


class FileMissing(ComposeFileError):
    """No compose file, or a file named by one (env_file, extends, include) does not exist."""

    exit_code = 14


class DependencyError(PycomposeError):
    """A dependency cannot be satisfied: cycle, failed, unhealthy or exited."""


class EngineError(PycomposeError):
    """The engine could not do what was asked."""

    status = 500


class NotFound(EngineError):
    """No such object."""

    status = 404


class Conflict(EngineError):
    """The name, address, port or state is taken by something else."""

    status = 409


class InvalidArgument(EngineError):
    """The request makes no sense as given."""

    status = 400


class Unauthorized(EngineError):
    """Credentials are missing or refused."""

    status = 401


class Unavailable(EngineError):
    """A registry, daemon or kernel facility that is needed is away."""

    status = 503


class Unsupported(EngineError):
    """Known to Compose, not honoured by this engine; the message names it."""

    status = 501


class Failed(EngineError):
    """The attempt was made and failed."""


class StartFailed(Failed):
    """A container did not start: which step failed, and the errno (0 when there is none)."""

    def __init__(self, message: str, *, step: str, errno: int = 0, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.step = step
        self.errno = errno


class BuildFailed(Failed):
    """A build did not succeed: the step, its place in the Dockerfile with the lines around it, the last of its output."""

    def __init__(
        self,
        message: str,
        *,
        title: str = "",
        line: int = 0,
        excerpt: str = "",
        output: str = "",
        code: int = 1,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.title = title
        self.line = line
        self.excerpt = excerpt
        self.output = output
        self.code = code


class SyscallError(Failed):
    """A system call failed."""

    def __init__(self, call: str, arguments: str, errno: int) -> None:
        import os

        super().__init__(f"{call}({arguments}): {os.strerror(errno)}")
        self.call = call
        self.arguments = arguments
        self.errno = errno
