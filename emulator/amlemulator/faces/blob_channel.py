"""Header names as they were written, through waitress: metadata of blobs live in them.

Waitress drops request headers with an underscore and re-spells the names of response headers (``x-ms-meta-ownerName``
becomes ``X-Ms-Meta-Ownername``). A client's metadata would lose names, and its signature would not be found right. This
channel keeps the request's own block of headers for who needs it, and sends response headers as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, get_header_lines
from waitress.server import BaseWSGIServer
from waitress.task import WSGITask

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

VIA = re.compile(rb"\r\nVia: [^\r]*")
# What waitress must look at to know when an answer ends, or fills in when it is missing.
ITS_OWN = frozenset({"content-length", "connection", "date", "server", "transfer-encoding"})


class Parser(HTTPRequestParser):
    """Keeps the block of headers when it has metadata in it."""

    header_block = b""

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the first line and the headers."""
        super().parse_header(header_plus)
        if b"x-ms-meta-" in header_plus.lower():
            self.header_block = bytes(header_plus)


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
    """A connection whose headers keep their names."""

    parser_class = Parser
    task_class = Task


def keep_header_names(servers: Mapping[int, Any]) -> None:
    """Make every listener in waitress' map use this channel: the map that ``create_server(map=...)`` was given."""
    for server in servers.values():
        if isinstance(server, BaseWSGIServer):
            server.channel_class = Channel
