"""The journal of requests: a bounded ring, without secrets."""

from __future__ import annotations

import re
from collections import deque
from typing import Any
from urllib.parse import unquote

KEPT = 1000
SECRETS = re.compile(r"(?i)(?:^|[?&])(?:sig|code|key|token)=")


def masked(uri: str) -> str:
    """Return the request target with every signature and key in its query hidden.

    A value that is an address with a signature of its own is hidden whole (Studio's packages are named so).
    """
    path, mark, query = uri.partition("?")
    return path + mark + "&".join(_masked(part) for part in query.split("&"))


def _masked(part: str) -> str:
    text, plain = "", part
    while text != plain:  # as often as it was escaped
        text, plain = plain, unquote(plain)
        if SECRETS.search(plain):
            return part.partition("=")[0] + "=***"
    return part


class Journal:
    """The last requests, newest last. Appending to a bounded deque is atomic, so no lock is needed."""

    def __init__(self) -> None:
        self._ring: deque[tuple[str, float, str, str, str | None, int]] = deque(maxlen=KEPT)

    def note(self, request_id: str, arrived: float, method: str, uri: str, operation: str | None, status: int) -> None:
        """Remember one answered request."""
        self._ring.append((request_id, arrived, method, uri, operation, status))

    def entries(self) -> list[dict[str, Any]]:
        """Return what is kept, as JSON, with secrets masked."""
        return [
            {
                "id": request_id,
                "time": arrived,
                "method": method,
                "url": masked(uri),
                "operation": name,
                "status": status,
            }
            for request_id, arrived, method, uri, name, status in list(self._ring)
        ]

    def clear(self) -> None:
        """Forget everything."""
        self._ring.clear()
