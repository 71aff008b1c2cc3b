"""Flags as Docker Compose reads them (the rules and words of Go's pflag)."""

from __future__ import annotations

import pytest

from compose.cli.parser import REST, FlagError, Parser
from schemas.errors import UsageError


def _parser(*, interspersed: bool = True) -> Parser:
    parser = Parser(interspersed=interspersed)
    parser.add_argument("-a", "--all", action="store_true")
    parser.add_argument("--orphans", action="store_true", default=True)
    parser.add_argument("-e", "--env", action="append")
    parser.add_argument("--index", type=int, default=0)
    parser.add_argument("-n", "--tail", default="all")
    return parser


def test_flags_stand_before_between_and_after_arguments() -> None:
    parser = _parser()
    parser.add_argument("services", nargs="*")
    args = parser.parse(["web", "-a", "db", "--tail=5"])
    assert (args.services, args.all, args.tail) == (["web", "db"], True, "5")


def test_without_interspersed_flags_everything_after_the_first_argument_belongs_to_it() -> None:
    parser = _parser(interspersed=False)
    parser.add_argument("service")
    parser.add_argument("command", nargs="+")
    args = parser.parse(["-a", "web", "ls", "-a", "--all"])
    assert (args.all, args.service, args.command) == (True, "web", ["ls", "-a", "--all"])


def test_a_double_dash_ends_the_flags() -> None:
    parser = _parser()
    parser.add_argument("words", nargs=REST)
    assert parser.parse(["-a", "--", "-x", "--y"]).words == ["-x", "--y"]


@pytest.mark.parametrize(
    ("word", "value"), [("--orphans=false", False), ("--orphans=1", True), ("--orphans", True)]
)
def test_a_switch_takes_a_value_after_an_equals_sign_only(word: str, value: bool) -> None:
    assert _parser().parse([word]).orphans is value


def test_short_flags_are_joined_and_take_the_rest_of_the_word_as_value() -> None:
    args = _parser().parse(["-aeA=1", "-e", "B=2", "-n5"])
    assert (args.all, args.env, args.tail) == (True, ["A=1", "B=2"], "5")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--nope"], "unknown flag: --nope"),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["--tail"], "flag needs an argument: --tail"),
        (["-n"], "flag needs an argument: 'n' in -n"),
        (["--index", "x"], 'invalid argument "x" for "--index" flag: strconv.ParseInt: parsing "x": invalid syntax'),
        (["--all=x"], 'invalid argument "x" for "-a, --all" flag: strconv.ParseBool: parsing "x": invalid syntax'),
    ],
)  # fmt: skip
def test_a_wrong_flag_is_refused_in_the_words_of_docker(words: list[str], message: str) -> None:
    with pytest.raises(FlagError) as caught:
        _parser().parse(words)
    assert caught.value.message == message
    assert caught.value.exit_code == 16


def test_missing_and_surplus_arguments_are_counted() -> None:
    parser = _parser()
    parser.add_argument("service")
    parser.add_argument("port")
    with pytest.raises(UsageError, match=r"requires at least 2 arg\(s\), only received 1"):
        parser.parse(["web"])
    with pytest.raises(UsageError, match=r"accepts at most 2 arg\(s\), received 3"):
        parser.parse(["web", "80", "81"])


def test_help_needs_no_arguments() -> None:
    parser = _parser()
    parser.add_argument("service")
    assert parser.parse(["--help"]).help
