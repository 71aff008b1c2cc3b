"""Nodes and data → text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from compose.render.gotemplate.functions import text_of, truth
from compose.render.gotemplate.parse import Action, Branch, Node, Operand, Pipeline, Text, failure
from compose.render.record import Record
from schemas.errors import UsageError

Functions = Mapping[str, Callable[..., Any]]
_NOTHING = object()  # no value was piped in


def evaluate(nodes: tuple[Node, ...], data: Any, functions: Functions) -> str:
    """The filled template; UsageError."""
    return _Evaluation(functions).body(nodes, data, {"$": data})


class _Evaluation:
    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def body(self, nodes: tuple[Node, ...], dot: Any, variables: dict[str, Any]) -> str:
        return "".join(self._node(node, dot, variables) for node in nodes)

    def _node(self, node: Node, dot: Any, variables: dict[str, Any]) -> str:
        if isinstance(node, Text):
            return node.text
        if isinstance(node, Action):
            value = self._pipeline(node.pipeline, dot, variables)
            return "" if node.pipeline.variables else text_of(value)
        return self._branch(node, dot, variables)

    def _branch(self, node: Branch, dot: Any, variables: dict[str, Any]) -> str:
        inner = dict(variables)
        value = self._pipeline(node.pipeline, dot, inner)
        if not truth(value):
            return self.body(node.other, dot, inner)
        if node.word == "if":
            return self.body(node.body, dot, inner)
        if node.word == "with":
            return self.body(node.body, value, inner)
        pairs = sorted(value.items()) if isinstance(value, Mapping) else enumerate(value)
        text = ""
        for key, item in pairs:
            names = node.pipeline.variables
            inner.update(zip(names, (key, item) if len(names) > 1 else (item,), strict=False))
            text += self.body(node.body, item, inner)
        return text

    def _pipeline(self, pipeline: Pipeline, dot: Any, variables: dict[str, Any]) -> Any:
        value: Any = _NOTHING
        for command in pipeline.commands:
            value = self._command(command, dot, variables, value)
        for name in pipeline.variables:
            variables[name] = value
        return value

    def _command(
        self, command: tuple[Operand, ...], dot: Any, variables: dict[str, Any], piped: Any
    ) -> Any:
        first, *rest = command
        arguments = [self._operand(operand, dot, variables) for operand in rest]
        if piped is not _NOTHING:
            arguments.append(piped)
        if first.kind == "call":
            function = self._functions.get(first.value)
            if function is None:
                raise failure(f'function "{first.value}" not defined')
            return _call(function, arguments, first)
        value = self._operand(first, dot, variables)
        if callable(value):
            return _call(value, arguments, first)
        if arguments:
            raise failure(f"can't give argument to non-function {first.text}")
        return value

    def _operand(self, operand: Operand, dot: Any, variables: dict[str, Any]) -> Any:
        if operand.kind == "literal":
            return operand.value
        if operand.kind == "call":
            return self._command((operand,), dot, variables, _NOTHING)
        if operand.kind == "pipeline":
            value = self._pipeline(operand.value, dot, variables)
        elif operand.kind == "variable":
            if operand.value not in variables:
                raise failure(f'undefined variable "{operand.value}"')
            value = variables[operand.value]
        else:
            value = dot
        for name in operand.chain:
            value = _field(value, name, operand)
        return value


def _field(value: Any, name: str, operand: Operand) -> Any:
    if isinstance(value, Mapping):
        if name in value:
            return value[name]
        if not isinstance(value, Record):
            return None
    raise failure(f'executing "" at <{operand.text}>: can\'t evaluate field {name}', operand.offset)


def _call(function: Callable[..., Any], arguments: list[Any], operand: Operand) -> Any:
    try:
        return function(*arguments)
    except (TypeError, AttributeError, UsageError) as err:
        detail = (
            err.message if isinstance(err, UsageError) else f"wrong arguments for {operand.text}"
        )
        raise failure(f'executing "" at <{operand.text}>: {detail}', operand.offset) from err
