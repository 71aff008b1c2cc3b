"""From argv to an exit code and one line: what a person sees when something is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compose.cli.main import verb_of

ROOT = Path(__file__).parents[3]
_WRONG_NAME = (
    'invalid project name "Nope": must consist only of lowercase alphanumeric characters, hyphens, and underscores '
    "as well as start with a letter or number"
)


def _run(*words: str, shell: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "compose.cli.main", *words]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    return subprocess.run(
        command,
        cwd=environ.pop("CWD", "/"),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        (["ps"], "ps"),
        (["-f", "a.yaml", "-p", "x", "--ansi", "never", "logs", "-f"], "logs"),
        (["--file=a.yaml", "up", "-d"], "up"),
        (["--dry-run"], ""),
        ([], ""),
    ],
)
def test_the_verb_is_found_behind_flags_and_their_values(words: list[str], verb: str) -> None:
    assert verb_of(words) == verb


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["nosuch"], 16, 'unknown docker command: "compose nosuch"'),
        (["watch"], 1, 'pycompose: "watch" is not built yet'),
        (["ps", "--nope"], 16, "unknown flag: --nope"),
        (["ps"], 14, "no configuration file provided: not found"),
        (["-p", "Nope", "ps"], 1, _WRONG_NAME),
        (["exec", "web"], 1, "requires at least 2 arg(s), only received 1"),
        (["--dry-run", "-p", "x", "exec", "web", "true"], 1, "exec has no dry run"),
        (["--ansi", "perhaps", "ps"], 1, 'unknown --ansi value "perhaps". Use one of never, always, auto'),
        (["-p", "x", "port", "web", "80/tcp"], 1, 'strconv.ParseUint: parsing "80/tcp": invalid syntax'),
        (["-p", "x", "logs", "--index", "2"], 1, "--index requires one service to be selected"),
        (["cp", "a", "b"], 1, "unknown copy direction"),
        (["cp", "web:/a", "db:/b"], 1, "copying between services is not supported"),
        (["ls", "--filter", "foo"], 16, 'invalid argument "foo" for "--filter" flag: bad format of filter (expected name=value)'),
        (["ls", "--filter", "foo=1"], 1, "invalid filter 'foo'"),
        (["image", "nosuch"], 1, "unknown command: image nosuch"),
    ],
)  # fmt: skip
def test_a_mistake_gives_one_line_and_docker_composes_exit_code(
    words: list[str], code: int, line: str, tmp_path: Path
) -> None:
    done = _run(*words, CWD=str(tmp_path))
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.splitlines()[0] == line


def test_version_in_all_its_forms() -> None:
    from compose.version import VERSION

    assert _run("version").stdout == f"pycompose version {VERSION}\n"
    assert _run("--version").stdout == f"pycompose version {VERSION}\n"
    assert _run("version", "--short").stdout == f"{VERSION}\n"
    assert _run("version", "-f", "json").stdout == f'{{"version":"{VERSION}"}}\n'


def test_the_version_is_that_of_the_distribution() -> None:
    import tomllib

    from compose.version import VERSION

    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_help_lists_every_verb_and_each_verb_helps() -> None:
    from compose.cli.verbs import VERBS

    listing = _run("--help").stdout
    for name, verb in VERBS.items():
        if verb.summary:
            assert f"  {name} " in listing


def test_closed_descriptors_are_no_trouble() -> None:
    assert _run("version", shell="<&- 2>&-").stdout.startswith("pycompose version")
    assert _run("version", shell=">&-").returncode == 0


def test_a_reader_that_goes_away_ends_the_command_quietly() -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m compose.cli.main --help | head -1; exit 0"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""


def test_output_is_utf8_whatever_the_locale_says() -> None:
    done = _run("ps", "--help", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert done.returncode == 0


_AS_NOBODY = """
import os, sys
import fcntl, compose.cli.advice, compose.cli.verbs.ps, compose.ops.selection
import engine.local, engine.runtime.status, engine.state.db
from compose.cli.main import main
main(["version"])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)  # loaded before: the interpreter may lie where nobody else may look
sys.exit(main(["-p", "x", "ps"]))
"""


def test_who_is_not_root_is_told_so_in_one_line(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYCOMPOSE_ROOT": str(locked / "lib"),
    }
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY],
        cwd="/",
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"the local engine needs root ({locked}/lib/state.db: Permission denied)\nhint: sudo pycompose …\n"
    )
