"""An entrance's connections, in waitress' own loop: CONNECT, TLS, and then the same channel as everywhere else.

A proxy in front of the listener would cost a hop, a copy of each body and a second HTTP parser. Here a connection
changes what it reads with: first the line that says where it wants to go, then a TLS handshake, then requests. TLS is
the standard library's, on non-blocking sockets; what Python asks for to be tried again is tried when the loop says so.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from amlemulator.core.connect import Target, read_connect
from amlemulator.faces.blob_channel import Channel, Task
from amlemulator.faces.tunnel import ESTABLISHED

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from amlemulator.faces.entrance import Entrance

LARGEST_HEAD = 16 * 1024  # bytes of a CONNECT request
RECORD = 16 * 1024  # bytes: a TLS record's most; what is offered in larger pieces is read again for each record
HANDSHAKE = b"\x16"  # the first byte of a TLS ClientHello (RFC 8446 section 5.1)
WAIT = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
SILENCE = "it closed the connection without a request, as programs do that do not trust the certificate"


class NamedSocket(ssl.SSLSocket):
    """A TLS socket that remembers which host its client asked for."""

    asked = ""


class EntranceTask(Task):
    """Tells the application how the request came in."""

    channel: EntranceChannel

    def get_environment(self) -> WSGIEnvironment:
        """Return the WSGI environment."""
        environ = super().get_environment()
        request: Any = self.request
        environ["amlemulator.entrance"] = self.channel.entrance
        environ["wsgi.url_scheme"] = request.proxy_scheme or self.channel.scheme
        if (
            request.proxy_netloc
        ):  # the absolute form: what it names counts, not the Host header (RFC 9112 section 3.2.2)
            environ["HTTP_HOST"] = request.proxy_netloc.rpartition("@")[2]
            environ["amlemulator.absolute"] = self.channel.entrance.proxy
        return environ


class EntranceChannel(Channel):
    """A connection that comes in by an entrance. ``entrance`` is set in a subclass, one for each listener."""

    entrance: Entrance
    task_class = EntranceTask
    socket: socket.socket

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.scheme = "http"
        self._host = "an unnamed host"
        self._head = b""
        self._shaken = False  # whether a handshake has ended well
        self._asked = False  # whether a request has come
        self._wants_write = False
        self._tls: NamedSocket | None = None
        self._tls_lock = threading.Lock()  # OpenSSL's connections are not for two threads at once
        self._step = self._sniff

    # --- what the loop calls ------------------------------------------------------------------------------------------

    def writable(self) -> bool:
        """Tell the loop whether to call when something can be written."""
        return self._wants_write or bool(super().writable())

    def handle_read(self) -> None:
        """Take what has come, by the step that the connection has reached."""
        try:
            self._step()
        except OSError:
            self.handle_close()

    def handle_write(self) -> None:
        """Go on with a handshake, or send."""
        if self._wants_write:
            self._shake()
        else:
            super().handle_write()

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what can be sent now; returns how many bytes that was."""
        if self._tls is None:
            return int(super().send(data, do_close))
        try:
            with self._tls_lock:
                return self._tls.send(data)
        except WAIT:
            return 0
        except OSError:
            self.will_close = True  # by the loop: this may be another thread
            return 0

    def handle_close(self) -> None:
        """Close the connection, saying so inside TLS, so that the client can tell an end from a cut."""
        if self._tls is not None:
            if not self._asked and self._shaken:
                self._shaken = False
                self.entrance.distrusted(self._host, SILENCE)
            with suppress(OSError, ValueError), self._tls_lock:
                self._tls.unwrap()
        super().handle_close()

    def finish(self) -> None:
        """Close the connection when its way in is shut; what has come already, an alert perhaps, is still read."""
        self.handle_read()
        self.handle_close()

    # --- the steps ----------------------------------------------------------------------------------------------------

    def _sniff(self) -> None:
        """See by the first byte what a client speaks, without taking it."""
        first = self.socket.recv(1, socket.MSG_PEEK)
        if not first:
            self.handle_close()
        elif first == HANDSHAKE:
            self._begin_tls(self._by_name())
        elif not self.entrance.proxy:
            self.socket.recv(LARGEST_HEAD)  # what is left unread at the end would cut the answer off
            self._answer(400, "This port speaks TLS; use https://")
        elif first == b"C" and not self._tls:
            self._step = self._read_head
            self._read_head()
        else:
            self._step = self._read
            self._read()

    def _read_head(self) -> None:
        """Take the head of a CONNECT request, and not one byte more: the next belongs to TLS."""
        seen = self.socket.recv(LARGEST_HEAD, socket.MSG_PEEK)
        end = (self._head + seen).find(b"\r\n\r\n")
        self._head += self.socket.recv(len(seen) if end < 0 else end + 4 - len(self._head))
        if not seen:
            self.handle_close()
        elif end >= 0:
            self._take_head(self._head)
        elif len(self._head) > LARGEST_HEAD:
            self._answer(431, "The head of a CONNECT request has at most 16 KiB")

    def _take_head(self, head: bytes) -> None:
        if not head.startswith(b"CONNECT "):
            self._step = self._read
            self._asked = True
            self.received(head)
            return
        try:
            target = read_connect(head)
        except ValueError:
            self._answer(400, "CONNECT takes a host and a port")
            return
        self._connect(target)

    def _connect(self, target: Target) -> None:
        if self.entrance.serves(target.host) and target.port in (80, 443):
            self._host = target.host
            self.socket.send(ESTABLISHED)  # some forty bytes into an empty buffer
            self._step = self._read if target.port == 80 else self._enter
        elif self.entrance.passthrough.allows(f"https://{target}"):
            client, self.socket = self.socket, None  # type: ignore[assignment] # what closes it must not find it
            self.del_channel()
            self.handle_close()
            client.setblocking(True)
            self.entrance.tunnels.begin(client, target)
        else:
            self._answer(403, self.entrance.refused(target))

    def _enter(self) -> None:
        context = self.entrance.context_of(self._host)
        if context is None:
            self.handle_close()
        else:
            self._begin_tls(context)

    def _answer(self, status: int, sentence: str) -> None:
        """Answer outside HTTP's usual way, and end."""
        body = f"{sentence}.\n"
        head = f"HTTP/1.1 {status} {sentence}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
        if status == 403:
            head += "x-amlclassic-evidence: proxy.other-hosts\r\n"
        self.socket.send(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        self.will_close = True

    def _by_name(self) -> ssl.SSLContext:
        """Return a context that finds its certificate by the name that the client asks for (SNI)."""
        from amlemulator.adapters.authority import server_context

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> int | None:
            found = self.entrance.context_of(name) if name else None
            if name and isinstance(connection, NamedSocket):
                connection.asked = name
            if found is None:
                self._asked = True  # what follows is no distrust
                self.entrance.refused(Target(name or "a client that names no host", 443))
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            connection.context = found
            return None

        context = server_context()
        context.sni_callback = choose
        return context

    def _begin_tls(self, context: ssl.SSLContext) -> None:
        context.sslsocket_class = NamedSocket
        wrapped = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        assert isinstance(wrapped, NamedSocket)
        self.socket = self._tls = wrapped  # the same descriptor, so the loop's map still holds
        self.scheme, self.sendbuf_len = "https", RECORD
        self._step = self._shake
        self._shake()

    def _shake(self) -> None:
        assert self._tls is not None
        self._wants_write = False
        try:
            with self._tls_lock:
                self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLWantWriteError:
            self._wants_write = True
            return
        except OSError as error:
            self._broken(error)
            self.handle_close()
            return
        self._host = self._tls.asked or self._host
        self._shaken = True
        self._step = self._read

    def _read(self) -> None:
        """Take requests, from TLS or from the socket itself."""
        try:
            with self._tls_lock:
                data = self.socket.recv(self.adj.recv_bytes)
        except (*WAIT, BlockingIOError):
            return
        except OSError as error:
            self._broken(error)
            raise
        if data:
            self._asked = True
            self.last_activity = time.time()
            self.received(data)
        else:
            self.handle_close()

    def _broken(self, error: OSError) -> None:
        """Note why TLS failed: most often the client does not trust the authority."""
        if isinstance(error, ssl.SSLError) and not self._asked:
            self._asked = True  # told once
            host = (self._tls and self._tls.asked) or self._host
            gone = isinstance(error, ssl.SSLEOFError)
            reason = (error.reason or "no TLS").lower().replace("_", " ")
            self.entrance.distrusted(host, SILENCE if gone else f"TLS failed ({reason})")
