"""Connections that keep to a deadline: whatever the peer does, no byte is waited for beyond it.

A time-out of a socket bounds the silence between two packets, so a peer that sends the head of its answer one byte at a
time holds a caller for hours. Here every send and every receive, of the head as of the body, is cut to what is left.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPResponse, RemoteDisconnected
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

from ._clock import Deadline

_PIECE = 16384  # bytes sent at once: one record of TLS, whose sendall gives each record the whole time-out again


@dataclass(frozen=True, slots=True)
class Bound:
    """How long the peer may be silent, in seconds, and when all has to be over."""

    silence: float
    deadline: Deadline

    @property
    def left(self) -> float:
        """Seconds that may pass now. Raises TimeoutError when there are none."""
        left = min(self.silence, self.deadline.left)
        if left <= 0:
            raise TimeoutError("timed out")
        return left


_BOUND: ContextVar[Bound | None] = ContextVar("bound", default=None)


@contextmanager
def bounded(bound: Bound) -> Iterator[None]:
    """Have what is sent meanwhile, and the answer to it to its last byte, keep to ``bound``."""
    token = _BOUND.set(bound)
    try:
        yield
    finally:
        _BOUND.reset(token)


class _BoundedFile(io.RawIOBase):
    """What a response is read from: a socket's file, its time-out set anew before each read."""

    def __init__(self, sock: Any, file: Any, bound: Bound) -> None:
        super().__init__()
        self._sock, self._file, self._bound = sock, file, bound

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Receive what there is."""
        self._sock.settimeout(self._bound.left)
        return cast("int | None", self._file.readinto(buffer))

    def close(self) -> None:
        """Let go of the socket, which closes it when its connection let go of it before."""
        self._file.close()
        super().close()


class _Lines(io.BufferedReader):
    """Remembers the last line that was read."""

    last = b""

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line."""
        self.last = super().readline(size)
        return self.last


class _BoundedResponse(HTTPResponse):
    """An answer whose reading is bounded, and whose head is whole."""

    def __init__(self, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        file, bound = self.fp.detach(), _BOUND.get()
        self._lines = _Lines(file if bound is None else _BoundedFile(sock, file, bound))
        self.fp: Any = self._lines

    def begin(self) -> None:
        """Read the head. Raises RemoteDisconnected when the connection ends in it, which http.client takes for its end.

        A cut head can look whole in every other way: ``Content-Length: 0`` without the headers that were to follow.
        """
        super().begin()
        if self._lines.last not in (b"\r\n", b"\n"):
            raise RemoteDisconnected("Remote end closed connection within the head of its response")


class _BoundedConnection(HTTPConnection):
    response_class = _BoundedResponse

    def connect(self) -> None:
        """Connect, in what is left of the time."""
        bound = _BOUND.get()
        if bound is not None and isinstance(self.timeout, (int, float)):
            self.timeout = min(self.timeout, bound.left)
        super().connect()

    def send(self, data: Any) -> None:
        """Send, connecting first where that was not done yet."""
        bound = _BOUND.get()
        if bound is None or not isinstance(data, bytes):
            super().send(data)
            return
        if self.sock is None:
            self.connect()
        for start in range(0, len(data), _PIECE):
            self.sock.settimeout(bound.left)
            super().send(data[start : start + _PIECE])


class _BoundedHTTPSConnection(_BoundedConnection, HTTPSConnection):
    """The same through TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _BoundedConnection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedHTTPSConnection


class BoundedAdapter(HTTPAdapter):
    """The adapter of a pooled ``requests`` session whose connections keep to their deadline, through proxies too."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*arguments, **options)
        _ours(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Make the pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        _ours(manager)
        return manager


def _ours(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}


def pooled(size: int) -> requests.Session:
    """Return a session of at most ``size`` connections to a host, which repeats nothing by itself."""
    session = requests.Session()
    adapter = BoundedAdapter(pool_connections=size, pool_maxsize=size, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session
