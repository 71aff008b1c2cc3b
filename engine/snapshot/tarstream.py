"""Tar headers: ustar, GNU (long names, base-256 numbers, sparse files) and pax (tar(5), POSIX.1-2001 pax).

Written for speed: the standard library's tarfile spends three times as long on a member. Names are bytes throughout,
as file names are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.snapshot.source import Source
from schemas.errors import InvalidArgument, Unsupported

BLOCK = 512
FILE, LINK, SYMLINK, CHAR, BLOCKDEV, DIRECTORY, FIFO = b"0", b"1", b"2", b"3", b"4", b"5", b"6"
_REGULAR = (b"0", b"\0", b"7")
_META_LIMIT = (
    4 << 20
)  # a pax header or long name: real ones hold names and attributes, at most some 100 kB
_ZERO = bytes(BLOCK)
_XATTR = b"SCHILY.xattr."
_SPARSE = b"GNU.sparse."

Pax = dict[bytes, bytes]
Segments = list[tuple[int, int]]  # (offset, length) of what is not a hole


class Entry:
    """One member of an archive."""

    __slots__ = (
        "gid", "linkname", "major", "minor", "mode", "mtime_ns", "name",
        "segments", "size", "stored", "type", "uid", "xattrs",
    )  # fmt: skip

    def __init__(self, header: bytes) -> None:
        self.name = _text(header[0:100])
        self.mode = number(header[100:108]) & 0o7777
        self.uid = number(header[108:116])
        self.gid = number(header[116:124])
        self.size = number(header[124:136])
        # A time before 1970 is written as a negative number.
        self.mtime_ns = 0 if header[136] == 0xFF else number(header[136:148]) * 1_000_000_000
        self.type = header[156:157]
        self.linkname = _text(header[157:257])
        self.major = self.minor = 0
        self.xattrs: Pax = {}
        self.segments: Segments | None = None
        self.stored = 0  # bytes of content in the archive
        if header[257:263] == b"ustar\0" and header[345] and self.type not in (b"L", b"K"):
            self.name = _text(header[345:500]) + b"/" + self.name
        if self.type in (CHAR, BLOCKDEV):
            self.major = number(header[329:337])
            self.minor = number(header[337:345])


def entries(source: Source) -> Iterator[Entry]:
    """The members in order. Content must be taken with ``content`` before the next one; what is left is skipped."""
    pax: Pax = {}
    shared: Pax = {}
    name = link = None
    # Some writers leave the closing zero blocks away.
    while not source.at_end():
        header = bytes(source.take(BLOCK))
        if header == _ZERO:
            return
        _check(header)
        entry = Entry(header)
        if entry.type in (b"L", b"K", b"x", b"g"):
            data = _meta(source, entry.size)
            if entry.type == b"L":
                name = data.rstrip(b"\0")
            elif entry.type == b"K":
                link = data.rstrip(b"\0")
            elif entry.type == b"x":
                pax = _records(data)
            else:
                shared.update(_records(data))
            continue
        entry.name = name if name is not None else entry.name
        entry.linkname = link if link is not None else entry.linkname
        stored = entry.size if entry.type in _REGULAR or entry.type == b"S" else 0
        if entry.type == b"S":
            _old_sparse(entry, header, stored, source)
        if shared or pax:
            stored = _apply(entry, {**shared, **pax} if shared else pax, stored, source)
        if entry.type in (b"\0", b"7", b"S"):
            # An old archive marks a directory by a slash at the end of its name only.
            entry.type = DIRECTORY if entry.name.endswith(b"/") else FILE
        if b"\0" in entry.name or b"\0" in entry.linkname:
            raise InvalidArgument("the archive holds a file name with a NUL in it")
        entry.stored = stored
        pad = -stored % BLOCK
        yield entry
        if entry.stored + pad:
            source.skip(entry.stored + pad)
        pax, name, link = {}, None, None


def content(entry: Entry, source: Source, write: Callable[[bytes | memoryview], None]) -> None:
    """Pass the stored bytes of ``entry`` to ``write``, once."""
    size, entry.stored = entry.stored, 0
    source.copy(size, write)


def pour(entry: Entry, source: Source, fd: int) -> None:
    """Write the stored bytes of ``entry`` to an open file, once."""
    size, entry.stored = entry.stored, 0
    source.pour(size, fd)


def number(field: bytes) -> int:
    """A numeric field: octal text, or base-256 when the first bit is set; never negative."""
    if field[0] & 0x80:
        if field[0] != 0x80:
            raise InvalidArgument("the archive holds a negative or oversized number")
        value = int.from_bytes(field[1:], "big")
    else:
        text = field.split(b"\0", 1)[0].strip()
        try:
            value = int(text, 8) if text else 0
        except ValueError:
            raise InvalidArgument("the archive holds a damaged header (not a number)") from None
    if not 0 <= value < 1 << 62:
        raise InvalidArgument("the archive holds a negative or oversized number")
    return value


def _check(header: bytes) -> None:
    wanted = number(header[148:156])
    if sum(header[:148]) + 256 + sum(header[156:]) != wanted:
        raise InvalidArgument(
            "the archive holds a damaged header (wrong checksum); is it a tar file?"
        )


def _text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _meta(source: Source, size: int) -> bytes:
    if size > _META_LIMIT:
        raise InvalidArgument(f"the archive holds an extended header of {size} bytes")
    data = bytes(source.take(size))
    source.skip(-size % BLOCK)
    return data


def _records(data: bytes) -> Pax:
    """pax records: ``length key=value\\n``; the length counts the whole record."""
    found: Pax = {}
    sparse: list[bytes] = []
    position = 0
    while position < len(data) and data[position]:
        space = data.find(b" ", position, position + 20)
        digits = data[position:space]
        length = int(digits) if space > 0 and digits.isdigit() else 0
        record = data[space + 1 : position + length] if length else b""
        key, equals, value = record[:-1].partition(b"=")
        if not equals or not record.endswith(b"\n") or position + length > len(data):
            raise InvalidArgument("the archive holds a damaged extended header")
        if key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):
            sparse.append(value)
        else:
            found[key] = value
        position += length
    if sparse:
        found[b"GNU.sparse.map"] = b",".join(sparse)
    return found


def _apply(entry: Entry, pax: Pax, stored: int, source: Source) -> int:
    """Let extended attributes overrule the header; the content's size in the archive."""
    for key, value in pax.items():
        if key == b"path":
            entry.name = value
        elif key == b"linkpath":
            entry.linkname = value
        elif key == b"size":
            entry.size = _decimal(value)
            stored = entry.size if entry.type in _REGULAR else stored
        elif key == b"uid":
            entry.uid = _decimal(value)
        elif key == b"gid":
            entry.gid = _decimal(value)
        elif key == b"mtime":
            entry.mtime_ns = _nanoseconds(value)
        elif key.startswith(_XATTR):
            entry.xattrs[key[len(_XATTR) :]] = value
    if any(key.startswith(_SPARSE) for key in pax):
        stored = _pax_sparse(entry, pax, stored, source)
    return stored


