"""One busybox image, the same bytes, for every tool that is measured."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

NAME = "busybox:latest"


def rootfs(busybox: str = "/bin/busybox", programs: Sequence[Path] = ()) -> bytes:
    """A tar of a root filesystem around a static busybox (Debian: busybox-static) with further static programs."""
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for directory in ("bin", "etc", "tmp", "proc", "sys", "dev", "root", "var", "usr"):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if directory == "tmp" else 0o755
            tar.addfile(entry)
        for program in (Path(busybox), *programs):
            data = program.read_bytes()
            entry = tarfile.TarInfo(f"bin/{program.name}")
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
        for applet in applets.stdout.split():
            if applet != "busybox":
                entry = tarfile.TarInfo(f"bin/{applet}")
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(entry)
        for name, text in (
            ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
            ("etc/group", "root:x:0:\n"),
        ):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def provide(
    pycompose: list[str],
    docker: list[str] | None,
    directory: str,
    *,
    name: str = NAME,
    programs: Sequence[Path] = (),
) -> None:
    """Import the image into each tool that does not have it yet."""
    path = os.path.join(directory, "image.tar")
    Path(path).write_bytes(rootfs(programs=programs))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    change = ["--change", 'CMD ["/bin/sh"]']
    if subprocess.run([*pycompose, "image", "inspect", name], check=False, **quiet).returncode:
        subprocess.run([*pycompose, "image", "import", *change, path, name], check=True, **quiet)
    if (
        docker
        and subprocess.run([*docker, "image", "inspect", name], check=False, **quiet).returncode
    ):
        subprocess.run([*docker, "import", *change, path, name], check=True, **quiet)
