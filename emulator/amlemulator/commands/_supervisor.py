"""Telling a service manager what is going on, in systemd's protocol: a datagram to the socket that it names."""

from __future__ import annotations

import os
import socket


def tell(state: str) -> None:
    """Send a state (``READY=1``, ``STOPPING=1``) to who asked for it through NOTIFY_SOCKET; nobody did, mostly."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        # A name that begins with @ is in Linux' abstract name space.
        channel.connect("\0" + address[1:] if address.startswith("@") else address)
        channel.sendall(state.encode())
