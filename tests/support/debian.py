"""A Debian root filesystem with real services (redis, nginx, python3), made once by mmdebstrap and kept in the cache.

``python -m tests.support.debian`` makes it: the only step of the tests that needs a package registry.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PACKAGES = "redis-server,nginx-light,python3-minimal,libpython3-stdlib"
VERSION = 1  # raise it when the recipe changes


def archive() -> Path:
    """The path of the root filesystem tar; it exists after ``make()``."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pycompose-tests"
    return cache / f"debian-bookworm-{VERSION}.tar"


def make() -> Path:
    """Make the tar unless it is there; raises CalledProcessError with mmdebstrap's words on stderr."""
    target = archive()
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".part.tar")
    sources = [path for path in ("/etc/apt/sources.list.d/debian.sources",) if Path(path).exists()]
    subprocess.run(
        [
            "mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}",
            "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*",
            "--dpkgopt=path-exclude=/usr/share/locale/*", "bookworm", str(temporary), *sources,
        ],
        check=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    temporary.rename(target)
    return target


if __name__ == "__main__":
    print(f"debian base: {make()}")
    sys.exit(0)
