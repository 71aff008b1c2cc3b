"""What the Docker at hand is too old for: results as the Dockerfile reference describes them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import BuildFailed
from tests.engine.test_builds import build, saved
from tests.support import dockerfiles, imagetree
from tests.support.dockerfile_cases import TREE, archive
from tests.support.served import PORT, serving

if TYPE_CHECKING:
    from engine.local import LocalEngine

SITE = f"http://127.0.0.1:{PORT}"
PARENTS: dict[str, Any] = {"x/a.txt": "xa", "y/a.txt": "ya", "x/y/a.txt": "xya", "x/y/b.md": "b"}


@pytest.fixture
def based(engine: LocalEngine, tmp_path: Path) -> LocalEngine:
    path = tmp_path / "base.tar"
    path.write_bytes(dockerfiles.base_archive())
    engine.load_images(str(path), sink=lambda _: None)
    return engine


def made(
    engine: LocalEngine, directory: Path, text: str, files: dict[str, Any], **options: Any
) -> imagetree.Tree:
    """The files of the image."""
    dockerfiles.write(dockerfiles.Case("x", text, files), directory / "context")
    build(engine, {"context": str(directory / "context"), "tags": ["case:1"], **options})
    return saved(engine, "case:1", directory)[1]


def plain(tree: imagetree.Tree, below: str = "") -> list[str]:
    """The paths of files."""
    return [path for path, facts in sorted(tree.items()) if facts[0] == "file" and path.startswith(below)]  # fmt: skip


def test_parents_keep_the_path_of_a_source_from_its_pivot_on(
    based: LocalEngine, tmp_path: Path
) -> None:
    text = """FROM scratch
COPY ./x/a.txt ./y/a.txt /no/
COPY --parents ./x/a.txt ./y/a.txt /all/
COPY --parents ./x/./y/*.txt /pivot/
COPY --parents ./*/./*.txt /each/
COPY --parents **/a.txt /deep/
"""
    assert plain(made(based, tmp_path, text, PARENTS)) == [
        "all/x/a.txt", "all/y/a.txt",
        "deep/x/a.txt", "deep/x/y/a.txt", "deep/y/a.txt",
        "each/a.txt",
        "no/a.txt",
        "pivot/y/a.txt",
    ]  # fmt: skip


def test_parents_of_a_stage_keep_their_modes(based: LocalEngine, tmp_path: Path) -> None:
    text = """FROM base:1 AS one
RUN mkdir -p /a/b/c && chmod 700 /a/b && chown 5:6 /a/b/c && echo f > /a/b/c/f
FROM scratch
COPY --parents --from=one /a/./b/c /to/
"""
    tree = made(based, tmp_path, text, {})
    assert tree["to/b"][:4] == ["directory", "700", 0, 0]
    assert tree["to/b/c"][2:4] == [5, 6]
    assert plain(tree) == ["to/b/c/f"]


def test_excluded_paths_are_not_copied(based: LocalEngine, tmp_path: Path) -> None:
    text = """FROM scratch
