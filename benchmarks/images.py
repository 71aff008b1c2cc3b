"""Time ``load`` of one large layer and ``pull`` of an image of many, beside docker, in one run; medians in ms.

The layers are files of this machine's own /usr, the same bytes for both tools and other names in each run. Nothing is
removed before the end (ext4 is slow to give the inodes of removed files out again, for minutes), and what a run left to be
written is written out before the next begins. The registry is Debian's docker-registry on loopback.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

NAME = "bench/layers"
MIB = 1 << 20


def layers(count: int, size: int, directory: Path, run: str) -> list[Path]:
    """``count`` tars with ``size`` bytes of files each, taken from /usr one after the other, below directories named for
    the run: no run's layers are known from another one."""
    found = [directory / f"layer{number}.tar" for number in range(count)]
    files = _files("/usr")
    for number, path in enumerate(found):
        left = size
        with tarfile.open(path, "w") as tar:
            while left > 0:
                name = next(files, None)
                if name is None:  # a small machine: begin again, under other names
                    files = _files("/usr")
                    continue
                entry = tar.gettarinfo(name, f"{run}{number}{name}")
                entry.type, entry.linkname = tarfile.REGTYPE, ""
                if entry.size > size // 4:
                    continue
                with open(name, "rb") as file:
                    tar.addfile(entry, file)
                left -= entry.size
    return found


def _files(top: str) -> Iterator[str]:
    for directory, names, files in os.walk(top):
        names.sort()
        for name in sorted(files):
            path = f"{directory}/{name}"
            if os.path.isfile(path) and not os.path.islink(path) and os.access(path, os.R_OK):
                yield path


def archive(path: Path, tag: str, found: list[Path]) -> None:
    """A ``docker save`` archive of the layers."""
    digests = []
    for layer in found:
        with layer.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        }
    ).encode()
    names = [f"{digest}/layer.tar" for digest in digests]
    manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": names}]
    with tarfile.open(path, "w") as tar:
        for name, layer in zip(names, found, strict=True):
            with layer.open("rb") as file:
                tar.addfile(tar.gettarinfo(str(layer), name), file)
        for name, data in (
            ("config.json", config),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


@contextlib.contextmanager
def registry(directory: Path) -> Iterator[str]:
    """The address of a registry that keeps its blobs below ``directory``."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "registry")}},
        "http": {"addr": address, "secret": "bench"},
    }
    file = directory / "registry.yml"
    file.write_text(json.dumps(config))
    server = subprocess.Popen(
        ["docker-registry", "serve", file],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while True:
            try:
                socket.create_connection(address.split(":"), timeout=1).close()  # type: ignore[arg-type]
                break
            except OSError:
                if server.poll() is not None:
                    raise SystemExit("docker-registry does not start") from None
                time.sleep(0.05)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def timed(command: list[str], **environ: str) -> float:
    """Wall milliseconds of one command, which must succeed."""
    os.sync()
    begin = time.perf_counter()
    # The kernel shares the processors out by session (sched(7), autogroup): a daemon has one of its own, and so has
    # the registry. What is measured must not share with either.
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, **environ},
        start_new_session=True,
        check=False,
    )
    took = (time.perf_counter() - begin) * 1000
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)}: {done.stderr[-400:]}")
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--pycompose", default="pycompose", help="the command (default: %(default)s)")
    add("--docker", help="docker's command (default: docker, when a daemon answers)")
    add(
        "--load-mib", type=int, default=200, help="size of the layer to load (default: %(default)s)"
    )
    add(
        "--pull-mib", type=int, default=500, help="size of the image to pull (default: %(default)s)"
    )
    add("--layers", type=int, default=10, help="layers of the image to pull (default: %(default)s)")
    add("--runs", type=int, default=5, help="runs of each (default: %(default)s)")
    add("--directory", help="where archives and registry are (default: a temporary one)")
    add("--json", help="write every figure here")
    options = parser.parse_args()

    pycompose = [*shlex.split(options.pycompose), "image"]
    tools = {"pycompose": pycompose}
    docker = shlex.split(options.docker) if options.docker else ["docker"]
    if (
        shutil.which(docker[0])
        and not subprocess.run([*docker, "info"], capture_output=True).returncode
    ):
        tools["docker"] = docker
    figures: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        directory = Path(name)
        with registry(directory) as address:
            made = [f"{address}/{NAME}:{run}" for run in range(options.runs)]
            singles = [directory / f"single{run}.tar" for run in range(options.runs)]
            for run, image in enumerate(made):
                found = layers(1, options.load_mib * MIB, directory, f"single{run}-")
                archive(singles[run], f"{NAME}:{run}", found)
                size = options.pull_mib * MIB // options.layers
                many = directory / "many.tar"
                archive(many, image, layers(options.layers, size, directory, f"many{run}-"))
                # On a store of its own, which stays until the end: nothing is to be removed before.
                for words in (["load", "-q", "-i", str(many)], ["push", "-q", image]):
                    timed([*pycompose, *words], PYCOMPOSE_ROOT=str(directory / "first"))
                many.unlink()
            try:
                for run, image in enumerate(made):
                    for tool, base in tools.items():
                        for verb, words in (
                            ("load", ["load", "-q", "-i", str(singles[run])]),
                            ("pull", ["pull", "-q", image]),
                        ):
                            took = timed([*base, *words])
                            figures.setdefault(verb, {}).setdefault(tool, []).append(took)
            finally:
                names = [*made, *(f"{NAME}:{run}" for run in range(options.runs))]
                for base in tools.values():
                    subprocess.run(
                        [*base, "rm" if base is pycompose else "rmi", *names], capture_output=True
                    )
    print(
        f"{'':<6}" + "".join(f"{f'{tool} ms':>16}" for tool in tools) + f"{'docker/pycompose':>20}"
    )
    for verb, by_tool in figures.items():
        median = {tool: statistics.median(values) for tool, values in by_tool.items()}
        shown = "".join(f"{median[tool]:>16.0f}" for tool in tools)
        ratio = f"{median['docker'] / median['pycompose']:>19.2f}x" if "docker" in median else ""
        print(f"{verb:<6}{shown}{ratio}")
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
