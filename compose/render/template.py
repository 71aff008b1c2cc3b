"""``--format``: table, json, "table TEMPLATE" or TEMPLATE, over rows of named fields, as Docker's formatter reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from compose.render.jsontext import dumps
from compose.render.table import table
from schemas.typed import NamedTuple

Fields = Mapping[str, object]
Fill = Callable[[Fields], str]


class Layout(NamedTuple):
    """How one kind of row is shown: the columns of its plain table, and the heading of every field."""

    columns: tuple[str, ...]
    headings: Mapping[str, str]


def filler(template: str) -> Fill:
    """A function that fills the template; UsageError for what is not understood."""
    from compose.render.gotemplate.evaluate import evaluate
    from compose.render.gotemplate.functions import FUNCTIONS
    from compose.render.gotemplate.parse import parse

    nodes = parse(_unescaped(template))
    return lambda fields: evaluate(nodes, fields, FUNCTIONS)


def render(form: str, layout: Layout, rows: Sequence[Fields]) -> str:
    """The rows in the format that was asked for; each line is ended."""
    if form in ("", "table"):
        head = [layout.headings[name] for name in layout.columns]
        return table(head, [[str(row[name]) for name in layout.columns] for row in rows])
    if form == "json":
        return "".join(dumps(plain(row)) + "\n" for row in rows)
    if form.startswith("table "):
        template = form[len("table ") :].strip()
        lines = [_headings(template, layout), *map(filler(template), rows)]
        return table([], [line.split("\t") for line in lines])
    return "".join(line + "\n" for line in map(filler(form), rows))


def plain(fields: Fields) -> dict[str, object]:
    """The fields as JSON has them: none that takes an argument, and null for an empty list, as Go's encoder writes it."""
    found = {name: fields[name] for name in sorted(fields) if not callable(fields[name])}
    return {name: None if value == [] else value for name, value in found.items()}


def label_of(labels: Mapping[str, str]) -> Callable[[str], str]:
    """What ``{{.Label "key"}}`` calls."""
    return lambda key: labels.get(key, "")


def label_text(labels: Mapping[str, str]) -> str:
    """Labels as the one string that Docker makes of them."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels))


def _headings(template: str, layout: Layout) -> str:
    from compose.render.gotemplate.evaluate import evaluate
    from compose.render.gotemplate.functions import HEADER_FUNCTIONS
    from compose.render.gotemplate.parse import parse

    def label(key: str) -> str:
        return key.rpartition(".")[2].replace("-", " ").replace("_", " ")

    data: dict[str, Any] = {**layout.headings, "Label": label}
    return evaluate(parse(_unescaped(template)), data, HEADER_FUNCTIONS)


def _unescaped(template: str) -> str:
    """A shell passes ``\\t`` and ``\\n`` on as they are typed."""
    return template.replace("\\t", "\t").replace("\\n", "\n")
