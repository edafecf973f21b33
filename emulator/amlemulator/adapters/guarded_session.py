"""A requests session that connects only to addresses which may be contacted, and follows nothing elsewhere.

A host's name is looked up again at each connection, so what was looked at before says nothing. The address is looked at
when the connection stands and before the first byte, of TLS or of HTTP, is sent.
"""

from __future__ import annotations

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from amlemulator.core.allowed_hosts import never_contacted


class AddressRefusedError(OSError):
    """A name leads to an address that is never contacted."""


def checked(connection: socket.socket) -> socket.socket:
    """Return a connection to an address that may be contacted. Raises AddressRefusedError, and closes it, otherwise."""
    if never_contacted(connection.getpeername()[0]):
        connection.close()
        raise AddressRefusedError("the name leads to an address that is never contacted")
    return connection


class GuardedConnection(HTTPConnection):
    """A plain connection."""

    def _new_conn(self) -> socket.socket:
        return checked(super()._new_conn())


class GuardedTlsConnection(HTTPSConnection):
    """A connection with TLS."""

    def _new_conn(self) -> socket.socket:
        return checked(super()._new_conn())


class GuardedPool(HTTPConnectionPool):
    """Plain connections to one host."""

    ConnectionCls = GuardedConnection


class GuardedTlsPool(HTTPSConnectionPool):
    """Connections with TLS to one host."""

    ConnectionCls = GuardedTlsConnection


class GuardedAdapter(HTTPAdapter):
    """Makes requests' connections guarded ones."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        """Make the pool manager."""
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": GuardedPool, "https": GuardedTlsPool}


def guarded_session() -> requests.Session:
    """Return a session without the environment's proxies and passwords: those would be further hosts nobody named."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    for scheme in ("http://", "https://"):
        session.mount(scheme, GuardedAdapter())
    return session
