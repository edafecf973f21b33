"""The storage account of a service while a scenario is played: what has to be there is put there, and removed again."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from amlcontracts.harness.breach import hold

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient


class Store:
    """Containers and blobs for the length of a with block. What was there before stays as it was."""

    def __init__(self, account: BlobServiceClient) -> None:
        self._account = account
        self._stack = ExitStack()

    def have_container(self, name: str) -> None:
        """Make a container unless it is there."""
        from azure.core.exceptions import ResourceExistsError

        with suppress(ResourceExistsError):
            self._account.create_container(name)
            self._stack.callback(self._account.delete_container, name)

    def have_blob(self, name: str, content: bytes) -> None:
        """Put a blob, ``container/name``, unless it is there. Raises Breach when another one is."""
        from azure.core.exceptions import ResourceExistsError

        container, _, blob = name.partition("/")
        client = self._account.get_blob_client(container, blob)
        try:
            client.upload_blob(content)
            self._stack.callback(client.delete_blob)
        except ResourceExistsError:
            same = client.download_blob().readall() == content
            hold(same, f"cannot be played: another blob is called {name}, and it is left alone")

    def sweep(self, name: str) -> None:
        """Remove at the end a blob that the service itself has written."""
        from azure.core.exceptions import AzureError

        container, _, blob = name.partition("/")

        def remove() -> None:
            with suppress(AzureError):  # of another account, or gone already: not ours to remove
                self._account.get_blob_client(container, blob).delete_blob()

        self._stack.callback(remove)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
