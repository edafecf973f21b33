"""The Blobs port on a folder: contents in files under random names, everything else in an index beside them.

Names of accounts, containers and blobs never touch the file system, so nothing can escape the folder. The blob face
uses the parts: ``containers``, ``versions``, ``blocks``, ``page``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from amlemulator.adapters.files_blobs_blocks import Blocks, Place
from amlemulator.adapters.files_blobs_containers import Containers
from amlemulator.adapters.files_blobs_content import ContentFolder, ShortBody, Spool
from amlemulator.adapters.files_blobs_index import Index, container_id
from amlemulator.adapters.files_blobs_listing import page
from amlemulator.adapters.files_blobs_records import BlobAddress, BlobHeaders, FolderError, Page
from amlemulator.adapters.files_blobs_versions import Version, Versions
from amlemulator.core.errors import ServiceError
from amlemulator.once import once
from amlemulator.ports.blobs import BlobMissing, BlobProperties, ContainerAccess
from amlemulator.ports.clock import Clock

__all__ = ["BlobAddress", "FilesBlobs", "FolderError", "ShortBody", "Spool", "Version"]

UNCOMMITTED_SECONDS = 7 * 24 * 3600.0  # Put Block: uncommitted blocks are discarded after one week


class FilesBlobs:
    """Blob storage in ``folder``, for the accounts given (name to base64 key). See the Blobs protocol.

    A folder that is still to be had is a callable, which is called when the first blob comes: most tests never store
    any. ``auto_account`` gives a key to any other account name, or None. ``durable``: what was acknowledged survives a
    power cut, too; without it, only a killed process. Raises FolderError when the folder cannot be used.
    """

    def __init__(
        self,
        folder: str | Path | Callable[[], Path],
        accounts: Mapping[str, str],
        clock: Clock,
        auto_account: Callable[[str], str | None] | None = None,
        *,
        durable: bool = False,
    ) -> None:
        self._place = folder if callable(folder) else lambda: Path(folder)
        self._accounts = dict(accounts)
        self._auto_account = auto_account
        self._clock = clock
        self._durable = durable
        if not callable(folder):
            self._index  # noqa: B018 - asking is what opens it

    @once
    def _root(self) -> Path:
        """The folder."""
        return self._place()

    @once
    def _contents(self) -> ContentFolder:
        """The contents."""
        return ContentFolder(self._root / "content", durable=self._durable)

    @once
    def _index(self) -> Index:
        """The index; once it is open, what nobody will ever ask for is swept away."""
        contents, index = self._contents, Index(self._root, durable=self._durable)
        index.forget_staged(before=self._clock.now() - UNCOMMITTED_SECONDS)
        contents.sweep(index.contents())
        return index

    @once
    def containers(self) -> Containers:
        """The containers."""
        return Containers(self._index, self._contents, self._clock)

    @once
    def versions(self) -> Versions:
        """The blobs in their versions."""
        return Versions(self._index, self._contents, self._clock)

    @once
    def blocks(self) -> Blocks:
        """The blocks of blobs to come."""
        return Blocks(self._index, self._contents, self.versions, self._clock)

    @property
    def _opened(self) -> bool:
        return "_index" in self.__dict__

    def spool(self) -> Spool:
        """Return a body to receive, which an upload of the whole of it takes over without copying."""
        return self._contents.spool()

    def accounts(self) -> Mapping[str, str]:
        """Return account name to key: those configured, and those that were made by being used."""
        used = {name: self.key(name) for name in self.containers.accounts()} if self._opened else {}
        return {**{name: key for name, key in used.items() if key}, **self._accounts}

    def know(self, accounts: Mapping[str, str]) -> None:
        """Have these accounts too (name to base64 key); one that is there gets the key given."""
        self._accounts = {**self._accounts, **accounts}

    def key(self, account: str) -> str | None:
        """Return the key of an account, or None when there is no such account."""
        found = self._accounts.get(account)
        if found is None and self._auto_account is not None:
            found = self._auto_account(account)
        return found

    def set_key(self, account: str, key: str) -> None:
        """Add an account, or give one another base64 ``key``: what was signed with the old one opens nothing more."""
        self._accounts[account] = key

    def access(self, account: str, container: str) -> ContainerAccess:
        """Return who may read a container without a key; nobody, when the container is not there."""
        try:
            found = self.containers.get(account, container)
        except BlobMissing:
            return ContainerAccess()
        return ContainerAccess(found.public, {policy.id: policy for policy in found.policies})

    def create_container(self, account: str, container: str) -> None:
        """Make the container if it is not there."""
        with suppress(ServiceError):  # it is there
            self.containers.create(account, container)

    def properties(self, account: str, container: str, name: str) -> BlobProperties:
        """Return a blob's properties. Raises BlobMissing."""
        blob = self.versions.find(BlobAddress(account, container, name)).blob
        assert blob is not None  # find() says so
        return blob

    @contextmanager
    def open(self, account: str, container: str, name: str) -> Iterator[BinaryIO]:
        """Open a blob for reading: one version of it, whole, whatever is written meanwhile. Raises BlobMissing."""
        with self.versions.open(BlobAddress(account, container, name))[1] as content:
            yield content

    def put(
        self,
        account: str,
        container: str,
        name: str,
        content: BinaryIO,
        *,
        content_type: str = "application/octet-stream",
    ) -> BlobProperties:
        """Write a blob from a stream, atomically. Raises BlobMissing when the container is not there."""
        where = BlobAddress(account, container, name)
        return self.versions.write(where, content, Version(BlobHeaders(content_type)))

    def put_block(self, account: str, container: str, name: str, block: str, content: BinaryIO) -> None:
        """Keep a part of a blob to come. Raises BlobMissing when the container is not there."""
        self.blocks.stage(BlobAddress(account, container, name), block, content, digest=False)

    def commit_blocks(
        self,
        account: str,
        container: str,
        name: str,
        blocks: Sequence[str],
        *,
        content_type: str = "application/octet-stream",
    ) -> BlobProperties:
        """Make the blocks, in this order, the blob's content. Raises BlobMissing when the container is not there."""
        listed: list[tuple[Place, str]] = [("Latest", block) for block in blocks]
        return self.blocks.commit(BlobAddress(account, container, name), listed, Version(BlobHeaders(content_type)))

    def delete(self, account: str, container: str, name: str) -> None:
        """Remove a blob if it is there."""
        with suppress(BlobMissing):
            self.versions.delete(BlobAddress(account, container, name))

    def page(
        self,
        account: str,
        container: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        start: str = "",
        limit: int = 5000,
        uncommitted: bool = False,
    ) -> Page:
        """List blobs in order, from the name ``start`` on. Raises BlobMissing when the container is not there."""
        with self._index.reading() as connection:
            number = container_id(connection, account, container)
            return page(
                connection,
                number,
                prefix=prefix,
                delimiter=delimiter,
                start=start,
                limit=limit,
                uncommitted=uncommitted,
            )

    def names(self, account: str, container: str, prefix: str = "") -> Iterator[str]:
        """Return the names of a container's blobs in order. Raises BlobMissing when the container is not there."""
        found = self.page(account, container, prefix=prefix)  # the first page now, so that BlobMissing comes now
        return self._names(account, container, prefix, found)

    def _names(self, account: str, container: str, prefix: str, found: Page) -> Iterator[str]:
        yield from (entry.name for entry in found.entries)
        while found.next is not None:
            found = self.page(account, container, prefix=prefix, start=found.next)
            yield from (entry.name for entry in found.entries)

    def reset(self) -> None:
        """Forget everything, atomically; what is being read stays whole."""
        if self._opened:
            self._contents.discard(*self._index.forget_all())

    def close(self) -> None:
        """Close the index and give the folder free."""
        if self._opened:
            self._index.close()
