"""The Blobs port over somebody else's storage: an account of Azure Storage or of Azurite, through azure-storage-blob.

Who may read and write is the other side's to say. It is imported when the first reference to such a storage comes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
    ExponentialRetry,
)
from azure.storage.blob import BlobProperties as TheirProperties

from amlemulator.adapters.guarded_session import guarded_session
from amlemulator.ports.blobs import BlobMissing, BlobProperties, BlobsRefused, ContainerAccess

CONNECT_SECONDS = 10
READ_SECONDS = 60  # without a byte
# Not the SDK's newest, which an Azurite that is a little older refuses: everything asked for here is older still.
API_VERSION = "2021-12-02"
PIECE = 4 << 20  # bytes that are held of a download or an upload


class AzureBlobs:
    """One account at ``endpoint``, opened with its key, with a SAS, or with neither.

    Every method raises BlobsRefused when the storage refuses or cannot be reached; no text of it holds a key or token.
    ``seconds`` and ``size`` (bytes) bound a transfer.
    """

    def __init__(
        self, endpoint: str, account: str, key: str | None, sas: str | None, *, seconds: float, size: int
    ) -> None:
        self._account = account
        self._key = key
        self._host = endpoint.partition("://")[2].partition("/")[0]
        self._seconds = seconds
        self._size = size
        self._service = BlobServiceClient(
            f"{endpoint}?{sas.lstrip('?')}" if sas and not key else endpoint,
            credential={"account_name": account, "account_key": key} if key else None,
            transport=RequestsTransport(session=guarded_session(), session_owner=True),
            api_version=API_VERSION,
            permit_redirects=False,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_single_get_size=PIECE,
            max_chunk_get_size=PIECE,
            max_single_put_size=PIECE,
            max_block_size=PIECE,
            retry_policy=ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=2),
        )

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def accounts(self) -> Mapping[str, str]:
        """Return the one account, where its key is known."""
        return {self._account: self._key} if self._key else {}

    def key(self, account: str) -> str | None:
        """Return the key, where it is known."""
        return self._key if account == self._account else None

    def access(self, account: str, container: str) -> ContainerAccess:
        """Return whether the container is public. Its policies are the other side's to check."""
        try:
            with self._told(account, container, ""):
                found = self._container(container).get_container_properties().public_access
        except BlobMissing:
            return ContainerAccess()
        return ContainerAccess(found or "")

    def create_container(self, account: str, container: str) -> None:
        """Make the container if it is not there."""
        with self._told(account, container, ""):
            try:
                self._container(container).create_container()
            except ResourceExistsError:
                return

    def properties(self, account: str, container: str, name: str) -> BlobProperties:
        """Return a blob's properties. Raises BlobMissing."""
        with self._told(account, container, name):
            return _properties(self._blob(container, name).get_blob_properties())

    @contextmanager
    def open(self, account: str, container: str, name: str) -> Iterator[BinaryIO]:
        """Open a blob for reading: the SDK asks for each further piece by the ETag of the first. Raises BlobMissing."""
        with self._told(account, container, name):
            download = self._blob(container, name).download_blob(max_concurrency=1)
            if download.size > self._size:
                raise BlobsRefused(f"The blob has {download.size} bytes; at most {self._size} are read.")
            yield cast(BinaryIO, _Hasty(download, self._seconds))

    def put(
        self,
        account: str,
        container: str,
        name: str,
        content: BinaryIO,
        *,
        content_type: str = "application/octet-stream",
    ) -> BlobProperties:
        """Write a blob from a stream; it becomes visible with its last block. Raises BlobMissing."""
        hasty = cast(BinaryIO, _Hasty(content, self._seconds))
        with self._told(account, container, name):
            blob = self._blob(container, name)
            settings = ContentSettings(content_type=content_type)
            blob.upload_blob(hasty, overwrite=True, content_settings=settings, max_concurrency=1)
            return _properties(blob.get_blob_properties())

    def names(self, account: str, container: str, prefix: str = "") -> Iterator[str]:
        """Return the names of a container's blobs in order. Raises BlobMissing when the container is not there."""
        with self._told(account, container, ""):
            yield from self._container(container).list_blob_names(name_starts_with=prefix or None)

    def put_block(self, account: str, container: str, name: str, block: str, content: BinaryIO) -> None:
        """Keep a part of a blob to come. Raises BlobMissing when the container is not there."""
        with self._told(account, container, name):
            self._blob(container, name).stage_block(block, content.read())

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
        with self._told(account, container, name):
            blob = self._blob(container, name)
            listed = [BlobBlock(block_id=block) for block in blocks]
            blob.commit_block_list(listed, content_settings=ContentSettings(content_type=content_type))
            return _properties(blob.get_blob_properties())

    def delete(self, account: str, container: str, name: str) -> None:
        """Remove a blob if it is there."""
        try:
            with self._told(account, container, name):
                self._blob(container, name).delete_blob()
        except BlobMissing:
            return

    def _container(self, container: str) -> ContainerClient:
        return self._service.get_container_client(container)

    def _blob(self, container: str, name: str) -> BlobClient:
        return self._service.get_blob_client(container, name)

    @contextmanager
    def _told(self, account: str, container: str, name: str) -> Iterator[None]:
        """Tell what the SDK raises in the port's own terms."""
        try:
            yield
        except HttpResponseError as error:
            code = getattr(error, "error_code", None)
            code = getattr(code, "value", code)  # an enum, where the SDK knows it
            if error.status_code == 404:
                missing = BlobMissing(account, container, name, container_missing=code == "ContainerNotFound")
                raise missing from None
            # The first line alone: further ones repeat what was signed, or name the request.
            said = str(error.message).partition("\n")[0].strip() if code else f"It answered {error.status_code}."
            raise BlobsRefused(f"The storage at {self._host} refuses: {f'{code}: ' if code else ''}{said}") from None
        except (AzureError, OSError) as error:
            # Not its text, which may hold the whole address, token and all.
            raise BlobsRefused(f"The storage at {self._host} cannot be reached ({type(error).__name__}).") from None


class _Hasty:
    """A stream that must come to its end within some seconds."""

    def __init__(self, stream: Any, seconds: float) -> None:
        self._stream = stream
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def read(self, size: int = -1) -> bytes:
        """Read on. Raises BlobsRefused when the time is over."""
        if time.monotonic() > self._end:
            raise BlobsRefused(f"The transfer took longer than {self._seconds:g} seconds.")
        content: bytes = self._stream.read(size)
        return content


def _properties(theirs: TheirProperties) -> BlobProperties:
    """Return the port's properties of those of the SDK."""
    found: Any = theirs  # the SDK's attributes have no types
    settings = found.content_settings
    return BlobProperties(
        name=found.name,
        size=found.size,
        etag=f'"{found.etag.strip(chr(34))}"',
        modified=found.last_modified.timestamp(),
        created=(found.creation_time or found.last_modified).timestamp(),
        content_type=settings.content_type or "application/octet-stream",
        content_encoding=settings.content_encoding,
        content_language=settings.content_language,
        content_disposition=settings.content_disposition,
        cache_control=settings.cache_control,
        metadata=dict(found.metadata or {}),
    )
