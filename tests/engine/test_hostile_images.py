"""Images that are made to break out, or to break us: nothing of theirs runs outside of the container, and errors are words."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import EngineError, StartFailed
from tests.support import images
from tests.support.containers import output

if TYPE_CHECKING:
    from engine.local import LocalEngine

Run = Callable[..., str]
# What Python would import if it ran on with the container's files in front of it.
_TRAPS = ("traceback", "linecache", "tokenize", "textwrap", "warnings", "inspect")


@pytest.fixture
def run(engine: LocalEngine, tmp_path: Path) -> Run:
    """Load an image with such settings and members, and start a container of it; the error's words, or what it writes."""

    def loaded(
        settings: dict[str, Any],
        *members: Any,
        doing: Callable[[str], None] | None = None,
        **spec: Any,
    ) -> str:
        layer = images.tar(*members, images.directory("trap", 0o777))
        path = tmp_path / "hostile.tar"
        config = {**images.CONFIG, **settings}
        path.write_bytes(
            images.docker_archive([images.busybox_layer(), layer], ["hostile"], config)
        )
        engine.load_images(str(path), sink=lambda _: None)
        wanted: Any = {"name": "hostile", "image": "hostile", "network_mode": "none", **spec}
        made = engine.create(wanted)
        try:
            engine.start(made.id)
            if doing is not None:
                doing(made.id)
                engine.kill(made.id)
            engine.wait(made.id, timeout=10)
            return "\n".join(output(engine, made.id))
        except EngineError as err:
            return err.message
        finally:
            upper = Path(os.environ["PYCOMPOSE_ROOT"]) / "containers" / made.id / "upper"
            assert not list(upper.glob("trap/*")), "code of the image ran with the engine's rights"
            engine.remove(made.id, force=True, volumes=True)

    return loaded


def traps() -> list[Any]:
    """Modules at the places where the engine's own Python looks for them; executed, they leave a file."""
    import sys

    code = b"import os\nopen('/trap/sprung', 'w').write('x')\nos._exit(0)\n"
    places = [place.lstrip("/") for place in sys.path if place.startswith("/")]
    return [images.member(f"{place}/{name}.py", code) for place in places for name in _TRAPS]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"WorkingDir": "/a\0b"}, "working_dir: there is a zero byte in '/a\\x00b'"),
        ({"Env": ["A\0B=C"]}, "environment: there is a zero byte in 'A\\x00B=C'"),
        ({"Entrypoint": ["/bin/true", "a\0b"]}, "command: there is a zero byte in 'a\\x00b'"),
        ({"User": "huge"}, "uid 99999999999 is out of range: 0 to 2147483647"),
        ({"User": "many"}, "gid 99999999999 is out of range: 0 to 2147483647"),
        ({"User": "0:99999999999999999999"}, "gid 99999999999999999999 is out of range"),
    ],
    ids=str,
)
def test_a_value_that_no_system_call_takes_is_an_error_in_words(
    run: Run, settings: dict[str, Any], said: str
) -> None:
    passwd = images.member(
        "etc/passwd", b"huge:x:99999999999:0::/:/bin/sh\nmany:x:1:99999999999::/:/bin/sh\n"
    )
    assert said in run({"Cmd": ["true"], **settings}, passwd, *traps())


def test_a_process_that_fails_unexpectedly_runs_no_code_of_the_image(
    engine: LocalEngine, run: Run
) -> None:
    # No check is in front of what exec is given: Python itself refuses the zero byte, inside the container.
    def fail(id: str) -> None:
        with pytest.raises(StartFailed, match="embedded null byte"):
            engine.exec(id, {"command": ["/bin/true", "a\0b"]})

    assert run({"Cmd": ["sleep", "100"]}, *traps(), doing=fail) == ""


@pytest.mark.parametrize(
    "target",
    ["{outside}", "../../../../../..{outside}", "/proc/1/root{outside}", "/proc/self/cwd{outside}"],
)
def test_a_working_directory_through_links_is_made_inside(
    run: Run, tmp_path: Path, target: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = images.symlink("app", target.format(outside=outside))
    said = run({"Cmd": ["pwd"], "WorkingDir": "/app/made/here"}, link)
    assert list(outside.iterdir()) == []
    assert (
        "made/here" in said
        or "cannot" in said
        or "No such" in said
        or "not a directory" in said.lower()
    ), said


def test_a_home_and_shell_of_the_images_files_are_only_words(run: Run) -> None:
    passwd = images.member("etc/passwd", b"evil:x:5:5::/../../..:/../../bin/sh\n")
    said = run({"Cmd": ["sh", "-c", "echo $HOME; id -u"], "User": "evil"}, passwd)
    assert said.splitlines() == ["/../../..", "5"]
