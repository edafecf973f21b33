"""How long a PATCH takes until scores show it."""

from __future__ import annotations

from amlemulator.core.records import Endpoint


class Propagation:
    """The delay of every endpoint, in seconds; that of one whose last PATCH was made slow is its own."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._own: dict[str, tuple[str, float]] = {}  # by endpoint: its workspace, and the delay

    def of(self, endpoint_id: str) -> float:
        """Return how long the last PATCH of an endpoint takes."""
        own = self._own.get(endpoint_id)
        return self._seconds if own is None else own[1]

    def note(self, endpoint: Endpoint, seconds: float | None) -> None:
        """Note how long a PATCH of an endpoint takes that has just been made; None: as long as every other."""
        if seconds is not None:
            self._own[endpoint.id] = (endpoint.workspace_id, seconds)
        else:
            self._own.pop(endpoint.id, None)

    def forget(self, workspace_id: str | None = None) -> None:
        """Have every PATCH take the same time, in one workspace or in all."""
        self._own = {key: one for key, one in self._own.items() if workspace_id not in (None, one[0])}
