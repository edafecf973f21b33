"""Listeners: one waitress server over two sockets, the service's and blob storage's, bound before anything is told."""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.server import BaseWSGIServer, create_server

from amlemulator.engine.faults import ConnectionCut
from amlemulator.faces.blob_channel import adapt
from amlemulator.faces.prompt_channel import PromptChannel, Threads
from amlemulator.settings import SettingsError, flag_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from amlemulator.emulator import Emulator
    from amlemulator.faces.entrance import Entrance

BACKLOG = 1024  # connections that wait to be accepted, as waitress has it
LARGEST_BODY = 5 * 1024**3  # bytes: a block blob in one Put Blob; RRS has its own, smaller limit
ADJUSTMENTS: dict[str, Any] = {
    "ident": "Microsoft-HTTPAPI/2.0",
    "max_request_body_size": LARGEST_BODY,
    "recv_bytes": 65536,
    "asyncore_use_poll": True,
    "connection_limit": 1000,
}


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


def hang_up(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Close the connection of a request without an answer: what waitress writes after this goes nowhere."""
    channel = environ["waitress.client_disconnected"].__self__  # the one way from a request to its connection
    with suppress(OSError):  # the client was quicker
        channel.socket.shutdown(socket.SHUT_RDWR)
    start_response("500 Cut", [("Content-Length", "0")])
    return []


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
        self._map: dict[int, Any] = {}  # waitress' own, by file descriptor
        self._threads = Threads()
        self._entrances: dict[Entrance, BaseWSGIServer] = {}

    @property
    def urls(self) -> tuple[str, str]:
        """Base URL and blob URL, without trailing slash."""
        host = self._emulator.settings.host
        shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host  # noqa: S104 - compared, not bound
        main, blob = (listener.getsockname()[1] for listener in self._sockets)
        return f"http://{shown}:{main}", f"http://{shown}:{blob}"

    def _dispatch(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            entrance: Entrance | None = environ.get("amlemulator.entrance")
            if entrance is not None:
                return entrance(environ, start_response)
            if environ["SERVER_PORT"] == self._blob_port:
                blobs: Iterable[bytes] = self._emulator.blob_application(environ, start_response)
                return blobs
            return self._emulator.wsgi_app(environ, start_response)
        except (ConnectionCut, ConnectionResetError):
            return hang_up(environ, start_response)

    def serve(self) -> None:
        """Serve from a thread of its own."""
        # Waitress warns for each queued task; an unread pipe full of warnings would block the server.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = self._listen(*self._sockets)
        self._trigger: Any = next(one.trigger for one in self._map.values() if isinstance(one, BaseWSGIServer))
        adapt(self._map, self._emulator.blobs.spool)
        ports = {str(getattr(one, "effective_port", "")): one for one in self._map.values()}
        storage = {0: ports[self._blob_port]}
        adapt(storage, self._emulator.blobs.spool, PromptChannel, prompt=self._emulator.blobs_are_prompt)
        self._thread = threading.Thread(target=self._server.run, name="amlclassic-server", daemon=True)
        self._thread.start()

    def _listen(self, *sockets: socket.socket) -> Any:
        """Make waitress serve these sockets, in its one loop and by its one set of threads."""
        listening = list(sockets)
        return create_server(self._dispatch, map=self._map, sockets=listening, _dispatcher=self._threads, **ADJUSTMENTS)

    def open(self, entrance: Entrance, listener: socket.socket) -> None:
        """Serve a bound socket as an entrance."""
        from amlemulator.faces.entrance_channel import EntranceChannel

        def begin() -> None:
            server = self._listen(listener)
            adapt({0: server}, self._emulator.blobs.spool, EntranceChannel)
            server.channel_class.entrance = entrance
            self._entrances[entrance] = server

        self._in_loop(begin)

    def shut(self, entrance: Entrance) -> None:
        """Close an entrance, its connections and tunnels, and free its port."""

        def end() -> None:
            server: Any = self._entrances.pop(entrance, None)
            if server is not None:
                for channel in list(server.active_channels.values()):
                    channel.finish()
                server.close()

        self._in_loop(end)
        entrance.tunnels.close()

    def _in_loop(self, task: Callable[[], None]) -> None:
        """Run a task in the loop's own thread, where nobody else looks at the map, and wait until it is done."""
        done = threading.Event()

        def run() -> None:
            try:
                task()
            finally:
                done.set()

        self._trigger.pull_trigger(run)
        done.wait(timeout=5)

    def close(self) -> None:
        """Stop serving and free the ports."""
        for entrance in self._entrances:
            entrance.tunnels.close()
        if self._thread is not None:
            self._threads.shutdown()
            # In its own thread: closed from here, it would now and then sleep on for a second.
            self._trigger.pull_trigger(lambda: wasyncore.close_all(self._map))
            self._thread.join(timeout=5)
        for listener in self._sockets:
            listener.close()
