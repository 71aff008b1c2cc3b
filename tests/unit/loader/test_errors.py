"""Errors a person can act on: place, key path, the line, a suggestion, and everything at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import ComposeFileError, FileMissing, PycomposeError
from tests.unit.loader.support import project, refusal

HEAD = "services:\n  web:\n    image: i\n"


def test_a_message_begins_with_file_line_column_and_key_path(tmp_path: Path) -> None:
    said = refusal(tmp_path, f"{HEAD}    ports:\n      - '99999:80'\n")
    assert said == (
        "compose.yaml:5:9: services.web.ports[0]: invalid hostPort: 99999 in '99999:80'"
    )


def test_the_offending_line_is_shown_with_a_mark_below_the_column(tmp_path: Path) -> None:
    with pytest.raises(ComposeFileError) as error:
        project(tmp_path, f"{HEAD}    restart: [x]\n")
    assert error.value.message.splitlines()[1:] == [
        "  4 |     restart: [x]",
        "    |     ^",
    ]
    assert (error.value.line, error.value.column) == (4, 5)
    assert error.value.path == ("services", "web", "restart")


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        ("enviroment", "environment"),
        ("volume", "volumes"),
        ("imag", "image"),
        ("comand", "command"),
        ("cmd", "command"),
        ("restart_policy", "restart"),
        ("env", "env_file` or `environment"),
    ],
)
def test_the_nearest_key_is_suggested(key: str, suggestion: str, tmp_path: Path) -> None:
    assert f"did you mean `{suggestion}`?" in refusal(tmp_path, f"{HEAD}    {key}: x\n")


def test_a_key_like_no_other_gets_no_suggestion(tmp_path: Path) -> None:
    assert "did you mean" not in refusal(tmp_path, f"{HEAD}    qqqqq: x\n")


def test_all_independent_mistakes_are_reported_together_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    said = refusal(
        tmp_path,
        f"{HEAD}    imagee: x\n    command: ${{A!}}\n    stop_grace_period: 3 days\n    networks: [nowhere]\n"
        "  db:\n    image: i\n    depends_on: [nobody]\n    tty: maybe\n",
    )
    assert [line.split(": ")[1] for line in said.splitlines()] == [
        "services.web.imagee",
        "services.web.command",
        "services.web.stop_grace_period",
        "services.web.networks.nowhere",
        "services.db.depends_on.nobody",
        "services.db.tty",
    ]


def test_what_follows_from_a_mistake_is_not_reported(tmp_path: Path) -> None:
    said = refusal(tmp_path, "services:\n  web:\n    imge: i\n")
    assert len(said.splitlines()) == 1  # not: neither an image nor a build context
    said = refusal(
        tmp_path, "service:\n  web: {image: i}\nservices:\n  a: {image: i, depends_on: [web]}\n"
    )
    assert len(said.splitlines()) == 1


def test_a_mistake_that_several_services_inherit_is_said_once(tmp_path: Path) -> None:
    base = "services:\n  base: {image: i, foo: 1}\n"
    more = "".join(f"  s{number}: {{extends: base}}\n" for number in range(5))
    assert len(refusal(tmp_path, base + more).splitlines()) == 1


def test_a_mistake_points_into_the_file_that_made_it(tmp_path: Path) -> None:
    files = {
        "a.yaml": "services:\n  s: {image: i}\n",
        "b.yaml": "services:\n  s:\n    restart: 1\n",
        "sub/c.yaml": "services:\n  t: {image: i, prots: []}\n",
    }
    said = refusal(tmp_path, files, "-f", "a.yaml", "-f", "b.yaml")
    assert said.startswith("b.yaml:3:5: services.s.restart: must be a string")
    files["a.yaml"] += "include: [sub/c.yaml]\n"
    said = refusal(tmp_path, files, "-f", "a.yaml")
    assert said.startswith("sub/c.yaml:2:17: services.t.prots: ")


def test_a_string_that_never_ends_is_reported_where_it_begins(tmp_path: Path) -> None:
    assert refusal(tmp_path, "services:\n  s:\n    image: 'i\n").startswith(
        "compose.yaml:3:12: yaml: "
    )


def test_a_missing_file_is_exit_code_14_and_a_wrong_one_15(tmp_path: Path) -> None:
    with pytest.raises(FileMissing) as missing:
        project(tmp_path, f"{HEAD}    env_file: gone.env\n")
    assert missing.value.exit_code == 14
    assert "compose.yaml:4:5: services.web.env_file[0]: env file" in missing.value.message
    with pytest.raises(ComposeFileError) as wrong:
        project(tmp_path, f"{HEAD}    foo: 1\n")
    assert wrong.value.exit_code == 15


def test_a_wrong_dotenv_file_is_exit_code_1(tmp_path: Path) -> None:
    with pytest.raises(PycomposeError) as error:
        project(tmp_path, {"compose.yaml": HEAD, ".env": "OK=1\nA='x\n"})
    assert error.value.exit_code == 1
    assert error.value.message == ".env:2:1: failed to read: unterminated quoted value 'x"


def test_a_report_of_very_many_mistakes_is_cut(tmp_path: Path) -> None:
    keys = "".join(f"    k{number}: 1\n" for number in range(300))
    lines = refusal(tmp_path, HEAD + keys).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "… and 250 more"


def test_a_message_that_quotes_something_huge_is_cut(tmp_path: Path) -> None:
    assert len(refusal(tmp_path, f"{HEAD}    mem_limit: {'9' * 10_000}x\n")) < 600


def test_what_is_deprecated_is_a_warning(tmp_path: Path) -> None:
    found = project(
        tmp_path,
        f"version: '3'\n{HEAD}    init: 'yes'\n    networks: [n]\nnetworks:\n  n: {{external: {{name: x}}}}\n",
    )
    assert len(found.warnings) == 3
    said = "\n".join(found.warnings)
    assert "the attribute `version` is obsolete" in said
    assert "networks.n: external.name is deprecated" in said
    assert '"yes" for boolean is not supported by YAML 1.2, please use `true`' in said


@pytest.mark.parametrize("rest", ["", ", required: false", ", format: raw"])
def test_an_env_file_whose_path_is_no_text_is_said_once(rest: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, f"{HEAD}    env_file: [{{path: 1{rest}}}]\n")
    assert said == "compose.yaml:4:17: services.web.env_file[0].path: must be a string"


@pytest.mark.parametrize(
    ("lines", "meant"),
    [
        ("depends_on: [dbb]", "db"),
        ("networks: [bakc]", "back"),
        ("volumes: ['daat:/x']", "data"),
        ("secrets: [pas]", "pass"),
    ],
)
def test_the_nearest_name_is_suggested_for_what_is_not_defined(
    lines: str, meant: str, tmp_path: Path
) -> None:
    rest = "  db: {image: i}\nnetworks: {back: }\nvolumes: {data: }\nsecrets: {pass: {file: f}}\n"
    said = refusal(tmp_path, f"{HEAD}    {lines}\n{rest}")
    assert said.endswith(f", did you mean `{meant}`?")


def test_services_at_the_top_of_a_file_are_told_where_they_belong(tmp_path: Path) -> None:
    said = refusal(tmp_path, "web:\n  image: i\nservices: {}\n")
    assert said.endswith("additional property web is not allowed, services stand below `services:`")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("services:\n\tweb: {image: i}\n", "YAML is indented by spaces, this is a tab"),
        (f"{HEAD}    command: @x\n", "a value that begins with `@` needs quotes"),
        (f"{HEAD}    command: a: b\n", "a value that holds `: ` needs quotes"),
        ("services:\n  web\n    image: i\n", "is there a colon missing in the line before?"),
    ],
)
def test_a_usual_slip_in_yaml_is_named(text: str, hint: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, text).endswith(f": {hint}")


def test_every_service_that_cannot_extend_is_told_and_those_that_extend_it_are_not(
    tmp_path: Path,
) -> None:
    text = (
        "services:\n  a: {extends: {service: x, file: nowhere.yaml}}\n  b: {extends: {service: cc}}\n"
        "  c: {extends: b}\n  d: {extends: c, depends_on: [nobody]}\n  e: {extends: e}\n"
    )
    said = refusal(tmp_path, text).splitlines()
    assert [line.split(": ")[1] for line in said] == [
        "services.a.extends.file",
        "services.b.extends",
        "services.e.extends",
    ]
    assert said[1].endswith("did you mean `c`?")


def test_every_file_that_cannot_be_included_is_told_and_what_may_need_it_is_not(
    tmp_path: Path,
) -> None:
    text = (
        "include: [one.yaml, here.yaml, two.yaml]\n"
        "services: {a: {image: i, depends_on: [b], prots: []}}\n"
    )
    said = refusal(tmp_path, {"compose.yaml": text, "here.yaml": "services: {c: {image: i}}\n"})
    assert [line.split(": ")[1] for line in said.splitlines()] == [
        "include[0]",
        "include[2]",
        "services.a.prots",
    ]


def test_a_key_of_an_include_that_nobody_knows_is_a_warning(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "include: [{path: b.yaml, env_files: x}]\n",
        "b.yaml": "services: {a: {image: i}}\n",
    }
    assert project(tmp_path, files).warnings == (
        "compose.yaml:1:26: include[0].env_files: additional property env_files is ignored, did you mean `env_file`?",
    )
