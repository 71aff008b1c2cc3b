"""HTTP as it is written and read, against a server that is a list of bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from compose.backends.docker.place import Place
from compose.backends.docker.wire import Wire, quote, target
from schemas.errors import Conflict, NotFound, Unavailable


class Server:
    """Answers each connection with what it is given, cut into ``size`` bytes; keeps what it was asked."""

    def __init__(self, path: Path, answers: list[bytes], size: int = 1 << 16) -> None:
        self.asked = b""
        self._answers = answers
        self._size = size
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        for answer in self._answers:
            connection, _ = self._listener.accept()
            with connection:
                self.asked += connection.recv(65536)
                for start in range(0, len(answer), self._size):
                    connection.sendall(answer[start : start + self._size])

    def close(self) -> None:
        self._thread.join(5)
        self._listener.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(f"unix://{tmp_path}/d.sock")


def serve(place: Place, *answers: bytes, size: int = 1 << 16) -> Server:
    return Server(Path(place.rest), list(answers), size)


def test_a_chunked_document_is_read_whole_however_it_is_cut(place: Place) -> None:
    answer = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n6;x=1\r\n": [1]\r\n1\r\n}\r\n0\r\n\r\n'
    for size in (1, 2, 5, 100):
        server = serve(place, answer, size=size)
        with closing(Wire(place)) as wire:
            assert wire.get("/x", {"q": "a b", "none": None, "yes": True}) == {"a": [1]}
        assert server.asked.startswith(b"GET /x?q=a%20b&yes=true HTTP/1.1\r\n")
        server.close()
        Path(place.rest).unlink()


def test_answers_to_several_requests_come_in_their_order(place: Place) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3"
    )
    server = serve(place, answer, size=7)
    assert list(Wire(place).many(["/1", "/2", "/3"])) == [(200, 1), (404, b"no"), (200, 3)]
    server.close()


def test_errors_are_kinds_with_the_daemons_words(place: Place) -> None:
    server = serve(
        place,
        b'HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n{"message":"No such container: x"}',
        b'HTTP/1.1 409 Conflict\r\nConnection: close\r\n\r\n{"message":"name is taken"}',
    )
    wire = Wire(place)
    with pytest.raises(NotFound, match=r"No such container: x"):
        wire.get("/x")
    with pytest.raises(Conflict, match=r"^create: name is taken$"):
        wire.post("/x", body={}, what="create")
    server.close()


def test_a_daemon_that_is_away_is_said_with_what_to_do(place: Place) -> None:
    with pytest.raises(Unavailable, match="cannot connect to the Docker daemon at unix:") as caught:
        Wire(place).get("/x")
    assert "DOCKER_HOST" in (caught.value.hint or "")


def test_an_answer_that_breaks_off_is_an_error(place: Place) -> None:
    server = serve(place, b"HTTP/1.1 200")
    with pytest.raises(Unavailable, match="closed the connection"):
        Wire(place).get("/x")
    server.close()


def test_a_stream_that_is_taken_over_keeps_what_came_with_the_answer(place: Place) -> None:
    server = serve(place, b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nfirst words")
    response = Wire(place).upgrade("/attach")
    assert response.read() == b"first words"
    assert response.read() == b""
    response.close()
    server.close()


@pytest.fixture
def blocked(place: Place) -> Iterator[Wire]:
    """A server that answers and then says nothing."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place.rest)
    listener.listen()
    held = []

    def hold() -> None:
        connection, _ = listener.accept()
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        held.append(connection)

    thread = threading.Thread(target=hold)
    thread.start()
    yield Wire(place)
    thread.join()
    held[0].close()
    listener.close()


def test_a_stream_can_be_ended_from_another_thread(blocked: Wire) -> None:
    response = blocked.stream("GET", "/events")
    threading.Timer(0.05, response.connection.end).start()
    assert response.read() == b""
    response.close()


def test_names_are_quoted_and_slashes_stay_where_they_belong() -> None:
    assert quote("a/b c:ü") == "a%2Fb%20c%3A%C3%BC"
    assert quote("a/b", slash=True) == "a/b"
    assert target("/x", {}) == "/x"
