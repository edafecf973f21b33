"""Programs that use the real host names, through a proxy or a listener with TLS of a started emulator."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from amlemulator import Emulator
from amlemulator.doors import Door

SECONDS = 30.0


@contextmanager
def opened(folder: Path, **changes: Any) -> Iterator[Emulator]:
    """Start an emulator whose certificate authority lies in ``folder``."""
    with Emulator(ca_folder=str(folder / "ca"), workers=1, **changes) as emulator:
        yield emulator


def session(door: Door) -> requests.Session:
    """Return a client as a program has it that takes proxy and authority from its environment."""
    made = requests.Session()
    made.trust_env = False
    made.headers["Connection"] = "close"  # nobody closes the session
    made.proxies = {"http": door.url, "https": door.url}
    made.verify = str(door.certificate)
    return made


def connected(door: Door) -> socket.socket:
    """Return a bare connection."""
    return socket.create_connection(("127.0.0.1", door.port), timeout=SECONDS)


def connect(door: Door, target: str) -> tuple[socket.socket, bytes]:
    """Ask a proxy for a tunnel; return the connection and the first line of the answer."""
    made = connected(door)
    made.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head and (piece := made.recv(1)):
        head += piece
    return made, head.partition(b"\r\n")[0]


def shaken(made: socket.socket, door: Door, name: str) -> ssl.SSLSocket:
    """Shake hands over a connection, as a client that trusts the authority."""
    return ssl.create_default_context(cafile=str(door.certificate)).wrap_socket(made, server_hostname=name)


def exchanged(made: socket.socket, head: str, body: bytes = b"") -> bytes:
    """Send a request that ends its connection; return all that is answered."""
    made.sendall(head.replace("\n", "\r\n").encode() + body)
    with made.makefile("rb") as answer:
        return answer.read()
