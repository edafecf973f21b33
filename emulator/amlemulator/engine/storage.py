"""From a blob reference in a request to bytes in storage, with the credentials of the reference really checked."""

from __future__ import annotations

import hmac
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from amlcontracts import load
from amlemulator.core.addresses import Addresses
from amlemulator.core.connection import endpoint_of, join_location, parse_connection_string, split_location
from amlemulator.core.errors import catalogue, failure, fill
from amlemulator.core.records import BlobReference, StoredOutput
from amlemulator.core.references import Located
from amlemulator.engine.outside import Outside, how_to_allow
from amlemulator.ports.blobs import BlobMissing, Blobs, BlobsRefused
from amlemulator.ports.clock import Clock

if TYPE_CHECKING:  # tokens are made and checked when the first job or model comes
    from amlemulator.core.sas import Refusal

SAS_VERSION: str = load("limits")["sas_version"]
OUTSIDE_SAS_VERSION = "2018-11-09"  # the service signed as in 2013, which Azurite does not check any more


class StorageRefused(Exception):  # noqa: N818 - the storage's refusal, not a fault
    """The storage refuses, or does not know, what a reference names. The message is the storage's, without secrets."""


def locate(reference: BlobReference) -> Located:
    """Take a reference apart. Raises StorageRefused when it names no blob."""
    relative = (reference.relative_location or "").strip()
    try:
        if reference.connection_string is not None:
            connection = parse_connection_string(reference.connection_string)
            container, _, name = relative.lstrip("/").partition("/")
            endpoint = connection.blob_endpoint
            return Located(endpoint, connection.account, container, name, connection.key, connection.sas)
        base = reference.base_location or ""
        account, container, name = split_location(base, relative)
        endpoint = endpoint_of(base)
    except ValueError as error:
        raise StorageRefused(str(error)) from error
    return Located(endpoint, account, container, name, None, reference.sas_blob_token)


