"""Cache keys: what a step's outcome depends on, as a digest. Pure.

Every step has two. The key by definition stands on the keys of what it builds on and says nothing of contents: it is known
before anything is done. The key by content stands on digests of what the step really reads: it finds an outcome again
although something far below was made anew, with the same result.
"""

from __future__ import annotations

import json
from typing import Any

from engine.build.steps import CopyStep, DirectoryStep, RunStep, Step
from schemas.digest import sha256
from schemas.typed import NamedTuple

_VERSION = 1  # raise it when steps come out otherwise than before


class Surroundings(NamedTuple):
    """What of the whole build a step's outcome may depend on."""

    platform: str
    epoch: str
    run: dict[str, Any]  # what RUN steps see of it: hosts, limits, host name


def base(kind: str, identity: str, platform: str) -> str:
    """The key of a stage's beginning."""
    return _digest(["base", kind, identity, platform])


def step(parent: str, what: Step, read: list[str], around: Surroundings) -> str:
    """The key of a step on ``parent``. ``read`` stands for what it reads: keys or content digests, in its order."""
    document = [_VERSION, around.platform, around.epoch, _operation(what, around), read]
    if not (isinstance(what, CopyStep) and what.link):
        # A layer of its own is the same on top of anything.
        document.append(parent)
    return _digest(document)


def on_top(parent: str, layer: str) -> str:
    """The key of a layer of its own laid on ``parent``."""
    return _digest(["on", parent, layer])


def _operation(what: Step, around: Surroundings) -> list[Any]:
    if isinstance(what, RunStep):
        mounts = [
            # A secret's value and an agent's keys must not decide, nor be told.
            [*item.mount._replace(required=False), item.origin.kind]
            for item in what.mounts
        ]
        script = what.script.content if what.script else None
        return [
            "run", what.argv, what.env, what.cwd, what.user, what.network, what.security, mounts, script, around.run,
        ]  # fmt: skip
    if isinstance(what, CopyStep):
        documents = [[each.name, each.content] for each in what.documents]
        # Sources are told by what they mean; their names only where they become names in the image.
        return [
            "copy", documents, what.target, what.chown, what.chmod, what.link, what.exclude, what.parents, what.unpack,
            what.unpack_remote, what.keep_git_dir, what.sources if what.parents else len(what.sources),
        ]  # fmt: skip
    assert isinstance(what, DirectoryStep)
    return ["directory", what.path, what.user]


def _digest(document: list[Any]) -> str:
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
