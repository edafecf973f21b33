"""The storage account of the endpoints file: where checks put their inputs, and tokens for what lies there."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from amlcontracts.harness.breach import NotApplicable

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient, ContainerClient

Reference = dict[str, str | None]


class Storage:
    """One container of one's own, made when it is first needed and removed at the end."""

    def __init__(self, connection_string: str | None) -> None:
        self._connection_string = connection_string
        self._container = f"contracts-{uuid.uuid4().hex[:12]}"
        self._lock = threading.Lock()
        self._made = False

    @cached_property
    def _account(self) -> BlobServiceClient:
        if not self._connection_string:
            raise NotApplicable("the endpoints file names no storage account")
        from azure.storage.blob import BlobServiceClient  # half a second to import

        return BlobServiceClient.from_connection_string(self._connection_string, retry_total=0)

    @property
    def _folder(self) -> ContainerClient:
        with self._lock:
            folder = self._account.get_container_client(self._container)
            if not self._made:
                folder.create_container()
                self._made = True
        return folder

    @property
    def connection_string(self) -> str:
        """The account's connection string. Raises NotApplicable when there is none."""
        if not self._connection_string:
            raise NotApplicable("the endpoints file names no storage account")
        return self._connection_string

    @property
    def base(self) -> str:
        """The account's BaseLocation, with its trailing slash."""
        return self._account.url.rstrip("/") + "/"

    def place(self, name: str) -> str:
        """Return the RelativeLocation of a blob of ours."""
        return f"{self._container}/{name}"

    def upload(self, name: str, content: bytes) -> Reference:
        """Put a blob; returns the reference to it by connection string."""
        self._folder.upload_blob(name, content, overwrite=True)
        return self.reference(name)

    def reference(self, name: str) -> Reference:
        """Return a reference to a blob of ours, there or not, by connection string."""
        return {"ConnectionString": self.connection_string, "RelativeLocation": self.place(name)}

    def output(self, extension: str) -> Reference:
        """Return a reference to a blob that is not there yet, for an output."""
        self._folder.exists()  # the service makes no container
        return self.reference(f"{uuid.uuid4().hex}{extension}")

    def shared(self, name: str, *, signed: str = "r", minutes: float = 60, of: str | None = None) -> Reference:
        """Return a reference to a blob by a token for it (or for the blob ``of``), valid from an hour ago on."""
        from azure.storage.blob import generate_blob_sas

        now = datetime.now(UTC)
        token = generate_blob_sas(
            str(self._account.account_name),
            self._container,
            of or name,
            account_key=str(self._account.credential.account_key),
            permission=signed,
            start=now - timedelta(hours=1),
            expiry=now + timedelta(minutes=minutes),
        )
        return {"BaseLocation": self.base, "RelativeLocation": self.place(name), "SasBlobToken": f"?{token}"}

    def read(self, name: str) -> bytes:
        """Return a blob of ours."""
        content: bytes = self._folder.download_blob(name).readall()
        return content

    def there(self, name: str) -> bool:
        """Tell whether a blob of ours is there."""
        found: bool = self._folder.get_blob_client(name).exists()
        return found

    def delete(self, name: str) -> None:
        """Remove a blob of ours."""
        self._folder.delete_blob(name)

    def delete_result(self, relative: str) -> None:
        """Remove what a job wrote to the workspace's own container, where that lies in this account."""
        from azure.core.exceptions import AzureError

        container, _, name = relative.partition("/")
        try:
            self._account.get_blob_client(container, name).delete_blob()
        except AzureError:
            return  # another account's: it is not ours to remove

    def close(self) -> None:
        """Remove the container with everything in it."""
        if self._made:
            self._folder.delete_container()
            self._made = False


def url_of(result: dict[str, Any]) -> str:
    """Return the address that a reference's three parts make when they are written one after the other."""
    return f"{result['BaseLocation']}{result['RelativeLocation']}{result['SasBlobToken']}"
