"""Blob storage as the emulator itself uses it: containers of named, typed bytes.

The blob face speaks Azure's REST API over the same port. Content is always a stream; nothing here holds a whole body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from amlemulator.core.access_policies import AccessPolicy


@dataclass(frozen=True, slots=True)
class Copied:
    """Where a blob was copied from. ``source`` is the URL as the client gave it, without its query."""

    id: str
    source: str
    completed: float  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class BlobProperties:
    """What is known of a blob without reading it. ``modified`` is in seconds since the epoch."""

    name: str
    size: int
    etag: str  # with its quotes: '"0x8D..."'
    modified: float
    created: float
    content_type: str = "application/octet-stream"
    content_md5: str | None = None  # base64
    content_encoding: str | None = None
    content_language: str | None = None
    content_disposition: str | None = None
    cache_control: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    copied: Copied | None = None
    committed: bool = True  # False: only blocks that nobody has committed yet


@dataclass(frozen=True, slots=True)
class ContainerAccess:
    """``public`` is "" (nobody), "blob" or "container"; ``policies`` are the stored access policies by id."""

    public: str = ""
    policies: Mapping[str, AccessPolicy] = field(default_factory=dict)


class BlobMissing(LookupError):  # noqa: N818 - named for the fact, as KeyError's kin are
    """There is no such blob; ``container_missing`` tells whether not even the container is there."""

    def __init__(self, account: str, container: str, name: str, *, container_missing: bool = False) -> None:
        super().__init__(f"{account}/{container}/{name}")
        self.address = (account, container, name)
        self.container_missing = container_missing


class BlobsRefused(Exception):  # noqa: N818 - the storage's refusal, not a fault
    """The storage refuses, or cannot be reached. The message says why, without secrets."""


class Blobs(Protocol):
    """The part of blob storage that jobs, models and logs need. The files adapter offers the blob face more."""

    def accounts(self) -> Mapping[str, str]:
        """Return account name to key (base64)."""
        ...

    def key(self, account: str) -> str | None:
        """Return the key of an account (base64), or None when there is no such account."""
        ...

    def access(self, account: str, container: str) -> ContainerAccess:
        """Return who may read a container without a key; nobody, when the container is not there."""
        ...

    def create_container(self, account: str, container: str) -> None:
        """Make the container if it is not there."""
        ...

    def properties(self, account: str, container: str, name: str) -> BlobProperties:
        """Return a blob's properties. Raises BlobMissing."""
        ...

    def open(self, account: str, container: str, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a blob for reading: one version of it, whole, whatever is written meanwhile. Raises BlobMissing."""
        ...

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
        ...

    def names(self, account: str, container: str, prefix: str = "") -> Iterator[str]:
        """Return the names of a container's blobs in order. Raises BlobMissing when the container is not there."""
        ...

    def put_block(self, account: str, container: str, name: str, block: str, content: BinaryIO) -> None:
        """Keep a part of a blob to come. Ids of one blob's blocks have one length. Raises BlobMissing as ``put``."""
        ...

    def commit_blocks(
        self,
        account: str,
        container: str,
        name: str,
        blocks: Sequence[str],
        *,
        content_type: str = "application/octet-stream",
    ) -> BlobProperties:
        """Make the blocks, in this order, the blob's content. Raises BlobMissing as ``put``."""
        ...

    def delete(self, account: str, container: str, name: str) -> None:
        """Remove a blob if it is there."""
        ...
