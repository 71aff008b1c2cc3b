"""Build arguments: those everybody has, those of the file's head, those of a stage. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from engine.build.instructions import Arg
from engine.build.lexer import DockerfileError
from engine.build.words import Lexicon
from engine.image.platform import Platform
from schemas.errors import InvalidArgument

# Given with --build-arg they reach every RUN, and neither history nor cache key.
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")


def platform_args(build: Platform, target: Platform, stage: str) -> dict[str, str]:
    """The arguments that name platforms, in scope of FROM lines and of stages that declare them."""
    found: dict[str, str] = {}
    for prefix, platform in (("BUILD", build), ("TARGET", target)):
        found |= {
            f"{prefix}PLATFORM": str(platform),
            f"{prefix}OS": platform.os,
            f"{prefix}OSVERSION": "",
            f"{prefix}ARCH": platform.architecture,
            f"{prefix}VARIANT": platform.variant,
        }
    return {**found, "TARGETSTAGE": stage or "default"}


def global_args(
    declared: tuple[Arg, ...], predefined: Mapping[str, str], given: Mapping[str, str], escape: str
) -> dict[str, str]:
    """The arguments in scope of FROM lines: predefined ones (which may be given), and those declared before the first."""
    found = {name: given.get(name, value) for name, value in predefined.items()}
    lexicon = Lexicon(escape)
    for arg in declared:
        for name, default in arg.args:
            if name in given:
                found[name] = given[name]
            elif default is not None:
                try:
                    found[name] = lexicon.word(default, found)
                except InvalidArgument as err:
                    raise DockerfileError(err.message, arg.place.start, arg.place.end) from err
    return found


def proxies(given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The proxy settings among the given arguments, in both cases, as the environment of every RUN has them."""
    found: dict[str, str] = {}
    for name in PROXIES:
        for key, value in given.items():
            if key.upper() == name:
                found[name] = found[name.lower()] = value
    return tuple(found.items())
