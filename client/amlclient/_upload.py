"""The upload of a file with the official SDK, held to a deadline, its errors said in our own terms."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._clock import Clock, Deadline, SystemClock
from ._exceptions import (
    AmlError,
    AnswerLost,
    AnswerTimeout,
    NotSent,
    ServiceError,
    ServiceUnavailable,
    Unauthorized,
    UnexpectedAnswer,
    WrongCall,
)
from ._models import BlobLocation
from ._redaction import redact
from ._wire import Bound, bounded, pooled

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient

__all__ = ["upload_file"]

_RETRIES = 3
_PAUSE = 2.0  # seconds; the SDK's own would wait a minute and a half for a port that nobody listens on
_CONNECT, _SILENCE = 20.0, 60.0  # seconds, the SDK's own
_BLOCK = 512 * 1024  # bytes; small enough for a bar to move, and a lost one is soon sent again
Progress = Callable[[int, int], None]


def upload_file(
    path: Path,
    *,
    connection_string: str,
    container: str,
    blob: str,
    progress: Progress | None = None,
    timeout: float = 3600.0,
    clock: Clock | None = None,
) -> BlobLocation:
    """Upload a file with azure-storage-blob, overwriting, and return its reference by connection string.

    ``progress`` is told the bytes sent and the bytes in all. The container is made when it is missing; ``timeout``
    bounds all of it. Raises NotSent, ServiceError, AnswerLost, AnswerTimeout, UnexpectedAnswer, WrongCall.
    """
    from azure.core.exceptions import AzureError

    deadline = Deadline(clock or SystemClock(), timeout)
    service = _service(connection_string, deadline)
    try:
        with bounded(Bound(_SILENCE, deadline)), service:
            _send(service, path, container, blob, progress)
        return BlobLocation(relative_location=f"{container}/{blob}", connection_string=connection_string)
    except (AzureError, ValueError) as error:  # a ValueError is the SDK's way of saying that it cannot read an answer
        trouble = _translated(error, container, blob, deadline)
    raise trouble  # out here, so that nothing hangs on it: the SDK's errors carry the request, signature and all


def _service(connection_string: str, deadline: Deadline) -> BlobServiceClient:
    from azure.core.pipeline.transport import RequestsTransport
    from azure.storage.blob import BlobServiceClient

    transport = RequestsTransport(session=pooled(1), connection_timeout=_CONNECT, read_timeout=_SILENCE)
    options: dict[str, Any] = {"transport": transport, "retry_policy": _retries(deadline)}
    options.update(max_single_put_size=_BLOCK, max_block_size=_BLOCK)
    try:
        return BlobServiceClient.from_connection_string(connection_string, **options)
    except ValueError as error:
        trouble = redact(f"the connection string cannot be used: {error}", (connection_string,))
    raise WrongCall(trouble)


def _send(service: BlobServiceClient, path: Path, container: str, blob: str, progress: Progress | None) -> None:
    from azure.core.exceptions import ResourceExistsError

    client = service.get_container_client(container)
    with suppress(ResourceExistsError):
        client.create_container(timeout=30)
    with path.open("rb") as data:
        client.upload_blob(blob, data, overwrite=True, progress_hook=_told(progress))


def _retries(deadline: Deadline) -> Any:
    """Return the SDK's policy of when to send again, with an end: what is over is not tried again."""
    from azure.storage.blob import LinearRetry

    class Retries(LinearRetry):
        def increment(self, *arguments: Any, **options: Any) -> bool:
            return super().increment(*arguments, **options) and deadline.left > _PAUSE

        def sleep(self, settings: Any, transport: Any) -> None:
            deadline.clock.sleep(_PAUSE)

    return Retries(retry_total=_RETRIES)


def _told(progress: Progress | None) -> Any:
    if progress is None:
        return None
    return lambda current, total: progress(current, total or current)


def _translated(error: Any, container: str, blob: str, deadline: Deadline) -> AmlError:
    """Say it in our own terms: the SDK's texts may carry the account's address and more."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

    url = f"{container}/{blob}"
    if isinstance(error, HttpResponseError) and error.status_code:
        kind = {401: Unauthorized, 503: ServiceUnavailable}.get(error.status_code, ServiceError)
        code = getattr(error, "error_code", "") or ""
        code = str(getattr(code, "value", code))
        message = redact(str(error.message).partition("\n")[0])
        return kind(error.status_code, code, message, method="PUT", url=url)
    if isinstance(error, ValueError):
        return UnexpectedAnswer("the storage's answer cannot be read", method="PUT", url=url)
    if deadline.left <= 0:
        return AnswerTimeout("the upload was not done in the time allowed", method="PUT", url=url)
    if isinstance(error, ServiceRequestError):
        return NotSent("the blob service cannot be reached", method="PUT", url=url)
    if isinstance(error, ClientAuthenticationError):
        return WrongCall("the connection string's key cannot be used to sign")
    return AnswerLost(f"the upload broke ({type(error).__name__})", method="PUT", url=url)
