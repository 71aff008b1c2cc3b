"""Help texts, laid out as Docker Compose lays them out."""

from __future__ import annotations

from collections.abc import Mapping

from compose.cli.parser import Flag, Parser

_WIDTH = 80


def verb_help(name: str, summary: str, parser: Parser) -> str:
    """What ``pycompose VERB --help`` prints."""
    usage = parser.usage or _usage(parser)
    shown = "\n\t".join(f"pycompose {name} {line}".rstrip() for line in usage.split("\n"))
    lines = ["", f"Usage:  {shown}", "", parser.description or summary]
    flags = [flag for flag in parser.flags if not flag.hidden]
    if flags:
        lines += ["", "Options:", *_table(flags)]
    return "\n".join(lines) + "\n"


def root_help(parser: Parser, verbs: Mapping[str, str]) -> str:
    """What ``pycompose --help`` prints."""
    lines = [
        "",
        "Usage:  pycompose [OPTIONS] COMMAND",
        "",
        "Define and run multi-container applications",
    ]
    lines += ["", "Options:", *_table([flag for flag in parser.flags if not flag.hidden])]
    width = max(map(len, verbs)) + 2
    lines += [
        "",
        "Commands:",
        *(f"  {name:<{width}}{text}" for name, text in sorted(verbs.items())),
    ]
    lines += ["", "Run 'pycompose COMMAND --help' for more information on a command."]
    return "\n".join(lines) + "\n"


def _usage(parser: Parser) -> str:
    shown = {"1": "{}", "?": "[{}]", "*": "[{}...]", "+": "{0} [{0}...]", "...": "[{}...]"}
    words = ["[OPTIONS]" if parser.flags else ""]
    for argument in parser.arguments:
        label = argument.name.upper()
        if argument.nargs in ("*", "+", "...") and label.endswith("S"):
            label = label[:-1]
        words.append(shown[argument.nargs].format(label))
    return " ".join(filter(None, words))


def _table(flags: list[Flag]) -> list[str]:
    left = [
        f"  {f'-{flag.short},' if flag.short else '   '} --{flag.name}"
        + (f" {flag.kind}" if flag.kind else "")
        for flag in flags
    ]
    indent = max(map(len, left)) + 3
    lines = []
    for label, flag in sorted(zip(left, flags, strict=True), key=lambda row: row[1].name):
        text = flag.help
        if isinstance(flag.default, str) and flag.default:
            text += f' (default "{flag.default}")'
        elif isinstance(flag.default, (int, float)) and flag.default not in (False, 0):
            text += f" (default {flag.default if flag.default is not True else 'true'})"
        first, *more = _wrap(text, _WIDTH - indent) or [""]
        lines.append(f"{label:<{indent}}{first}".rstrip())
        lines += [" " * indent + line for line in more]
    return lines


def _wrap(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= max(width, 20):
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines
