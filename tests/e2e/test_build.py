"""Images built from Dockerfiles on the way up, and by ``build``."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Compose
from tests.e2e.machines import Machine

pytestmark = pytest.mark.usefixtures("default_network")
WEB = """
services:
  web:
    build: {context: ./web, args: {WORD: given}}
    init: true
    command: sleep 1000
"""
DOCKERFILE = """FROM busybox
ARG WORD=none
RUN echo "$WORD" > /word
COPY page /page
"""


_FORGET = """
import os
from compose.backends import open_engine
engine = open_engine(os.environ["PYCOMPOSE_ENGINE"])
for image in engine.images():
    if any(tag.startswith(("demo-", "tool:")) for tag in image.tags):
        engine.remove_image(image.id, force=True)
"""


@pytest.fixture(autouse=True)
def no_images(machine: Machine) -> None:
    """Begin without the images that other tests have built."""
    machine.python(_FORGET)


def project(compose: Compose) -> None:
    compose.write(WEB)
    compose.write(DOCKERFILE, "web/Dockerfile")
    compose.write("one\n", "web/page")


def test_a_stack_with_a_build_section_comes_up(compose: Compose) -> None:
    project(compose)
    done = compose.run("up", "-d")
    assert done.code == 0, done.err
    assert '[web 2/3] RUN echo "given" > /word' in done.err
    assert " Image demo-web  Built" in done.err
    assert compose("exec", "-T", "web", "cat", "/word", "/page") == "given\none\n"
    again = compose.run("up", "-d")
    assert "RUN" not in again.err
    assert "Container demo-web-1  Running" in again.err


def test_a_changed_file_rebuilds_from_where_it_counts_and_recreates(compose: Compose) -> None:
    project(compose)
    compose("up", "-d")
    before = compose.ids()
    unchanged = compose.run("up", "-d", "--build")
    assert unchanged.err.count(" CACHED\n") >= 2
    assert compose.ids() == before
    compose.write("two\n", "web/page")
    changed = compose.run("up", "-d", "--build", "-t", "0")
    lines = changed.err.splitlines()
    [run] = [line.split()[0] for line in lines if "[web 2/3] RUN" in line]
    [copy] = [line.split()[0] for line in lines if "[web 3/3] COPY" in line]
    assert f"{run} CACHED" in lines
    assert any(line.startswith(f"{copy} DONE") for line in lines)
    assert compose.ids() != before
    assert compose("exec", "-T", "web", "cat", "/page") == "two\n"


def test_a_failing_step_is_shown_with_its_output_and_its_line(compose: Compose) -> None:
    compose.write(WEB)
    compose.write("FROM busybox\nRUN echo well; \\\n  exit 3\n", "web/Dockerfile")
    done = compose.run("up", "-d", "--build")
    assert done.code == 17
    assert " > [web 2/2] RUN" in done.err
    tail = done.err[done.err.index("------\n >") :]
    assert "\nwell\n------\nDockerfile:2\n" in tail
    assert "   2 | >>> RUN echo well; \\\n" in tail
    last = done.err.splitlines()[-1]
    assert last.startswith("target web: failed to solve: process")
    assert last.endswith("did not complete successfully: exit code: 3")
    assert compose.states() == {}


def test_targets_inline_files_tags_labels_and_build_arguments(compose: Compose) -> None:
    compose.write("""
services:
  tool:
    image: tool:1
    build:
      dockerfile_inline: |
        FROM busybox AS first
        ARG A=default
        ARG B=default
        RUN --mount=type=secret,id=hush echo "$$A $$B $$(cat /run/secrets/hush)" > /said
        CMD cat /said
        FROM first AS second
        RUN exit 1
      target: first
      args: [A=file, B=file]
      tags: ["tool:other"]
      labels: {about: tools}
      network: none
      secrets: [hush]
secrets:
  hush: {environment: HUSH}
""")
    compose.environ["HUSH"] = "secret"
    assert compose("build", "--build-arg", "B=line", "-q") == ""
    assert compose("run", "--rm", "-T", "tool") == "file line secret\n"
    shown = compose("image", "inspect", "tool:other")
    assert '"about": "tools"' in shown
    assert '"com.docker.compose.service": "tool"' in shown


def test_an_image_made_from_that_of_another_service_is_built_after_it(compose: Compose) -> None:
    compose.write("""
services:
  app:
    build:
      dockerfile_inline: "FROM base\\nCMD cat /base"
      additional_contexts: {base: "service:common"}
  common:
    build: {dockerfile_inline: "FROM busybox\\nRUN echo common > /base"}
    scale: 0
""")
    compose("build", "app")
    assert compose("run", "--rm", "-T", "app") == "common\n"


def test_an_image_whose_steps_change_nothing_runs(compose: Compose) -> None:
    compose.write(
        'services:\n  still:\n    build: {dockerfile_inline: "FROM busybox\\nRUN true\\nRUN echo\\nCMD echo runs"}\n'
    )
    assert compose("run", "--rm", "-T", "still") == "runs\n"
    compose.write(
        'services:\n  more:\n    build: {dockerfile_inline: "FROM demo-still\\nRUN touch /x"}\n'
    )
    assert compose("run", "--rm", "-T", "more", "ls", "/x") == "/x\n"


def test_no_build_and_images_that_are_built_always(compose: Compose) -> None:
    compose.write(
        "services:\n  fresh:\n    build: {dockerfile_inline: FROM busybox}\n    command: 'true'\n"
        "    pull_policy: build\n"
    )
    done = compose.run("up", "-d", "--no-build")
    assert done.code == 1
    assert done.err.startswith(
        "compose.yaml:3:5: services.fresh.build: there is no image demo-fresh"
    )
    for _ in range(2):
        assert " Image demo-fresh  Built" in compose.run("create", "--no-recreate").err
    dry = compose.run("--dry-run", "build")
    assert "Image demo-fresh  Building" in dry.err


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("privileged: true", "services.a.build.privileged: not supported: "),
        ("provenance: true", "services.a.build.provenance: not supported: no attestations are made"),
        ("network: mine", 'services.a.build.network: "mine" is not supported by builds'),
        ('additional_contexts: {x: "service:b"}', "service"),
        ("secrets: [s]", "services.a.build.secrets[0]: secret s: environment variable NOWHERE is not set"),
    ],
)  # fmt: skip
def test_what_a_build_section_cannot_have_is_named(
    compose: Compose, section: str, message: str
) -> None:
    compose.write(
        f"services:\n  a:\n    build:\n      context: .\n      {section}\n"
        "secrets:\n  s: {environment: NOWHERE}\n"
    )
    done = compose.run("build")
    assert done.code != 0
    assert message in done.err


def test_flags_of_build_that_cannot_be_obeyed_are_errors(compose: Compose) -> None:
    project(compose)
    assert compose.run("build", "--sbom", "true").err == "--sbom is not supported: no attestations are made\n"  # fmt: skip
    assert compose.run("build", "--builder", "x").code == 1
    assert compose("build", "--check") == "Check complete, no warnings found.\n"
