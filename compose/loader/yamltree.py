"""Text of a Compose file → raw trees with positions, and the paths that ``!reset`` and ``!override`` mark.

PyYAML's C parser composes the node graph; values are built here, because YAML 1.1 reads ``22:22`` and ``on`` in ways
no Compose file means. Aliases are copied, since later phases change trees in place; how much may be copied is bounded.
"""

from __future__ import annotations

from compose.loader.marks import WIDEST, Map, Seq
from compose.loader.scalars import Timestamp, resolve_plain
from compose.paths import KeyPath
from schemas.errors import ComposeFileError
from schemas.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

_ALIAS_BUDGET = 100_000  # nodes that aliases may multiply into, per document (compose-go's figure)
_MAX_DEPTH = 300  # of nested collections; no real file comes near
_CONTROLS = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r")
_PLAIN = "?"  # our tag for an unquoted scalar without a tag of its own


class Document(NamedTuple):
    """One YAML document: its tree, and what it resets or overrides in the documents before it."""

    tree: Any
    resets: tuple[KeyPath, ...] = ()
    line: int = 1  # where it begins
    dated: bool = False  # whether a date stands in it, which is more than its text


class _Tagged:
    """A value behind ``!reset`` or ``!override``, until the paths are collected."""

    __slots__ = ("remove", "value")

    def __init__(self, value: Any, remove: bool) -> None:
        self.value = value
        self.remove = remove


def parse(text: str | bytes, *, file: str, number: int, shown: str) -> list[Document]:
    """The documents of a file; ``number`` is the file's place in positions, ``shown`` its name in messages."""
    from compose.loader.libyaml import YAMLError
    from compose.loader.yamlnodes import compose_all

    decoded = _decode(text, file, shown)
    try:
        nodes = compose_all(decoded)
    except YAMLError as error:
        from compose.loader.yamlerrors import syntax_error

        raise syntax_error(error, decoded, file, shown) from None
    tagged = "!reset" in decoded or "!override" in decoded
    aliases = "&" in decoded and "*" in decoded
    documents = []
    for node in nodes:
        builder = _Builder(file, number, shown, aliases=aliases)
        tree = builder.build(node, 0)
        resets: list[KeyPath] = []
        if tagged:
            tree = _collect(tree, (), resets)
        dated = any(isinstance(value, Timestamp) for value in builder.plain.values())
        documents.append(Document(tree, tuple(resets), node.start_mark.line + 1, dated))
    return documents


def _decode(text: str | bytes, file: str, shown: str) -> str:
    if isinstance(text, bytes):
        encoding = "utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        try:
            text = text.decode(encoding)
        except UnicodeDecodeError as error:
            line = text.count(b"\n", 0, error.start) + 1 if isinstance(text, bytes) else 1
            raise ComposeFileError(
                f"{shown}:{line}:1: not a text file: invalid {encoding[:6].upper()} at byte {error.start}",
                file=file,
                line=line,
                column=1,
            ) from None
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw.translate(None, _CONTROLS)) != len(raw):
        index = next(index for index, char in enumerate(text) if char in _CONTROLS.decode())
        line = text.count("\n", 0, index) + 1
        column = index - text.rfind("\n", 0, index)
        raise ComposeFileError(
            f"{shown}:{line}:{column}: yaml: control characters are not allowed",
            file=file,
            line=line,
            column=column,
        )
    return text


def _tagged(value: Any, tag: str | None) -> Any:
    """A collection with its tag; tags we do not know change nothing."""
    return _Tagged(value, tag == "!reset") if tag in ("!reset", "!override") else value


