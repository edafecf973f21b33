"""What the emulator remembers, behind one small protocol: records by kind, id and parent.

One transaction per operation. A transaction either commits whole or leaves no trace, so a refused call changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from amlemulator.core.records import Endpoint, Job


class StoredRecord(Protocol):
    """What every record has: its own id, its parent's id ("" when there is none), and its place among its kind."""

    @property
    def id(self) -> str:
        """The record's id, unique within its kind."""
        ...

    @property
    def ordinal(self) -> int:
        """The order of creation within the kind."""
        ...

    @property
    def parent(self) -> str:
        """The id of the record that this one belongs to."""
        ...


Record = TypeVar("Record", bound=StoredRecord)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Records (kind, id, parent, ordinal, body) and last ordinals (kind, number) of a moment, to go back to."""

    records: tuple[tuple[str, str, str, int, str], ...] = ()
    ordinals: tuple[tuple[str, int], ...] = ()

    def of_workspace(self, workspace_id: str) -> Snapshot:
        """Return the part that belongs to one workspace."""
        owners = {workspace_id}
        while more := {row[1] for row in self.records if row[2] in owners} - owners:
            owners |= more
        return Snapshot(
            tuple(row for row in self.records if row[1] in owners),
            tuple(row for row in self.ordinals if row[0].partition("/")[2] in owners),
        )


NOTHING = Snapshot()


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit did to one record: ``record`` as it is now, None when it was deleted."""

    kind: type
    id: str
    record: StoredRecord | None


class Transaction(Protocol):
    """A view of the state, isolated from others until it commits."""

    def get(self, kind: type[Record], record_id: str) -> Record | None:
        """Return the record, or None."""
        ...

    def list(self, kind: type[Record], parent: str | None = None) -> Sequence[Record]:
        """Return records in order of creation.

        ``parent`` is the workspace id for web services, data sets and experiments, the service id for endpoints, the
        endpoint id for jobs; None means all of that kind.
        """
        ...

    def count(self, kind: type[Record], parent: str) -> int:
        """Return how many children of that kind a parent has, without reading them."""
        ...

    def endpoint_named(self, service_id: str, name: str) -> Endpoint | None:
        """Return a service's endpoint by its name, or None, without reading the others."""
        ...

    def running(self, endpoint_id: str) -> int:
        """Return how many jobs of an endpoint run."""
        ...

    def newest_jobs(self, skip: int, most: int) -> tuple[Sequence[Job], int]:
        """Return ``most`` jobs of all endpoints, the newest first, after ``skip`` newer ones, and their number."""
        ...

    def queue(self, endpoint_id: str, most: int) -> Sequence[Job]:
        """Return the first ``most`` jobs of an endpoint that wait to run, in the order of their places."""
        ...

    def put(self, record: StoredRecord) -> None:
        """Add the record, or replace the one with its id."""
        ...

    def delete(self, kind: type[Record], record_id: str) -> None:
        """Remove the record if it is there."""
        ...

    def next_ordinal(self, kind: str) -> int:
        """Return 1, 2, 3, ... per ``kind``; never the same twice, even after deletions."""
        ...


class Store(Protocol):
    """State that survives as long as it was configured to."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a transaction: commit at the end of the block, roll back when it raises."""
        ...

    @property
    def generation(self) -> int:
        """A number that grows with every commit that touched anything but jobs, so that caches know when to look."""
        ...

    def changes(self, since: int) -> Sequence[Change] | None:
        """Return what has changed since that generation, jobs left out, in order; None when that is not known."""
        ...

    def save_content(self, content: bytes) -> str:
        """Keep bytes (a model, a graph) and return their key (SHA-256, hex): the same bytes have the same key."""
        ...

    def load_content(self, key: str) -> bytes:
        """Return the bytes kept under ``key``; KeyError when there are none."""
        ...

    def snapshot(self) -> Snapshot:
        """Return every record as it is now."""
        ...

    def reset(self, to: Snapshot = NOTHING, workspace_id: str | None = None) -> None:
        """Put the snapshot in the place of everything, or of what belongs to one workspace, atomically."""
        ...

    def close(self) -> None:
        """Release files."""
        ...
