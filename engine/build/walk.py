"""A stage while its instructions are walked: what is known at this point. Pure."""

from __future__ import annotations

import copy
import posixpath
from collections.abc import Callable
from typing import Any

from engine.build import checks
from engine.build.instructions import Place
from engine.build.steps import Origin, Step
from engine.build.words import Lexicon
from engine.image.config import DEFAULT_PATH
from engine.image.platform import Platform
from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

HISTORY_COMMENT = "buildkit.dockerfile.v0"
_SHELL = ("/bin/sh", "-c")


class Given(NamedTuple):
    """What holds for every stage of a build."""

    args: dict[str, str]  # --build-arg
    global_args: dict[str, str]
    proxies: tuple[tuple[str, str], ...]
    network: str  # of RUNs that do not say
    epoch: str  # RFC 3339, "" for none
    escape: str
    findings: checks.Findings
    ignored: Callable[[str], bool]  # whether .dockerignore leaves a path of the context out
    cache_namespace: str = ""


class Inherited(NamedTuple):
    """What a stage begins with."""

    config: dict[str, Any]
    env: dict[str, str] = {}  # arguments among it
    args: tuple[tuple[str, str | None], ...] = ()
    workdir_set: bool = False


class Walk:
    """Walks over a stage's instructions; ``origin`` finds what a ``--from`` means."""

    def __init__(
        self,
        given: Given,
        inherited: Inherited,
        *,
        name: str,
        platform: Platform,
        origin: Callable[[str, Place], Origin],
    ) -> None:
        self.given = given
        self.name = name
        self.platform = platform
        self.origin = origin
        self.lexicon = Lexicon(given.escape)
        self.document = copy.deepcopy(inherited.config)
        self.document.setdefault("config", {})
        self.settings: dict[str, Any] = self.document["config"]
        self.args = list(inherited.args)
        self.own_args: list[str] = []
        self.workdir_set = inherited.workdir_set
        self.steps: list[Step] = []
        self.env: dict[str, str] = dict(inherited.env)
        self.total = self.index = 0
        self.seen: dict[str, Place] = {}
        self.trigger = False
        self._begin()

    def _begin(self) -> None:
        settings = self.settings
        env = list(settings.get("Env") or [])
        if not any(word.partition("=")[0] == "PATH" for word in env):
            env.append(f"PATH={DEFAULT_PATH}")
        settings["Env"] = env
        self.env |= dict(word.partition("=")[::2] for word in env)
        if settings.get("WorkingDir"):
            settings["WorkingDir"] = posixpath.normpath(posixpath.join("/", settings["WorkingDir"]))
        self.document["history"] = list(self.document.get("history") or [])

    # helpers ------------------------------------------------------------------------------------

    def expand(self, text: str, place: Place) -> str:
        found = self.lexicon.expand(text, self.env)
        self.report(found.unmatched, place)
        return found.text

    def report(self, unmatched: frozenset[str], place: Place) -> None:
        missing = unmatched - {name for name, _ in self.args}
        if missing:
            checks.undefined(missing, self.env, place, self.given.findings)

    def history(self, text: str, *, layer: bool = False) -> None:
        entry: dict[str, Any] = {"created_by": text, "comment": HISTORY_COMMENT}
        if not layer:
            entry["empty_layer"] = True
        if self.given.epoch:
            entry["created"] = self.given.epoch
        self.document["history"].append(entry)

    def title(self, text: str) -> str:
        self.index += 1
        shown = Lexicon(self.given.escape, raw_quotes=True, keep_unset=True)
        try:
            text = shown.word(text, self.env)
        except InvalidArgument:
            pass  # it is only for showing
        keyword, space, rest = text.partition(" ")
        width = len(str(self.total))
        stage = f"{self.name} " if self.name else ""
        trigger = "ONBUILD " if self.trigger else ""
        return (
            f"[{stage}{self.index:>{width}}/{self.total}] {trigger}{keyword.upper()}{space}{rest}"
        )

    def begin_title(self, text: str) -> str:
        """The title of the stage's beginning, "" for "" ."""
        if not text:
            return ""
        stage = f"{self.name} " if self.name else ""
        return f"[{stage}{1:>{len(str(self.total))}}/{self.total}] {text}"

    def once(self, kind: str, place: Place) -> None:
        before = self.seen.get(kind)
        if before is not None:
            self.given.findings.add(
                "MultipleInstructionsDisallowed",
                f"Multiple {place.keyword} instructions should not be used in the same stage because only the last one will "
                "be used",
                before,
            )
        self.seen[kind] = place

    def absolute(self, path: str) -> str:
        """The path from the working directory, a slash at its end kept."""
        directory = self.settings.get("WorkingDir") or "/"
        if path in (".", ""):
            path = "./"
        slash = path.endswith(("/", "/."))
        found = posixpath.normpath(posixpath.join("/", directory, path))
        found = "/" + found.lstrip("/")
        return f"{found.rstrip('/')}/" if slash else found

    def shell_words(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return (*(self.settings.get("Shell") or _SHELL), " ".join(words))
