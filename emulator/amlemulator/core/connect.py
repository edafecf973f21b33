"""What a proxy is asked for, and the words in which it refuses.

The grammar is that of RFC 9110 section 9.3.6 and RFC 9112 section 3.2.3 (authority-form); a name has the letters that
DNS allows, so that nothing a client sends can break out of a status line or a log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from amlemulator.core.regions import BLOB_DOMAIN

HOST = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253})|\[[0-9A-Fa-f:.]{2,45}\])"
AUTHORITY = re.compile(rf"({HOST})(?::([0-9]{{1,5}}))?\Z")
CONNECT = re.compile(rb"CONNECT ([^ \r\n]+) HTTP/1\.[01]\r\n")


@dataclass(frozen=True, slots=True)
class Target:
    """A host, in lower case and without a trailing dot, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def read_target(text: str, default_port: int | None = None) -> Target:
    """Read ``host:port``. Raises ValueError for anything else, and for a missing port without ``default_port``."""
    found = AUTHORITY.match(text)
    port = found and (int(found[2]) if found[2] else default_port)
    if not found or not port or port > 65535:
        raise ValueError("no host and port")
    return Target(found[1].lower().rstrip("."), port)


def read_connect(head: bytes) -> Target:
    """Read the head of a CONNECT request, first line and headers. Raises ValueError when it is none."""
    found = CONNECT.match(head)
    if not found:
        raise ValueError("no CONNECT request")
    return read_target(found[1].decode("latin-1"))


def refusal(target: Target, *, proxy: bool = True) -> str:
    """Return the sentence that refuses a target; clients show the reason phrase of an answer and little else.

    Only a proxy can let other hosts through.
    """
    if target.host.endswith(BLOB_DOMAIN):
        return f"{target} is no storage account of this emulator; --auto-accounts or a workspace's storage makes it one"
    mend = f"; --passthrough {target.host} would let it through" if proxy else ""
    return f"{target} is no host of the service{mend}"
