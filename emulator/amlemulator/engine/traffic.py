"""What programs that use real host names called through one way in, and how it was answered."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Literal

from amlemulator.engine.journal import masked

KEPT = 10_000  # calls, the newest; and hosts
Trouble = Literal["refused", "distrusted"]


class Traffic:
    """A bounded record of calls and of what went wrong before there was a call."""

    def __init__(self) -> None:
        self._calls: deque[tuple[str, str, str, int]] = deque(maxlen=KEPT)
        self._troubles: dict[tuple[Trouble, str, str], int] = {}
        self._lock = threading.Lock()

    def note(self, host: str, method: str, uri: str, status: int) -> None:
        """Remember an answered call; status 0 means that its connection was cut."""
        self._calls.append((host, method, uri, status))

    def trouble(self, kind: Trouble, host: str, reason: str) -> bool:
        """Count something that went wrong. Returns whether it is the first of its kind, so that it is told once."""
        with self._lock:
            key = (kind, host, reason)
            if key not in self._troubles and len(self._troubles) >= KEPT:
                return False
            self._troubles[key] = self._troubles.get(key, 0) + 1
            return self._troubles[key] == 1

    def as_json(self) -> dict[str, Any]:
        """Return everything, oldest first, with secrets masked."""
        with self._lock:
            troubles = list(self._troubles.items())
        return {
            "calls": [
                {"host": host, "method": method, "url": masked(uri), "status": status}
                for host, method, uri, status in list(self._calls)
            ],
            "troubles": [
                {"kind": kind, "host": host, "reason": reason, "times": times}
                for (kind, host, reason), times in troubles
            ],
        }
