"""How a call says who is calling (clients.md section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ._redaction import HIDDEN

__all__ = ["Anonymous", "Auth", "Bearer"]


class Auth(Protocol):
    """What the authentication step asks for."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers to add to a call."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """Return what must never be shown."""
        ...


class Anonymous:
    """No credentials: swagger.json, help pages, and blobs whose address carries a SAS."""

    def headers(self) -> Mapping[str, str]:
        """Return no headers."""
        return {}

    def secrets(self) -> tuple[str, ...]:
        """Return nothing: there is no secret."""
        return ()


class Bearer:
    """``Authorization: Bearer <key>``: an endpoint's key, or a workspace's token on the management host."""

    def __init__(self, key: str) -> None:
        self._key = key.strip()

    def headers(self) -> Mapping[str, str]:
        """Return the Authorization header."""
        return {"Authorization": f"Bearer {self._key}"}

    def secrets(self) -> tuple[str, ...]:
        """Return the key."""
        return (self._key,)

    def __repr__(self) -> str:
        return f"Bearer({HIDDEN})"
