"""One call of an operation: the request, what its caller may do, and the storage it works on."""

from __future__ import annotations

from dataclasses import dataclass

from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.adapters.files_blobs_records import BlobAddress, Check
from amlemulator.faces.blob_access import Grant
from amlemulator.faces.blob_conditions import Conditions, conditions
from amlemulator.faces.blob_request import BlobRequest
from amlemulator.ports.blobs import BlobProperties


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose credentials have been checked. ``now`` is in seconds since the epoch."""

    blobs: FilesBlobs
    request: BlobRequest
    grant: Grant
    now: float
    id: str

    @property
    def account(self) -> str:
        """The account."""
        return self.request.account

    @property
    def container(self) -> str:
        """The container; only for operations on one, or on a blob."""
        return self.request.container or ""

    @property
    def where(self) -> BlobAddress:
        """The blob; only for operations on one."""
        return BlobAddress(self.request.account, self.request.container or "", self.request.blob or "")

    def creating(self) -> Check:
        """Return the check of an operation that makes a blob: its conditions, and a token that may only create."""
        wanted = conditions(self.request, writing=True)

        def check(blob: BlobProperties | None) -> None:
            self.grant.check_overwrite(blob)
            wanted.check_write(blob, creating=True)

        return check

    def changing(self) -> Check:
        """Return the check of an operation that changes a blob."""
        return conditions(self.request, writing=True).check_write

    def writing(self) -> Conditions:
        """Return the conditions of a write."""
        return conditions(self.request, writing=True)
