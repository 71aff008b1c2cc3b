"""Flags and arguments as Docker Compose reads them (the rules and words of Go's pflag).

argparse abbreviates long flags, cannot stop at the first argument, knows no ``--flag=false`` and words its errors
otherwise; scripts that move over from Docker Compose meet the same behaviour here, and start-up is 10 ms shorter.
"""

from __future__ import annotations

from schemas.errors import UsageError
from schemas.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Literal

    Action = Literal["store", "store_true", "append", "help"]

REST = "..."  # nargs: every further word, flags included
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


class FlagError(UsageError):
    """A flag is unknown, lacks its value or has a wrong one."""

    exit_code = 16


class Flag(NamedTuple):
    """An option: ``kind`` is what the help shows after its name ("" for a switch)."""

    name: str  # long name without dashes
    short: str
    action: Action
    dest: str
    default: Any
    kind: str
    help: str
    type: Callable[[str], Any] | None
    choices: tuple[str, ...]
    hidden: bool

    def shown(self) -> str:
        """The flag as error messages name it."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


class Argument(NamedTuple):
    name: str
    nargs: str  # "1", "?", "*", "+" or REST


class Arguments:
    """The values of one call, by name."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)
        self.given: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class Parser:
    """What a verb takes. ``interspersed``: flags may follow arguments (not for exec and run)."""

    def __init__(self, *, interspersed: bool = True, add_help: bool = True) -> None:
        self.interspersed = interspersed
        self.flags: list[Flag] = []
        self.arguments: list[Argument] = []
        self.usage = ""
        self.description = ""
        self._names: dict[str, Flag] = {}
        if add_help:
            self.add_argument("-h", "--help", action="help", help="Print usage", hidden=True)

    def add_argument(
        self,
        *names: str,
        action: Action = "store",
        default: Any = None,
        metavar: str | None = None,
        help: str = "",
        type: Callable[[str], Any] | None = None,
        choices: Iterable[str] = (),
        dest: str | None = None,
        nargs: str | None = None,
        hidden: bool = False,
    ) -> None:
        """Declare a flag (``-f``, ``--file``) or an argument (``services``, nargs as in argparse)."""
        if not names[0].startswith("-"):
            self.arguments.append(Argument(names[0], nargs or "1"))
            return
        long = next(name[2:] for name in names if name.startswith("--"))
        short = next((name[1:] for name in names if not name.startswith("--")), "")
        kind = metavar or {
            "store": "int" if type is int else "string",
            "append": "stringArray",
        }.get(action, "")
        if action == "append":
            default = list(default or [])
        elif action != "store":
            default = bool(default)
        flag = Flag(
            long, short, action, dest or long.replace("-", "_"), default,
            kind, help, type, tuple(choices), hidden,
        )  # fmt: skip
        self.flags.append(flag)
        for name in filter(None, (f"--{long}", f"-{short}" if short else "")):
            self._names[name] = flag

    def alias(self, name: str, target: str) -> None:
        """Another name for a flag that is declared already ("--no-TTY")."""
        self._names[name] = self._names[target]

    def parse(self, words: Sequence[str]) -> Arguments:
        """The values of ``words``; FlagError, UsageError."""
        given, rest = self._flags(words)
        values = {
            flag.dest: list(flag.default) if flag.action == "append" else flag.default
            for flag in self.flags
        }
        for flag, text in given:
            value = _value(flag, text)
            if flag.action == "append":
                values[flag.dest].append(value)
            else:
                values[flag.dest] = value
        if not values.get("help"):
            values.update(self._arguments(rest))
        found = Arguments(values)
        found.given = frozenset(flag.dest for flag, _ in given)
        return found

    def split(self, words: Sequence[str]) -> tuple[Arguments, list[str]]:
        """Flags up to the first word that is none, and the words from there on (for what stands before the verb)."""
        _, rest = self._flags(words)
        head = self.parse(words[: len(words) - len(rest)]) if rest else self.parse(words)
        return head, rest

    def _flags(self, words: Sequence[str]) -> tuple[list[tuple[Flag, str | None]], list[str]]:
        given: list[tuple[Flag, str | None]] = []
        rest: list[str] = []
        queue = list(words)
        while queue:
            word = queue.pop(0)
            if word == "--":
                rest += queue
                break
            if not word.startswith("-") or word == "-":
                rest.append(word)
                if not self.interspersed:
                    rest += queue
                    break
            elif word.startswith("--"):
                given.append(self._long(word, queue))
            else:
                given += self._short(word, queue)
        return given, rest

    def _long(self, word: str, queue: list[str]) -> tuple[Flag, str | None]:
        name, equals, value = word.partition("=")
        flag = self._names.get(name)
        if flag is None:
            raise FlagError(f"unknown flag: {name}")
        if equals:
            return flag, value
        if flag.action in ("store_true", "help"):
            return flag, None
        if not queue:
            raise FlagError(f"flag needs an argument: {name}")
        return flag, queue.pop(0)

    def _short(self, word: str, queue: list[str]) -> list[tuple[Flag, str | None]]:
        found: list[tuple[Flag, str | None]] = []
        letters = word[1:]
        while letters:
            flag = self._names.get("-" + letters[0])
            if flag is None:
                raise FlagError(f"unknown shorthand flag: {letters[0]!r} in {word}")
            letter, letters = letters[0], letters[1:]
            if letters.startswith("="):
                return [*found, (flag, letters[1:])]
            if flag.action in ("store_true", "help"):
                found.append((flag, None))
                continue
            if not letters and not queue:
                raise FlagError(f"flag needs an argument: {letter!r} in {word}")
            return [*found, (flag, letters or queue.pop(0))]
        return found

    def _arguments(self, words: list[str]) -> dict[str, Any]:
        required = sum(argument.nargs in ("1", "+") for argument in self.arguments)
        if len(words) < required:
            raise UsageError(f"requires at least {required} arg(s), only received {len(words)}")
        values: dict[str, Any] = {}
        left = list(words)
        for argument in self.arguments:
            if argument.nargs in ("*", "+", REST):
                values[argument.name] = left
                left = []
            elif argument.nargs == "?":
                values[argument.name] = left.pop(0) if left else None
            else:
                values[argument.name] = left.pop(0)
        if left:
            limit = len(self.arguments)
            raise UsageError(f"accepts at most {limit} arg(s), received {len(words)}")
        return values


def _value(flag: Flag, text: str | None) -> Any:
    if flag.action in ("store_true", "help"):
        if text is None or text in _TRUE:
            return True
        if text in _FALSE:
            return False
        raise FlagError(
            f'invalid argument "{text}" for "{flag.shown()}" flag: '
            f'strconv.ParseBool: parsing "{text}": invalid syntax'
        )
    assert text is not None
    if flag.choices and text not in flag.choices:
        raise FlagError(
            f'invalid argument "{text}" for "{flag.shown()}" flag: '
            f"must be one of {', '.join(flag.choices)}"
        )
    if flag.type is None:
        return text
    try:
        return flag.type(text)
    except ValueError:
        raise FlagError(
            f'invalid argument "{text}" for "{flag.shown()}" flag: '
            f'strconv.ParseInt: parsing "{text}": invalid syntax'
        ) from None
