"""What the daemon says while it pulls, pushes, loads or builds: JSON lines as Progress, errors raised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from schemas.engine import Sink
from schemas.errors import EngineError, Failed, NotFound, Unauthorized, Unavailable
from schemas.records import Progress

_DONE = frozenset(
    (
        "Already exists",
        "Pull complete",
        "Pushed",
        "Layer already exists",
        "Download complete",
        "Mounted from",
    )
)
# A registry's refusal comes as words in a stream that has begun with 200.
_REFUSALS: tuple[tuple[str, type[EngineError]], ...] = (
    ("no basic auth credentials", Unauthorized),
    ("authentication required", Unauthorized),
    ("unauthorized", Unauthorized),
    ("denied", Unauthorized),
    ("not found", NotFound),
    ("manifest unknown", NotFound),
    ("does not exist", NotFound),
    ("no such host", Unavailable),
    ("connection refused", Unavailable),
    ("i/o timeout", Unavailable),
    ("deadline exceeded", Unavailable),
    ("network is unreachable", Unavailable),
)


def follow(
    lines: Iterable[Mapping[str, Any]], sink: Sink, what: str
) -> Iterator[Mapping[str, Any]]:
    """Report each line and hand it on; raises what the daemon says went wrong."""
    for line in lines:
        if line.get("error") or line.get("errorDetail"):
            raise failure(line, what)
        if line.get("status"):
            sink(_progress(line))
        yield line


def failure(line: Mapping[str, Any], what: str) -> EngineError:
    """The error of a line, by kind."""
    text = str(line.get("error") or (line.get("errorDetail") or {}).get("message") or "").strip()
    return refusal(text, what)


def refusal(text: str, what: str) -> EngineError:
    """The kind of what a registry or the daemon says in words."""
    lower = text.lower()
    kind = next((kind for words, kind in _REFUSALS if words in lower), Failed)
    return kind(f"{what}: {text}" if what else text)


def _progress(line: Mapping[str, Any]) -> Progress:
    detail = line.get("progressDetail") or {}
    text = str(line["status"])
    id = str(line.get("id") or "")
    if id and text.startswith("Pulling from"):
        id, text = "", f"{id}: {text}"  # said of the image as a whole
    over = not id or text in _DONE or text.startswith("Mounted from")
    return Progress(
        id,
        text,
        "done" if over else "working",
        current=int(detail.get("current") or 0),
        total=int(detail.get("total") or 0),
    )