COPY --exclude=*.txt --exclude=*.md . /a/
COPY --exclude=**/*.txt dir /b/
COPY --link --exclude=dir/sub --exclude=!dir/sub/deep . /c/
ADD --exclude=sub dir /d/
ARG P=*.sh
COPY --exclude=$P *.sh *.md /e/
"""
    tree = made(based, tmp_path, text, {**TREE, ".dockerignore": "Dockerfile\n.dockerignore\n"})
    below = ["dir/one", "dir/sub/deep/four.txt", "dir/sub/three", "dir/two.txt", "run.sh"]
    assert plain(tree, "a/") == [f"a/{name}" for name in below]
    assert plain(tree, "b/") == ["b/one", "b/sub/three"]
    assert "c/dir/sub/three" not in tree
    assert plain(tree, "d/") == ["d/one", "d/two.txt"]
    assert plain(tree, "e/") == ["e/c.md"]


def test_modes_may_be_said_in_symbols(based: LocalEngine, tmp_path: Path) -> None:
    text = """FROM scratch
COPY --chmod=u=rwX,go=rX a.txt run.sh dir /a/
COPY --chmod=a-w,u+x a.txt /b
ARG M=g+w
ADD --chmod=$M dir /c
"""
    tree = made(based, tmp_path, text, TREE)
    assert [tree[path][1] for path in ("a/a.txt", "a/run.sh", "a/one", "a/sub")] == ["644", "755", "644", "755"]  # fmt: skip
    assert tree["b"][1] == "544"
    assert [tree[path][1] for path in ("c/one", "c/sub")] == ["664", "775"]


def test_add_unpacks_what_it_is_told_to(based: LocalEngine, tmp_path: Path) -> None:
    text = f"""FROM scratch
ADD --unpack=false x.tar /kept/
ADD --unpack=true {SITE}/x.tgz /fetched/
ADD {SITE}/x.tgz /whole/
"""
    with serving():
        tree = made(based, tmp_path, text, {"x.tar": archive()})
    assert plain(tree) == ["fetched/t/f", "fetched/t/h", "kept/x.tar", "whole/x.tgz"]
    assert tree["fetched/t/f"] is tree["fetched/t/h"]


def test_git_sources_are_asked_for_by_query_and_proven(based: LocalEngine, tmp_path: Path) -> None:
    with serving() as directory:
        commit = subprocess.run(
            ["git", "-C", f"{directory}/repo.git", "rev-parse", "branch"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        text = f"""FROM scratch
ADD {SITE}/repo.git?branch=branch&subdir=sub /a/
ADD --checksum={commit} {SITE}/repo.git#branch /b/
ADD {SITE}/repo.git?ref={commit}&keep-git-dir=true /c/
"""
        tree = made(based, tmp_path, text, {})
        assert plain(tree, "a/") == ["a/two"]
        assert plain(tree, "b/") == ["b/one", "b/run.sh", "b/sub/two"]
        assert "c/.git/HEAD" in tree
        with pytest.raises(BuildFailed, match="checksum"):
            made(based, tmp_path, text.replace(commit, "0" * 40), {})  # fmt: skip


def test_a_linked_layer_knows_nothing_of_what_it_is_laid_on(
    based: LocalEngine, tmp_path: Path
) -> None:
    text = """FROM base:1
RUN mkdir -m 700 /d && ln -s /tmp /l
COPY --link a.txt /d/
COPY --link b.txt /l/x
"""
    tree = made(based, tmp_path, text, TREE)
    assert tree["d"][:2] == ["directory", "755"]
    assert tree["l"][0] == "directory"
    assert plain(tree, "l/") == ["l/x"]


def test_onbuild_may_copy_from_an_image(based: LocalEngine, tmp_path: Path) -> None:
    made(based, tmp_path, "FROM base:1\nONBUILD COPY --from=base:1 /etc/passwd /got\n", {})
    based.tag_image("case:1", "onbuild:1")
    assert "got" in made(based, tmp_path, "FROM onbuild:1\n", {})


def test_more_rights_are_for_who_was_granted_them(based: LocalEngine, tmp_path: Path) -> None:
    text = "FROM base:1\nRUN --security=insecure mount -t tmpfs none /tmp && echo yes > /may\n"
    with pytest.raises(BuildFailed, match=r"security\.insecure is not allowed"):
        made(based, tmp_path, text, {})
    assert "may" in made(based, tmp_path, text, {}, entitlements=["security.insecure"])
    text = "FROM base:1\nRUN --network=host true\n"
    with pytest.raises(BuildFailed, match=r"network\.host is not allowed"):
        made(based, tmp_path, text, {})


def test_a_secret_can_be_a_variable(based: LocalEngine, tmp_path: Path) -> None:
    text = """FROM base:1
RUN --mount=type=secret,id=s,env=TOKEN echo "$TOKEN" > /env && ls /run/secrets > /none || true
RUN --mount=type=secret,id=s,env=TOKEN,target=/t cat /t > /file && echo "$TOKEN" >> /file
RUN echo "[$TOKEN]" > /after
RUN --mount=type=secret,id=other,required=false ls /run/secrets/other || echo none > /other
"""
    tree = made(based, tmp_path, text, {}, secrets=[{"id": "s", "text": "hidden"}])
    found = [tree[path][4] for path in ("env", "file", "after", "other")]
    assert found == ["hidden\n", "hiddenhidden\n", "[]\n", "none\n"]
    text = "FROM base:1\nRUN --mount=type=secret,id=missing,required=true true\n"
    with pytest.raises(BuildFailed, match="missing"):
        made(based, tmp_path, text, {})


def test_an_agent_answers_in_a_step(based: LocalEngine, tmp_path: Path) -> None:
    import socket
    import threading

    path = str(tmp_path / "agent.sock")
    said = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                said.append(connection.recv(100))
                connection.sendall(b"agent\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        text = """FROM pycompose/host AS host
RUN --mount=type=ssh,id=one,mode=0660,uid=3 perl -MIO::Socket::UNIX -e \\
    '$s = IO::Socket::UNIX->new($ENV{SSH_AUTH_SOCK}); print $s "hello\\n"; $s->flush; print <$s>' > /said && \\
    stat -c '%u %a' $SSH_AUTH_SOCK > /facts
RUN --mount=type=ssh,id=other echo "[$SSH_AUTH_SOCK]" > /none
FROM scratch
COPY --from=host /said /facts /none /
"""
        tree = made(based, tmp_path, text, {}, ssh={"one": path})
        thread.join(10)
    assert said == [b"hello\n"]
    assert [tree[path][4] for path in ("said", "facts", "none")] == ["agent\n", "3 660\n", "[]\n"]
