"""The index of blobs: which containers, blobs and blocks there are, in SQLite (WAL) beside their contents.

One connection writes, under a lock, so that writers queue in Python instead of in SQLite's sleeping retries; readers
take connections of their own from a pool and never wait for a writer.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from amlemulator.adapters.files_blobs_records import BlobAddress, BlobHeaders, Container, FolderError
from amlemulator.core.access_policies import AccessPolicy
from amlemulator.ports.blobs import BlobMissing, BlobProperties, Copied

FORMAT = 1  # raised whenever the meaning of a row changes

SCHEMA = """
create table if not exists containers(
  id integer primary key, account text not null, name text not null, etag integer not null, modified real not null,
  public text not null, metadata text not null, policies text not null, unique (account, name));
create table if not exists blobs(
  container integer not null, name text not null, size integer not null, etag integer not null, modified real not null,
  created real not null, content_type text not null, content_md5 text, content_encoding text, content_language text,
  content_disposition text, cache_control text, metadata text not null, copied text not null, content text not null,
  blocks text not null, primary key (container, name)) without rowid;
create table if not exists staged(
  container integer not null, name text not null, id text not null, size integer not null, content text not null,
  staged real not null, primary key (container, name, id)) without rowid;
create table if not exists services(account text primary key, properties text not null) without rowid;
"""

BLOB_COLUMNS = (
    "b.name, b.size, b.etag, b.modified, b.created, b.content_type, b.content_md5, b.content_encoding, "
    "b.content_language, b.content_disposition, b.cache_control, b.metadata, b.copied"
)
CONTAINER_COLUMNS = "account, name, etag, modified, public, metadata, policies"
FIND_CONTAINER = "select id from containers where account = ? and name = ?"
FIND_BLOB = (
    f"select {BLOB_COLUMNS}, b.content, c.id from containers c left join blobs b on b.container = c.id and b.name = ? "  # noqa: S608 - the columns are ours
    "where c.account = ? and c.name = ?"
)
PUT = (
    "insert or replace into blobs(container, name, size, etag, modified, created, content_type, content_md5, "
    "content_encoding, content_language, content_disposition, cache_control, metadata, copied, content, blocks) "
    "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

Row = tuple[Any, ...]


def etag_text(number: int) -> str:
    """Return an entity tag as the service writes it."""
    return f'"0x{number:X}"'


def blob_of(row: Row) -> BlobProperties:
    """Read the columns of BLOB_COLUMNS."""
    return BlobProperties(
        name=row[0],
        size=row[1],
        etag=etag_text(row[2]),
        modified=row[3],
        created=row[4],
        content_type=row[5],
        content_md5=row[6],
        content_encoding=row[7],
        content_language=row[8],
        content_disposition=row[9],
        cache_control=row[10],
        metadata=json.loads(row[11]) if row[11] else {},
        copied=Copied(**json.loads(row[12])) if row[12] else None,
    )


def headers_of(blob: BlobProperties) -> BlobHeaders:
    """Return the settable headers of a blob."""
    return BlobHeaders(
        content_type=blob.content_type,
        content_md5=blob.content_md5,
        content_encoding=blob.content_encoding,
        content_language=blob.content_language,
        content_disposition=blob.content_disposition,
        cache_control=blob.cache_control,
    )


def container_of(row: Row) -> Container:
    """Read the columns of CONTAINER_COLUMNS."""
    account, name, etag, modified, public, metadata, policies = row
    return Container(
        account=account,
        name=name,
        etag=etag_text(etag),
        modified=modified,
        public=public,
        metadata=json.loads(metadata) if metadata else {},
        policies=tuple(AccessPolicy(**item) for item in json.loads(policies)) if policies else (),
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What the index has at an address: the container's row id, and the blob with the key of its content, if any."""

    container: int
    blob: BlobProperties | None
    content: str


def find(connection: sqlite3.Connection, where: BlobAddress) -> Found:
    """Look an address up. Raises BlobMissing when not even the container is there."""
    row = connection.execute(FIND_BLOB, (where.name, where.account, where.container)).fetchone()
    if row is None:
        raise BlobMissing(*where, container_missing=True)
    return Found(row[-1], blob_of(row) if row[0] is not None else None, row[-2] or "")


