"""The lowest rung over real sockets: what became of the call."""

import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile

import pytest

from amlclient import (
    AnswerLost,
    AnswerTimeout,
    Call,
    Deadline,
    NotSent,
    ServiceClient,
    ServiceUnavailable,
    SystemClock,
    Transport,
    TransportError,
    UnexpectedAnswer,
    WrongCall,
    wsgi_session,
)

SECRET = "sEcReT"


def read_request(connection: socket.socket) -> None:
    """Read all of it: who closes with something unread resets the connection."""
    with connection.makefile("rb") as lines:
        head = list(takewhile(lambda line: line.strip(), lines))
        lines.read(sum(int(line.split(b":")[1]) for line in head if line.lower().startswith(b"content-length:")))


@contextmanager
def listener(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one connection: read a request, then do as ``answer`` says."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            read_request(connection)
            answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/c/b?sig={SECRET}"
    finally:
        server.close()
        thread.join(5)


def send(url: str, seconds: float = 5.0, **options: float) -> object:
    transport = Transport(**options)  # type: ignore[arg-type]
    try:
        return transport.send(Call("POST", url, content=b"x"), Deadline(SystemClock(), seconds))
    except (TransportError, UnexpectedAnswer) as error:
        said = "".join(traceback.format_exception(error)) + repr(error)
        return type(error) if SECRET not in said else said
    finally:
        transport.close()


def test_a_refused_connection_means_nothing_was_sent() -> None:
    """Nobody listens: NotSent, which is always safe to repeat."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert NotSent is send(f"http://127.0.0.1:{port}/?sig={SECRET}")


def test_an_unknown_host_means_nothing_was_sent() -> None:
    """A name that no resolver knows: NotSent."""
    assert NotSent is send(f"http://no-such-host.invalid/?sig={SECRET}")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    ],
)
def test_an_answer_that_breaks_off_leaves_the_outcome_unknown(answer: bytes, caplog) -> None:
    """Wherever the connection ends before the answer does, it is AnswerLost."""
    with listener(lambda connection: connection.sendall(answer)) as url:
        assert AnswerLost is send(url)
    assert SECRET not in caplog.text


def test_an_old_answer_ends_with_its_connection() -> None:
    """HTTP/1.0 without a length is whole when the connection ends."""
    with listener(lambda connection: connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nabc")) as url:
        assert b"abc" == send(url).content  # type: ignore[attr-defined]


def test_a_broken_chunk_leaves_the_outcome_unknown() -> None:
    """A chunked answer without its end is not whole."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"
    with listener(lambda connection: connection.sendall(head)) as url:
        assert AnswerLost is send(url)


def test_silence_ends_with_the_time_allowed() -> None:
    """A service that says nothing is given up on: AnswerTimeout."""
    done = threading.Event()
    with listener(lambda connection: done.wait(5) and None) as url:
        assert AnswerTimeout is send(url, seconds=0.2)
        done.set()


@pytest.mark.parametrize("connection_header", [b"", b"Connection: close\r\n"])
def test_dripping_ends_with_the_time_allowed(connection_header: bytes) -> None:
    """A service that sends a byte now and then never runs into a read time-out, but into the deadline."""
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + connection_header + b"Content-Length: 100000\r\n\r\n")
        while not done.wait(0.02):
            try:
                connection.sendall(b"x")
            except OSError:
                return

    with listener(drip) as url:
        assert AnswerTimeout is send(url, seconds=0.3)
        done.set()


def test_an_oversized_answer_is_refused() -> None:
    """Memory is bounded: an answer beyond the limit is UnexpectedAnswer."""
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
    with listener(lambda connection: connection.sendall(body)) as url:
        assert UnexpectedAnswer is send(url, most_bytes=1000)


def test_broken_compression_is_an_unexpected_answer() -> None:
    """What says it is gzip and is not cannot be read."""
    body = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    with listener(lambda connection: connection.sendall(body)) as url:
        assert UnexpectedAnswer is send(url)


@pytest.mark.parametrize("url", ["nothing", "ftp://x/y", "http://", "http://[bad/x"])
def test_what_is_no_address_is_a_wrong_call(url: str) -> None:
    """An address that cannot be called says so, as a ValueError."""
    with pytest.raises(WrongCall):
        send(url)


def test_redirects_are_not_followed() -> None:
    """The service never redirects, and a key must not travel to another host: a 302 is given back as it is."""
    head = b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.invalid/\r\nContent-Length: 0\r\n\r\n"
    with listener(lambda connection: connection.sendall(head)) as url:
        assert 302 == send(url).status  # type: ignore[attr-defined]


def test_netrc_does_not_replace_the_key(tmp_path, monkeypatch) -> None:
    """Requests takes credentials from ~/.netrc when it is not told otherwise; ours stay."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    heard = []

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            heard.append(connection.recv(65536).decode())
            answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    transport = Transport()
    call = Call("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", headers={"Authorization": "Bearer key"})
    transport.send(call, Deadline(SystemClock(), 5))
    transport.close()
    thread.join(5)
    server.close()
    assert "Authorization: Bearer key" in heard[0]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    ],
)
def test_connections_are_used_again(answer: bytes) -> None:
    """Whole answers leave their connection in the pool: three calls, one connection."""

    def thrice(connection: socket.socket) -> None:
        connection.sendall(answer)
        for _ in range(2):
            connection.recv(65536)
            connection.sendall(answer)

    transport = Transport()
    with listener(thrice) as url:
        statuses = [transport.send(Call("GET", url), Deadline(SystemClock(), 5)).status for _ in range(3)]
    transport.close()
    assert 1 == len(set(statuses))


def test_a_session_that_was_given_stays_open() -> None:
    """Who opens a session closes it; the WSGI session needs no socket."""

    def app(environ, start_response):
        start_response("503 Busy", [("Content-Type", "text/plain")])
        return [environ["QUERY_STRING"].encode() + environ["wsgi.input"].read()]

    session = wsgi_session(app)
    transport = Transport(session)
    transport.close()
    call = Call("POST", "http://wsgi.test/a%20b?x=1", content=b"body")
    answer = transport.send(call, Deadline(SystemClock(), 5))
    assert (503, b"x=1body") == (answer.status, answer.content)
    with pytest.raises(ServiceUnavailable, match="x=1body"):
        ServiceClient(transport=transport, timeout=0.0001).call(call, timeout=0.3)
    session.close()
