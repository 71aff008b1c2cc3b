"""Build checks: the rules of the Dockerfile reference, and the findings of one reading. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.build.instructions import Arg, Dockerfile, From, Place, Stage
from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

_URL = "https://docs.docker.com/go/dockerfile/rule/"


class Rule(NamedTuple):
    description: str
    experimental: bool = False


RULES: dict[str, Rule] = {
    "StageNameCasing": Rule("Stage names should be lowercase"),
    "FromAsCasing": Rule("The 'as' keyword should match the case of the 'from' keyword"),
    "NoEmptyContinuation": Rule("Empty continuation lines will become errors in a future release"),
    "ConsistentInstructionCasing": Rule(
        "All commands within the Dockerfile should use the same casing (either upper or lower)"
    ),
    "DuplicateStageName": Rule("Stage names should be unique"),
    "ReservedStageName": Rule("Reserved words should not be used as stage names"),
    "JSONArgsRecommended": Rule(
        "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals"
    ),
    "MaintainerDeprecated": Rule(
        "The MAINTAINER instruction is deprecated, use a label instead to define an image author"
    ),
    "UndefinedArgInFrom": Rule("FROM command must use declared ARGs"),
    "WorkdirRelativePath": Rule(
        "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base"
        " image changes"
    ),
    "UndefinedVar": Rule("Variables should be defined before their use"),
    "MultipleInstructionsDisallowed": Rule(
        "Multiple instructions of the same type should not be used in the same stage"
    ),
    "LegacyKeyValueFormat": Rule(
        "Legacy key/value format with whitespace separator should not be used"
    ),
    "RedundantTargetPlatform": Rule(
        "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior"
    ),
    "SecretsUsedInArgOrEnv": Rule("Sensitive data should not be used in the ARG or ENV commands"),
    "InvalidDefaultArgInFrom": Rule(
        "Default value for global ARG results in an empty or invalid base image name"
    ),
    "FromPlatformFlagConstDisallowed": Rule("FROM --platform flag should not use a constant value"),
    "CopyIgnoredFile": Rule("Attempting to Copy file that is excluded by .dockerignore", True),
    "InvalidDefinitionDescription": Rule(
        "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not"
        " intended to be a description comment, add an empty line or comment between the instruction and the comment.",
        True,
    ),
    "ExposeProtoCasing": Rule("Protocol in EXPOSE instruction should be lowercase"),
    "ExposeInvalidFormat": Rule(
        "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future"
        " release"
    ),
}

_SECRET = re.compile(
    r"(?i)(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)"
)
_PUBLIC = re.compile(r"(?i)(?:_|^)(?:public|file|version)(?:_|$)")
_RESERVED = ("context", "scratch")


class Finding(NamedTuple):
    rule: str
    message: str
    start: int
    end: int

    @property
    def url(self) -> str:
        return (
            _URL
            + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", self.rule)
            .lower()
            .replace("jsonargs", "json-args")
            + "/"
        )


class Options(NamedTuple):
    """What ``# check=`` says."""

    skip: frozenset[str] = frozenset()
    skip_all: bool = False
    experimental: frozenset[str] = frozenset()
    experimental_all: bool = False
    error: bool = False


def options(text: str) -> Options:
    """``skip=Rule,Rule;error=true;experimental=all``; InvalidArgument."""
    found = Options()
    for part in filter(None, (part.strip() for part in text.split(";"))):
        key, equals, value = part.partition("=")
        names = frozenset(name.strip() for name in value.split(","))
        if key == "skip" and equals:
            found = found._replace(skip=names, skip_all="all" in names)
        elif key == "experimental" and equals:
            found = found._replace(experimental=names, experimental_all="all" in names)
        elif key == "error" and value in ("true", "false"):
            found = found._replace(error=value == "true")
        else:
            raise InvalidArgument(f'invalid check option "{part}"')
    return found


class Findings:
    """Collects what is found, as far as the options let it."""

    def __init__(self, given: str) -> None:
        self.options = options(given)
        self.all: list[Finding] = []

    def add(self, rule: str, message: str, place: Place) -> None:
        if not self._wanted(rule, self.options):
            return
        for comment in place.comments:
            if comment.startswith("check=") and not self._wanted(rule, options(comment[6:])):
                return
        finding = Finding(rule, message, place.start, place.end)
        if finding not in self.all:
            self.all.append(finding)

    def _wanted(self, rule: str, given: Options) -> bool:
        if given.skip_all or rule in given.skip:
            return False
        if RULES[rule].experimental:
            return self.options.experimental_all or rule in self.options.experimental
        return True