def _pax_sparse(entry: Entry, pax: Pax, stored: int, source: Source) -> int:
    """GNU sparse formats 0.0 and 0.1 (map in the header) and 1.0 (map before the content)."""
    entry.name = pax.get(b"GNU.sparse.name", entry.name)
    entry.size = _decimal(pax.get(b"GNU.sparse.realsize") or pax.get(b"GNU.sparse.size") or b"0")
    if pax.get(b"GNU.sparse.major") == b"1":
        text, lines, wanted = b"", 0, 1
        while lines < wanted:
            if stored < BLOCK or len(text) > _META_LIMIT:
                raise _damaged()
            block = bytes(source.take(BLOCK))
            text, stored, lines = text + block, stored - BLOCK, lines + block.count(b"\n")
            if lines and wanted == 1:
                wanted = 1 + 2 * _decimal(text.split(b"\n", 1)[0])
        numbers = [_decimal(line) for line in text.split(b"\n")[1:wanted]]
    else:
        text = pax.get(b"GNU.sparse.map", b"")
        numbers = [_decimal(item) for item in text.split(b",")] if text else []
    _segments(entry, numbers, stored)
    return stored


def _old_sparse(entry: Entry, header: bytes, stored: int, source: Source) -> None:
    """GNU's first format: the map in the header and in blocks after it."""
    numbers = _old_map(header[386:482])
    entry.size, extended = number(header[483:495]), header[482]
    while extended:
        if len(numbers) > _META_LIMIT:
            raise _damaged()
        block = bytes(source.take(BLOCK))
        numbers += _old_map(block[:504])
        extended = block[504]
    _segments(entry, numbers, stored)


def _old_map(field: bytes) -> list[int]:
    pieces = [field[start : start + 12] for start in range(0, len(field), 12)]
    return [number(piece) for piece in pieces if piece[0]]


def _segments(entry: Entry, numbers: list[int], stored: int) -> None:
    segments = list(zip(numbers[::2], numbers[1::2], strict=False))
    end = 0
    for offset, length in segments:
        if offset < end or offset + length > entry.size:
            raise _damaged()
        end = offset + length
    if len(numbers) % 2 or sum(length for _, length in segments) != stored:
        raise _damaged()
    entry.segments = segments


def _damaged() -> InvalidArgument:
    return InvalidArgument("the archive holds a damaged sparse file")


def _decimal(value: bytes) -> int:
    if not value.isdigit() or len(value) > 19:
        raise Unsupported(f"the archive holds the number {value[:40]!r}, which is out of range")
    return int(value)


def _nanoseconds(value: bytes) -> int:
    whole, _, fraction = value.partition(b".")
    try:
        seconds = int(whole)
        return seconds * 1_000_000_000 + int(fraction[:9].ljust(9, b"0") if fraction else b"0")
    except ValueError:
        raise InvalidArgument("the archive holds a damaged time") from None