def container_id(connection: sqlite3.Connection, account: str, container: str) -> int:
    """Return a container's row id. Raises BlobMissing when it is not there."""
    row = connection.execute(FIND_CONTAINER, (account, container)).fetchone()
    if row is None:
        raise BlobMissing(account, container, "", container_missing=True)
    return int(row[0])


def encoded(value: Mapping[str, str] | Sequence[AccessPolicy] | Copied | None) -> str:
    """Return a value as the index keeps it: JSON, or "" for nothing."""
    if not value:
        return ""
    if isinstance(value, Copied):
        return json.dumps(asdict(value))
    if isinstance(value, Mapping):
        return json.dumps(dict(value))
    return json.dumps([asdict(policy) for policy in value])


class Index:
    """The database. Raises FolderError when the folder cannot be used, or another process uses it."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self._path = folder / "index.sqlite"
        self._durable = durable
        self._lock = threading.Lock()
        self._readers: deque[sqlite3.Connection] = deque()
        self._closed = False
        self._guard = _take(folder / "in-use")
        try:
            self._writer = self._connect()
            self._writer.execute("pragma journal_mode = wal")
            self._prepare()
            newest = "select max(etag) from (select max(etag) etag from blobs union select max(etag) from containers)"
            self._last_etag = int(self._writer.execute(newest).fetchone()[0] or 0)
        except sqlite3.Error as error:
            raise FolderError(f"The folder {folder} holds no index of blobs that can be used ({error}).") from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(str(self._path), check_same_thread=False, isolation_level=None)
        # Without `durable` a killed process loses nothing, for the system has the writes; a power cut may.
        connection.execute(f"pragma synchronous = {'full' if self._durable else 'off'}")
        connection.execute("pragma cache_size = -1024")
        return connection

    def _prepare(self) -> None:
        found = self._writer.execute("pragma user_version").fetchone()[0]
        if found > FORMAT:
            raise FolderError(f"The folder {self._path.parent} was written by a newer amlclassic (format {found}).")
        self._writer.executescript(SCHEMA)
        self._writer.execute(f"pragma user_version = {FORMAT}")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for reading; one statement on it sees one moment."""
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        finally:
            if self._closed:
                connection.close()
            else:
                self._readers.append(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction: commit at the end of the block, roll back when it raises."""
        with self._lock:
            self._writer.execute("begin immediate")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("rollback")
                raise
            self._writer.execute("commit")

    def next_etag(self, now: float) -> int:
        """Return a number for an entity tag: ticks of .NET, as the service's look, and never the same twice.

        Only to be called within ``writing``.
        """
        self._last_etag = max(self._last_etag + 1, int(now * 10_000_000) + 621_355_968_000_000_000)
        return self._last_etag

    def contents(self) -> set[str]:
        """Return the keys of all contents that a row names."""
        with self.reading() as connection:
            rows: Iterable[Row] = connection.execute("select content from blobs union select content from staged")
            return {row[0] for row in rows}

    def forget_staged(self, before: float) -> None:
        """Forget blocks that were staged before that moment and never committed."""
        with self.writing() as connection:
            connection.execute("delete from staged where staged < ?", (before,))

    def forget_all(self) -> list[str]:
        """Forget every row, and return the keys of the contents that they named."""
        gone: list[str] = []
        with self.writing() as connection:
            for table in ("blobs", "staged"):
                gone += [row[0] for row in connection.execute(f"delete from {table} returning content")]  # noqa: S608 - the tables are ours
            connection.execute("delete from containers")
            connection.execute("delete from services")
            self._last_etag = 0  # nothing is left that an etag of before could be mistaken for
        return gone

    def close(self) -> None:
        """Close the database and give the folder free."""
        with self._lock:
            self._closed = True
            while self._readers:
                self._readers.pop().close()
            self._writer.close()
            self._guard.close()


def _take(path: Path) -> sqlite3.Connection:
    """Take the folder for this process: an exclusive lock of SQLite's ends with the process, however it ends."""
    guard = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None, timeout=0)
    try:
        guard.execute("begin exclusive")
    except sqlite3.OperationalError as error:
        guard.close()
        raise FolderError(f"The folder {path.parent} is in use by another amlclassic, or is read-only.") from error
    return guard
