"""Calling an emulator of this process with no socket: an adapter for ``requests`` and a transport for ``httpx``.

They stand in the place of the network. A request goes to the emulator's WSGI callable just as the listener would hand
it on, by its own addresses or by the service's real host names; any other host is refused, so no test reaches out by
mistake. The transports that are published hand on no raw path, which storage signatures are made of.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import unquote_to_bytes, urlsplit

from amlemulator.core.regions import host_of_name
from amlemulator.engine.faults import ConnectionCut

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    from amlemulator.emulator import Emulator

__all__ = ["Body", "Headers", "Refused", "exchange", "spooled"]

Headers = list[tuple[str, str]]
IN_MEMORY = 1 << 20  # bytes of a body without a length that are kept in memory


class Refused(Exception):  # noqa: N818 - a refusal, which each library's own error carries on
    """No emulator answers at that address, or it cut the connection; the message says which."""


class Body(io.RawIOBase):
    """The chunks of an answer as a file that is read once."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._rest: Iterator[bytes] = iter(chunks)
        self._piece = b""

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read what there is of one chunk."""
        while not self._piece:
            found = next(self._rest, None)
            if found is None:
                return 0
            self._piece = found
        size = min(len(buffer), len(self._piece))
        buffer[:size], self._piece = self._piece[:size], self._piece[size:]
        return size

    def close(self) -> None:
        """Tell the application that nobody reads on."""
        close = getattr(self._chunks, "close", None)
        if close is not None and not self.closed:
            close()
        super().close()


def application_at(emulator: Emulator, url: str) -> WSGIApplication:
    """Return what listens at a URL. Raises Refused for an address that is not the emulator's."""
    place = urlsplit(url).netloc
    if place == urlsplit(emulator.blob_url).netloc:
        return emulator.blob_application
    if place == urlsplit(emulator.base_url).netloc or host_of_name(place) is not None:
        return emulator.wsgi_app
    raise Refused(
        f"Nothing answers at {place}: without a socket there are only {emulator.base_url}, {emulator.blob_url} and the "
        "real names of the service's hosts."
    )


def exchange(
    emulator: Emulator, method: str, url: str, headers: Iterable[tuple[str, str]], content: BinaryIO
) -> tuple[str, Headers, Body]:
    """Send one request; returns the status line, the headers and the body, which is to be closed.

    Raises Refused for a host that is not the emulator's, and when an armed fault cuts the connection.
    """
    begun: list[tuple[str, Headers]] = []

    def start_response(status: str, found: Headers, exc_info: Any = None) -> Any:
        begun.append((status, found))
        return lambda data: None

    application = application_at(emulator, url)
    try:
        chunks = application(environment(method, url, list(headers), content), start_response)
    except (ConnectionCut, ConnectionResetError) as error:
        raise Refused("The connection was closed without an answer: an armed fault cut it.") from error
    status, found = begun[-1]
    return status, found, Body(chunks)


def environment(method: str, url: str, headers: Headers, content: BinaryIO) -> WSGIEnvironment:
    """Return what the listener would make of a request."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "QUERY_STRING": parts.query,
        "REQUEST_URI": target,
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": str(parts.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": content,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "amlemulator.raw_headers": lambda: headers,
    }
    for name, value in headers:
        key = name.upper().replace("-", "_")
        variable = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        environ[variable] = f"{environ[variable]},{value}" if variable in environ else value
    environ.setdefault("HTTP_HOST", parts.netloc)
    return environ


@contextmanager
def spooled(pieces: Iterable[bytes]) -> Iterator[tuple[BinaryIO, int]]:
    """Gather a body that comes in pieces, as the listener does; gives it and its length in bytes."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as whole:
        for piece in pieces:
            whole.write(piece)
        size = whole.tell()
        whole.seek(0)
        yield cast(BinaryIO, whole), size
