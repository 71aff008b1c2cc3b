"""System call filters: compile a profile once, keep the bytes, load them in the container's first process (seccomp(2))."""

from __future__ import annotations

import ctypes
import os
import struct

from engine import paths
from engine.kernel import libc
from schemas.errors import Failed, SyscallError, Unsupported

_SET_MODE_FILTER, _GET_ACTION_AVAIL = 1, 2
_SPEC_ALLOW = 4  # no speculation penalty for the container, as runc asks for (Linux 4.17)
_EINVAL = 22
_MOST_INSTRUCTIONS = 4096
# Raise when the compiler changes what it makes of the same profile.
_VERSION = 1


def available() -> bool:
    """Whether this kernel has filters."""
    try:
        libc.invoke("seccomp", _GET_ACTION_AVAIL, 0, struct.pack("I", 0x7FFF0000))
    except (SyscallError, Unsupported):
        return False
    return True


def program(profile: str | None, caps: frozenset[int]) -> bytes:
    """The filter of ``profile`` (a text in Docker's JSON format; None: our default) for a container with ``caps``."""
    from engine.kernel import seccomp_bpf, seccomp_rules

    if libc.MACHINE not in seccomp_rules.SECOND:
        raise Unsupported(f"seccomp: no filter for machine {libc.MACHINE}")
    if profile is None:
        rules = seccomp_rules.default(libc.MACHINE, caps)
    else:
        rules = seccomp_rules.parse(profile, libc.MACHINE, caps, _kernel())
    code = seccomp_bpf.assemble(rules)
    if len(code) // 8 > _MOST_INSTRUCTIONS:
        raise Failed(f"seccomp profile: {len(code) // 8} instructions, the kernel takes 4096")
    return code


def compiled(choice: str | None, caps: frozenset[int], *, privileged: bool = False) -> str | None:
    """The file with the filter for what ``security_opt: seccomp=…`` says; None for a container without one.

    ``choice`` is None or "builtin" (the default), "unconfined", or the path of a profile. A kernel without filters runs
    containers with the default unconfined (``doctor`` says so), but an asked profile raises Unsupported.
    """
    if choice == "unconfined" or (privileged and choice is None):
        return None
    default = choice in (None, "builtin")
    if not available():
        if default:
            return None
        raise Unsupported(
            "security_opt: seccomp: this kernel has no system call filters (CONFIG_SECCOMP_FILTER)"
        )
    if default:
        return _cached(None, _default_key(caps), caps)
    assert choice is not None
    try:
        with open(choice) as file:
            text = file.read()
    except OSError as err:
        raise Failed(f"security_opt: seccomp={choice}: {os.strerror(err.errno or 0)}") from err
    import hashlib

    digest = hashlib.sha256(f"{_VERSION} {_mask(caps)} {_kernel()} {text}".encode()).hexdigest()
    return _cached(text, digest[:32], caps)


def load(bpf: bytes) -> None:
    """Filter the calling process from now on. It holds CAP_SYS_ADMIN or has set no_new_privs."""
    memory = ctypes.create_string_buffer(bpf, len(bpf))
    request = struct.pack("HxxxxxxQ", len(bpf) // 8, ctypes.addressof(memory))
    try:
        libc.invoke("seccomp", _SET_MODE_FILTER, _SPEC_ALLOW, request, about="filter")
    except SyscallError as err:
        if err.errno != _EINVAL:
            raise
        libc.invoke("seccomp", _SET_MODE_FILTER, 0, request, about="filter")


def _default_key(caps: frozenset[int]) -> str:
    # Not a digest of the profile: reading and hashing it would cost every start more than the rest of this module.
    found = os.stat(f"{os.path.dirname(__file__)}/seccomp_profile.json")
    return f"default-{_VERSION}-{libc.MACHINE}-{_mask(caps)}-{found.st_size}-{found.st_mtime_ns:x}"


def _cached(profile: str | None, key: str, caps: frozenset[int]) -> str:
    directory = f"{paths.root()}/cache/seccomp"
    path = f"{directory}/{key}.bpf"
    if os.path.exists(path):
        return path
    code = program(profile, caps)
    os.makedirs(directory, exist_ok=True)
    scratch = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, code)
    finally:
        os.close(fd)
    os.rename(scratch, path)
    return path


def _mask(caps: frozenset[int]) -> str:
    return f"{sum(1 << cap for cap in caps):x}"


def _kernel() -> tuple[int, int]:
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int(_leading_digits(minor))


def _leading_digits(word: str) -> str:
    """The digits a word begins with ("18-rc1" → "18")."""
    end = next((index for index, letter in enumerate(word) if not letter.isdigit()), len(word))
    return word[:end]
