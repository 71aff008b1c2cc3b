"""Logging drivers: rotation and compression of what is kept, and what a syslog server or the journal receives."""

from __future__ import annotations

import gzip
import os
import re
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.kernel import mount
from schemas.errors import EngineError, Failed, InvalidArgument, Unsupported
from tests.support.containers import make, output, start
from tests.support.eventually import eventually
from tests.support.proofs import proves

if TYPE_CHECKING:
    from engine.local import LocalEngine

# Of nobody but "localhost", for a hundred years; its key lies beside it.
CERTIFICATE = Path(__file__).parents[2] / "support" / "localhost.pem"
SCRIPT = "echo out one; sleep 0.05; echo err two >&2; printf unfinished"


class Collector:
    """A syslog server on a socket of any kind, or the journal's socket."""

    def __init__(self, listening: socket.socket, *, stream: bool, tls: bool = False) -> None:
        self.socket = listening
        self._tls = tls
        self.received: list[bytes] = []
        self._serve = self._connections if stream else self._datagrams
        self._ended = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        """Stop, so that nobody is left who reads from a descriptor that is another's by then."""
        self._ended = True
        self._thread.join()
        self.socket.close()

    def wait(self, count: int) -> list[bytes]:
        """The first messages, as soon as so many have come."""
        eventually(lambda: len(self.received) >= count)
        return list(self.received)

    def _run(self) -> None:
        while not self._ended:
            if select.select([self.socket], [], [], 0.05)[0]:
                self._serve()

    def _secured(self, connection: socket.socket) -> socket.socket:
        if not self._tls:
            return connection
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        return context.wrap_socket(connection, server_side=True)

    def _datagrams(self) -> None:
        self.received.append(self.socket.recv(65536))

    def _connections(self) -> None:
        connection, _ = self.socket.accept()
        rest = b""
        try:
            connection = self._secured(connection)
        except ssl.SSLError:
            return  # a client that does not trust us
        with connection:
            while not self._ended:
                if select.select([connection], [], [], 0.05)[0]:
                    data = connection.recv(65536)
                    *lines, rest = (rest + data).split(b"\n")
                    self.received += [line + b"\n" for line in lines]
                    if not data:
                        return


@pytest.fixture
def collect(tmp_path: Path) -> Iterator[Any]:
    """Open a server: its address and what it receives."""
    opened: list[Collector] = []

    def open_server(kind: str) -> tuple[str, Collector]:
        if kind in ("unix", "unixgram"):
            place = str(tmp_path / kind)
            made = socket.socket(
                socket.AF_UNIX, socket.SOCK_STREAM if kind == "unix" else socket.SOCK_DGRAM
            )
            made.bind(place)
            address = f"{kind}://{place}"
        else:
            made = socket.socket(
                socket.AF_INET, socket.SOCK_STREAM if kind.startswith("tcp") else socket.SOCK_DGRAM
            )
            made.bind(("127.0.0.1", 0))
            address = f"{kind}://localhost:{made.getsockname()[1]}"
        stream = kind in ("unix", "tcp", "tcp+tls")
        if stream:
            made.listen()
        opened.append(Collector(made, stream=stream, tls=kind == "tcp+tls"))
        return address, opened[-1]

    yield open_server
    for collector in opened:
        collector.close()


@proves("services.logging.driver", "services.logging.options")
@pytest.mark.parametrize("kind", ["udp", "tcp", "unix", "unixgram"])
def test_lines_go_to_a_syslog_server_and_can_be_read_here(
    engine: LocalEngine, collect: Any, kind: str
) -> None:
    address, collector = collect(kind)
    options = {"syslog-address": address, "tag": "{{.Name}}/{{.ImageName}}"}
    start(engine, "one", SCRIPT, logging={"driver": "syslog", "options": options})
    engine.wait("one", timeout=10)
    found = [line.decode() for line in collector.wait(3)]
    stamp = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
    # facility daemon (3) and severity info (6) or err (3), as Docker's driver has it
    assert re.fullmatch(rf"<30>{stamp} one/pycompose/host\[\d+\]: out one\n", found[0])
    assert re.fullmatch(rf"<27>{stamp} one/pycompose/host\[\d+\]: err two\n", found[1])
    assert found[2].endswith(": unfinished\n")
    assert output(engine, "one") == ["out one", "err two", "unfinished"]


