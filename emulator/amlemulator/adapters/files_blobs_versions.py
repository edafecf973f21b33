"""Versions of blobs: every write makes a new one and puts it in the place of the old, in one transaction.

The old content is removed after the commit, so whoever has it open reads it to its end.
"""

from __future__ import annotations

import base64
import hmac
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from amlemulator.adapters.files_blobs_content import ContentFolder, Written
from amlemulator.adapters.files_blobs_index import PUT, Found, Index, encoded, etag_text, find, headers_of
from amlemulator.adapters.files_blobs_records import BlobAddress, BlobHeaders, Check, unchecked
from amlemulator.core.errors import failure
from amlemulator.ports.blobs import BlobMissing, BlobProperties, Copied
from amlemulator.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Version:
    """What a blob shall be. ``content`` is the key of its content, ``blocks`` its block list as the index keeps it."""

    headers: BlobHeaders = field(default_factory=BlobHeaders)
    metadata: Mapping[str, str] = field(default_factory=dict)
    copied: Copied | None = None
    content: str = ""
    size: int = 0
    blocks: str = ""


def matching_md5(expected: str | None, written: Written) -> None:
    """Compare what was written with the MD5 (base64) that the client gave. Raises ServiceError Md5Mismatch."""
    if expected is not None and not hmac.compare_digest(base64.b64decode(expected), written.md5 or b""):
        raise failure("blob/Md5Mismatch")


def _properties(name: str, version: Version, etag: int, modified: float, created: float) -> BlobProperties:
    headers = version.headers
    return BlobProperties(
        name=name,
        size=version.size,
        etag=etag_text(etag),
        modified=modified,
        created=created,
        content_type=headers.content_type,
        content_md5=headers.content_md5,
        content_encoding=headers.content_encoding,
        content_language=headers.content_language,
        content_disposition=headers.content_disposition,
        cache_control=headers.cache_control,
        metadata=version.metadata,
        copied=version.copied,
    )


