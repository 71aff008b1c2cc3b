"""``--filter`` of the prunes: ``until=…``, ``label=…``, ``label!=…``, ``dangling=…``."""

from __future__ import annotations

from collections.abc import Sequence

from compose.cli.moment import parse as moment
from compose.ops.pruning import PruneFilters
from schemas.errors import UsageError

HELP = 'Provide filter values (e.g. "label=<key>=<value>")'
_BOOLEANS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


def parse(texts: Sequence[str], allowed: Sequence[str]) -> PruneFilters:
    """UsageError for what is no filter, or none of the ``allowed``, in Docker's words."""
    found = PruneFilters()
    for text in texts:
        key, equals, value = text.partition("=")
        negated = key.endswith("!")
        key = key.removesuffix("!")
        if not equals:
            raise UsageError(f'invalid argument "{text}" for "--filter" flag: invalid filter')
        if key not in allowed or (negated and key != "label"):
            raise UsageError(f"invalid filter '{key}'")
        if key == "until":
            found = found._replace(until=moment(value, "--filter"))
        elif key == "dangling":
            if value.lower() not in _BOOLEANS:
                raise UsageError(f"invalid filter 'dangling={value}'")
            found = found._replace(dangling=_BOOLEANS[value.lower()])
        elif negated:
            found = found._replace(without=(*found.without, value))
        else:
            found = found._replace(labels=(*found.labels, value))
    return found
