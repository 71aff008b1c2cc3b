"""``pycompose config`` and its flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from compose.cli.main import main

FILE = """
services:
  web:
    image: "web:${TAG:-1}"
    command: echo $GREETING
    depends_on: [db]
    labels: [a=$A]
    volumes: ["./x:/x", "data:/d"]
    env_file: e.env
    models: [small]
  db:
    build: .
  tool:
    image: tool
    profiles: [dev, ops]
volumes: {data: , unused: }
networks: {default: {driver: bridge}}
models: {small: {model: ai/small}}
"""


class Config:
    def __init__(
        self,
        directory: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.directory = directory
        self.capsys = capsys
        (directory / "compose.yaml").write_text(FILE)
        (directory / "e.env").write_text("FROM_FILE=1\n")
        monkeypatch.chdir(directory)
        monkeypatch.setenv("PWD", str(directory))
        monkeypatch.setenv("PYCOMPOSE_NO_CACHE", "1")
        monkeypatch.setenv("GREETING", "hi")
        monkeypatch.setenv("A", "b")

    def __call__(self, *words: str, before: tuple[str, ...] = ()) -> tuple[int, str, str]:
        code = main(["-p", "p", *before, "config", *words])
        out, err = self.capsys.readouterr()
        return code, out, err

    def lines(self, *words: str, before: tuple[str, ...] = ()) -> list[str]:
        code, out, _ = self(*words, before=before)
        assert code == 0
        return out.splitlines()


@pytest.fixture
def config(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Config:
    return Config(tmp_path, capsys, monkeypatch)


@pytest.mark.parametrize(
    ("flag", "lines"),
    [
        ("--services", ["db", "web"]),
        ("--images", ["p-db", "web:1"]),
        ("--profiles", ["dev", "ops"]),
        ("--volumes", ["data"]),
        ("--networks", ["default"]),
        ("--models", ["small"]),
    ],
)
def test_parts_are_printed_one_per_line(flag: str, lines: list[str], config: Config) -> None:
    assert sorted(config.lines(flag)) == lines


def test_what_is_only_listed_needs_no_env_file(config: Config) -> None:
    (config.directory / "e.env").unlink()
    for flag in ("--services", "--images", "--profiles", "--volumes"):
        assert config.lines(flag)
    assert config()[0] == 14


def test_services_stand_after_what_they_depend_on(config: Config) -> None:
    assert config.lines("--services") == ["db", "web"]


def test_profiles_switch_services_on(config: Config) -> None:
    assert "tool" in config.lines("--services", before=("--profile", "dev"))


def test_naming_a_service_prints_it_and_what_it_needs(config: Config) -> None:
    assert config.lines("db")[1:3] == ["services:", "  db:"]
    assert "  web:" not in config.lines("db")
    assert "  db:" in config.lines("web")
    assert "  tool:" in config.lines("tool")


def test_an_unknown_service_is_named(config: Config) -> None:
    code, out, err = config("nobody")
    assert (code, out) == (1, "")
    assert "no such service: nobody" in err


def test_quiet_prints_nothing_and_still_fails(config: Config, tmp_path: Path) -> None:
    assert config("-q") == (0, "", "")
    (tmp_path / "compose.yaml").write_text("services: {a: {foo: 1}}\n")
    code, out, err = config("-q")
    assert (code, out) == (15, "")
    assert err.startswith("compose.yaml:1:16: services.a.foo: ")


def test_output_goes_to_a_file(config: Config, tmp_path: Path) -> None:
    _, printed, _ = config()
    assert config("-o", "out.yaml") == (0, "", "")
    assert (tmp_path / "out.yaml").read_text() == printed
    code, _, err = config("-o", "no/where")
    assert code == 1
    assert "no/where" in err


def test_an_unknown_format_is_refused(config: Config) -> None:
    assert config("--format", "toml")[0] == 1


def test_without_interpolation_variables_and_short_forms_stay(config: Config) -> None:
    lines = config.lines("--no-interpolate")
    assert "    command: echo $GREETING" in lines
    assert "    image: web:${TAG:-1}" in lines
    assert "      - a=$A" in lines
    assert "  tool:" in lines  # nothing is left out
    assert "    env_file:" in lines


def test_without_normalization_nothing_is_added(config: Config) -> None:
    text = "\n".join(config.lines("--no-normalize"))
    assert "default: null" not in text
    assert "dockerfile" not in text


def test_without_path_resolution_paths_stay(config: Config) -> None:
    assert "        source: ./x" in config.lines("--no-path-resolution")


def test_without_path_resolution_other_files_paths_begin_at_the_project(
    config: Config, tmp_path: Path
) -> None:
    (tmp_path / "compose.yaml").write_text(
        "include: [a/compose.yaml]\nservices: {s: {extends: {file: b/base.yaml, service: t}}}\n"
    )
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "compose.yaml").write_text("include: [deep/compose.yaml]\n")
    (tmp_path / "a" / "deep" / "compose.yaml").write_text(
        "services: {d: {image: i, volumes: ['./m:/m'], develop: {watch: [{path: ./w, action: rebuild}]}}}\n"
    )
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "base.yaml").write_text("services: {t: {build: ., volumes: ['../up:/n']}}\n")
    lines = [line.strip() for line in config.lines("--no-path-resolution")]
    assert {"context: b", "source: up", "source: a/deep/m", "- path: a/deep/w"} <= set(lines)


def test_targets_are_cleaned_by_normalization(config: Config, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services: {s: {image: i, volumes: [{type: volume, target: /a//b/}]}}\n"
    )
    assert "target: /a/b\n" in "\n".join(config.lines())
    assert "target: /a/b\n" in "\n".join(config.lines("--no-interpolate"))
    assert "target: /a//b/" in "\n".join(config.lines("--no-normalize"))


def test_json_that_is_not_interpolated_is_in_byte_order(config: Config, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services: {s: {image: i, environment: {_a: 1, A: 1, a: 1}}}\n"
    )
    text = "\n".join(config.lines("--no-interpolate", "--format", "json"))
    assert text.index('"A"') < text.index('"_a"') < text.index('"a"')


def test_the_table_of_variables_is_as_wide_as_the_longest(config: Config, tmp_path: Path) -> None:
    name = "A_RATHER_LONG_NAME_OF_A_VARIABLE"
    (tmp_path / "compose.yaml").write_text(f"services: {{s: {{image: '${{{name}:-x}}'}}}}\n")
    assert config.lines("--variables") == [
        f"{'NAME':35}{'REQUIRED':20}{'DEFAULT VALUE':20}ALTERNATE VALUE",
        f"{name}   {'false':20}{'x':20}",
    ]


def test_the_profile_without_a_name_is_on_unless_another_is(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services: {s: {image: i, profiles: ['', x]}, t: {image: i, profiles: [y]}, u: {image: i}}\n"
    )
    assert sorted(config.lines("--services")) == ["s", "u"]
    assert sorted(config.lines("--services", before=("--profile", "y"))) == ["t", "u"]
    monkeypatch.setenv("COMPOSE_PROFILES", "y")
    assert sorted(config.lines("--services")) == ["t", "u"]
    monkeypatch.setenv("COMPOSE_PROFILES", "y, ")
    assert sorted(config.lines("--services")) == ["s", "t", "u"]


def test_without_env_resolution_files_stay(config: Config) -> None:
    text = "\n".join(config.lines("--no-env-resolution"))
    assert "env_file:" in text
    assert "FROM_FILE" not in text
    assert "FROM_FILE" in "\n".join(config.lines())


def test_without_consistency_what_is_missing_is_not_noticed(config: Config, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {a: {image: i, depends_on: [b]}}\n")
    assert config()[0] == 15
    assert config("--no-consistency")[0] == 0


def test_variables_are_listed_with_their_defaults(config: Config) -> None:
    rows = [line.split() for line in config.lines("--variables")]
    assert rows[0] == ["NAME", "REQUIRED", "DEFAULT", "VALUE", "ALTERNATE", "VALUE"]
    assert ["TAG", "false", "1"] in rows
    assert ["GREETING", "false"] in rows


def test_the_environment_of_interpolation_is_listed(config: Config, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GREETING=file\nONLY_HERE=1\n")
    lines = config.lines("--environment")
    assert "GREETING=hi" in lines  # the shell wins
    assert "ONLY_HERE=1" in lines
    assert "COMPOSE_PROJECT_NAME=p" in lines


def test_hashes_are_printed_for_all_or_for_some(config: Config) -> None:
    rows = [line.split(" ") for line in config.lines("--hash", "*")]
    assert [name for name, _ in rows] == ["db", "web"]
    assert all(len(value) == 64 for _, value in rows)
    assert config.lines("--hash", "web") == [f"web {dict(rows)['web']}"]
    assert config("--hash", "nobody")[0] != 0


@pytest.mark.parametrize("flag", ["--resolve-image-digests", "--lock-image-digests"])
def test_digests_need_a_registry_that_answers(flag: str, config: Config) -> None:
    (config.directory / "compose.yaml").write_text("services: {a: {image: localhost:1/a}}\n")
    code, out, err = config(flag)
    assert (code, out) == (1, "")
    assert "cannot reach http://localhost:1: connection refused" in err


def test_convert_is_config(config: Config) -> None:
    printed = config()[1]
    assert main(["-p", "p", "convert"]) == 0
    assert config.capsys.readouterr().out == printed


def test_quiet_is_about_the_model_only_as_in_the_reference(config: Config) -> None:
    assert config.lines("-q", "--services") == ["db", "web"]
    code, out, err = config("-q", "nobody")
    assert (code, out) == (1, "") and "no such service: nobody" in err


def test_of_several_parts_the_reference_has_an_order(config: Config) -> None:
    assert config.lines("--images", "--volumes") == ["data"]
    assert config.lines("--variables", "--profiles") == ["dev", "ops"]
    assert len(config.lines("--hash", "web", "--images")[0].split()) == 2


def test_a_hash_of_nothing_is_not_asked_for(config: Config) -> None:
    assert config.lines("--hash=")[0] == "name: p"


def test_compatibility_normalizes_nothing(config: Config) -> None:
    assert config.lines(before=("--compatibility",)) == config.lines("--no-normalize")


def test_the_model_that_is_not_interpolated_is_whole_and_its_parts_are_those_of_active_services(
    config: Config,
) -> None:
    assert config.lines("--no-interpolate", "db") == config.lines("--no-interpolate")
    assert config.lines("--no-interpolate", "--services") == ["db", "web"]
    assert config.lines("--no-interpolate", "--volumes") == ["data"]
    assert "web:${TAG:-1}" in config.lines("--no-interpolate", "--images")
    everything = ["db", "tool", "web"]
    assert config.lines("--no-interpolate", "--services", before=("--profile", "dev")) == everything


def test_services_come_in_alphabetical_order_with_what_they_need_before_them(
    config: Config, tmp_path: Path
) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services: {a: {image: i}, b: {image: i, depends_on: [z]}, c: {image: i}, z: {image: i}}\n"
    )
    assert config.lines("--services") == ["a", "z", "b", "c"]


def test_a_variable_that_switches_the_env_file_off_must_be_true_or_false(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_DISABLE_ENV_FILE", "perhaps")
    code, _, err = config()
    assert code == 1 and 'COMPOSE_DISABLE_ENV_FILE: "perhaps" is neither true nor false' in err
