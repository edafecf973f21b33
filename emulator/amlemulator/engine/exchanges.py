"""Calls with their answers, whole, of the workspaces that somebody listens to: what consumer contracts are made of.

The journal keeps a line of every request; here are bodies too, but only while a test asks for them (recording.py).
Keys are not kept: an exchange says whose key it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

KEPT = 2000  # exchanges of one workspace
Entry = dict[str, Any]


class Exchanges:
    """What was heard, by workspace. ``changed`` is called when the first begins to listen and when the last stops."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._heard: dict[str, list[Entry]] = {}  # appending is atomic, so no lock is needed

    @property
    def listening(self) -> bool:
        """Whether anybody listens at all."""
        return bool(self._heard)

    def listen(self, workspace_id: str) -> None:
        """Keep the exchanges of a workspace from now on; those from before are forgotten."""
        self._heard = {**self._heard, workspace_id: []}
        self._changed()

    def stop(self, workspace_id: str | None = None) -> None:
        """Keep no more of a workspace, or of any, and forget what was heard."""
        self._heard = {name: one for name, one in self._heard.items() if workspace_id not in (None, name)}
        self._changed()

    def listens_to(self, workspace_id: str | None) -> bool:
        """Whether somebody listens to a workspace, and there is room for more."""
        heard = self._heard.get(workspace_id or "")
        return heard is not None and len(heard) < KEPT

    def note(self, workspace_id: str, entry: Entry) -> None:
        """Keep one exchange, unless nobody listens any more."""
        heard = self._heard.get(workspace_id)
        if heard is not None and len(heard) < KEPT:
            heard.append(entry)

    def heard(self, workspace_id: str) -> list[Entry]:
        """Return the exchanges of a workspace in the order in which they ended, [] when nobody listens."""
        return list(self._heard.get(workspace_id, ()))
