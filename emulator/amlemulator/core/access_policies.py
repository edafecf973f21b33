"""Stored access policies. Apart from core/sas.py, so that a storage can keep them without what checks tokens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """A stored access policy of a container. Times are ISO 8601 as the client wrote them; "" means not set."""

    id: str
    start: str = ""
    expiry: str = ""
    permissions: str = ""
