"""``--chmod``: octal numbers and symbolic words (chmod(1)). Pure."""

from __future__ import annotations

import re
import stat

from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)")
_ACTION = re.compile(r"([-+=])([rwxXst]*|[ugo])")
_WHO = {"u": 0o4700, "g": 0o2070, "o": 0o1007, "a": 0o7777}
_SHIFT = {"u": 6, "g": 3, "o": 0}
_HIGHEST = 0o7777


class Action(NamedTuple):
    who: str
    operator: str
    what: str


class Change(NamedTuple):
    """``fixed`` is the mode itself, else ``actions`` say how to change one."""

    fixed: int | None
    actions: tuple[Action, ...] = ()

    def apply(self, mode: int) -> int:
        """The permission bits that a file of ``mode`` gets."""
        if self.fixed is not None:
            return self.fixed
        found = mode & 0o7777
        for action in self.actions:
            found = _applied(action, found, directory=stat.S_ISDIR(mode))
        return found


def parse(text: str) -> Change | None:
    """What ``--chmod=text`` asks for; None for "". InvalidArgument."""
    if not text:
        return None
    if text.isdigit():
        try:
            number = int(text, 8)
        except ValueError:
            number = -1
        if not 0 <= number <= _HIGHEST:
            raise InvalidArgument(
                f"invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777"
            )
        return Change(number)
    actions = []
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise InvalidArgument(f"invalid chmod parameter: '{text}'")
        actions += [
            Action(match[1] or "a", operator, what) for operator, what in _ACTION.findall(match[2])
        ]
    return Change(None, tuple(actions))


def _applied(action: Action, mode: int, *, directory: bool) -> int:
    scope = 0
    for who in action.who:
        scope |= _WHO[who]
    bits = 0
    what = action.what
    if what and what in _SHIFT:
        copied = mode >> _SHIFT[what] & 0o7
        bits = copied << 6 | copied << 3 | copied
    else:
        bits |= 0o444 if "r" in what else 0
        bits |= 0o222 if "w" in what else 0
        executable = "X" in what and (directory or mode & 0o111)
        bits |= 0o111 if "x" in what or executable else 0
        bits |= 0o6000 if "s" in what else 0
        bits |= 0o1000 if "t" in what else 0
    bits &= scope
    if action.operator == "+":
        return mode | bits
    if action.operator == "-":
        return mode & ~bits
    return mode & ~(scope & 0o777) | bits
