"""The daemon's answers as error kinds: by status, once. Its message is kept, because it is what a person searches for."""

from __future__ import annotations

import json
from typing import NoReturn

from schemas import errors

_KINDS: dict[int, type[errors.EngineError]] = {
    400: errors.InvalidArgument,
    401: errors.Unauthorized,
    403: errors.Unauthorized,
    404: errors.NotFound,
    405: errors.Unsupported,
    409: errors.Conflict,
    501: errors.Unsupported,
    503: errors.Unavailable,
}
# Why a program could not be run, as runc words it; a shell's exit codes are made of errno (docker run does the same).
_NOT_FOUND = ("executable file not found", "no such file or directory")
_RUNTIME = ("OCI runtime create failed", "OCI runtime exec failed", "failed to create task")
_PASSED_ON = ("unable to start container process: ", "starting container process caused: ")
_NOT_ALLOWED = ("permission denied", "is a directory")
ENOENT, EACCES = 2, 13
_FAILED, _NOT_EXECUTABLE, _ABSENT = 125, 126, 127


def raise_for(status: int, body: bytes, what: str = "") -> NoReturn:
    """Raise the kind that belongs to a status; ``what`` was attempted."""
    raise error_for(status, message_of(body) or f"the daemon answered {status}", what)


def error_for(status: int, message: str, what: str = "") -> errors.EngineError:
    """The kind that belongs to a status."""
    kind = _KINDS.get(status, errors.Failed)
    return kind(f"{what}: {message}" if what else message)


def message_of(body: bytes) -> str:
    """The daemon's words."""
    text = body.decode("utf-8", "replace").strip()
    try:
        found = json.loads(text)
    except ValueError:
        return text
    message = found.get("message") if isinstance(found, dict) else None
    return str(message).strip() if message else text


def not_started(error: errors.EngineError) -> errors.EngineError:
    """What a failed start means: the program could not be run (with its errno), or something else stood in the way."""
    text = error.message
    if isinstance(error, (errors.NotFound, errors.Unavailable)) and "task:" not in text:
        return error
    if "port is already allocated" in text or "address already in use" in text:
        return errors.Conflict(text)
    runtime = any(words in text for words in _RUNTIME)
    if not runtime:
        if isinstance(error, errors.Conflict):
            return error
        return _start_failed(text, "start", 0, _FAILED)
    text = _reason(text)
    if text.startswith("chdir"):
        return _start_failed(text, "working_dir", 0, _NOT_EXECUTABLE)
    if any(words in text for words in _NOT_ALLOWED):
        return _start_failed(text, "exec", EACCES, _NOT_EXECUTABLE)
    if any(words in text for words in _NOT_FOUND):
        return _start_failed(text, "exec", ENOENT, _ABSENT)
    return _start_failed(text, "create", 0, _FAILED)


def _reason(text: str) -> str:
    """What runc says of the program, without the names of all who passed it on."""
    for words in _PASSED_ON:
        text = text.rpartition(words)[2]
    return text.removesuffix(": unknown")


def _start_failed(text: str, step: str, errno: int, code: int) -> errors.StartFailed:
    failed = errors.StartFailed(text, step=step, errno=errno)
    failed.exit_code = code
    return failed
