"""Somebody else's storage: which references lead there, and the Blobs port over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from amlemulator.core.allowed_hosts import AllowedHosts
from amlemulator.core.connection import is_azures_own
from amlemulator.core.references import Located
from amlemulator.ports.blobs import Blobs

SECONDS = 600.0  # that one transfer may take
SIZE = 5 << 30  # bytes of a blob that is fetched: as much as a Put Blob writes


class Outside:
    """The hosts that the user allowed. ``own`` tells whether an account is one of the emulator's."""

    def __init__(self, hosts: AllowedHosts, own: Callable[[str], bool]) -> None:
        self._hosts = hosts
        self._own = own

    def holds(self, located: Located) -> bool:
        """Tell whether a reference leads there.

        A host that was allowed by name is meant, even for an account that is here as well (Azurite has the same
        devstoreaccount1); but the names of Azure's own storage are resolved to the emulator's first.
        """
        endpoint = located.endpoint
        if not self._hosts.allows(endpoint):
            return False
        return not (is_azures_own(endpoint) and self._own(located.account))

    @contextmanager
    def opened(self, located: Located) -> Iterator[Blobs]:
        """Open the storage of a reference by the reference's own right."""
        from amlemulator.adapters.azure_blobs import AzureBlobs

        sas = located.sas or None
        blobs = AzureBlobs(located.endpoint, located.account, located.key, sas, seconds=SECONDS, size=SIZE)
        try:
            yield blobs
        finally:
            blobs.close()


def how_to_allow(located: Located) -> str:
    """Return the sentence for a reference to an account that is nowhere."""
    host = located.endpoint.partition("://")[2].partition("/")[0]
    return (
        f"The storage account '{located.account}' is not one of the emulator's. Use the connection string that it "
        f"prints, start it with --auto-accounts, or with --allow-storage {host} to use the storage there."
    )
