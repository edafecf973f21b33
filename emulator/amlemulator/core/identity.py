"""Ids and keys, derived from (seed, kind, ordinal) and not drawn from a shared stream.

So one more request elsewhere changes nothing, and the same seed gives the same ids and keys.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import uuid


class Identity:
    """The source of every id and key of one emulator."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def _digest(self, kind: str, ordinal: object) -> bytes:
        return hashlib.sha512(f"{self._seed}\0{kind}\0{ordinal}".encode()).digest()

    def new_id(self, kind: str, ordinal: object) -> str:
        """Return 32 lower-case hex digits."""
        return self._digest(kind, ordinal)[:16].hex()

    def new_guid(self, kind: str, ordinal: object) -> str:
        """Return a guid with dashes."""
        return str(uuid.UUID(bytes=self._digest(kind, ordinal)[:16]))

    def new_key(self, kind: str, ordinal: object) -> str:
        """Return 64 bytes as 88 characters of base64, the shape of the service's keys (documents.md 2.2)."""
        return base64.b64encode(self._digest(kind, ordinal)).decode()

    def guids(self, kind: str) -> Guids:
        """Return a source of guids, one after the other."""
        return Guids(self, kind)


class Guids:
    """Guids with dashes, each the next of its kind: the same requests in the same order have the same ones."""

    def __init__(self, identity: Identity, kind: str) -> None:
        self._identity = identity
        self._kind = kind
        self.restart()

    def restart(self) -> None:
        """Begin with the first one again."""
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        """Return the next one."""
        return self._identity.new_guid(self._kind, next(self._numbers))
