"""Header names as they were written, through waitress: metadata of blobs live in them.

Waitress drops request headers with an underscore and re-spells the names of response headers (``x-ms-meta-ownerName``
becomes ``X-Ms-Meta-Ownername``). A client's metadata would lose names, and its signature would not be found right. This
channel keeps the request's own block of headers for who needs it, and sends response headers as they are. It also
receives large uploads into the storage's own folder, so that they are written once and not twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, get_header_lines
from waitress.receiver import FixedStreamReceiver
from waitress.server import BaseWSGIServer
from waitress.task import WSGITask

from amlemulator.adapters.files_blobs import Spool

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

VIA = re.compile(rb"\r\nVia: [^\r]*")
UPLOADS_BLOCK = re.compile(rb"[?&]comp=block[& ]")
SEND_BYTES = 128 * 1024
# What waitress must look at to know when an answer ends, or fills in when it is missing.
ITS_OWN = frozenset({"content-length", "connection", "date", "server", "transfer-encoding"})


class SpooledBody:
    """What waitress writes a body into; the application reads the spool."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def __len__(self) -> int:
        return self._spool.size

    def append(self, piece: bytes) -> None:
        """Add what has come."""
        self._spool.append(piece)

    def getfile(self) -> Spool:
        """Return what the application reads."""
        return self._spool

    def close(self) -> None:
        """Remove the file, unless it has become a blob."""
        self._spool.close()


class Parser(HTTPRequestParser):
    """Keeps the block of headers when it has metadata in it, and sends large uploads straight to the storage."""

    header_block = b""
    new_spool: Callable[[], Spool] | None = None

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the first line and the headers."""
        super().parse_header(header_plus)
        if b"x-ms-meta-" in header_plus.lower():
            self.header_block = bytes(header_plus)
        if (
            self.new_spool is not None
            and self.content_length > self.adj.inbuf_overflow
            and self._is_upload(header_plus)
        ):
            body: Any = SpooledBody(self.new_spool())  # all that a receiver asks of its buffer
            self.body_rcv = FixedStreamReceiver(self.content_length, body)

    def _is_upload(self, block: bytes) -> bool:
        first_line = block.partition(b"\r\n")[0]
        typed = "X_MS_BLOB_TYPE" in self.headers
        return first_line.startswith(b"PUT ") and (typed or UPLOADS_BLOCK.search(first_line) is not None)


def _lines(block: bytes) -> Iterable[tuple[str, str]]:
    for line in get_header_lines(block.partition(b"\r\n")[2]):
        name, _, value = line.decode("latin-1").partition(":")
        yield name, value.strip(" \t")


class Task(WSGITask):
    """Tells the application the request's headers as they came, and sends its own as they are."""

    def get_environment(self) -> WSGIEnvironment:
        """Return the WSGI environment."""
        environ = super().get_environment()
        block: bytes = getattr(self.request, "header_block", b"")
        if block:
            environ["amlemulator.raw_headers"] = lambda: _lines(block)
        return environ

    def build_response_header(self) -> bytes:
        """Return status line and headers."""
        given = self.response_headers
        self.response_headers = [(name, value) for name, value in given if name.lower() in ITS_OWN]
        block = super().build_response_header()
        kept = "".join(f"{name}: {value}\r\n" for name, value in given if name.lower() not in ITS_OWN)
        return VIA.sub(b"", block[:-2], count=1) + kept.encode("latin-1") + b"\r\n"


class Channel(HTTPChannel):
    """A connection whose headers keep their names, and that sends files in small pieces."""

    parser_class = Parser
    task_class = Task

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Waitress reads as much of a file as the socket's buffer might hold, some 4 MB on a loopback, sends what fits,
        # and reads the rest again: 15 MB more memory for each large download, and slower than this.
        self.sendbuf_len = min(self.sendbuf_len, SEND_BYTES)

    def handle_close(self) -> None:
        """Close the connection when the client went away, and with it a body that came only in part."""
        super().handle_close()  # which does not call close
        self._drop_body()

    def close(self) -> None:
        """Close the connection when the server stops, and with it a body or an answer that was only half way."""
        super().close()
        self._drop_body()
        with self.outbuf_lock:
            for buffer in self.outbufs:
                buffer.close()

    def _drop_body(self) -> None:
        if self.request is not None:
            self.request.close()  # it may lie in a file
            self.request = None


def adapt(
    servers: Mapping[int, Any],
    new_spool: Callable[[], Spool] | None = None,
    base: type[Channel] = Channel,
    **members: Callable[..., Any],
) -> None:
    """Make every listener in waitress' map use this channel: the map that ``create_server(map=...)`` was given.

    ``new_spool`` (``FilesBlobs.spool``) gives the files that large uploads are written to; without it they are copied.
    ``members`` are what ``base`` asks of its surroundings.
    """
    parser = type("Parser", (Parser,), {"new_spool": None if new_spool is None else staticmethod(new_spool)})
    channel = type(
        base.__name__,
        (base,),
        {"parser_class": parser, **{name: staticmethod(value) for name, value in members.items()}},
    )
    for server in servers.values():
        if isinstance(server, BaseWSGIServer):
            server.channel_class = channel
