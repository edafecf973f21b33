"""Blobs by their whole address, and the upload of a file with the official SDK."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from ._client import ServiceClient, refusal
from ._clock import Deadline
from ._exceptions import AnswerLost, NotSent, ServiceError, ServiceUnavailable, Unauthorized, WrongCall
from ._models import BlobLocation
from ._redaction import redact
from ._transport import Call

__all__ = ["BlobReader", "upload_file"]

_RETRIES = 3  # two seconds apart; the SDK would wait a minute and a half for a port that nobody listens on
_BLOCK = 512 * 1024  # bytes; small enough for a bar to move, and a lost one is soon sent again
Progress = Callable[[int, int], None]


class BlobReader(ServiceClient):
    """Reads blobs whose address carries its own permission (a SAS). Arguments are those of :class:`ServiceClient`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(None, **options)

    def read(self, location: BlobLocation, *, timeout: float | None = None) -> bytes:
        """Return a whole (small) blob. Raises WrongCall when the reference has no address of its own."""
        return self.call(Call("GET", location.url, repeatable=True), timeout=timeout).content

    def download(self, location: BlobLocation, file: BinaryIO, *, timeout: float = 3600.0) -> int:
        """Stream a blob of any size into ``file``, and return its size in bytes."""
        deadline = Deadline(self._clock, timeout)
        size = 0
        for part in self._transport.stream(Call("GET", location.url), deadline):
            if isinstance(part, bytes):
                size += file.write(part)
            elif part.status >= 300:
                raise refusal(part)
        return size


def upload_file(
    path: Path,
    *,
    connection_string: str,
    container: str,
    blob: str,
    progress: Progress | None = None,
    timeout: float = 3600.0,
) -> BlobLocation:
    """Upload a file with azure-storage-blob, overwriting, and return its reference by connection string.

    ``progress`` is told the bytes sent and the bytes in all. The container is made when it is missing.
    Raises NotSent, ServiceError, AnswerLost, WrongCall.
    """
    from azure.core.exceptions import AzureError, ResourceExistsError
    from azure.storage.blob import BlobServiceClient, LinearRetry

    try:
        retry = LinearRetry(backoff=2, retry_total=_RETRIES)
        options: dict[str, Any] = {"retry_policy": retry, "max_single_put_size": _BLOCK, "max_block_size": _BLOCK}
        with BlobServiceClient.from_connection_string(connection_string, **options) as service:
            client = service.get_container_client(container)
            with suppress(ResourceExistsError):
                client.create_container(timeout=30)
            with path.open("rb") as data:
                client.upload_blob(blob, data, overwrite=True, timeout=int(timeout), progress_hook=_told(progress))
    except AzureError as error:
        raise _translated(error, container, blob) from None
    except ValueError as error:
        raise WrongCall(redact(f"the connection string cannot be used: {error}", (connection_string,))) from None
    return BlobLocation(relative_location=f"{container}/{blob}", connection_string=connection_string)


def _told(progress: Progress | None) -> Any:
    if progress is None:
        return None
    return lambda current, total: progress(current, total or current)


def _translated(error: Any, container: str, blob: str) -> Exception:
    """Say it in our own terms: the SDK's texts may carry the account's address and more."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

    url = f"{container}/{blob}"
    if isinstance(error, ServiceRequestError):
        return NotSent("the blob service cannot be reached", method="PUT", url=url)
    if isinstance(error, HttpResponseError) and error.status_code:
        kind = {401: Unauthorized, 503: ServiceUnavailable}.get(error.status_code, ServiceError)
        code = getattr(error, "error_code", "") or ""
        code = str(getattr(code, "value", code))
        message = redact(str(error.message).partition("\n")[0])
        return kind(error.status_code, code, message, method="PUT", url=url)
    if isinstance(error, ClientAuthenticationError):
        return WrongCall("the connection string's key cannot be used to sign")
    return AnswerLost(f"the upload broke ({type(error).__name__})", method="PUT", url=url)
