"""What a proxy lets through to hosts that its user has named: tunnels of bytes, and requests without TLS."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from amlemulator.core.allowed_hosts import never_contacted
from amlemulator.core.connect import Target

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PIECE = 64 * 1024
CONNECT_SECONDS = 20.0
SILENT_SECONDS = 600.0  # a tunnel in which nothing moves for so long is closed
MOST = 100  # tunnels at a time; each has two threads
ESTABLISHED = b"HTTP/1.1 200 Connection Established\r\n\r\n"
# Of one connection and not of the request (RFC 9110 section 7.6.1).
HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)


def bad_gateway(target: Target, error: OSError) -> tuple[str, str]:
    """Return status line and sentence for a host that is let through but cannot be reached."""
    sentence = f"{target} cannot be reached ({error.strerror or type(error).__name__})"
    return f"502 {sentence}", sentence


def reach(target: Target) -> socket.socket:
    """Connect with a target. Raises OSError; for an address that nobody is let through to, whatever the rules, too."""
    found = socket.getaddrinfo(target.host.strip("[]"), target.port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found if not never_contacted(str(one[4][0]))]
    if not addresses:
        raise PermissionError(0, "nobody is let through to its address")
    failed: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, target.port), CONNECT_SECONDS)
        except OSError as error:
            failed = error
    assert failed is not None
    raise failed


class Tunnels:
    """The open tunnels of one proxy. Closing it closes them."""

    def __init__(self) -> None:
        self._open: set[socket.socket] = set()
        self._count = 0
        self._lock = threading.Lock()
        self._closed = False

    def begin(self, client: socket.socket, target: Target) -> None:
        """Take over a client's socket: connect it with the target, in threads of their own, until one side ends."""
        with self._lock:
            full = self._closed or self._count >= MOST
            self._count += not full
        if full:
            with closing(client), suppress(OSError):
                client.send(b"HTTP/1.1 503 Too many tunnels\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        threading.Thread(target=self._run, args=(client, target), name=f"tunnel to {target}", daemon=True).start()

    def _run(self, client: socket.socket, target: Target) -> None:
        try:
            with closing(client):
                client.settimeout(SILENT_SECONDS)
                try:
                    server = reach(target)
                except OSError as error:
                    status, _ = bad_gateway(target, error)
                    with suppress(OSError):
                        client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                    return
                with closing(server):
                    server.settimeout(SILENT_SECONDS)
                    self._relay(client, server)
        finally:
            with self._lock:
                self._count -= 1

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        with self._lock:
            if self._closed:
                return
            self._open |= {client, server}
        try:
            with suppress(OSError):
                client.sendall(ESTABLISHED)
                back = threading.Thread(target=_pour, args=(server, client), daemon=True)
                back.start()
                _pour(client, server)
                back.join()
        finally:
            with self._lock:
                self._open -= {client, server}

    def close(self) -> None:
        """Cut every tunnel; none begins any more."""
        with self._lock:
            self._closed = True
            for end in self._open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


def _pour(source: socket.socket, sink: socket.socket) -> None:
    """Send on what comes, then say that no more does; a broken side ends both."""
    try:
        while piece := source.recv(PIECE):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def forward(target: Target, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Send a request on to a host that is let through, and its answer back, both as they come."""
    headers = {key[5:].replace("_", "-").title(): value for key, value in environ.items() if key.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length:
        headers["Content-Length"] = str(length)
    kept = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
    connection = http.client.HTTPConnection(target.host.strip("[]"), target.port)
    address = environ["REQUEST_URI"].partition("://")[2]
    path = "/" + address.partition("/")[2]
    try:
        connection.sock = reach(target)
        connection.request(environ["REQUEST_METHOD"], path, environ["wsgi.input"] if length else None, kept)
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        status, sentence = bad_gateway(target, error if isinstance(error, OSError) else OSError(0, "no HTTP"))
        body = f"{sentence}.\n".encode()
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]
    passed = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
    start_response(f"{answer.status} {answer.reason}", passed)
    return _pieces(connection, answer)


def _pieces(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> Iterator[bytes]:
    with closing(connection), closing(answer):
        while piece := answer.read1(PIECE):
            yield piece
