"""What is wrong with text that is no YAML, and what probably was meant."""

from __future__ import annotations

from typing import Any

from schemas.errors import ComposeFileError

_QUOTE = "a value that begins with `{}` needs quotes"
_COLON = "a value that holds `: ` needs quotes"
_MISSING = "is there a colon missing in the line before?"
_TAB = "YAML is indented by spaces, this is a tab"


def syntax_error(error: Any, text: str, file: str, shown: str) -> ComposeFileError:
    """The error for a file that the parser does not understand; ``error`` is the parser's."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return ComposeFileError(f"{shown}: {_one_line(str(error))}", file=file)
    lines = text.splitlines()
    said = ", ".join(_one_line(part) for part in (error.context, error.problem) if part)
    began = error.context_mark
    if began and began.line != mark.line:
        if mark.line >= len(lines):  # the end of the file says nothing; where it began does
            mark = began
        else:
            said += f" (began in line {began.line + 1})"
    said += _hint(error.problem or "", lines, mark)
    line, column = mark.line + 1, mark.column + 1
    return ComposeFileError(
        f"{shown}:{line}:{column}: yaml: {said}", file=file, line=line, column=column
    )


def _hint(problem: str, lines: list[str], mark: Any) -> str:
    line = lines[mark.line] if mark.line < len(lines) else ""
    char = line[mark.column : mark.column + 1]
    if "cannot start any token" in problem:
        return f": {_TAB if char == chr(9) else _QUOTE.format(char)}"
    if "mapping values are not allowed" in problem:
        return f": {_COLON if ':' in line[: mark.column] else _MISSING}"
    return ""


def _one_line(text: str) -> str:
    return " ".join(text.split())
