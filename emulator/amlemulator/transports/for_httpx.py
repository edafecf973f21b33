"""``httpx`` with no socket. It is no dependency of amlclassic: who uses this has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx

from amlemulator.transports import Body, Refused, exchange, spooled

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

__all__ = ["HttpxTransport", "client"]

PIECE = 1 << 16  # bytes of an answer's body that are handed on at a time


class _Stream(httpx.SyncByteStream):
    def __init__(self, body: Body) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._body.read(PIECE):
            yield piece

    def close(self) -> None:
        self._body.close()


class HttpxTransport(httpx.BaseTransport):
    """What ``httpx.Client(transport=...)`` takes in the place of the network."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises httpx.ConnectError where the network would."""
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        assert isinstance(request.stream, httpx.SyncByteStream)  # what a synchronous client makes of every body
        try:
            with spooled(request.stream) as (source, size):
                if request.headers.get("Transfer-Encoding"):
                    headers = [pair for pair in headers if pair[0].lower() != "transfer-encoding"]
                    headers.append(("Content-Length", str(size)))
                status, found, body = exchange(self._emulator, request.method, str(request.url), headers, source)
        except Refused as error:
            raise httpx.ConnectError(str(error), request=request) from error
        code, _, reason = status.partition(" ")
        return httpx.Response(
            int(code), headers=found, stream=_Stream(body), extensions={"reason_phrase": reason.encode("ascii")}
        )


def client(emulator: Emulator) -> httpx.Client:
    """Return a client of ``httpx`` whose every request goes to the emulator, with no socket."""
    return httpx.Client(transport=HttpxTransport(emulator), base_url=emulator.base_url)
