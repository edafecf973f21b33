"""Conditional headers: on reads all must hold, on writes only two pairs may stand together.

If-Match and If-Unmodified-Since must both hold; of If-None-Match and If-Modified-Since one suffices. Times have the
resolution of HTTP dates, a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from amlemulator.faces.blob_errors import not_emulated, refusal
from amlemulator.faces.blob_request import BlobRequest, environ_key
from amlemulator.ports.blobs import BlobProperties

ETags = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of a request. Entity tags have their quotes, or are ``*``; times are seconds since the epoch."""

    match: ETags = ()
    none_match: ETags = ()
    modified_since: float | None = None
    unmodified_since: float | None = None

    @property
    def any(self) -> bool:
        """Whether there is any condition."""
        return self != NONE

    def _stale(self, etag: str) -> bool:
        return bool(self.match) and "*" not in self.match and etag not in self.match

    def _changed_since(self, modified: float) -> bool:
        return self.unmodified_since is not None and math.floor(modified) > self.unmodified_since

    def _known(self, etag: str, modified: float) -> bool:
        """Tell whether the client has this already: neither of the pair's conditions, where given, holds."""
        held = []
        if self.none_match:
            held.append(etag not in self.none_match and "*" not in self.none_match)
        if self.modified_since is not None:
            held.append(math.floor(modified) > self.modified_since)
        return bool(held) and not any(held)

    def check_read(self, blob: BlobProperties) -> None:
        """Raise ServiceError ConditionNotMet (412) or NotModified (304) when a read is not wanted."""
        if "*" in self.none_match:
            raise refusal("UnsatisfiableCondition")
        if self._stale(blob.etag) or self._changed_since(blob.modified):
            raise refusal("ConditionNotMet")
        if self._known(blob.etag, blob.modified):
            raise refusal("NotModified")

    def check_write(self, blob: BlobProperties | None, *, creating: bool = False) -> None:
        """Raise ServiceError ConditionNotMet when a write is not wanted.

        ``creating``: the write makes a blob, and If-None-Match: * answers BlobAlreadyExists (409) when there is one.
        """
        if not self.any:
            return
        if blob is None:
            if self.match:
                raise refusal("ConditionNotMet")
            return
        if creating and "*" in self.none_match:
            raise refusal("BlobAlreadyExists")
        self.check_write_of(blob.etag, blob.modified)

    def check_write_of(self, etag: str, modified: float) -> None:
        """Raise ServiceError ConditionNotMet when a write to the blob or container that is like this is not wanted."""
        if self._stale(etag) or self._changed_since(modified) or self._known(etag, modified):
            raise refusal("ConditionNotMet")

    def check_source(self, blob: BlobProperties | None) -> None:
        """Raise ServiceError SourceConditionNotMet when the source of a copy is not the wanted one."""
        if blob is not None and (
            self._stale(blob.etag) or self._changed_since(blob.modified) or self._known(blob.etag, blob.modified)
        ):
            raise refusal("SourceConditionNotMet")


NONE = Conditions()
_KINDS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
_NAMES = {
    "": frozenset(map(environ_key, [*_KINDS, "x-ms-if-tags"])),
    "x-ms-source-": frozenset(environ_key(f"x-ms-source-{kind}") for kind in (*_KINDS, "if-tags")),
}


def conditions(request: BlobRequest, prefix: str = "", *, writing: bool = False) -> Conditions:
    """Read the conditions of a request; ``prefix`` "x-ms-source-" for those on the source of a copy.

    Raises ServiceError for dates that are none, for tags as conditions (blob index tags are not emulated), and for a
    write with conditions that may not stand together.
    """
    if _NAMES[prefix].isdisjoint(request.environ):
        return NONE
    if request.header(f"x-ms-{'source-' if prefix else ''}if-tags") is not None:
        raise not_emulated("Blob index tags are not emulated, so they cannot be a condition.")
    found = Conditions(
        _etags(request.header(f"{prefix}if-match")),
        _etags(request.header(f"{prefix}if-none-match")),
        request.date(f"{prefix}if-modified-since"),
        request.date(f"{prefix}if-unmodified-since"),
    )
    if writing and found.any:
        _check_combination(found)
    return found


def _check_combination(found: Conditions) -> None:
    pairs = (
        bool(found.match) or found.unmodified_since is not None,
        bool(found.none_match) or found.modified_since is not None,
    )
    if all(pairs) or len(found.match) > 1 or len(found.none_match) > 1:
        raise refusal("MultipleConditionHeadersNotSupported")


def _etags(text: str | None) -> ETags:
    # Entity tags without quotes come from listings, whose XML has none; the service takes both.
    parts = [part.strip() for part in (text or "").split(",")]
    return tuple(part if part == "*" or part.endswith('"') else f'"{part}"' for part in parts if part)