def _merge_entry(result: Map, key: str, item: Any, position: int | None, *, tagged: bool) -> None:
    """An entry that ``<<`` brings; it keeps its tag unless the mapping is one of a list."""
    mark = item if isinstance(item, _Tagged) else None
    if key not in result:
        if tagged or mark is None:
            result.put(key, item, position)
        elif not mark.remove:
            result.put(key, mark.value, position)
        return
    there = result[key]
    if isinstance(there, _Tagged):
        if there.remove and not (mark and mark.remove):
            # It is gone before the merge: it resets earlier documents, not what is merged in here.
            result[key] = _Tagged(mark.value if mark else item, False)
    elif mark and tagged:
        result[key] = _Tagged(there, False)


def _drop_resets(value: Any) -> None:
    """Take out what ``!reset`` marks: where an alias repeats a collection, the anchor's entries are gone already."""
    if isinstance(value, _Tagged):
        _drop_resets(value.value)
    elif isinstance(value, Map):
        for key in [key for key, item in value.items() if _removed(item)]:
            del value[key]
        for item in value.values():
            _drop_resets(item)
    elif isinstance(value, Seq):
        kept = [index for index, item in enumerate(value) if not _removed(item)]
        value.at = [value.at[index] for index in kept]
        value[:] = [value[index] for index in kept]
        for item in value:
            _drop_resets(item)


def _removed(value: Any) -> bool:
    return isinstance(value, _Tagged) and value.remove


