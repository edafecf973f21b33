"""The Store port on SQLite (standard library): ``:memory:`` for throw-away use, a file for durable use, one code."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from amlemulator.adapters.record_codecs import KINDS, decode, encode
from amlemulator.adapters.state_formats import FORMAT, StateFileError, bring_up
from amlemulator.core.records import Endpoint, Job, WebService
from amlemulator.ports.store import NOTHING, Change, Record, Snapshot, StoredRecord

SCHEMA = """
create table if not exists records(
  kind text not null, id text not null, parent text not null, ordinal integer not null, body text not null,
  primary key (kind, id)) without rowid;
create index if not exists children on records(kind, parent, ordinal);
create index if not exists endpoint_names on records(parent, json_extract(body, '$.name')) where kind = 'Endpoint';
create index if not exists job_queue on records(
  parent, json_extract(body, '$.state'), json_extract(body, '$.queued'), json_extract(body, '$.place'))
  where kind = 'Job';
create table if not exists ordinals(kind text primary key, last integer not null) without rowid;
create table if not exists contents(key text primary key, content blob not null);
"""


# The kind is written out in these, and the expressions are those of the indexes: else SQLite could not use them.
NAMED = """
select body from records indexed by endpoint_names
where kind = 'Endpoint' and parent = ? and json_extract(body, '$.name') = ?
"""
RUNNING = """
select count(*) from records indexed by job_queue
where kind = 'Job' and parent = ? and json_extract(body, '$.state') = 'Running'
"""
QUEUE = """
select body from records indexed by job_queue
where kind = 'Job' and parent = ? and json_extract(body, '$.state') = 'NotStarted'
and json_extract(body, '$.queued') = 1 order by json_extract(body, '$.place') limit ?
"""
NEWEST = """
select body from records where kind = 'Job'
order by json_extract(body, '$.created') desc, ordinal desc, id limit ? offset ?
"""
COUNT_THEIRS = """
select count(*) from records
where kind in (select value from json_each(?)) and parent in (select value from json_each(?))
"""
DELETE_THEIRS = """
delete from records
where kind in (select value from json_each(?)) and parent in (select value from json_each(?))
"""
OTHERS = """
select * from records
where not (kind in (select value from json_each(?)) and parent in (select value from json_each(?)))
"""
COUNT_SOME = "select count(*) from (select 1 from records limit ?)"
CHANGES_KEPT = 10_000  # a cache that looks more seldom than that reads everything again


def _unusable(path: str | Path, error: sqlite3.Error) -> StateFileError:
    reason = "another amlclassic has it in use" if "locked" in str(error) else str(error)
    return StateFileError(f"The state file {path} cannot be used ({reason}). Name another with --state.")


class SqliteTransaction:
    """One open transaction. See the Transaction protocol."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.changes: list[Change] = []

    def get(self, kind: type[Record], record_id: str) -> Record | None:
        """Return the record, or None."""
        row = self._connection.execute(
            "select body from records where kind = ? and id = ?", (kind.__name__, record_id)
        ).fetchone()
        return decode(kind.__name__, row[0]) if row else None

    def list(self, kind: type[Record], parent: str | None = None) -> Sequence[Record]:
        """Return records in order of creation."""
        if parent is None:
            rows = self._connection.execute(
                "select body from records where kind = ? order by ordinal, id", (kind.__name__,)
            )
        else:
            rows = self._connection.execute(
                "select body from records where kind = ? and parent = ? order by ordinal, id", (kind.__name__, parent)
            )
        return [decode(kind.__name__, row[0]) for row in rows]

    def count(self, kind: type[Record], parent: str) -> int:
        """Return how many children of that kind a parent has."""
        counted = "select count(*) from records where kind = ? and parent = ?"
        return int(self._connection.execute(counted, (kind.__name__, parent)).fetchone()[0])

    def endpoint_named(self, service_id: str, name: str) -> Endpoint | None:
        """Return a service's endpoint by its name, or None."""
        row = self._connection.execute(NAMED, (service_id, name)).fetchone()
        return decode("Endpoint", row[0]) if row else None

    def running(self, endpoint_id: str) -> int:
        """Return how many jobs of an endpoint run."""
        return int(self._connection.execute(RUNNING, (endpoint_id,)).fetchone()[0])

    def newest_jobs(self, skip: int, most: int) -> tuple[Sequence[Job], int]:
        """Return some jobs of all endpoints, the newest first, and how many there are."""
        (total,) = self._connection.execute("select count(*) from records where kind = 'Job'").fetchone()
        rows = self._connection.execute(NEWEST, (most, skip))
        return [decode("Job", row[0]) for row in rows], int(total)

    def queue(self, endpoint_id: str, most: int) -> Sequence[Job]:
        """Return the first ``most`` jobs of an endpoint that wait to run."""
        return [decode("Job", row[0]) for row in self._connection.execute(QUEUE, (endpoint_id, most))]

    def put(self, record: StoredRecord) -> None:
        """Add the record, or replace the one with its id."""
        kind = type(record).__name__
        self.changes.append(Change(type(record), record.id, record))
        self._connection.execute(
            "insert or replace into records(kind, id, parent, ordinal, body) values (?, ?, ?, ?, ?)",
            (kind, record.id, record.parent, record.ordinal, encode(record)),
        )

    def delete(self, kind: type[Record], record_id: str) -> None:
        """Remove the record if it is there."""
        self.changes.append(Change(kind, record_id, None))
        self._connection.execute("delete from records where kind = ? and id = ?", (kind.__name__, record_id))

    def next_ordinal(self, kind: str) -> int:
        """Return 1, 2, 3, ... per ``kind``, never the same twice."""
        row = self._connection.execute(
            "insert into ordinals(kind, last) values (?, 1) "
            "on conflict(kind) do update set last = last + 1 returning last",
            (kind,),
        ).fetchone()
        return int(row[0])