class Versions:
    """The current version of each blob."""

    def __init__(self, index: Index, contents: ContentFolder, clock: Clock) -> None:
        self._index = index
        self._contents = contents
        self._clock = clock

    def find(self, where: BlobAddress) -> Found:
        """Return what is there. Raises BlobMissing when the blob or its container is not."""
        with self._index.reading() as connection:
            found = find(connection, where)
        if found.blob is None:
            raise BlobMissing(*where)
        return found

    def open(self, where: BlobAddress) -> tuple[BlobProperties, BinaryIO]:
        """Return a blob's properties with its content, opened: one version, whatever is written meanwhile.

        Raises BlobMissing.
        """
        lost = None
        while True:
            found = self.find(where)
            assert found.blob is not None  # find() says so
            try:
                return found.blob, self._contents.open(found.content)
            except FileNotFoundError:
                if found.content == lost:  # not replaced by a writer, as a moment ago: somebody removed the file
                    raise
                lost = found.content

    def write(
        self,
        where: BlobAddress,
        content: BinaryIO,
        version: Version,
        *,
        size: int | None = None,
        md5: str | None = None,
        check: Check = unchecked,
    ) -> BlobProperties:
        """Write a blob from a stream. Raises BlobMissing without the container, Md5Mismatch, and as ``check``.

        ShortBody when the stream ends before ``size`` bytes. After any of these everything is as it was.
        """
        written = self._contents.write(content, size)
        headers = version.headers
        if headers.content_md5 is None and written.md5 is not None:
            headers = replace(headers, content_md5=base64.b64encode(written.md5).decode())
        try:
            matching_md5(md5, written)
            kept = Version(headers, version.metadata, version.copied, written.key, written.size)
            return self.replace(where, kept, check)
        except BaseException:
            self._contents.discard(written.key)
            raise

    def replace(self, where: BlobAddress, version: Version, check: Check = unchecked) -> BlobProperties:
        """Put a version in the place of the one there is. Raises BlobMissing without the container, and as check."""
        with self._index.writing() as connection:
            found = find(connection, where)
            check(found.blob)
            blob, gone = self._put(connection, where, found, version)
        self._contents.discard(*gone)
        return blob

    def replace_if_still(
        self, where: BlobAddress, version: Version, check: Check, content: str
    ) -> BlobProperties | None:
        """Do as ``replace`` when the blob's content is still ``content``; else discard the version and return None."""
        try:
            with self._index.writing() as connection:
                found = find(connection, where)
                check(found.blob)
                if found.content != content:
                    self._contents.discard(version.content)
                    return None
                blob, gone = self._put(connection, where, found, version)
        except BaseException:
            self._contents.discard(version.content)
            raise
        self._contents.discard(*gone)
        return blob

    def _put(
        self, connection: sqlite3.Connection, where: BlobAddress, found: Found, version: Version
    ) -> tuple[BlobProperties, list[str]]:
        now = self._clock.now()
        etag = self._index.next_etag(now)
        created = found.blob.created if found.blob else now
        headers = version.headers
        row = (
            *(found.container, where.name, version.size, etag, now, created),
            *(headers.content_type, headers.content_md5, headers.content_encoding, headers.content_language),
            *(headers.content_disposition, headers.cache_control),
            *(encoded(version.metadata), encoded(version.copied), version.content, version.blocks),
        )
        connection.execute(PUT, row)
        gone = connection.execute(
            "delete from staged where container = ? and name = ? returning content", (found.container, where.name)
        )
        blob = _properties(where.name, version, etag, now, created)
        return blob, [found.content, *(row[0] for row in gone)]

    def change(
        self,
        where: BlobAddress,
        *,
        headers: BlobHeaders | None = None,
        metadata: Mapping[str, str] | None = None,
        check: Check = unchecked,
    ) -> BlobProperties:
        """Replace a blob's headers or metadata (None: leave them). Raises BlobMissing, and what ``check`` raises."""
        now = self._clock.now()
        with self._index.writing() as connection:
            found = find(connection, where)
            if found.blob is None:
                raise BlobMissing(*where)
            check(found.blob)
            kept = headers or headers_of(found.blob)
            metadata = found.blob.metadata if metadata is None else metadata
            connection.execute(
                "update blobs set etag = ?, modified = ?, content_type = ?, content_md5 = ?, content_encoding = ?, "
                "content_language = ?, content_disposition = ?, cache_control = ?, metadata = ? "
                "where container = ? and name = ?",
                (
                    *(self._index.next_etag(now), now, kept.content_type, kept.content_md5, kept.content_encoding),
                    *(kept.content_language, kept.content_disposition, kept.cache_control, encoded(metadata)),
                    *(found.container, where.name),
                ),
            )
            changed = find(connection, where).blob
        assert changed is not None  # it was there a statement ago, in this transaction
        return changed

    def delete(self, where: BlobAddress, check: Check = unchecked) -> None:
        """Remove a blob with its uncommitted blocks. Raises BlobMissing, and what ``check`` raises."""
        with self._index.writing() as connection:
            found = find(connection, where)
            if found.blob is None:
                raise BlobMissing(*where)
            check(found.blob)
            key = (found.container, where.name)
            connection.execute("delete from blobs where container = ? and name = ?", key)
            staged = connection.execute("delete from staged where container = ? and name = ? returning content", key)
            gone = [row[0] for row in staged]
        self._contents.discard(found.content, *gone)

    def copy(
        self,
        source: BlobAddress,
        target: BlobAddress,
        *,
        metadata: Mapping[str, str] | None = None,
        copied: Copied | None = None,
        check_source: Check = unchecked,
        check: Check = unchecked,
    ) -> BlobProperties:
        """Make ``target`` a copy of ``source``: the same headers and the same bytes, shared on the disk.

        Without ``metadata`` of its own it has the source's. Raises BlobMissing, and what the checks raise.
        """
        while True:
            found = self.find(source)
            assert found.blob is not None  # find() says so
            check_source(found.blob)
            try:
                content = self._contents.link(found.content)
            except FileNotFoundError:
                continue  # replaced in this moment
            kept = metadata or found.blob.metadata
            copy = Version(headers_of(found.blob), kept, copied, content, found.blob.size)
            try:
                return self.replace(target, copy, check)
            except BaseException:
                self._contents.discard(content)
                raise
