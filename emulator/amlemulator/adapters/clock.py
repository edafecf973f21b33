"""Clocks: the machine's, and one that tests freeze and advance."""

from __future__ import annotations

import threading
import time


class SystemClock:
    """The machine's clock, which can be frozen, advanced and released again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        """Return seconds since the epoch (UTC), as this clock sees it."""
        frozen = self._frozen
        return frozen if frozen is not None else time.time() + self._offset

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen is not None

    def freeze(self, at: float | None = None) -> None:
        """Stop at ``at`` seconds since the epoch, or at this moment."""
        with self._lock:
            self._frozen = self.now() if at is None else at

    def advance(self, seconds: float) -> None:
        """Go on by ``seconds``, whether frozen or not."""
        with self._lock:
            if self._frozen is not None:
                self._frozen += seconds
            else:
                self._offset += seconds

    def resume(self) -> None:
        """Run on from the moment shown now."""
        with self._lock:
            if self._frozen is not None:
                self._offset = self._frozen - time.time()
                self._frozen = None

    def reset(self) -> None:
        """Show the machine's time again."""
        with self._lock:
            self._offset, self._frozen = 0.0, None
