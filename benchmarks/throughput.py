"""What containers get through: ports, the bridge, logs, disk and names, in turn with docker compose, in one run."""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import image
import stacks

SOURCE = Path(__file__).parent / "traffic.c"
_END = b" 4711 0.003\n"  # of each line of traffic.c
_CLEAR = b"\x1b[2K"
FILE = """
services:
  server:
    image: {image}
    cgroup_parent: "{parent}"
    command: [traffic, serve, "7000"]
    init: true
    ports: ["127.0.0.1::7000"]
    stop_grace_period: 0s
  client:
    image: {image}
    cgroup_parent: "{parent}"
    command: [sleep, "3600"]
    stop_grace_period: 0s
  writer:
    image: {image}
    cgroup_parent: "{parent}"
    profiles: [logs]
    command: [traffic, lines, "{lines}"]
    logging: {{driver: json-file}}
"""


class Stack:
    """The same services under one tool."""

    def __init__(self, command: list[str], directory: Path, traffic: Path, lines: int) -> None:
        self._command = command
        self._directory = directory
        self._traffic = traffic
        self._lines = lines

    def __call__(self, *words: str) -> str:
        """The output of a command of the tool, which must succeed."""
        done = subprocess.run(
            [*self._command, *words],
            cwd=self._directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{shlex.join([*self._command, *words])}: {done.stderr}")
        return done.stdout

    def up(self) -> None:
        self("up", "-d")
        self._port = self("port", "server", "7000").strip().rpartition(":")[2]
        self._address = self("exec", "-T", "server", "hostname", "-i").split()[0]

    def down(self) -> None:
        self("--profile", "logs", "down", "-v", "-t", "0")

    def inside(self, script: str) -> str:
        """What a shell script prints in the client's container."""
        return self("exec", "-T", "client", "sh", "-c", script)

    def outside(self, *words: str) -> float:
        """What the program says on the host."""
        done = subprocess.run(
            [self._traffic, *words], capture_output=True, text=True, check=True, timeout=120
        )
        return float(done.stdout)

    def port_bytes(self, seconds: float) -> float:
        """Megabytes a second into the published port on 127.0.0.1."""
        return self.outside("push", "127.0.0.1", self._port, str(seconds)) / 1e6

    def port_connections(self, count: int) -> float:
        """Connections a second to the published port on 127.0.0.1."""
        return self.outside("connect", "127.0.0.1", self._port, str(count))

    def bridge_bytes(self, seconds: float) -> float:
        """Megabytes a second from one container to another."""
        return float(self.inside(f"traffic push {self._address} 7000 {seconds}")) / 1e6

    def bridge_connections(self, count: int) -> float:
        """Connections a second from one container to another."""
        return float(self.inside(f"traffic connect {self._address} 7000 {count}"))

    def names(self, count: int) -> float:
        """The median microseconds of a query for a service's name."""
        return float(self.inside(f"traffic ask 127.0.0.11 server {count}"))

    def written(self, megabytes: int) -> float:
        """Megabytes a second written into the container's root without fsync."""
        return float(self.inside(f"traffic write /tmp/file {megabytes}"))

    def synced(self, count: int) -> float:
        """4 KiB blocks a second written into the container's root, each with fsync."""
        return float(self.inside(f"traffic sync /tmp/file {count}"))

    def logged(self, _: int) -> tuple[float, float]:
        """Seconds until ``logs`` has every line of a container that has just been started, and that it took to write."""
        began = time.perf_counter()
        self("up", "-d", "writer")
        follower = subprocess.Popen(
            [*self._command, "logs", "-f", "--no-log-prefix", "writer"],
            cwd=self._directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert follower.stdout is not None
        found, spent = 0, 0.0
        for line in follower.stdout:
            if line.endswith(_END):
                found += 1
            else:
                last = line.removeprefix(_CLEAR).strip()  # which docker compose puts before a line
                spent = float(last) if last.replace(b".", b"").isdigit() else spent
        took = time.perf_counter() - began
        follower.wait()
        if found != self._lines:
            sys.exit(f"{shlex.join(self._command)} logs: {found} lines of {self._lines}")
        self("rm", "-s", "-f", "writer")
        return took, spent


def compile_traffic(directory: Path) -> Path:
    """The program of both sides, static (Debian: gcc, libc6-dev)."""
    path = directory / "traffic"
    subprocess.run(["gcc", "-O2", "-static", "-o", path, SOURCE], check=True)
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pycompose", default="pycompose")
    parser.add_argument("--docker", help="docker compose's command (default: found)")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=2, help="of each stream of bytes")
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--queries", type=int, default=3000)
    parser.add_argument("--lines", type=int, default=600_000, help="default: %(default)s")
    parser.add_argument("--megabytes", type=int, default=256, help="written without fsync")
    parser.add_argument("--blocks", type=int, default=200, help="written with fsync")
    parser.add_argument(
        "--cgroup-parent",
        default="",
        help="of both tools' containers: on a busy machine, one that has been given a higher share",
    )
    parser.add_argument("--only", default="", help="measures whose names contain this")
    parser.add_argument("--json", help="write every figure here")
    options = parser.parse_args()
    tools = {"pycompose": shlex.split(options.pycompose)}
    docker = shlex.split(options.docker) if options.docker else stacks.docker_compose()
    if docker:
        tools["docker"] = docker
    figures: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        traffic = compile_traffic(base)
        # Imported anew when the program is another one.
        digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
        reference = f"benchmark-traffic:{digest}"
        image.provide(
            tools["pycompose"],
            ["docker"] if docker else None,
            name,
            name=reference,
            programs=[traffic],
        )
        all = {}
        for tool, command in tools.items():
            (base / tool).mkdir()
            text = FILE.format(image=reference, lines=options.lines, parent=options.cgroup_parent)
            (base / tool / "compose.yaml").write_text(text)
            all[tool] = Stack(command, base / tool, traffic, options.lines)
        try:
            for stack in all.values():
                stack.up()
            figures = measure(all, options)
        finally:
            for stack in all.values():
                stack.down()
    table(figures)
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1))
    return 0


