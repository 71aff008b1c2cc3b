"""The skeleton of ``pycompose/host``: empty system directories and the part of /etc that programs need.

What is copied is a table of names; everything else of the host stays out: /home, /root, the content of /var, password
hashes, keys, machine ids. The skeleton is made once and again when one of its sources changes.
"""

from __future__ import annotations

import functools
import os
import stat
import time

from engine import paths
from engine.erase import erase
from engine.image import digest as digests
from engine.image.host import SYSTEM_DIRECTORIES
from engine.snapshot.store import STORE_LOCK
from engine.state import locks

_VERSION = "1"  # raise it when the tables change
_DIRECTORIES = {
    "dev": 0o755, "etc": 0o755, "home": 0o755, "media": 0o755, "mnt": 0o755, "opt": 0o755, "proc": 0o755,
    "root": 0o700, "run": 0o755, "run/lock": 0o1777, "srv": 0o755, "sys": 0o755, "tmp": 0o1777, "usr": 0o755,
    "var": 0o755, "var/cache": 0o755, "var/lib": 0o755, "var/log": 0o755, "var/spool": 0o755, "var/tmp": 0o1777,
}  # fmt: skip
_LINKS = {"var/run": "/run", "var/lock": "/run/lock", "etc/mtab": "/proc/mounts"}
# Directories are copied whole; a name that a host does not have is left out.
_ETC = (
    "alternatives", "bash.bashrc", "bindresvport.blacklist", "ca-certificates.conf", "crypto-policies", "debian_version",
    "fonts", "gai.conf", "host.conf", "inputrc", "issue", "java-11-openjdk", "java-17-openjdk", "java-21-openjdk",
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "libaudit.conf", "locale.alias", "locale.conf", "localtime", "login.defs",
    "magic", "magic.mime", "mime.types", "netconfig", "networks", "nsswitch.conf", "os-release", "perl",
    "pki/ca-trust/extracted", "pki/tls/cert.pem", "pki/tls/certs", "pki/tls/openssl.cnf", "profile", "protocols", "python3",
    "python3.10", "python3.11", "python3.12", "python3.13", "python3.14", "redhat-release", "rpc", "services", "shells",
    "ssl/cert.pem", "ssl/certs", "ssl/openssl.cnf", "system-release", "terminfo", "timezone", "xattr.conf",
)  # fmt: skip
# Keys that live beside certificates, whatever directory they are found in.
_NEVER = (".key", ".pem.key", ".p12", ".pfx", ".jks")
_FRESH_SECONDS = 5
_FIRST_PERSON, _NOBODY = 1000, 65534


def path() -> str:
    """The directory of the present skeleton, made when it is not there."""
    target = current()
    if not os.path.isdir(target):
        # Shared: whoever sweeps temporary files must not take a skeleton that is being made.
        with locks.shared(STORE_LOCK), locks.exclusive("host-skeleton"):
            if not os.path.isdir(target):
                _make(target)
    return target


def current() -> str:
    """Where the skeleton of the host as it is now lies, or will lie."""
    return _current(directory(), int(time.monotonic() / _FRESH_SECONDS))


@functools.lru_cache(maxsize=2)
def _current(store: str, _moment: int) -> str:
    """A command that starts many containers looks at the host's /etc once, one that lives long looks again."""
    return f"{store}/{digests.hex_part(digests.of(_fingerprint()))[:32]}"


def directory() -> str:
    return f"{paths.root()}/host"


def _fingerprint() -> bytes:
    """What tells one state of the sources from another: names, sizes and times."""
    facts = [_VERSION]
    for name in ("passwd", "group", *_ETC):
        try:
            facts.append(_facts(f"/etc/{name}"))
        except OSError:
            continue
        if name in ("alternatives", "ssl/certs", "pki/tls/certs"):
            with os.scandir(f"/etc/{name}") as items:
                facts += sorted(item.name for item in items)
    facts += [name for name in SYSTEM_DIRECTORIES if os.path.islink(f"/{name}")]
    return "\n".join(facts).encode(errors="surrogateescape")


