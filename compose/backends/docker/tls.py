"""TLS between a plain socket of ours and the daemon's, in a thread: so that one side can end while the other goes on.

An exec whose input has ended still has output to give. A socket of the ``ssl`` module cannot be half closed, and must not be
read and written by two threads at a time; a pair of plain sockets can, and what is between belongs to one thread alone.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading

_CHUNK = 65536


def join(raw: socket.socket, context: ssl.SSLContext, host: str) -> socket.socket:
    """The plain end of an encrypted connection over ``raw``, which is ours no longer. OSError (ssl.SSLError is one)."""
    relay = _Relay(raw, context, host)
    relay.handshake()
    ours, theirs = socket.socketpair()
    threading.Thread(target=relay.carry, args=(theirs,), daemon=True).start()
    return ours


class _Relay:
    def __init__(self, raw: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._raw = raw
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def handshake(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
                self._flush()
                return
            except ssl.SSLWantReadError:
                self._flush()
                self._receive()

    def carry(self, plain: socket.socket) -> None:
        """Until both sides have ended."""
        poll = select.poll()
        poll.register(plain, select.POLLIN)
        poll.register(self._raw, select.POLLIN)
        try:
            self._decrypt(plain)  # what came with the handshake
            while True:
                for fd, _ in poll.poll():
                    if fd == plain.fileno():
                        data = plain.recv(_CHUNK)
                        if not data:
                            poll.unregister(plain)
                        self._encrypt(data)
                    else:
                        self._receive()
                        if not self._decrypt(plain):
                            return
        except OSError:
            return  # one side has gone: so does the other
        finally:
            plain.close()
            self._raw.close()

    def _encrypt(self, data: bytes) -> None:
        """Send what we were given; nothing more will come after b""."""
        if data:
            self._tls.write(data)
        else:
            try:
                self._tls.unwrap()
            except ssl.SSLError:
                pass  # it is said; the daemon may answer with its own end later
        self._flush()

    def _decrypt(self, plain: socket.socket) -> bool:
        """Hand on what has come; False at the end."""
        while True:
            try:
                data = self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                self._flush()
                return True
            except ssl.SSLError:
                data = b""  # the end, said or not
            if not data:
                plain.shutdown(socket.SHUT_WR)
                return False
            plain.sendall(data)

    def _receive(self) -> None:
        data = self._raw.recv(_CHUNK)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            self._raw.sendall(data)