# By what is measured: the method, the option with its size, and whether more is better.
MEASURES: dict[str, tuple[Callable[..., object], str, bool]] = {
    "port 127.0.0.1, MB/s": (Stack.port_bytes, "seconds", True),
    "port 127.0.0.1, connections/s": (Stack.port_connections, "connections", True),
    "bridge, MB/s": (Stack.bridge_bytes, "seconds", True),
    "bridge, connections/s": (Stack.bridge_connections, "connections", True),
    "name query, us": (Stack.names, "queries", False),
    "overlay write, MB/s": (Stack.written, "megabytes", True),
    "overlay fsync, blocks/s": (Stack.synced, "blocks", True),
    "log lines, s until logs has all": (Stack.logged, "lines", False),
}


def measure(
    all: dict[str, Stack], options: argparse.Namespace
) -> dict[str, dict[str, list[float]]]:
    """Every figure by measure and tool, a round after another, the tools in turn."""
    found: dict[str, dict[str, list[float]]] = {}
    for number in range(options.rounds):
        # Who is second finds warm caches, and what the first has left to be written back.
        turns = list(all.items())[:: -1 if number % 2 else 1]
        for title, (method, option, _more) in MEASURES.items():
            if options.only not in title:
                continue
            for tool, stack in turns:
                value = method(stack, getattr(options, option))
                if isinstance(value, tuple):
                    value, writing = value
                    found.setdefault("log lines, s to write", {}).setdefault(tool, []).append(
                        writing
                    )
                found.setdefault(title, {}).setdefault(tool, []).append(float(value))  # type: ignore[arg-type]
    return found


def table(figures: dict[str, dict[str, list[float]]]) -> None:
    """Medians, and how often better than docker: above 1 is better, whatever is measured."""
    for title, by_tool in sorted(
        figures.items(),
        key=lambda item: list(MEASURES).index(item[0]) if item[0] in MEASURES else 99,
    ):
        median = {tool: statistics.median(values) for tool, values in by_tool.items()}
        print(
            f"{title:<34}" + "".join(f"{tool} {value:>10.1f}  " for tool, value in median.items()),
            end="",
        )
        if "docker" in median:
            more = title in MEASURES and MEASURES[title][2]
            ratio = median["pycompose"] / median["docker"]
            print(f"{ratio if more else 1 / ratio:>8.2f}x", end="")
        print()


if __name__ == "__main__":
    sys.exit(main())
