"""From a blob reference in a request to bytes in storage, with the credentials of the reference really checked."""

from __future__ import annotations

import hmac
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from amlemulator.core.addresses import Addresses
from amlemulator.core.connection import join_location, parse_connection_string, split_location
from amlemulator.core.errors import catalogue, failure, fill
from amlemulator.core.records import BlobReference, StoredOutput
from amlemulator.ports.blobs import BlobMissing, Blobs
from amlemulator.ports.clock import Clock

if TYPE_CHECKING:  # tokens are made and checked when the first job or model comes
    from amlemulator.core.sas import Refusal


class StorageRefused(Exception):  # noqa: N818 - the storage's refusal, not a fault
    """The storage refuses, or does not know, what a reference names. The message is the storage's, without secrets."""


@dataclass(frozen=True, slots=True)
class Located:
    """A reference taken apart: which blob, and by what right. ``key`` or ``sas`` may be None."""

    account: str
    container: str
    name: str
    key: str | None = None
    sas: str | None = None


def locate(reference: BlobReference) -> Located:
    """Take a reference apart. Raises StorageRefused when it names no blob."""
    relative = (reference.relative_location or "").strip()
    try:
        if reference.connection_string is not None:
            connection = parse_connection_string(reference.connection_string)
            container, _, name = relative.lstrip("/").partition("/")
            return Located(connection.account, container, name, connection.key, connection.sas)
        account, container, name = split_location(reference.base_location or "", relative)
    except ValueError as error:
        raise StorageRefused(str(error)) from error
    return Located(account, container, name, None, reference.sas_blob_token)


class Storage:
    """Reads and writes the blobs that references name, and mints the SAS tokens of results."""

    def __init__(self, blobs: Blobs, clock: Clock, sas_seconds: float, backdated_seconds: float) -> None:
        self._blobs = blobs
        self._clock = clock
        self._sas_seconds = sas_seconds
        self._backdated = backdated_seconds

    def authorize(self, located: Located, permission: str) -> None:
        """Check the reference's own right to do this. Raises StorageRefused with the storage's reason."""
        key = self._blobs.key(located.account)
        if key is None:
            raise StorageRefused(
                f"The storage account '{located.account}' is not one of the emulator's. Use the connection string that "
                "it prints, or start it with --auto-accounts."
            )
        if located.key is not None:
            if not hmac.compare_digest(located.key.encode(), key.encode()):
                raise StorageRefused("Server failed to authenticate the request: the key is not this account's.")
            return
        access = self._blobs.access(located.account, located.container)
        if not located.sas and permission == "r" and access.public:
            return
        from amlemulator.core.sas import Asked, parse_token, verify

        now = self._clock.now()
        asked = Asked(located.account, located.container, located.name, permission, now, policies=access.policies)
        refusal = verify(parse_token(located.sas or ""), key, asked)
        if refusal is not None:
            raise StorageRefused(_sentence(refusal))

    def fetch(self, reference: BlobReference, into: Path) -> None:
        """Copy the blob to a file. Raises StorageRefused."""
        located = locate(reference)
        self.authorize(located, "r")
        try:
            source = self._blobs.open(located.account, located.container, located.name)
            with source as content, into.open("wb") as target:
                shutil.copyfileobj(content, target, 1 << 20)
        except BlobMissing as error:
            raise StorageRefused(missing(error)) from error

    def fetch_url(self, url: str, into: Path) -> None:
        """Copy the blob at a URL, with its SAS in the query, to a file. Raises StorageRefused."""
        base, _, token = url.partition("?")
        self.fetch(BlobReference(base_location=base, relative_location="", sas_blob_token=token), into)

    def stage_url(self, url: str, folder: Path, stem: str) -> dict[str, str]:
        """Copy the blob at a URL into a folder and say where it is and in what format. Raises StorageRefused."""
        extension = Path(url.partition("?")[0]).suffix.lower() or ".csv"
        path = folder / f"{stem}{extension}"
        self.fetch_url(url, path)
        return {"path": str(path), "format": extension.lstrip(".")}

    def require_readable(self, references: Iterable[BlobReference]) -> None:
        """Refuse blobs that a job could not read, at once (the other reading of errors.md U5): BlobNotFound."""
        for reference in references:
            try:
                located = locate(reference)
                self.authorize(located, "r")
                self._blobs.properties(located.account, located.container, located.name)
            except (StorageRefused, BlobMissing) as error:
                reason = missing(error) if isinstance(error, BlobMissing) else str(error)
                relative = (reference.relative_location or "").lstrip("/")
                raise failure("BadArgument/BlobNotFound", relative, reason) from error

    def read(self, reference: BlobReference, at_most: int) -> bytes:
        """Return the blob's bytes. Raises StorageRefused, also when it is larger than ``at_most`` bytes."""
        located = locate(reference)
        self.authorize(located, "r")
        try:
            size = self._blobs.properties(located.account, located.container, located.name).size
            if size > at_most:
                raise StorageRefused(f"The blob has {size} bytes; at most {at_most} are read.")
            with self._blobs.open(located.account, located.container, located.name) as source:
                return source.read()
        except BlobMissing as error:
            raise StorageRefused(missing(error)) from error

    def check_writable(self, reference: BlobReference) -> Located:
        """Take an output's reference apart and check its right to write. Raises StorageRefused."""
        located = locate(reference)
        self.authorize(located, "cw")  # writing a new blob takes either
        return located

    def write(self, output: StoredOutput, content: BinaryIO, content_type: str) -> None:
        """Write an output; one that exists is overwritten (errors.md section 15). Raises StorageRefused."""
        if output.shared == "container":
            self._blobs.create_container(output.account, output.container)
        try:
            self._blobs.put(output.account, output.container, output.name, content, content_type=content_type)
        except BlobMissing as error:
            raise StorageRefused(missing(error)) from error

    def shared(self, output: StoredOutput, addresses: Addresses) -> BlobReference:
        """Return the reference of a result with a fresh SAS (documents.md sections 5.4 and 6).

        An override is shared as that one blob (``sr=b sp=r``), a default output as its container (``sr=c sp=rl``).
        BaseLocation ends with a slash, RelativeLocation starts without one, the token starts with ``?``: clients
        concatenate them.
        """
        from amlemulator.core.sas import make_service_sas

        now = self._clock.now()
        whole = output.shared == "container"
        key = self._blobs.key(output.account)
        if key is None:  # an account that was there when the job ran
            raise failure("InternalError/ServiceUrisNotFound")
        token = make_service_sas(
            output.account,
            key,
            output.container,
            None if whole else output.name,
            "rl" if whole else "r",
            now - self._backdated,
            now + self._sas_seconds,
        )
        return BlobReference(
            relative_location=f"{output.container}/{output.name}",
            base_location=addresses.blob_account(output.account),
            sas_blob_token=token,
        )


def _sentence(refusal: Refusal) -> str:
    message = fill(catalogue()[refusal.name].message, refusal.arguments)
    # The first line only: what follows a signature mismatch is the string that was signed.
    return f"{message} {refusal.detail.splitlines()[0]}" if refusal.detail else message


def missing(error: BlobMissing) -> str:
    """Return Azure's sentence for a blob or container that is not there (errors.md section 10)."""
    return f"The specified {'container' if error.container_missing else 'blob'} does not exist."


def shown_url(reference: BlobReference) -> str:
    """Return where a reference points, without its credentials, for messages."""
    return join_location(reference.base_location or "", reference.relative_location or "")
