"""Listing blobs in the order of their names, with a prefix, a delimiter, and pages."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing

from amlemulator.adapters.files_blobs_index import BLOB_COLUMNS, Row, blob_of
from amlemulator.adapters.files_blobs_records import BlobPrefix, Page
from amlemulator.ports.blobs import BlobProperties

SURROGATES = range(0xD800, 0xE000)
LAST_CODE_POINT = 0x10FFFF

COMMITTED = f"select {BLOB_COLUMNS}, 1 from blobs b where b.container = :container and b.name >= :start"  # noqa: S608 - the columns are ours
UNCOMMITTED = (
    " union all select s.name, 0, 0, min(s.staged), min(s.staged), 'application/octet-stream', null, null, null, null, "
    "null, '', '', 0 from staged s where s.container = :container and s.name >= :start and not exists "
    "(select 1 from blobs t where t.container = s.container and t.name = s.name) group by s.name"
)


def after_prefix(prefix: str) -> str | None:
    """Return the first text that sorts after everything that begins with ``prefix``; None when there is none.

    SQLite orders texts as UTF-8 bytes, which is the order of code points.
    """
    for place in range(len(prefix) - 1, -1, -1):
        point = ord(prefix[place]) + 1
        if point <= LAST_CODE_POINT:
            return prefix[:place] + chr(SURROGATES.stop if point in SURROGATES else point)
    return None


def page(
    connection: sqlite3.Connection,
    container: int,
    *,
    prefix: str = "",
    delimiter: str = "",
    start: str = "",
    limit: int = 5000,
    uncommitted: bool = False,
) -> Page:
    """Return up to ``limit`` entries, from the name ``start`` on, and the name to go on from."""
    entries: list[BlobProperties | BlobPrefix] = []
    found = _entries(connection, container, max(prefix, start), (prefix, delimiter), uncommitted=uncommitted)
    with closing(found):
        for entry in found:
            if len(entries) == limit:
                return Page(entries, entry.name)
            entries.append(entry)
    return Page(entries, None)


def _entries(
    connection: sqlite3.Connection, container: int, start: str, shape: tuple[str, str], *, uncommitted: bool
) -> Generator[BlobProperties | BlobPrefix, None, None]:
    """Yield blobs, and one prefix for all that share it: the query starts anew behind each prefix."""
    prefix, delimiter = shape
    query = COMMITTED + (UNCOMMITTED if uncommitted else "") + " order by 1"
    position: str | None = start
    while position is not None:
        with closing(connection.execute(query, {"container": container, "start": position})) as rows:
            position = None
            for row in rows:
                name: str = row[0]
                if not name.startswith(prefix):
                    return
                cut = name.find(delimiter, len(prefix)) if delimiter else -1
                if cut >= 0:
                    shared = name[: cut + len(delimiter)]
                    yield BlobPrefix(shared)
                    position = after_prefix(shared)
                    break
                yield _listed(row)


def _listed(row: Row) -> BlobProperties:
    blob = blob_of(row)
    return blob if row[-1] else BlobProperties(blob.name, 0, blob.etag, blob.modified, blob.created, committed=False)
