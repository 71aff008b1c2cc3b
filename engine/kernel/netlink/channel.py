"""A netlink socket: send messages together, learn which of them failed.

The socket belongs to the network namespace that its thread was in when it was opened.
"""

from __future__ import annotations

import _socket
import errno
import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from engine.kernel.netlink import codec
from engine.kernel.netlink.codec import Message, Reply
from schemas.errors import Failed, SyscallError, Unavailable

NETLINK_ROUTE = 0
NETLINK_NETFILTER = 12

_AF_NETLINK = 16
_SOL_NETLINK = 270
_NETLINK_EXT_ACK = 11
_NETLINK_GET_STRICT_CHK = 12
_NAMES = {NETLINK_ROUTE: "rtnetlink", NETLINK_NETFILTER: "nfnetlink"}
# A dump fills what it is offered; less than this would cost more reads (netlink(7): 8 kB at least).
_READ = 1 << 16
_SEND_BUFFER = 1 << 20
_ACK_ATTRIBUTES = 0x200  # NLM_F_ACK_TLVS
_NLMSGERR_ATTR_MSG = 1


class NetlinkError(SyscallError):
    """The kernel refused a request."""

    def __init__(self, about: str, error: int, explanation: str = "") -> None:
        super().__init__("netlink", about, error)
        self.message = f"{about}: {os.strerror(error)}" + (
            f" ({explanation})" if explanation else ""
        )
        self.args = (self.message,)


class Channel:
    """A socket to one family of the kernel. SyscallError, or Unavailable where the kernel lacks the family."""

    def __init__(self, family: int) -> None:
        self._sequence = 0
        try:
            self._socket = _socket.socket(
                _AF_NETLINK, _socket.SOCK_RAW | _socket.SOCK_CLOEXEC, family
            )
        except OSError as err:
            if err.errno in (errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT):
                raise Unavailable(f"this kernel has no {_NAMES[family]}") from err
            raise SyscallError("socket", f"AF_NETLINK, {_NAMES[family]}", err.errno or 0) from err
        for option in (_NETLINK_EXT_ACK, _NETLINK_GET_STRICT_CHK):
            try:
                self._socket.setsockopt(_SOL_NETLINK, option, 1)
            except OSError:
                continue  # older kernels: shorter error texts, dumps without a filter

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def detach(self) -> int:
        """The descriptor, which is the caller's to close from now on."""
        return self._socket.detach()

    def request(self, messages: Sequence[Message], *, absent_ok: tuple[int, ...] = ()) -> None:
        """Have every message carried out, in order; NetlinkError for the first that failed.

        rtnetlink goes on after a failed message. Errnos in ``absent_ok`` are no failures.
        """
        if not messages:
            return
        first = self._sequence + 1
        self._send(messages, codec.NLM_F_ACK)
        failed: NetlinkError | None = None
        waiting = len(messages)
        while waiting:
            for reply in codec.replies(self._receive()):
                if reply.type != codec.NLMSG_ERROR or not first <= reply.sequence <= self._sequence:
                    continue
                waiting -= 1
                error = codec.error_of(reply)
                if error and error not in absent_ok and failed is None:
                    failed = _error(messages[reply.sequence - first], reply)
        if failed is not None:
            raise failed

    def dump(self, message: Message) -> list[Reply]:
        """Everything the kernel lists in answer; NetlinkError."""
        return self._ask(message, codec.NLM_F_DUMP)

    def get(self, message: Message) -> list[Reply]:
        """The one object asked for, in a list; empty when there is none. NetlinkError for other reasons."""
        try:
            return self._ask(message, codec.NLM_F_ACK)
        except NetlinkError as err:
            if err.errno in (errno.ENOENT, errno.ENODEV):
                return []
            raise

    def batch(self, messages: Sequence[Message]) -> None:
        """Send a transaction, of which the kernel carries out all or nothing; NetlinkError for the first failure.

        Only the last message but one asks for an acknowledgement: a refused one always answers.
        """
        first = self._sequence + 1
        last = len(messages) - 2  # the last of all is the end mark
        acked = [
            message._replace(flags=message.flags | codec.NLM_F_ACK) if index == last else message
            for index, message in enumerate(messages)
        ]
        self._send(acked, 0)
        # The kernel has answered by the time that send returns.
        while True:
            try:
                data = self._socket.recv(_READ, _socket.MSG_DONTWAIT)
            except BlockingIOError:
                raise Failed(f"{messages[last].about}: no answer from the kernel") from None
            except OSError as err:
                raise SyscallError("recv", messages[last].about, err.errno or 0) from err
            done = False
            for reply in codec.replies(data):
                if reply.type != codec.NLMSG_ERROR or reply.sequence < first:
                    continue
                if codec.error_of(reply):
                    self._drain()
                    raise _error(messages[reply.sequence - first], reply)
                done = True
            if done:
                return

    def _ask(self, message: Message, flags: int) -> list[Reply]:
        self._send([message], flags)
        found: list[Reply] = []
        while True:
            for reply in codec.replies(self._receive()):
                if reply.sequence != self._sequence:
                    continue
                if reply.type in (codec.NLMSG_ERROR, codec.NLMSG_DONE):
                    if codec.error_of(reply):
                        raise _error(message, reply)
                    return found
                found.append(reply)

    def _send(self, messages: Sequence[Message], flags: int) -> None:
        frames = []
        for message in messages:
            self._sequence += 1
            frames.append(codec.frame(message, self._sequence, extra_flags=flags))
        data = b"".join(frames)
        try:
            if len(data) > 100_000:
                self._socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, _SEND_BUFFER)
            self._socket.send(data)
        except OSError as err:
            raise SyscallError("send", messages[0].about, err.errno or 0) from err

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(_READ)
        except OSError as err:
            raise SyscallError("recv", "netlink", err.errno or 0) from err

    def _drain(self) -> None:
        try:
            while self._socket.recv(_READ, _socket.MSG_DONTWAIT):
                pass
        except OSError:
            pass


def _error(message: Message, reply: Reply) -> NetlinkError:
    explanation = ""
    if reply.flags & _ACK_ATTRIBUTES:
        # The request follows the errno, cut to its header unless it fitted (NLM_F_CAPPED).
        (size,) = codec.U32.unpack_from(reply.payload, 4)
        offset = 4 + (16 if reply.flags & 0x100 else size + (-size % 4))
        explanation = codec.text(
            codec.attributes(reply.payload, offset).get(_NLMSGERR_ATTR_MSG, b"")
        )
    return NetlinkError(message.about, codec.error_of(reply), explanation)
