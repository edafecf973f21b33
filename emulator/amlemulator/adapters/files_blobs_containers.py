"""Containers, their access policies, and the settings of a whole account."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from amlemulator.adapters.files_blobs_content import ContentFolder
from amlemulator.adapters.files_blobs_index import CONTAINER_COLUMNS, Index, Row, container_id, container_of, encoded
from amlemulator.adapters.files_blobs_records import Container, ContainerPage
from amlemulator.core.access_policies import AccessPolicy
from amlemulator.core.errors import failure
from amlemulator.ports.blobs import BlobMissing
from amlemulator.ports.clock import Clock

ContainerCheck = Callable[[Container], None]
"""Looks at the container there is, inside the transaction that changes it, and raises to refuse the change."""

GET = f"select {CONTAINER_COLUMNS} from containers where account = ? and name = ?"  # noqa: S608 - the columns are ours
LIST = (
    f"select {CONTAINER_COLUMNS} from containers where account = ? and name >= ? and substr(name, 1, ?) = ? "  # noqa: S608 - the columns are ours
    "order by name limit ?"
)


def _unchecked(_: Container) -> None:
    pass


def _get(connection: sqlite3.Connection, account: str, name: str) -> Container:
    row: Row | None = connection.execute(GET, (account, name)).fetchone()
    if row is None:
        raise BlobMissing(account, name, "", container_missing=True)
    return container_of(row)


class Containers:
    """The containers of all accounts."""

    def __init__(self, index: Index, contents: ContentFolder, clock: Clock) -> None:
        self._index = index
        self._contents = contents
        self._clock = clock

    def get(self, account: str, name: str) -> Container:
        """Return a container. Raises BlobMissing."""
        with self._index.reading() as connection:
            return _get(connection, account, name)

    def create(self, account: str, name: str, *, public: str = "", metadata: Mapping[str, str] | None = None) -> None:
        """Make a container. Raises ServiceError ContainerAlreadyExists when it is there."""
        now = self._clock.now()
        with self._index.writing() as connection:
            etag = self._index.next_etag(now)
            try:
                connection.execute(
                    "insert into containers(account, name, etag, modified, public, metadata, policies) "
                    "values (?, ?, ?, ?, ?, ?, '')",
                    (account, name, etag, now, public, encoded(metadata or {})),
                )
            except sqlite3.IntegrityError:
                raise failure("blob/ContainerAlreadyExists") from None

    def set_metadata(
        self, account: str, name: str, metadata: Mapping[str, str], check: ContainerCheck = _unchecked
    ) -> Container:
        """Replace a container's metadata. Raises BlobMissing, and what ``check`` raises."""
        return self._change(account, name, check, "metadata = ?", (encoded(metadata),))

    def set_access(
        self,
        account: str,
        name: str,
        public: str,
        policies: Sequence[AccessPolicy],
        check: ContainerCheck = _unchecked,
    ) -> Container:
        """Replace a container's public access and stored access policies. Raises BlobMissing, and as ``check``."""
        return self._change(account, name, check, "public = ?, policies = ?", (public, encoded(policies)))

    def _change(
        self, account: str, name: str, check: ContainerCheck, columns: str, values: tuple[str, ...]
    ) -> Container:
        now = self._clock.now()
        with self._index.writing() as connection:
            check(_get(connection, account, name))
            connection.execute(
                f"update containers set {columns}, etag = ?, modified = ? where account = ? and name = ?",  # noqa: S608 - the columns are ours
                (*values, self._index.next_etag(now), now, account, name),
            )
            return _get(connection, account, name)

    def delete(self, account: str, name: str, check: ContainerCheck = _unchecked) -> None:
        """Remove a container with everything in it. Raises BlobMissing, and what ``check`` raises."""
        with self._index.writing() as connection:
            check(_get(connection, account, name))
            number = container_id(connection, account, name)
            gone: list[str] = []
            for table in ("blobs", "staged"):
                rows = connection.execute(f"delete from {table} where container = ? returning content", (number,))  # noqa: S608 - the tables are ours
                gone += [row[0] for row in rows]
            connection.execute("delete from containers where id = ?", (number,))
        self._contents.discard(*gone)

    def page(self, account: str, *, prefix: str = "", start: str = "", limit: int = 5000) -> ContainerPage:
        """List an account's containers in order, from ``start`` on."""
        with self._index.reading() as connection:
            rows = connection.execute(LIST, (account, start, len(prefix), prefix, limit + 1)).fetchall()
        found = [container_of(row) for row in rows]
        return ContainerPage(found[:limit], found[limit].name if len(found) > limit else None)

    def accounts(self) -> Sequence[str]:
        """Return the accounts that have containers."""
        with self._index.reading() as connection:
            return [row[0] for row in connection.execute("select distinct account from containers order by account")]

    def service_properties(self, account: str) -> str | None:
        """Return the settings of an account's blob service as they were set; None when they never were."""
        with self._index.reading() as connection:
            row = connection.execute("select properties from services where account = ?", (account,)).fetchone()
        return row[0] if row else None

    def set_service_properties(self, account: str, properties: str) -> None:
        """Keep the settings of an account's blob service."""
        with self._index.writing() as connection:
            connection.execute("insert or replace into services values (?, ?)", (account, properties))
