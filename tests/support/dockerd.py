"""A real Docker daemon for tests: Debian 13's dockerd, its command line, ``docker compose`` and ``buildx``, unpacked beside.

``python -m tests.support.dockerd`` fetches them, the only step that needs a package registry. The daemon is started in the
namespaces of the test that asks for it, on directories of its own, and leaves nothing behind.
"""

from __future__ import annotations

import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PACKAGES = ("docker.io", "docker-cli", "containerd", "docker-compose", "docker-buildx", "tini")
SUITE = "trixie"
VERSION = 1  # raise it when the recipe changes
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_WANTED = (
    "usr/sbin/dockerd", "usr/sbin/docker-proxy", "usr/bin/docker", "usr/bin/containerd", "usr/bin/containerd-shim-runc-v2",
    "usr/libexec/docker/cli-plugins/docker-compose", "usr/libexec/docker/cli-plugins/docker-buildx",
)  # fmt: skip
_STARTING = 60.0  # seconds
_STOPPING = 30.0


def directory() -> Path:
    """Where the programs are after ``make()``."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pycompose-tests"
    return cache / f"docker-{SUITE}-{VERSION}"


def make() -> Path:
    """Fetch and unpack the programs unless they are there; raises CalledProcessError."""
    target = directory()
    if target.exists():
        return target
    part = target.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    for name in ("lists/partial", "cache/archives/partial", "debs", "root"):
        (part / name).mkdir(parents=True)
    sources = part / "sources.list"
    sources.write_text(f"deb [signed-by={_KEYRING}] {_mirror()} {SUITE} main\n")
    options = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::Lists": part / "lists",
        "Dir::Cache": part / "cache",
        "Dir::State::status": "/dev/null",
        "APT::Sandbox::User": "root",
    }
    words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    subprocess.run(["apt-get", *words, "update", "-qq"], check=True)
    fetch = ["apt-get", *words, "download", "-qq", *PACKAGES]
    subprocess.run(fetch, cwd=part / "debs", check=True, stdout=subprocess.DEVNULL)
    for package in sorted((part / "debs").glob("*.deb")):
        subprocess.run(["dpkg", "-x", package, part / "root"], check=True)
    (part / "bin").mkdir()
    for name in _WANTED:
        shutil.copy2(part / "root" / name, part / "bin" / Path(name).name)
    shutil.copy2(part / "root/usr/bin/tini-static", part / "bin/docker-init")
    for name in ("lists", "cache", "debs", "root"):
        shutil.rmtree(part / name)
    part.rename(target)
    return target


def _mirror() -> str:
    """The mirror that this machine uses already."""
    for path in ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"):
        if Path(path).exists():
            for line in Path(path).read_text().splitlines():
                if line.startswith("URIs:"):
                    return line.split()[1]
                if line.startswith("deb "):
                    return next(word for word in line.split() if "://" in word)
    raise RuntimeError("no Debian mirror is configured here")


def environment(host: str, home: Path) -> dict[str, str]:
    """What a program needs to find the daemon at ``host``, with plug-ins and settings below ``home``."""
    programs = directory() / "bin"
    plugins = home / ".docker/cli-plugins"
    if not plugins.exists():
        plugins.mkdir(parents=True)
        for name in ("docker-compose", "docker-buildx"):
            (plugins / name).symlink_to(programs / name)
    path = f"{programs}:{os.environ.get('PATH', '')}"
    return {"DOCKER_HOST": host, "HOME": str(home), "PATH": path}


class Daemon:
    """A daemon below ``base``; it runs from ``start`` to ``stop``."""

    def __init__(self, base: Path, *options: str) -> None:
        self.base = base
        self.host = f"unix://{base}/docker.sock"
        self.environ = environment(self.host, base / "home")
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; RuntimeError with the end of its log."""
        if not self._answers() and not self._begin():
            # A kernel without what iptables needs: published ports then go through docker-proxy alone.
            self.stop()
            if not self._begin("--iptables=false"):
                raise RuntimeError(f"dockerd does not start:\n{self.log()[-3000:]}")

    def docker(self, *words: str, check: bool = True) -> str:
        """Run its command line; what it prints."""
        done = subprocess.run(
            ["docker", *words],
            env={**os.environ, **self.environ},
            executable=directory() / "bin/docker",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"docker {' '.join(words)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def log(self) -> str:
        path = self.base / "dockerd.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self) -> None:
        """End it with all its containers, and remove what it kept."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOPPING)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for name in ("data", "exec"):
            _unmount(self.base / name)
            shutil.rmtree(self.base / name, ignore_errors=True)

    def _begin(self, *more: str) -> bool:
        self.base.mkdir(parents=True, exist_ok=True)
        config = self.base / "daemon.json"
        config.write_text("{}")
        words = [
            str(directory() / "bin/dockerd"),
            "--config-file", str(config),
            "--data-root", str(self.base / "data"),
            "--exec-root", str(self.base / "exec"),
            "--pidfile", str(self.base / "dockerd.pid"),
            "--host", self.host,
            *self._options,
            *more,
        ]  # fmt: skip
        with open(self.base / "dockerd.log", "ab") as log:
            self._process = subprocess.Popen(
                words,
                env={**os.environ, **self.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _STARTING
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._answers():
                return True
            time.sleep(0.05)
        return False

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.settimeout(5)
                connection.connect(self.host.removeprefix("unix://"))
                connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
                return b"200 OK" in connection.recv(100)
            except OSError:
                return False


def _unmount(below: Path) -> None:
    """Lazily unmount what a daemon that was killed left mounted."""
    with open("/proc/self/mountinfo") as file:
        points = [line.split()[4] for line in file]
    for point in reversed(points):
        if point.startswith(f"{below}/"):
            subprocess.run(["umount", "-l", point], check=False)


def processes(base: Path) -> list[str]:
    """Command lines of processes that were started for the daemon below ``base``."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            text = Path(path).read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(base) in text:
            found.append(text)
    return found


if __name__ == "__main__":
    print(f"docker: {make()}")
    sys.exit(0)
