"""Load generated projects: whatever the input, an answer or one clear error, soon, and in little memory.

    python -m tests.fuzz.loader --runs 200000 --seed 1 --jobs 2

What is accepted must print to what loads back to the same model. A failure is shown with its seed, and
``python -m tests.fuzz.loader --show SEED`` prints the files of one.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

from compose.emit import escape_dollars
from compose.emit.gojson import json_form, to_json
from compose.emit.goyaml import to_yaml
from compose.loader.evidence import Evidence
from compose.loader.load import load
from compose.loader.normalize import device_requests
from compose.project import LoadOptions
from schemas.errors import PycomposeError
from tests.fuzz.deadline import deadline
from tests.fuzz.generate import Files, files

MEMORY = 1 << 30  # address space beyond what is in use at the start
BATCH = 500


def options(directory: Path) -> LoadOptions:
    return LoadOptions(
        cwd=str(directory),
        environ={"HOME": "/home/u", "A": "a", "B": "b $x"},
        files=("compose.yaml",),
        project_name="p",
        profiles=("*",),
    )


def attempt(directory: Path, project: Files) -> str:
    """``accepted`` or ``refused``; anything else is an exception that should not be."""
    for name, content in project.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    wanted = options(directory)
    try:
        first = load(wanted, Evidence())
    except PycomposeError as error:
        said = str(error)
        if not said.strip() or len(said) > 100_000:
            raise AssertionError(f"an unhelpful message: {said[:200]!r}") from error
        said.encode("utf-8", "surrogateescape")
        return "refused"
    to_json(json_form(first.tree))
    printed = escape_dollars(to_yaml(first.tree))
    (directory / "compose.yaml").write_bytes(printed.encode("utf-8", "surrogateescape"))
    if any(odd(first.tree) for odd in _ODD):
        return "accepted"
    second = load(wanted, Evidence())
    again = escape_dollars(to_yaml(second.tree))
    if again != printed:
        raise AssertionError(f"config is no fixed point:\n{printed}\n-- then --\n{again}")
    return "accepted"


def _has_odd_key(tree: Any) -> bool:
    """Whether a key does not come back, in the reference neither.

    One that holds a dollar is printed doubled, but keys are not interpolated; an empty one is right in a list only.
    """
    if isinstance(tree, dict):
        return any(not key or "$" in key or _has_odd_key(item) for key, item in tree.items())
    return isinstance(tree, list) and any(map(_has_odd_key, tree))


def _counts_no_device(tree: Any) -> bool:
    """Whether no device of a kind is asked for: that is printed as nothing, which reads as all. In the reference too."""
    services = tree.get("services") or {}
    return any(
        "count" not in request and not request.get("device_ids")
        for body in services.values()
        for _, requests in device_requests(body)
        for request in requests
    )


def _publishes_port_zero(tree: Any) -> bool:
    """Whether a port has the target 0: that is printed as nothing, which is refused. In the reference too."""
    services = (tree.get("services") or {}).values()
    return any("target" not in port for body in services for port in body.get("ports") or ())


def _names_a_group_twice(tree: Any) -> bool:
    """Whether a group is given as a number and as a text: they are printed alike, which is refused. In the reference too."""
    bodies = (tree.get("services") or {}).values()
    return any(
        len(set(groups)) < len(groups) for body in bodies if (groups := body.get("group_add"))
    )


_ODD = (_has_odd_key, _counts_no_device, _publishes_port_zero, _names_a_group_twice)


def run(seeds: range) -> tuple[Counter[str], list[tuple[int, str]], float]:
    """(outcomes, failures, the longest load in seconds of work) of some seeds."""
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MEMORY, limits[1]))
    counted: Counter[str] = Counter()
    failures: list[tuple[int, str]] = []
    longest = 0.0
    base = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm"))
    try:
        for seed in seeds:
            directory = base / str(seed)
            directory.mkdir()
            began = time.process_time()
            try:
                with deadline():
                    counted[attempt(directory, files(Random(seed)))] += 1
            except Exception:
                failures.append((seed, traceback.format_exc(limit=-4)))
            longest = max(longest, time.process_time() - began)
            shutil.rmtree(directory)
    finally:
        shutil.rmtree(base, ignore_errors=True)
        resource.setrlimit(resource.RLIMIT_AS, limits)
    return counted, failures, longest


def show(seed: int) -> None:
    """Print the files of a seed."""
    for name, content in files(Random(seed)).items():
        sys.stdout.write(f"--- {name}\n{content.decode('utf-8', 'backslashreplace')}\n")


def main() -> int:
    """Run many seeds; 1 when one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--show", type=int)
    args = parser.parse_args()
    if args.show is not None:
        show(args.show)
        return 0
    starts = range(args.seed, args.seed + args.runs, BATCH)
    batches = [range(s, min(s + BATCH, args.seed + args.runs)) for s in starts]
    total: Counter[str] = Counter()
    failed: list[tuple[int, str]] = []
    longest = 0.0
    with ProcessPoolExecutor(args.jobs) as pool:
        for counted, failures, slowest in pool.map(run, batches):
            total += counted
            failed += failures
            longest = max(longest, slowest)
    for seed, text in failed[:20]:
        sys.stdout.write(f"seed {seed}:\n{text}\n")
    sys.stdout.write(
        f"{args.runs} inputs: {total['accepted']} accepted, {total['refused']} refused, {len(failed)} failed; "
        f"longest {longest:.2f} s of work\n"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