class SqliteStore:
    """Records and contents in one SQLite database. See the Store protocol.

    All threads share one connection under one lock: a transaction is a few statements of some microseconds, and the hot
    path does not come here (engine/directory.py caches what it needs).
    """

    def __init__(self, path: str | Path = ":memory:") -> None:
        """Open or make the database. Raises StateFileError when the file cannot serve."""
        self._lock = threading.RLock()
        self.generation = 0
        self._changes: deque[tuple[Change, ...]] = deque(maxlen=CHANGES_KEPT)  # those of a generation together
        self.discarding: Callable[[], bool] = lambda: False
        try:
            self._connection = sqlite3.connect(str(path), timeout=0.2, check_same_thread=False, isolation_level=None)
        except sqlite3.Error as error:
            raise _unusable(path, error) from error
        try:
            self._open(path)
        except sqlite3.Error as error:
            self._connection.close()
            raise _unusable(path, error) from error
        except StateFileError:
            self._connection.close()
            raise

    def _open(self, path: str | Path) -> None:
        # One emulator at a time: two would each overlook, in their caches, what the other changes.
        self._connection.execute("pragma locking_mode = exclusive")
        bring_up(self._connection, path)
        self._connection.execute("pragma journal_mode = wal")
        if str(path) == ":memory:":
            self._connection.execute("pragma synchronous = off")
            # Debian's SQLite writes zeros over what is deleted, which doubles the time of a reset.
            self._connection.execute("pragma secure_delete = off")
        else:
            self._connection.execute("pragma synchronous = full")
        self._connection.executescript(SCHEMA)
        self._connection.execute(f"pragma user_version = {FORMAT}")

    @contextmanager
    def transaction(self) -> Iterator[SqliteTransaction]:
        """Commit at the end of the block, roll back when it raises."""
        with self._lock:
            self._connection.execute("begin immediate")
            transaction = SqliteTransaction(self._connection)
            try:
                yield transaction
                discarded = self.discarding()
                self._connection.execute("rollback" if discarded else "commit")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
                raise
            made = () if discarded else tuple(change for change in transaction.changes if change.kind is not Job)
            if made:
                self._changes.append(made)
                self.generation += 1

    def changes(self, since: int) -> Sequence[Change] | None:
        """Return what has changed since that generation, jobs left out, in order; None when that is not known."""
        with self._lock:
            missed = self.generation - since
            if not 0 <= missed <= len(self._changes):
                return None
            kept = islice(reversed(self._changes), missed)
            return [change for made in reversed(list(kept)) for change in made]

    def save_content(self, content: bytes) -> str:
        """Keep bytes and return their key."""
        key = hashlib.sha256(content).hexdigest()
        with self._lock:
            self._connection.execute("insert or ignore into contents(key, content) values (?, ?)", (key, content))
        return key

    def load_content(self, key: str) -> bytes:
        """Return the bytes kept under ``key``; KeyError when there are none."""
        with self._lock:
            row = self._connection.execute("select content from contents where key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return bytes(row[0])

    def contents(self) -> list[bytes]:
        """Return every content that is kept."""
        with self._lock:
            return [bytes(row[0]) for row in self._connection.execute("select content from contents")]

    def snapshot(self) -> Snapshot:
        """Return every record and ordinal as they are now."""
        with self._lock:
            records = self._connection.execute("select kind, id, parent, ordinal, body from records").fetchall()
            return Snapshot(tuple(records), tuple(self._connection.execute("select kind, last from ordinals")))

    def reset(self, to: Snapshot = NOTHING, workspace_id: str | None = None) -> None:
        """Put the snapshot in the place of everything, or of what belongs to one workspace; contents stay.

        They are named by what they are. A workspace that the snapshot does not have stays, empty.
        """
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                if workspace_id is None:
                    self._connection.execute("delete from records")
                    self._connection.execute("delete from ordinals")
                else:
                    to = self._empty(to, workspace_id)
                self._connection.executemany("insert or replace into records values (?, ?, ?, ?, ?)", to.records)
                self._connection.executemany("insert or replace into ordinals values (?, ?)", to.ordinals)
                self._connection.execute("commit")
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._changes.clear()  # everything may be another
            self.generation += 1

    def _empty(self, snapshot: Snapshot, workspace_id: str) -> Snapshot:
        """Delete what belongs to a workspace; return the part of the snapshot that does."""
        owners = [workspace_id, *self._ids(WebService, workspace_id)]
        for service_id in owners[1:]:
            owners += self._ids(Endpoint, service_id)
        self._delete_children(owners)
        for (name,) in self._connection.execute("select kind from ordinals").fetchall():
            if name.partition("/")[2] in owners:
                self._connection.execute("delete from ordinals where kind = ?", (name,))
        return snapshot.of_workspace(workspace_id)

    def _delete_children(self, owners: list[str]) -> None:
        """Delete what belongs to these. A job costs microseconds, for its indexes read its body; a whole table is free.

        So where most of the table goes, all of it does, and the rest is put back.
        """
        theirs = (json.dumps(KINDS), json.dumps(owners))
        (count,) = self._connection.execute(COUNT_THEIRS, theirs).fetchone()
        (total,) = self._connection.execute(COUNT_SOME, (2 * count,)).fetchone()
        if total == 2 * count:
            self._connection.execute(DELETE_THEIRS, theirs)
            return
        others = self._connection.execute(OTHERS, theirs).fetchall()
        self._connection.execute("delete from records")
        self._connection.executemany("insert into records values (?, ?, ?, ?, ?)", others)

    def _ids(self, kind: type, parent: str) -> list[str]:
        rows = self._connection.execute("select id from records where kind = ? and parent = ?", (kind.__name__, parent))
        return [row[0] for row in rows]

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()