def of_text(file: Dockerfile, findings: Findings) -> None:
    """The rules that need nothing but the text."""
    for place in file.gaps:
        findings.add("NoEmptyContinuation", "Empty continuation line", place)
    _stage_names(file.stages, findings)
    _casing(file, findings)
    for arg in file.args:
        _description(arg.place, "ARG", [name for name, _ in arg.args], findings)
    for stage in file.stages:
        if stage.start.name:
            _description(stage.start.place, "FROM", [stage.start.written_name], findings)
        for instruction in stage.instructions:
            if isinstance(instruction, Arg):
                names = [name for name, _ in instruction.args]
                _description(instruction.place, "ARG", names, findings)


def secret(keyword: str, key: str, place: Place, findings: Findings) -> None:
    """A key that sounds like a secret."""
    if _SECRET.search(key) and not _PUBLIC.search(key):
        findings.add(
            "SecretsUsedInArgOrEnv",
            f'Do not use ARG or ENV instructions for sensitive data ({keyword} "{key}")',
            place,
        )


def undefined(names: Iterable[str], known: Iterable[str], place: Place, findings: Findings) -> None:
    """Variables that nothing defines."""
    for name in sorted(names):
        meant = _meant(name, known)
        hint = f" (did you mean ${meant}?)" if meant else ""
        findings.add("UndefinedVar", f"Usage of undefined variable '${name}'{hint}", place)


def undeclared(
    names: Iterable[str], known: Iterable[str], place: Place, findings: Findings
) -> None:
    """Arguments of a FROM that are not declared."""
    for name in sorted(set(names) - set(known)):
        meant = _meant(name, known)
        hint = f" (did you mean {meant}?)" if meant else ""
        findings.add("UndefinedArgInFrom", f"FROM argument '{name}' is not declared{hint}", place)


def _meant(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    found = get_close_matches(name, sorted(known), n=1, cutoff=0.75)
    return found[0] if found else ""


def _stage_names(stages: tuple[Stage, ...], findings: Findings) -> None:
    seen: set[str] = set()
    for stage in stages:
        start = stage.start
        _as(start, findings)
        if not start.name:
            continue
        if start.name in _RESERVED:
            message = f'Stage name should not use the same name as reserved stage "{start.name}"'
            findings.add("ReservedStageName", message, start.place)
        if start.name in seen:
            message = f'Duplicate stage name "{start.name}", stage names should be unique'
            findings.add("DuplicateStageName", message, start.place)
        seen.add(start.name)


def _as(start: From, findings: Findings) -> None:
    if start.written_name != start.written_name.lower():
        message = f"Stage name '{start.written_name}' should be lowercase"
        findings.add("StageNameCasing", message, start.place)
    word, keyword = start.as_keyword, start.place.keyword
    if word and not (
        (word.isupper() and keyword.isupper()) or (word.islower() and keyword.islower())
    ):
        message = f"'{word}' and '{keyword}' keywords' casing do not match"
        findings.add("FromAsCasing", message, start.place)


def _casing(file: Dockerfile, findings: Findings) -> None:
    places = [
        place
        for stage in file.stages
        for place in (stage.start.place, *(item.place for item in stage.instructions))
    ]
    lower = sum(place.keyword.islower() for place in places)
    upper = sum(place.keyword.isupper() for place in places)
    casing = "lowercase" if lower > upper else "uppercase"
    for place in places:
        good = place.keyword.islower() if lower > upper else place.keyword.isupper()
        if not good:
            findings.add(
                "ConsistentInstructionCasing",
                f"Command '{place.keyword}' should match the case of the command majority ({casing})",
                place,
            )


def _description(place: Place, keyword: str, names: list[str], findings: Findings) -> None:
    if not place.comments or any(
        comment.lower().startswith(f"{name.lower()} ")
        for name in names
        for comment in place.comments[-1:]
    ):
        return
    findings.add(
        "InvalidDefinitionDescription",
        f"Comment for {keyword} should follow the format: `# {names[0]} <description>`",
        place,
    )
