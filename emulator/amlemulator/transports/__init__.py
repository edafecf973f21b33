"""Calling an emulator of this process with no socket: an adapter for ``requests`` and a transport for ``httpx``.

They stand in the place of the network. A request goes to the emulator's WSGI callable just as the listener would hand
it on, by its own addresses or by the service's real host names; any other host is refused, so no test reaches out by
mistake. The transports that are published hand on no raw path, which storage signatures are made of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from amlemulator.core.regions import host_of_name
from amlemulator.engine.faults import ConnectionCut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from amlemulator.emulator import Emulator

__all__ = ["Refused", "Switchboard"]


class Refused(Exception):  # noqa: N818 - a refusal, which each library's own error carries on
    """No emulator answers at that address, or it cut the connection; the message says which."""


class Switchboard:
    """One WSGI callable for everything that an emulator listens at."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request. Raises Refused where a listener would not be there, or would hang up."""
        environ["amlemulator.raw_headers"] = lambda: environ["amlclient.headers"]
        try:
            return self._application(environ["HTTP_HOST"])(environ, start_response)
        except (ConnectionCut, ConnectionResetError) as error:
            raise Refused("The connection was closed without an answer: an armed fault cut it.") from error

    def _application(self, place: str) -> WSGIApplication:
        emulator = self._emulator
        if place == urlsplit(emulator.blob_url).netloc:
            return emulator.blob_application
        if place == urlsplit(emulator.base_url).netloc or host_of_name(place) is not None:
            return emulator.wsgi_app
        raise Refused(
            f"Nothing answers at {place}: without a socket there are only {emulator.base_url}, {emulator.blob_url} "
            "and the real names of the service's hosts."
        )