def _facts(name: str) -> str:
    entry = os.lstat(name)
    return f"{name} {entry.st_mode} {entry.st_size} {entry.st_mtime_ns} {entry.st_ino}"


def _make(target: str) -> None:
    os.makedirs(f"{paths.root()}/tmp", mode=0o700, exist_ok=True)
    os.makedirs(directory(), mode=0o700, exist_ok=True)
    temporary = f"{paths.root()}/tmp/host-{os.urandom(8).hex()}"
    try:
        _fill(temporary)
        os.rename(temporary, target)
    except BaseException:
        erase(temporary)
        raise


def _fill(root: str) -> None:
    os.mkdir(root)
    os.chmod(root, 0o755)
    for name, mode in _DIRECTORIES.items():
        os.mkdir(f"{root}/{name}")
        os.chmod(f"{root}/{name}", mode)
    for name, to in _LINKS.items():
        os.symlink(to, f"{root}/{name}")
    for name in SYSTEM_DIRECTORIES:
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{root}/{name}")
        elif os.path.isdir(f"/{name}"):
            os.mkdir(f"{root}/{name}")
    for name in _ETC:
        _copy(f"/etc/{name}", f"{root}/etc/{name}")
    _write(f"{root}/etc/passwd", _accounts("/etc/passwd"))
    _write(f"{root}/etc/group", _accounts("/etc/group"))
    for name in ("hosts", "hostname", "resolv.conf"):
        _write(f"{root}/etc/{name}", "")  # the engine puts its own over them


def _accounts(source: str) -> str:
    """The system's own accounts, without hashes and without people (passwd(5), group(5))."""
    lines = []
    try:
        with open(source, encoding="utf-8", errors="replace") as file:
            rows = [line.rstrip("\n").split(":") for line in file]
    except FileNotFoundError:
        rows = [["root", "x", "0", "0", "root", "/root", "/bin/sh"]]
    for row in rows:
        if len(row) < 4 or not row[2].isdigit():
            continue
        number = int(row[2])
        if number >= _FIRST_PERSON and number != _NOBODY:
            continue
        if len(row) == 4:
            row[3] = ""  # members of a group are people mostly
        elif row[2] == "0":
            row[5:7] = ["/root", row[6] if len(row) > 6 and row[6] else "/bin/sh"]
        row[1] = "x"
        lines.append(":".join(row))
    return "".join(f"{line}\n" for line in lines)


def _copy(source: str, target: str) -> None:
    """Copy a file, a link as a link, a directory whole; only what everybody may read."""
    try:
        entry = os.lstat(source)
    except FileNotFoundError:
        return
    if source.endswith(_NEVER):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if stat.S_ISLNK(entry.st_mode):
        _copy_link(source, target)
    elif stat.S_ISDIR(entry.st_mode):
        if not entry.st_mode & 0o005:
            return
        os.makedirs(target, exist_ok=True)
        for name in os.listdir(source):
            _copy(f"{source}/{name}", f"{target}/{name}")
    elif stat.S_ISREG(entry.st_mode) and entry.st_mode & 0o004:
        with open(source, "rb") as file, open(target, "wb") as copy:
            while data := file.read(1 << 20):
                copy.write(data)
        os.chmod(target, entry.st_mode & 0o755)
        os.utime(target, ns=(entry.st_mtime_ns, entry.st_mtime_ns))


def _copy_link(source: str, target: str) -> None:
    """A link into /usr or /etc works in the container too; one that leads elsewhere would leak or dangle."""
    to = os.readlink(source)
    end = os.path.normpath(os.path.join(os.path.dirname(source), to))
    if end.startswith(("/usr/", "/etc/", "/proc/", "/bin/", "/sbin/", "/lib")):
        os.symlink(to, target)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o644)
