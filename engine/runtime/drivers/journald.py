"""The logging driver "journald": each line a record of the machine's journal (systemd's native protocol)."""

from __future__ import annotations

import socket
import struct

from engine.runtime.bundle import Bundle
from engine.runtime.logformat import STDERR
from schemas.errors import Failed

_SOCKET = "/run/systemd/journal/socket"
_ERROR, _INFORMATIONAL = "3", "6"


def connect() -> socket.socket:
    """A connection to the journal. Failed where there is none."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        made.connect(_SOCKET)
    except OSError as err:
        made.close()
        raise Failed(
            "failed to initialize logging driver: journald is not enabled on this host"
        ) from err
    return made


def fields(bundle: Bundle, tag: str, attributes: dict[str, str]) -> dict[str, str]:
    """What every record of a container says, in the words of Docker's driver."""
    return {
        **{_key(name): value for name, value in attributes.items() if _key(name)},
        "CONTAINER_ID": bundle["id"][:12],
        "CONTAINER_ID_FULL": bundle["id"],
        "CONTAINER_NAME": bundle["name"],
        "CONTAINER_TAG": tag,
        "IMAGE_NAME": bundle["image"],
        "SYSLOG_IDENTIFIER": tag,
    }


def message(common: bytes, stream: int, line: bytes) -> bytes:
    """The datagram of one line."""
    priority = _ERROR if stream == STDERR else _INFORMATIONAL
    return common + encode("PRIORITY", priority.encode()) + encode("MESSAGE", line)


def common(fields: dict[str, str]) -> bytes:
    """The part that is the same in all datagrams."""
    return b"".join(encode(name, value.encode()) for name, value in fields.items())


def encode(name: str, value: bytes) -> bytes:
    """One field; a value with a newline in it is sent with its length."""
    if b"\n" in value:
        return name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
    return name.encode() + b"=" + value + b"\n"


def _key(name: str) -> str:
    """A field's name as the journal takes it: letters, digits and "_", and no "_" in front."""
    word = "".join(
        letter if letter.isascii() and letter.isalnum() else "_" for letter in name.upper()
    )
    return word.lstrip("_")
