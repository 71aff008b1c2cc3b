"""Text → YAML node graph by libyaml, with PyYAML's resolver switched off.

Scalars that carry no tag get ``?`` when unquoted and None when quoted, which is all the tree builder needs to know.
"""

from __future__ import annotations

from compose.loader.libyaml import ComposerError, CParser, events, nodes
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class _Nodes(CParser):  # type: ignore[misc]
    """libyaml's composer; the resolver methods are called back for every node."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str | None:
        return "?" if type(implicit) is tuple and implicit[0] else None

    def descend_resolver(self, parent: Any, index: Any) -> None:
        """Path resolvers are not used."""

    def ascend_resolver(self) -> None:
        """Path resolvers are not used."""


def compose_all(text: str) -> list[Any]:
    """The root node of every document."""
    try:
        return _compose(_Nodes(text))
    except ComposerError as error:
        if "duplicate anchor" not in (str(error.problem or "") + str(error.context or "")):
            raise
        # YAML 1.2 lets an anchor be defined again; PyYAML's composer does not, so compose from events.
        return _compose_events(text)


def _compose(parser: Any) -> list[Any]:
    found = []
    while parser.check_node():
        found.append(parser.get_node())
    return found


def _compose_events(text: str) -> list[Any]:
    parser: Any = _Nodes(text)
    documents: list[Any] = []
    stack: list[tuple[Any, list[Any]]] = []  # open collections with the children read so far
    anchors: dict[str, Any] = {}
    while parser.check_event():
        event = parser.get_event()
        if isinstance(event, events.DocumentStartEvent):
            anchors = {}
            continue
        if isinstance(event, events.CollectionEndEvent):
            node, children = stack.pop()
            is_mapping = isinstance(node, nodes.MappingNode)
            node.value = (
                list(zip(children[::2], children[1::2], strict=True)) if is_mapping else children
            )
        elif isinstance(event, events.NodeEvent):
            node = _node(event, anchors)
            if isinstance(event, events.CollectionStartEvent):
                stack.append((node, []))
                continue
        else:
            continue
        if stack:
            stack[-1][1].append(node)
        else:
            documents.append(node)
    return documents


def _node(event: Any, anchors: dict[str, Any]) -> Any:
    """The node that an event begins, or that an alias stands for."""
    start, end = event.start_mark, event.end_mark
    if isinstance(event, events.AliasEvent):
        if event.anchor not in anchors:
            raise ComposerError(None, None, f"found undefined alias {event.anchor!r}", start)
        return anchors[event.anchor]
    if isinstance(event, events.ScalarEvent):
        tag: Any = event.tag if event.tag not in (None, "!") else "?" if event.implicit[0] else None
        node: Any = nodes.ScalarNode(tag, event.value, start, end, event.style)
    else:
        kind: Any = (
            nodes.MappingNode if isinstance(event, events.MappingStartEvent) else nodes.SequenceNode
        )
        node = kind(event.tag, [], start, end)
    if event.anchor is not None:
        anchors[event.anchor] = node
    return node
