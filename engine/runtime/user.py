"""Who a container runs as: ``user`` and ``group_add`` against the passwd and group files of its root. Pure.

The rules are Docker's: a name must exist, a number need not; an explicit group leaves out the user's further groups.
"""

from __future__ import annotations

from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

_HIGHEST = (1 << 31) - 1


class Identity(NamedTuple):
    uid: int
    gid: int
    groups: tuple[int, ...]  # supplementary
    home: str


def resolve(user: str, group_add: list[str], passwd: bytes, group: bytes) -> Identity:
    """The identity that "", "name", "uid", "user:group" or ":group" stands for; InvalidArgument."""
    name, _, group_name = user.partition(":")
    accounts = _rows(passwd, 7)
    groups = _rows(group, 4)
    account = _account(name or "0", accounts)
    if account is None and not (name or "0").isdecimal():
        raise InvalidArgument(f"unable to find user {name}: no matching entries in passwd file")
    uid = _number(account[2] if account is not None else name or "0", "uid")
    gid = _number(account[3], "gid") if account is not None else 0
    further: list[int] = []
    if group_name:
        gid = _group(group_name, groups)
    elif account is not None:
        mine = [row[2] for row in groups if account[0] in row[3].split(",") and row[0]]
        further = [_number(word, "gid") for word in mine]
    further += [_group(word, groups) for word in group_add]
    # The group itself is among the supplementary ones, lest a process drop it and pass where a group is denied access.
    unique = dict.fromkeys([gid, *further])
    return Identity(uid, gid, tuple(unique), account[5] if account is not None else "/")


def _account(name: str, accounts: list[list[str]]) -> list[str] | None:
    """The row by name, else by number; a name of digits is a number if no account is called so."""
    for column in (0, 2):
        for row in accounts:
            if row[column] == name and row[2].isdecimal() and row[3].isdecimal():
                return row
    return None


def _group(name: str, groups: list[list[str]]) -> int:
    for column in (0, 2):
        for row in groups:
            if row[column] == name and row[2].isdecimal():
                return _number(row[2], "gid")
    if not name.isdecimal():
        raise InvalidArgument(f"unable to find group {name}: no matching entries in group file")
    return _number(name, "gid")


def _number(word: str, kind: str) -> int:
    number = int(word)
    if number > _HIGHEST:
        raise InvalidArgument(f"{kind} {word} is out of range: 0 to {_HIGHEST}")
    return number


def _rows(text: bytes, columns: int) -> list[list[str]]:
    """The well-formed lines, split at colons."""
    found = []
    for line in text.decode("utf-8", "replace").splitlines():
        row = line.strip().split(":")
        if len(row) >= columns and not line.startswith("#"):
            found.append(row)
        elif columns == 4 and len(row) == 3:
            found.append([*row, ""])
    return [row for row in found if len(row) < 3 or row[2].isdecimal()]
