"""Time, from outside, so that tests wait for nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol


class Clock(Protocol):
    """What the client needs to know of time."""

    def now(self) -> float:
        """Return seconds since the epoch (UTC)."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return seconds since the epoch (UTC)."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True)
class Deadline:
    """The end of the time that one operation may take, its retries included."""

    clock: Clock
    seconds: float
    started: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started", self.clock.monotonic())

    @property
    def elapsed(self) -> float:
        """Seconds since the operation began."""
        return self.clock.monotonic() - self.started

    @property
    def left(self) -> float:
        """Seconds that remain; zero or less when the time is over."""
        return self.seconds - self.elapsed
