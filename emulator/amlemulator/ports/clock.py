"""Time, from outside."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """A source of time that tests can freeze and advance."""

    def now(self) -> float:
        """Return seconds since the epoch (UTC)."""
        ...
