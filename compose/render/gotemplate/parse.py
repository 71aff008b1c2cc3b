"""Template text → nodes (grammar: https://pkg.go.dev/text/template)."""

from __future__ import annotations

import re
from typing import Any

from schemas.errors import UsageError
from schemas.typed import NamedTuple


class Operand(NamedTuple):
    """``kind``: literal (value), field or variable (value = its name), call (value = function), pipeline (value = one)."""

    kind: str
    value: Any
    chain: tuple[str, ...]  # fields taken of it
    offset: int
    text: str


class Pipeline(NamedTuple):
    """Commands, each fed with the result of the one before; ``variables`` are set to the last result."""

    variables: tuple[str, ...]
    commands: tuple[tuple[Operand, ...], ...]


class Text(NamedTuple):
    text: str


class Action(NamedTuple):
    pipeline: Pipeline


class Branch(NamedTuple):
    """if, with or range, and what comes instead."""

    word: str
    pipeline: Pipeline
    body: tuple[Node, ...]
    other: tuple[Node, ...]


Node = Text | Action | Branch

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:\\.|[^"\\\n])*"|`[^`]*`)
    | (?P<number>[+-]?\d+(?:\.\d+)?)
    | (?P<field>(?:\.[A-Za-z_]\w*)+)
    | (?P<dot>\.)
    | (?P<variable>\$\w*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<sign>:=|[|(),=])
    )""",
    re.VERBOSE,
)
_CONSTANTS = {"true": True, "false": False, "nil": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'"}


def failure(detail: str, offset: int | None = None) -> UsageError:
    """An error in Go's words."""
    place = "1" if offset is None else f"1:{offset}"
    return UsageError(f"template parsing error: template: :{place}: {detail}")


def parse(template: str) -> tuple[Node, ...]:
    """The nodes of a template; UsageError."""
    return _Parser(_pieces(template)).document()


class _Piece(NamedTuple):
    """Literal text, or the inside of an action and where it stands."""

    text: str
    action: bool
    offset: int


def _pieces(template: str) -> list[_Piece]:
    found: list[_Piece] = []
    position = 0
    trim = False
    while position <= len(template):
        start = template.find("{{", position)
        text = template[position:] if start < 0 else template[position:start]
        left = start >= 0 and template[start + 2 : start + 4] in ("- ", "-\t", "-\n")
        text = text.lstrip() if trim else text
        text = text.rstrip() if left else text
        if text:
            found.append(_Piece(text, False, position))
        if start < 0:
            break
        inside = start + (3 if left else 2)
        end = _end(template, inside)
        trim = template[end - 2 : end] in (" -", "\t-", "\n-")
        found.append(_Piece(template[inside : end - 1 if trim else end], True, inside))
        position = end + 2
    return found


def _end(template: str, start: int) -> int:
    """Where the ``}}`` of an action is; braces inside of strings do not count."""
    position = start
    while position < len(template):
        char = template[position]
        if template.startswith("}}", position):
            return position
        if char in '"`':
            close = _closing(template, position)
            if close < 0:
                kind = "quoted string" if char == '"' else "raw quoted string"
                raise failure(f"unterminated {kind}")
            position = close
        position += 1
    raise failure("unclosed action")


def _closing(template: str, start: int) -> int:
    quote = template[start]
    position = start + 1
    while position < len(template) and template[position] != quote:
        position += 2 if template[position] == "\\" and quote == '"' else 1
    return position if position < len(template) else -1


