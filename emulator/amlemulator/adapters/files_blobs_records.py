"""What the files adapter keeps beside the port's BlobProperties, and gives to the blob face."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from amlemulator.core.access_policies import AccessPolicy
from amlemulator.ports.blobs import BlobProperties


class FolderError(Exception):
    """The folder cannot be used; the message says why and what to do."""


class BlobAddress(NamedTuple):
    """Where a blob lies: the names are decoded and as the client gave them."""

    account: str
    container: str
    name: str


Check = Callable[[BlobProperties | None], None]
"""Looks at the blob there is, inside the transaction that replaces it, and raises to refuse the change."""


def unchecked(_: BlobProperties | None) -> None:
    """Accept whatever there is."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container. ``public`` is "", "blob" or "container"; ``modified`` is in seconds since the epoch."""

    account: str
    name: str
    etag: str
    modified: float
    public: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[AccessPolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class BlobHeaders:
    """The HTTP headers that a client sets on a blob and gets back with it. ``content_md5`` is base64."""

    content_type: str = "application/octet-stream"
    content_md5: str | None = None
    content_encoding: str | None = None
    content_language: str | None = None
    content_disposition: str | None = None
    cache_control: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a blob: its id as the client wrote it (base64), and its size in bytes."""

    id: str
    size: int


@dataclass(frozen=True, slots=True)
class BlockLists:
    """The blocks of a blob, committed in their order, uncommitted by id. ``blob`` is None before the first commit."""

    blob: BlobProperties | None
    committed: Sequence[Block]
    uncommitted: Sequence[Block]


@dataclass(frozen=True, slots=True)
class BlobPrefix:
    """What a listing with a delimiter shows instead of all the blobs whose names go on from there."""

    name: str


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a listing. ``next`` is the name to go on from, None at the end."""

    entries: Sequence[BlobProperties | BlobPrefix]
    next: str | None


@dataclass(frozen=True, slots=True)
class ContainerPage:
    """A part of a listing of containers. ``next`` is the name to go on from, None at the end."""

    entries: Sequence[Container]
    next: str | None
