"""Have a real Docker build the cases of ``dockerfiles`` and write down what comes of it: tests/engine/golden/builds.json.

    DOCKER_HOST=unix:///… python -m tests.support.docker_goldens [CASE...]

Only needed when a case is added; the tests read the file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.support import dockerfiles, imagetree
from tests.support.dockerfile_cases import CASES
from tests.support.served import serving

GOLDEN = Path(__file__).parent.parent / "engine" / "golden" / "builds.json"


def main(names: list[str]) -> int:
    with tempfile.TemporaryDirectory() as scratch, serving():
        archive = Path(scratch) / "base.tar"
        archive.write_bytes(dockerfiles.base_archive())
        _docker("load", "-i", str(archive))
        _, base = imagetree.read(_docker("save", dockerfiles.BASE))
        found: dict[str, Any] = json.loads(GOLDEN.read_text()) if GOLDEN.exists() and names else {}
        wanted = [case for case in CASES if not names or case.name in names]

        def one(case: dockerfiles.Case) -> None:
            try:
                found[case.name] = _build(case, Path(scratch) / case.name, base)
            except RuntimeError as err:
                print(f"{case.name}: {err}")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(one, wanted))
        _docker("rmi", "-f", dockerfiles.BASE)
    GOLDEN.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    return 0


def _build(case: dockerfiles.Case, directory: Path, base: imagetree.Tree) -> Any:
    for name, text in case.before:
        _docker("build", "-q", "-t", name, "-", input=text.encode())
    tag = f"golden:{case.name}"
    dockerfiles.write(case, directory / "context")
    words = _words(case, directory)
    _docker("build", "-q", "--no-cache", "-t", tag, *words, str(directory / "context"))
    try:
        config, tree = imagetree.read(_docker("save", tag))
    finally:
        _docker("rmi", "-f", tag, *(name for name, _ in case.before))
    return {**imagetree.settings(config), **imagetree.changes(tree, base)}


def _words(case: dockerfiles.Case, directory: Path) -> list[str]:
    options, words = case.options, []
    for name, value in options.get("args", {}).items():
        words += ["--build-arg", f"{name}={value}"]
    for name, value in options.get("labels", {}).items():
        words += ["--label", f"{name}={value}"]
    if "network" in options:
        words += ["--network", options["network"]]
        words += ["--allow", "network.host"] if options["network"] == "host" else []
    if "target" in options:
        words += ["--target", options["target"]]
    if "dockerfile" in options:
        words += ["-f", str(directory / "context" / options["dockerfile"])]
    for secret in options.get("secrets", []):
        path = directory / f"secret-{secret['id']}"
        path.write_text(secret["text"])
        words += ["--secret", f"id={secret['id']},src={path}"]
    for name, where in options.get("additional_contexts", {}).items():
        if isinstance(where, dict):
            dockerfiles.write(dockerfiles.Case(name, "", where), directory / name)
            (directory / name / "Dockerfile").unlink()
            where = str(directory / name)
        words += ["--build-context", f"{name}={where}"]
    return words


def _docker(*words: str, input: bytes | None = None) -> bytes:
    done = subprocess.run(["docker", *words], input=input, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"docker {' '.join(words)}: {done.stderr.decode()}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