class _Builder:
    """Values from nodes."""

    def __init__(self, file: str, number: int, shown: str, *, aliases: bool) -> None:
        self.aliases = aliases  # whether nodes may occur more than once
        self.file = file
        self.number = number << 48
        self.shown = shown
        self.seen: set[int] = set()
        self.open: set[int] = set()
        self.copied = 0
        self.plain: dict[str, Any] = {}  # unquoted scalars met so far, and what they are
        self.keys: set[str] = set()  # unquoted keys met so far

    def fail(self, node: Any, message: str) -> ComposeFileError:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        return ComposeFileError(
            f"{self.shown}:{line}:{column}: yaml: {message}",
            file=self.file,
            line=line,
            column=column,
        )

    def build(self, node: Any, depth: int) -> Any:
        """The value of a node."""
        tag = node.tag
        value = node.value
        if type(value) is str:
            if tag == _PLAIN:
                try:
                    return self.plain[value]
                except KeyError:
                    result = self.plain[value] = resolve_plain(value)
                    return result
            return value if tag is None else self.tagged_scalar(node)
        if depth > _MAX_DEPTH:
            raise self.fail(node, "exceeded maximum nesting depth")
        if self.aliases:
            return self.shared(node, depth)
        result = self.collection(node, depth)
        return result if tag is None else _tagged(result, tag)

    def shared(self, node: Any, depth: int) -> Any:
        """The value of a collection in a document with aliases."""
        identity = id(node)
        again = identity in self.seen
        if again:
            self.count(node, identity)
        self.seen.add(identity)
        self.open.add(identity)
        result = self.collection(node, depth)
        self.open.discard(identity)
        if again:
            _drop_resets(result)
        return _tagged(result, node.tag)

    def collection(self, node: Any, depth: int) -> Any:
        """The value of a mapping or a sequence."""
        make = self.mapping if type(node).__name__ == "MappingNode" else self.sequence
        return make(node, depth + 1)

    def count(self, node: Any, identity: int) -> None:
        """Aliases multiply: stop cycles and bombs (https://en.wikipedia.org/wiki/Billion_laughs_attack)."""
        if identity in self.open:
            raise self.fail(node, "anchor contains itself")
        self.copied += 1 + len(node.value)
        if self.copied > _ALIAS_BUDGET:
            raise self.fail(node, "document contains excessive aliasing")

    def sequence(self, node: Any, depth: int) -> Seq:
        build = self.build
        plain = self.plain
        number = self.number
        result = Seq()
        at = result.at
        for item in node.value:
            mark = item.start_mark
            column = mark.column + 1
            at.append(number | mark.line + 1 << 20 | (column if column < WIDEST else WIDEST))
            value = item.value
            if item.tag != _PLAIN or value not in plain:
                value = build(item, depth)
            else:
                value = plain[value]
            result.append(value)
        return result

    def mapping(self, node: Any, depth: int) -> Map:
        build = self.build
        plain = self.plain
        keys = self.keys
        number = self.number
        result = Map()
        at = result.at
        merged: Any = None
        for key_node, value_node in node.value:
            key = key_node.value
            if key_node.tag != _PLAIN:
                if type(key) is not str:
                    raise self.fail(key_node, "a mapping or list cannot be a key")
            elif key not in keys:
                if key == "<<":
                    if merged is not None:
                        raise self.fail(key_node, 'mapping key "<<" already defined')
                    merged = value_node
                    continue
                if type(resolve_plain(key)) is not str:
                    raise self.fail(key_node, f"non-string key {key or 'null'}")
                keys.add(key)
            if key in at:
                before = (at[key] >> 20) & 0xFFFFFFF
                raise self.fail(key_node, f'mapping key "{key}" already defined at line {before}')
            mark = key_node.start_mark
            column = mark.column + 1
            at[key] = number | mark.line + 1 << 20 | (column if column < WIDEST else WIDEST)
            value = value_node.value
            if value_node.tag == _PLAIN and value in plain:  # most are scalars that were met before
                result[key] = plain[value]
            else:
                result[key] = build(value_node, depth)
        if merged is not None:
            self.merge(result, merged, depth)
        return result

    def merge(self, result: Map, node: Any, depth: int) -> None:
        """``<<``: a mapping or a list of mappings; what is already there wins, so the earlier in a list wins."""
        value = self.build(node, depth)
        if isinstance(value, _Tagged):
            value = value.value
        several = isinstance(value, Seq)
        for source in value if several else (value,):
            if not isinstance(source, Map):
                raise self.fail(node, "map merge requires map or sequence of maps as the value")
            for key, item in source.items():
                _merge_entry(result, key, item, source.at.get(key), tagged=not several)

    def tagged_scalar(self, node: Any) -> Any:
        """A scalar with a tag of its own; tags we do not know change nothing."""
        tag, text = node.tag, node.value
        if tag in ("!reset", "!override"):
            return _Tagged(text, tag == "!reset")  # a tag of one's own makes it a string
        if tag == "tag:yaml.org,2002:str":
            return text
        if tag == "tag:yaml.org,2002:binary":
            import base64
            import binascii

            try:
                return base64.b64decode(text).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                raise self.fail(node, "!!binary value contains invalid base64 data") from None
        value = resolve_plain(text)
        wanted = {
            "tag:yaml.org,2002:int": (int,),
            "tag:yaml.org,2002:float": (int, float),
            "tag:yaml.org,2002:bool": (bool,),
            "tag:yaml.org,2002:null": (type(None),),
        }.get(tag)
        if wanted is not None:
            if type(value) not in wanted:
                raise self.fail(
                    node, f"cannot decode {text!r} as a {tag.replace('tag:yaml.org,2002:', '!!')}"
                )
            return float(value) if tag.endswith("float") else value
        return value if node.style not in ("'", '"', "|", ">") else text


def _collect(value: Any, path: KeyPath, resets: list[KeyPath]) -> Any:
    """Unwrap tagged values, noting their paths; what ``!reset`` marks goes."""
    if isinstance(value, _Tagged):
        resets.append(path)
        return _REMOVED if value.remove else _collect(value.value, path, resets)
    if isinstance(value, Map):
        for key in list(value):
            item = _collect(value[key], (*path, key), resets)
            if item is _REMOVED:
                del value[key]
                value.at.pop(key, None)
            else:
                value[key] = item
    elif isinstance(value, Seq):
        kept = [
            (item, at)
            for index, (item, at) in enumerate(
                (_collect(item, (*path, index), resets), value.at[index])
                for index, item in enumerate(value)
            )
            if item is not _REMOVED
        ]
        value[:] = [item for item, _ in kept]
        value.at = [at for _, at in kept]
    return None if value is _REMOVED else value


_REMOVED: Any = object()
