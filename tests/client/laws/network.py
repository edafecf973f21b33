"""The network below urllib3, without a kernel and without waiting: bytes break, stall and drip where they are told.

Everything above the socket is the client's real stack. What a socket would wait for, the clock is moved by, so a law
about time-outs costs nothing and is exact.
"""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import urllib3.util.connection

from amlclient import wsgi_call, wsgi_environ
from client.fake_service import FakeClock

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
SENT_AT_ONCE = 65536


@dataclass(frozen=True)
class Fate:
    """What becomes of one request and its answer.

    ``request`` and ``answer`` are the bytes that get through before the connection ends as ``how`` says: with an end,
    a reset, or in silence. ``pace`` is the seconds that each byte of the answer takes, ``uplink`` each of the request,
    and ``connecting`` the seconds until there is a connection. ``rewritten`` changes the whole answer, head and all.
    """

    request: int | None = None
    answer: int | None = None
    how: str = "end"
    pace: float = 0.0
    uplink: float = 0.0
    connecting: float = 0.0
    rewritten: Callable[[bytes], bytes] | None = None


GOOD = Fate()


@dataclass
class Exchange:
    """One request as far as it arrived, and the whole answer, if the request was whole."""

    fate: Fate
    request: bytearray = field(default_factory=bytearray)
    answer: bytes | None = None

    @property
    def is_whole(self) -> bool:
        head, blank, body = bytes(self.request).partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        return bool(blank) and len(body) >= (int(found[1]) if found else 0)

    @property
    def body(self) -> bytes:
        """The body of the whole answer."""
        return (self.answer or b"").partition(b"\r\n\r\n")[2]

    @property
    def call(self) -> tuple[str, str]:
        """Method and path, as far as they arrived."""
        words = bytes(self.request).split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        return words[0], words[1].partition("?")[0] if len(words) > 1 else ""


class Network:
    """Where all connections lead: to one WSGI application. ``fates`` are by the number of the request."""

    def __init__(self, app: Any, clock: FakeClock, fates: dict[int, Fate] | None = None) -> None:
        self.app, self.clock = app, clock
        self.fates = fates or {}
        self.exchanges: list[Exchange] = []
        self._quiet = socket.socketpair()  # never readable: what urllib3 asks before it uses a connection again

    def connect(self, address: tuple[str, int], timeout: float, **_: Any) -> FakeSocket:
        seconds = self.fates.get(len(self.exchanges), GOOD).connecting
        self.wait(seconds, timeout)
        made = FakeSocket(self)
        made.settimeout(timeout)
        return made

    def wait(self, seconds: float, timeout: float | None) -> None:
        """Let time pass, as a socket with a time-out would."""
        if timeout is not None and seconds > timeout:
            self.clock.sleep(timeout)
            raise TimeoutError("timed out")
        self.clock.sleep(seconds)

    def begin(self) -> Exchange:
        self.exchanges.append(Exchange(self.fates.get(len(self.exchanges), GOOD)))
        return self.exchanges[-1]

    def answered(self, exchange: Exchange) -> bytes:
        """Have a whole request done, once, and return the answer as it goes over the wire."""
        if exchange.answer is None:
            head, _, body = bytes(exchange.request).partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            method, target, _ = first.split(" ")
            headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
            place = f"http://{dict(headers).get('Host', 'aml.test')}{target}"
            status, told, content = wsgi_call(self.app, wsgi_environ(method, place, headers, io.BytesIO(body)))
            lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in told)]
            whole = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content
            exchange.answer = exchange.fate.rewritten(whole) if exchange.fate.rewritten else whole
        return exchange.answer

    def close(self) -> None:
        for end in self._quiet:
            end.close()

    def fileno(self) -> int:
        return self._quiet[0].fileno()


class FakeSocket(io.RawIOBase):
    """One connection, both socket and the raw file that http.client reads from."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network
        self._timeout: float | None = None
        self._exchange: Exchange | None = None
        self._given = 0

    def settimeout(self, seconds: float | None) -> None:
        self._timeout = seconds

    def setsockopt(self, *_: Any) -> None: ...

    def shutdown(self, _: int) -> None: ...

    def fileno(self) -> int:
        return self._network.fileno()

    def readable(self) -> bool:
        return True

    def makefile(self, mode: str, buffering: int | None = None) -> Any:
        """Give this very object: closing it changes nothing that a test could see."""
        return io.BufferedReader(_Kept(self)) if buffering != 0 else _Kept(self)

    def sendall(self, data: bytes) -> None:
        if self._exchange is None or self._given:
            self._exchange, self._given = self._network.begin(), 0
        exchange, fate = self._exchange, self._exchange.fate
        taken = len(data) * fate.uplink
        self._network.wait(taken, self._timeout)
        room = len(data) if fate.request is None else max(0, fate.request - len(exchange.request))
        exchange.request += data[:room]
        if room < len(data):
            self._end(BrokenPipeError(32, "Broken pipe"), taken)  # a socket's time-out is for the whole of sendall

    def recv_into(self, buffer: Any, *_: Any) -> int:
        exchange = self._exchange
        assert exchange is not None
        if not exchange.is_whole:
            self._end(None)
            return 0
        answer = self._network.answered(exchange)
        size = min(len(buffer), self._until_break(len(answer)) - self._given, SENT_AT_ONCE)
        if exchange.fate.pace and size:
            size = min(size, 1)
            self._network.wait(exchange.fate.pace, self._timeout)
        if size == 0 and len(buffer):
            if exchange.fate.answer is None and exchange.fate.how != "end":
                self._network.wait(1e9, self._timeout)  # whole, and kept open: the client asks for more than there is
            self._end(None)
            return 0
        buffer[:size] = answer[self._given : self._given + size]
        self._given += size
        return int(size)

    def _until_break(self, length: int) -> int:
        assert self._exchange is not None
        most = self._exchange.fate.answer
        return length if most is None else min(most, length)

    def _end(self, otherwise: OSError | None, taken: float = 0.0) -> None:
        """End the connection as its fate has it, in a call of the socket that has ``taken`` so many seconds already."""
        assert self._exchange is not None
        how = self._exchange.fate.how
        if how == "reset":
            raise ConnectionResetError(104, "Connection reset by peer")
        if how == "silence":
            self._network.wait(1e9, None if self._timeout is None else self._timeout - taken)
        if otherwise is not None:
            raise otherwise


class _Kept(io.RawIOBase):
    """The file of a socket that outlives it."""

    def __init__(self, sock: FakeSocket) -> None:
        super().__init__()
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._sock.recv_into(buffer)


@contextmanager
def connected(network: Network) -> Iterator[Network]:
    """Have every new connection of urllib3 lead into ``network``, whatever proxy this machine is told to use."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.sessions, "get_environ_proxies", lambda *_, **__: {})
        patch.setattr(urllib3.util.connection, "create_connection", network.connect)
        try:
            yield network
        finally:
            network.close()
