"""What to do about a lack of the machine that a command met in the middle of its work."""

from __future__ import annotations

import errno
import os

_DOCTOR = "`pycompose doctor` says what this machine lacks"
_ROOT = "the local engine needs root: sudo pycompose …"
_ADVICE = {
    errno.EPERM: f"this environment holds rights back; {_DOCTOR}",
    errno.EACCES: f"this environment holds rights back; {_DOCTOR}",
    errno.ENOSYS: f"the kernel is too old or built without it; {_DOCTOR}",
    errno.ENODEV: f"a kernel module is missing; {_DOCTOR}",
    errno.EOPNOTSUPP: f"the kernel or the file system cannot do this; {_DOCTOR}",
    errno.EAFNOSUPPORT: f"a kernel module is missing; {_DOCTOR}",
    errno.EPROTONOSUPPORT: f"a kernel module is missing; {_DOCTOR}",
    errno.ENOSPC: "the disk (or a limit of the kernel, see /proc/sys/user and /proc/sys/fs) is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only: set PYCOMPOSE_ROOT to one that can be written",
    errno.EMFILE: "too many open files: raise `ulimit -n`",
    errno.ENFILE: "too many open files on this machine: raise fs.file-max",
    errno.ENOMEM: "not enough memory",
    errno.EAGAIN: "too many processes: raise `ulimit -u` or kernel.pid_max",
}
_RIGHTS = (errno.EPERM, errno.EACCES, errno.EROFS)


def advice(number: int) -> str | None:
    """The hint for an error number; None when the message says it all."""
    if number in _RIGHTS and os.geteuid() != 0:
        return _ROOT
    return _ADVICE.get(number)
