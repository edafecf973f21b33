"""Listeners: one waitress server over two sockets, the service's and blob storage's, bound before anything is told."""

from __future__ import annotations

import logging
import socket
import threading
from typing import TYPE_CHECKING, Any

from waitress.server import create_server

from amlemulator.faces.blob_channel import adapt
from amlemulator.settings import SettingsError, flag_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from amlemulator.emulator import Emulator

THREADS = 16
BACKLOG = 1024  # connections that wait to be accepted, as waitress has it
LARGEST_BODY = 5 * 1024**3  # bytes: a block blob in one Put Blob; RRS has its own, smaller limit


def bind(host: str, port: int, name: str) -> socket.socket:
    """Return a bound socket. Raises SettingsError, naming the flag, when that cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(BACKLOG)  # now, for two sockets may be bound to one port as long as none listens
        except BaseException:
            listener.close()
            raise
    except socket.gaierror as error:
        message = f"The address {host} cannot be used ({error.strerror}). Choose another with {flag_name('host')}."
        raise SettingsError(message) from error
    except OSError as error:
        mend = f"Choose another with {flag_name(name)}, or {flag_name(name)} 0 for any free one."
        raise SettingsError(f"Port {port} on {host} cannot be used ({error.strerror}). {mend}") from error
    return listener


class Listeners:
    """The sockets of a running emulator and the thread that serves them."""

    def __init__(self, emulator: Emulator) -> None:
        settings = emulator.settings
        main = bind(settings.host, settings.port, "port")
        try:
            blob = bind(settings.host, settings.blob_port, "blob_port")
        except BaseException:
            main.close()
            raise
        self._sockets = (main, blob)
        self._blob_port = str(blob.getsockname()[1])
        self._emulator = emulator
        self._thread: threading.Thread | None = None

    @property
    def urls(self) -> tuple[str, str]:
        """Base URL and blob URL, without trailing slash."""
        host = self._emulator.settings.host
        shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host  # noqa: S104 - compared, not bound
        main, blob = (listener.getsockname()[1] for listener in self._sockets)
        return f"http://{shown}:{main}", f"http://{shown}:{blob}"

    def _dispatch(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["SERVER_PORT"] == self._blob_port:
            blobs: Iterable[bytes] = self._emulator.blob_application(environ, start_response)
            return blobs
        return self._emulator.wsgi_app(environ, start_response)

    def serve(self) -> None:
        """Serve from a thread of its own."""
        # Waitress warns for each queued task; an unread pipe full of warnings would block the server.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        listeners: dict[int, Any] = {}
        self._server = create_server(
            self._dispatch,
            map=listeners,
            sockets=list(self._sockets),
            threads=THREADS,
            ident="Microsoft-HTTPAPI/2.0",
            max_request_body_size=LARGEST_BODY,
            recv_bytes=65536,
            asyncore_use_poll=True,
            connection_limit=1000,
        )
        adapt(listeners, self._emulator.blobs.spool)
        self._thread = threading.Thread(target=self._server.run, name="amlclassic-server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the ports."""
        if self._thread is not None:
            self._server.close()
            self._thread.join(timeout=5)
        for listener in self._sockets:
            listener.close()