class _Parser:
    """Recursive descent over the pieces."""

    def __init__(self, pieces: list[_Piece]) -> None:
        self._pieces = pieces
        self._index = 0

    def document(self) -> tuple[Node, ...]:
        nodes, word = self._nodes()
        if word:
            raise failure(f"unexpected {{{{{word}}}}}")
        return nodes

    def _nodes(self) -> tuple[tuple[Node, ...], str]:
        """Nodes up to the word that ends them: "end", "else …", or "" for the end of the text."""
        nodes: list[Node] = []
        while self._index < len(self._pieces):
            piece = self._pieces[self._index]
            self._index += 1
            body = piece.text.strip()
            if not piece.action:
                nodes.append(Text(piece.text))
                continue
            if body.startswith("/*") and body.endswith("*/"):
                continue
            word = body.split(None, 1)[0] if body else ""
            if word in ("end", "else"):
                return tuple(nodes), body
            if word in ("if", "with", "range"):
                start = piece.text.index(word) + len(word)
                nodes.append(self._branch(word, piece.text[start:], piece.offset + start))
            elif word in ("define", "template", "block", "break", "continue"):
                raise failure(f"{{{{{word}}}}} is not supported")
            else:
                nodes.append(Action(_Expression(piece.text, piece.offset).pipeline()))
        return tuple(nodes), ""

    def _branch(self, word: str, text: str, offset: int) -> Branch:
        pipeline = _Expression(text, offset).pipeline()
        body, ending = self._nodes()
        other: tuple[Node, ...] = ()
        if ending.startswith("else"):
            rest = ending[4:].strip()
            if rest:  # {{else if x}}: a branch of its own that shares the end
                name, _, condition = rest.partition(" ")
                other = (self._branch(name, condition, offset),)
                return Branch(word, pipeline, body, other)
            other, ending = self._nodes()
        if ending != "end":
            raise failure("unexpected EOF")
        return Branch(word, pipeline, body, other)


class _Expression:
    """The inside of one action."""

    def __init__(self, text: str, offset: int) -> None:
        self._tokens = _tokens(text, offset)
        self._index = 0

    def pipeline(self, *, nested: bool = False) -> Pipeline:
        variables = self._declaration()
        commands = [self._command()]
        while self._peek() == "|":
            self._index += 1
            commands.append(self._command())
        if not nested and self._index < len(self._tokens):
            raise failure(f'unexpected "{self._peek()}" in operand')
        return Pipeline(variables, tuple(commands))

    def _declaration(self) -> tuple[str, ...]:
        names: list[str] = []
        index = self._index
        while index < len(self._tokens) and self._tokens[index][0] == "variable":
            names.append(self._tokens[index][1])
            index += 1
            sign = self._tokens[index][1] if index < len(self._tokens) else ""
            index += 1
            if sign in (":=", "="):
                self._index = index
                return tuple(names)
            if sign != ",":
                break
        return ()

    def _command(self) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        while self._index < len(self._tokens) and self._peek() not in ("|", ")"):
            operands.append(self._operand())
        if not operands:
            raise failure("missing value for command")
        return tuple(operands)

    def _operand(self) -> Operand:
        kind, text, offset = self._tokens[self._index]
        self._index += 1
        if kind == "sign" and text == "(":
            inner = self.pipeline(nested=True)
            if self._peek() != ")":
                raise failure("unclosed left paren")
            self._index += 1
            return Operand("pipeline", inner, self._chain(), offset, "(…)")
        if kind == "field":
            return Operand("field", "", tuple(text[1:].split(".")), offset, text)
        if kind == "dot":
            return Operand("field", "", (), offset, ".")
        if kind == "variable":
            return Operand("variable", text, self._chain(), offset, text)
        if kind == "word" and text not in _CONSTANTS:
            return Operand("call", text, (), offset, text)
        if kind in ("string", "number", "word"):
            return Operand("literal", _literal(kind, text), (), offset, text)
        raise failure(f'unexpected "{text}" in command')

    def _chain(self) -> tuple[str, ...]:
        """Fields that follow a variable or a parenthesis at once."""
        if self._index < len(self._tokens) and self._tokens[self._index][0] == "field":
            text = self._tokens[self._index][1]
            self._index += 1
            return tuple(text[1:].split("."))
        return ()

    def _peek(self) -> str:
        return self._tokens[self._index][1] if self._index < len(self._tokens) else ""


def _tokens(text: str, offset: int) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise failure(f'unexpected "{text[position:].strip()[0]}" in command')
        kind = match.lastgroup or ""
        found.append((kind, match.group(kind), offset + match.start(kind)))
        position = match.end()
    return found


def _literal(kind: str, text: str) -> Any:
    if kind == "word":
        return _CONSTANTS[text]
    if kind == "number":
        return float(text) if "." in text else int(text)
    if text[0] == "`":
        return text[1:-1]
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match.group(1), match.group(0)), text[1:-1])