class Storage:
    """Reads and writes the blobs that references name, and mints the SAS tokens of results.

    A reference leads to the emulator's own storage, or to one that the user allowed (engine/outside.py).
    """

    def __init__(
        self, blobs: Blobs, clock: Clock, sas_seconds: float, backdated_seconds: float, outside: Outside
    ) -> None:
        self._blobs = blobs
        self._outside = outside
        self._clock = clock
        self._sas_seconds = sas_seconds
        self._backdated = backdated_seconds

    @contextmanager
    def opened(self, located: Located, permission: str) -> Iterator[Blobs]:
        """Give the storage of a reference, its right to do this checked: here, or by the other side.

        Raises StorageRefused with the storage's reason, also for what goes wrong inside the with.
        """
        try:
            if self._outside.holds(located):
                with self._outside.opened(located) as blobs:
                    yield blobs
            else:
                self.authorize(located, permission)
                yield self._blobs
        except BlobMissing as error:
            raise StorageRefused(missing(error)) from error
        except BlobsRefused as error:
            raise StorageRefused(str(error)) from error

    def authorize(self, located: Located, permission: str) -> None:
        """Check a reference's right to the emulator's own storage. Raises StorageRefused with the reason."""
        key = self._blobs.key(located.account)
        if key is None:
            raise StorageRefused(how_to_allow(located))
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
        with (
            self.opened(located, "r") as blobs,
            blobs.open(located.account, located.container, located.name) as content,
            into.open("wb") as target,
        ):
            shutil.copyfileobj(content, target, 1 << 20)

    def stage(self, reference: BlobReference, folder: Path, stem: str) -> dict[str, str]:
        """Copy a blob into a folder and say where it is and in what format. Raises StorageRefused."""
        extension = Path(reference.relative_location or reference.base_location or "").suffix.lower() or ".csv"
        path = folder / f"{stem}{extension}"
        self.fetch(reference, path)
        return {"path": str(path), "format": extension.lstrip(".")}

    def require_readable(self, references: Iterable[BlobReference]) -> None:
        """Refuse blobs that a job could not read, at once (the other reading of errors.md U5): BlobNotFound."""
        for reference in references:
            try:
                located = locate(reference)
                with self.opened(located, "r") as blobs:
                    blobs.properties(located.account, located.container, located.name)
            except StorageRefused as error:
                relative = (reference.relative_location or "").lstrip("/")
                raise failure("BadArgument/BlobNotFound", relative, str(error)) from error

    def read(self, reference: BlobReference, at_most: int) -> bytes:
        """Return the blob's bytes. Raises StorageRefused, also when it is larger than ``at_most`` bytes."""
        located = locate(reference)
        with self.opened(located, "r") as blobs:
            size = blobs.properties(located.account, located.container, located.name).size
            if size > at_most:
                raise StorageRefused(f"The blob has {size} bytes; at most {at_most} are read.")
            with blobs.open(located.account, located.container, located.name) as source:
                return source.read()

    def output(self, reference: BlobReference) -> StoredOutput:
        """Return where an output goes that a request leads elsewhere. Raises StorageRefused without the right to."""
        located = locate(reference)
        if self._outside.holds(located):
            return StoredOutput(located.account, located.container, located.name, outside=reference)
        self.authorize(located, "cw")  # writing a new blob takes either
        return StoredOutput(located.account, located.container, located.name)

    def exists(self, output: StoredOutput) -> bool:
        """Tell whether a blob is where an output goes. Raises StorageRefused when that cannot be asked."""
        where = (output.account, output.container, output.name)
        located = locate(output.outside) if output.outside is not None else None
        try:
            if located is None:
                self._blobs.properties(*where)
            else:
                with self._outside.opened(located) as blobs:
                    blobs.properties(*where)
        except BlobMissing:
            return False
        except BlobsRefused as error:
            raise StorageRefused(str(error)) from error
        return True

    def write(self, output: StoredOutput, content: BinaryIO, content_type: str) -> None:
        """Write an output; one that exists is overwritten (errors.md section 15). Raises StorageRefused."""
        where = (output.account, output.container, output.name)
        if output.outside is not None:
            with self.opened(locate(output.outside), "cw") as blobs:
                blobs.put(*where, content, content_type=content_type)
            return
        if output.shared == "container":
            self._blobs.create_container(output.account, output.container)
        try:
            self._blobs.put(*where, content, content_type=content_type)
        except BlobMissing as error:
            raise StorageRefused(missing(error)) from error

    def shared(self, output: StoredOutput, addresses: Addresses) -> BlobReference:
        """Return the reference of a result with a fresh SAS (documents.md sections 5.4 and 6).

        An override is shared as that one blob (``sr=b sp=r``), a default output as its container (``sr=c sp=rl``).
        BaseLocation ends with a slash, RelativeLocation starts without one, the token starts with ``?``: clients
        concatenate them.
        """
        if output.outside is not None:
            located = locate(output.outside)
            base, token = f"{located.endpoint}/", f"?{(located.sas or '').lstrip('?')}"
            if located.key:  # with a token alone nothing can be signed: the result has the one that the request brought
                token = self._token(output, located.key, OUTSIDE_SAS_VERSION)
        else:
            key = self._blobs.key(output.account)
            if key is None:  # an account that was there when the job ran
                raise failure("InternalError/ServiceUrisNotFound")
            token, base = self._token(output, key), addresses.blob_account(output.account)
        relative = f"{output.container}/{output.name}"
        return BlobReference(relative_location=relative, base_location=base, sas_blob_token=token)

    def _token(self, output: StoredOutput, key: str, version: str = SAS_VERSION) -> str:
        from amlemulator.core.sas import make_service_sas

        now = self._clock.now()
        whole = output.shared == "container"
        return make_service_sas(
            output.account,
            key,
            output.container,
            None if whole else output.name,
            "rl" if whole else "r",
            now - self._backdated,
            now + self._sas_seconds,
            version,
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
