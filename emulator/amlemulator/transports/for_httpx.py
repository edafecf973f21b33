"""``httpx`` with no socket. It is no dependency of amlclassic: who uses this has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from amlclient import gathered, wsgi_call, wsgi_environ
from amlemulator.transports import Refused, Switchboard

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

__all__ = ["HttpxTransport", "client"]


class HttpxTransport(httpx.BaseTransport):
    """What ``httpx.Client(transport=...)`` takes in the place of the network."""

    def __init__(self, emulator: Emulator) -> None:
        self._application = Switchboard(emulator)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises httpx.ConnectError where the network would."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw}
        assert isinstance(request.stream, httpx.SyncByteStream)  # what a synchronous client makes of every body
        with gathered(request.stream) as (content, size):
            if headers.pop("Transfer-Encoding", None):
                headers["Content-Length"] = str(size)
            environ = wsgi_environ(request.method, str(request.url), headers.items(), content)
            try:
                status, found, body = wsgi_call(self._application, environ)
            except Refused as error:
                raise httpx.ConnectError(str(error), request=request) from error
        code, _, reason = status.partition(" ")
        return httpx.Response(
            int(code), headers=found, content=body, extensions={"reason_phrase": reason.encode("ascii")}
        )


def client(emulator: Emulator) -> httpx.Client:
    """Return a client of ``httpx`` whose every request goes to the emulator, with no socket."""
    return httpx.Client(transport=HttpxTransport(emulator), base_url=emulator.base_url)