def test_what_a_broken_connection_held_back_is_sent_without_a_further_line(
    engine: LocalEngine,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        start(
            engine,
            "one",
            "echo one; sleep 0.3; echo lost; sleep 0.1; echo three; exec sleep 100",
            logging={"driver": "syslog", "options": {"syslog-address": address}},
        )
        # The first one only asks whether somebody is there.
        for last_words in (b"", b": one\n", b": three\n"):
            connection, _ = server.accept()
            with connection:
                connection.settimeout(30)
                assert connection.recv(65536).endswith(last_words)
    engine.stop("one", timeout=0)


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("rfc3164", r"<158>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d HOST [0-9a-f]{12}\[\d+\]: out one\n"),
        ("rfc5424", r"<158>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[-+]\d\d:\d\d) HOST ([0-9a-f]{12}) \d+ \2 - out one\n"),
        (
            "rfc5424micro",
            r"<158>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[-+]\d\d:\d\d) HOST ([0-9a-f]{12}) \d+ \2 - out one\n",
        ),
    ],
)  # fmt: skip
def test_forms_and_facilities_of_messages(
    engine: LocalEngine, collect: Any, form: str, pattern: str
) -> None:
    address, collector = collect("udp")
    options = {"syslog-address": address, "syslog-format": form, "syslog-facility": "local3"}
    start(engine, "one", "echo out one", logging={"driver": "syslog", "options": options})
    engine.wait("one", timeout=10)
    (found,) = collector.wait(1)
    assert re.fullmatch(pattern.replace("HOST", re.escape(os.uname().nodename)), found.decode())


def test_on_tls_a_server_must_prove_itself_and_messages_have_their_length(
    engine: LocalEngine, collect: Any
) -> None:
    address, collector = collect("tcp+tls")
    options = {
        "syslog-address": address,
        "syslog-format": "rfc5424",
        "syslog-tls-ca-cert": str(CERTIFICATE),
    }
    start(
        engine,
        "one",
        "echo out one; echo out two",
        logging={"driver": "syslog", "options": options},
    )
    engine.wait("one", timeout=10)
    found = b"".join(collector.wait(2))
    for text in (b"out one\n", b"out two\n"):
        length, _, rest = found.partition(b" ")
        message, found = rest[: int(length)], rest[int(length) :]
        assert message.endswith(text)
    options = {"syslog-address": address}
    made = make(engine, "two", "true", logging={"driver": "syslog", "options": options})
    with pytest.raises(Failed, match=r"(?i)certificate"):
        engine.start(made.id)


def test_a_server_that_goes_away_holds_nobody_up_and_nothing_of_the_copy_is_lost(
    engine: LocalEngine, collect: Any
) -> None:
    address, collector = collect("tcp")
    script = "echo first; while [ ! -e /go ]; do sleep 0.05; done; i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done"
    start(
        engine, "one", script, logging={"driver": "syslog", "options": {"syslog-address": address}}
    )
    collector.wait(1)
    collector.close()
    engine.exec("one", {"command": ["touch", "/go"], "detach": True}).close()
    assert engine.wait("one", timeout=20).code == 0
    assert output(engine, "one") == ["first", *(f"line {number}" for number in range(3000))]


def test_a_container_does_not_start_where_nobody_takes_its_lines(engine: LocalEngine) -> None:
    options = {"syslog-address": "tcp://127.0.0.1:9"}
    made = make(engine, "one", "true", logging={"driver": "syslog", "options": options})
    with pytest.raises(Failed, match="failed to initialize logging driver: syslog"):
        engine.start(made.id)
    assert engine.container("one").state == "created"


@pytest.fixture
def journal() -> Iterator[Collector]:
    """A journal of this test's mount namespace."""
    Path("/run/systemd").mkdir(exist_ok=True)
    mount.mount("tmpfs", "/run/systemd", "tmpfs", 0, "")
    Path("/run/systemd/journal").mkdir()
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.bind("/run/systemd/journal/socket")
    collector = Collector(made, stream=False)
    yield collector
    collector.close()
    mount.umount("/run/systemd", mount.MNT_DETACH)


@proves("services.logging.driver", "services.logging.options")
def test_lines_are_records_of_the_journal(journal: Collector, engine: LocalEngine) -> None:
    options = {"tag": "my-{{.ID}}", "labels": "com.example.tier", "env-regex": "^MODE"}
    made = start(
        engine, "one", SCRIPT, labels={"com.example.tier": "front", "other": "x"}, environment={"MODE_A": "b"},
        logging={"driver": "journald", "options": options},
    )  # fmt: skip
    engine.wait("one", timeout=10)
    first, second, third = (
        dict(line.split("=", 1) for line in record.decode().splitlines())
        for record in journal.wait(3)
    )
    assert first == {
        "CONTAINER_ID": made.id[:12], "CONTAINER_ID_FULL": made.id, "CONTAINER_NAME": "one",
        "CONTAINER_TAG": f"my-{made.id[:12]}", "SYSLOG_IDENTIFIER": f"my-{made.id[:12]}", "IMAGE_NAME": "pycompose/host",
        "COM_EXAMPLE_TIER": "front", "MODE_A": "b", "PRIORITY": "6", "MESSAGE": "out one",
    }  # fmt: skip
    assert (second["PRIORITY"], second["MESSAGE"]) == ("3", "err two")
    assert third["MESSAGE"] == "unfinished"


