"""Blobs by their whole address."""

from __future__ import annotations

from typing import Any, BinaryIO

from ._client import ServiceClient, refusal
from ._models import BlobLocation
from ._transport import Call

__all__ = ["BlobReader"]


class BlobReader(ServiceClient):
    """Reads blobs whose address carries its own permission (a SAS). Arguments are those of :class:`ServiceClient`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(None, **options)

    def read(self, location: BlobLocation, *, timeout: float | None = None) -> bytes:
        """Return a whole (small) blob. Raises WrongCall when the reference has no address of its own."""
        return self.call(Call("GET", location.url, repeatable=True), timeout=timeout).content

    def download(self, location: BlobLocation, file: BinaryIO, *, timeout: float = 3600.0) -> int:
        """Stream a blob of any size into ``file``, and return its size in bytes."""
        deadline = self._deadline(timeout)
        size = 0
        for part in self._transport.stream(Call("GET", location.url), deadline):
            if isinstance(part, bytes):
                size += file.write(part)
            elif not 200 <= part.status < 300:
                raise refusal(part)
        return size
