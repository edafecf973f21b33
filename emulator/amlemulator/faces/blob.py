"""Azure Blob storage's REST API as a plain WSGI application: no Flask, for this is the busiest face.

It sees ``/{account}/{container}/{blob}``. A request is read, routed, authorized, run and rendered; whatever is raised
on the way becomes the service's XML.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO

from amlemulator.adapters.files_blobs import FilesBlobs, ShortBody
from amlemulator.core.errors import ServiceError
from amlemulator.faces import blob_xml
from amlemulator.faces.blob_access import authorize
from amlemulator.faces.blob_call import Call
from amlemulator.faces.blob_errors import BlobError, refusal
from amlemulator.faces.blob_request import CLIENT_REQUEST_ID, Answer, BlobRequest
from amlemulator.faces.blob_routing import check_emulated, operation_of
from amlemulator.ports.blobs import BlobMissing
from amlemulator.ports.clock import Clock

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOG = logging.getLogger(__name__)
SERVER = ("Server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0")
SMALL = 64 * 1024  # bytes; what is smaller is sent in one piece
CHUNK = 256 * 1024
SIGNED_VERSION = re.compile(r"(?:^|&)sv=(\d{4}-\d{2}-\d{2})")
REASONS = {status.value: status.phrase for status in HTTPStatus}


def new_guid() -> str:
    """Return a guid."""
    return str(uuid.uuid4())


class BlobApplication:
    """The WSGI application. ``new_id`` makes guids of requests, whose last six digits are then made zero.

    The service's are so (errors.md section 10).
    """

    def __init__(self, blobs: FilesBlobs, clock: Clock, new_id: Callable[[], str] = new_guid) -> None:
        self._blobs = blobs
        self._clock = clock
        self._new_id = new_id

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request_id, now = f"{self._new_id()[:-6]}000000", self._clock.now()
        try:
            answer, reason = self._run(environ, request_id, now), None
        except Exception as error:
            answer, reason = self._refuse(environ, error, request_id, now)
        headers = _common_headers(environ, request_id, now) + answer.headers
        size = len(answer.body) if isinstance(answer.body, bytes) else answer.size
        if answer.status != 304:
            headers.append(("Content-Length", str(answer.size if answer.size is not None else size)))
        start_response(f"{answer.status} {reason or REASONS[answer.status]}", headers)
        return _body(environ, answer)

    def _run(self, environ: WSGIEnvironment, request_id: str, now: float) -> Answer:
        request = BlobRequest(environ)
        operation = operation_of(request)
        grant = authorize(self._blobs, request, operation.needs, now)
        check_emulated(request)
        return operation.run(Call(self._blobs, request, grant, now, request_id))

    def _refuse(self, environ: WSGIEnvironment, error: Exception, request_id: str, now: float) -> tuple[Answer, str]:
        """Return the answer to a refusal, and its reason phrase, which repeats the message."""
        refused = _service_error(environ, error)
        entry = refused.entry
        headers = [("x-ms-error-code", entry.code)]
        if refused.evidence:
            headers.append(("x-amlclassic-evidence", refused.evidence))
        details: dict[str, str] = {}
        if isinstance(refused, BlobError):
            headers += refused.headers
            details = refused.details
        reason = refused.message.encode("ascii", "replace").decode().replace("\n", " ")
        if entry.status == 304 or environ["REQUEST_METHOD"] == "HEAD":
            return Answer(entry.status, headers), reason
        headers.append(("Content-Type", "application/xml"))
        body = blob_xml.error(entry.code, refused.message, request_id, now, details)
        return Answer(entry.status, headers, body), reason


def _service_error(environ: WSGIEnvironment, error: Exception) -> ServiceError:
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, BlobMissing):
        return refusal("ContainerNotFound" if error.container_missing else "BlobNotFound")
    if isinstance(error, ShortBody):
        return refusal("InvalidInput")
    # The path, never the query: that may hold a token.
    LOG.error("a fault of the emulator's own at %s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], exc_info=error)
    return refusal("InternalError")


def _common_headers(environ: WSGIEnvironment, request_id: str, now: float) -> list[tuple[str, str]]:
    headers = [SERVER, ("x-ms-request-id", request_id), ("Date", blob_xml.http_date(now))]
    version = environ.get("HTTP_X_MS_VERSION")
    if version is None:  # a token's version counts for a request that names none
        found = SIGNED_VERSION.search(environ.get("QUERY_STRING", ""))
        version = found[1] if found else None
    if version:
        headers.append(("x-ms-version", version))
    client_id = environ.get("HTTP_X_MS_CLIENT_REQUEST_ID")
    if client_id and CLIENT_REQUEST_ID.match(client_id):
        headers.append(("x-ms-client-request-id", client_id))
    return headers


def _body(environ: WSGIEnvironment, answer: Answer) -> Iterable[bytes]:
    content, size = answer.body, answer.size
    if isinstance(content, bytes):
        return [content] if content else []
    assert size is not None  # whoever answers with a stream tells its length
    if size <= SMALL:
        with content:
            return [content.read(size)] if size else []
    if "waitress.client_disconnected" in environ:  # its file wrapper sends from the file, and keeps to Content-Length
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](content, CHUNK)
        return wrapped
    return _Pieces(content, size)


class _Pieces:
    """A stream's next ``size`` bytes, piece by piece, closed by the server at the end."""

    def __init__(self, content: BinaryIO, size: int) -> None:
        self._content = content
        self._left = size

    def __iter__(self) -> Iterator[bytes]:
        while self._left and (piece := self._content.read(min(CHUNK, self._left))):
            self._left -= len(piece)
            yield piece

    def close(self) -> None:
        """Close the stream."""
        self._content.close()