def test_without_a_journal_a_container_that_needs_it_does_not_start(engine: LocalEngine) -> None:
    assert not Path("/run/systemd/journal/socket").exists()
    made = make(engine, "one", "true", logging={"driver": "journald"})
    with pytest.raises(Failed, match="journald is not enabled on this host"):
        engine.start(made.id)


def test_without_the_copy_there_is_nothing_to_read(engine: LocalEngine, collect: Any) -> None:
    address, collector = collect("udp")
    options = {"syslog-address": address, "cache-disabled": "true"}
    start(engine, "one", "echo x", logging={"driver": "syslog", "options": options})
    engine.wait("one", timeout=10)
    assert collector.wait(1)
    with pytest.raises(Unsupported, match="syslog"):
        engine.logs("one", {})


@proves("services.logging.options")
@pytest.mark.parametrize("driver", ["json-file", "local"])
def test_older_files_are_compressed_and_read_as_before(engine: LocalEngine, driver: str) -> None:
    options = {"max-size": "10k", "max-file": "4", "compress": "true"}
    script = "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); [ $((i%200)) = 0 ] && sleep 0.01; done"
    start(
        engine, "one", f"sleep 0.1; {script}; true", logging={"driver": driver, "options": options}
    )
    followed = output(engine, "one", follow=True)
    assert followed == sorted(set(followed), key=lambda line: int(line.split()[1]))
    assert followed[-1] == "line 4999"
    directory = Path(os.environ["PYCOMPOSE_ROOT"]) / "containers" / engine.container("one").id
    eventually(
        lambda: (
            sorted(path.name for path in directory.glob("log*"))
            == ["log", "log.1.gz", "log.2.gz", "log.3.gz"]
        )
    )
    assert b"line " in gzip.open(directory / "log.3.gz").read()
    kept = output(engine, "one")
    assert kept == [f"line {n}" for n in range(5000 - len(kept), 5000)]
    assert output(engine, "one", tail=3) == ["line 4997", "line 4998", "line 4999"]


@proves("services.logging.options")
def test_details_are_what_the_options_name(engine: LocalEngine) -> None:
    options = {"labels": "tier", "env": "MODE,NONE", "tag": "{{.Name}} of {{.ImageName}}"}
    start(
        engine, "one", "echo said", labels={"tier": "front", "other": "x"}, environment={"MODE": "a,b", "X": "y"},
        logging={"driver": "json-file", "options": options},
    )  # fmt: skip
    engine.wait("one", timeout=10)
    assert output(engine, "one") == ["said"]
    (line,) = output(engine, "one", details=True)
    assert line == "MODE=a%2Cb,tier=front,tag=one%20of%20pycompose%2Fhost said"


@pytest.mark.parametrize(
    ("logging", "error", "message"),
    [
        ({"driver": "gelf"}, Unsupported, "logging.driver gelf is not supported"),
        ({"options": {"nonsense": "1"}}, InvalidArgument, "unknown log opt 'nonsense' for json-file log driver"),
        ({"driver": "local", "options": {"tag": "x"}}, InvalidArgument, "unknown log opt 'tag' for local log driver"),
        ({"options": {"max-size": "much"}}, InvalidArgument, "max-size: much is not a size"),
        ({"options": {"max-size": "1m", "max-file": "0"}}, InvalidArgument, "max-file: 0 is not a number"),
        ({"options": {"compress": "true"}}, InvalidArgument, "compress cannot be true when"),
        ({"options": {"mode": "fast"}}, InvalidArgument, "unknown mode fast"),
        ({"options": {"max-buffer-size": "1m"}}, InvalidArgument, "only supported with"),
        ({"options": {"env-regex": "("}}, InvalidArgument, "env-regex"),
        ({"options": {"tag": "{{.Nothing}}"}}, Unsupported, "tag: {{.Nothing}}"),
        ({"driver": "syslog", "options": {"syslog-address": "nowhere"}}, InvalidArgument, "should be in form proto://address"),
        ({"driver": "syslog", "options": {"syslog-address": "unix:///no/such"}}, InvalidArgument, "/no/such: no such file"),
        ({"driver": "syslog", "options": {"syslog-facility": "mine"}}, InvalidArgument, "invalid syslog facility mine"),
        ({"driver": "syslog", "options": {"syslog-format": "xml"}}, InvalidArgument, "invalid syslog format xml"),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_driver_does_not_take_is_refused_when_the_container_is_made(
    engine: LocalEngine, logging: dict[str, Any], error: type[EngineError], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        make(engine, "one", "true", logging=logging)
    assert engine.containers() == []
