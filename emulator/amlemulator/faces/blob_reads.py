"""Reading blobs: Get Blob with ranges and conditions, Get Blob Properties, Get Blob Metadata."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import BinaryIO

from amlcontracts import load
from amlemulator.faces.blob_call import Call
from amlemulator.faces.blob_conditions import conditions
from amlemulator.faces.blob_errors import bad_header, refusal
from amlemulator.faces.blob_headers import Headers, blob_properties, metadata_headers
from amlemulator.faces.blob_request import Answer, BlobRequest, encoded
from amlemulator.faces.blob_xml import http_date
from amlemulator.ports.blobs import BlobProperties

RANGE = re.compile(r"bytes=(\d{1,19})-(\d{0,19})\s*\Z")
RANGE_MD5_BYTES: int = load("limits")["blob_range_md5_bytes"]


def get_blob(call: Call) -> Answer:
    """Get Blob: all of it, or a range, of one version."""
    blob, content = call.blobs.versions.open(call.where)
    try:
        conditions(call.request).check_read(blob)
        return _content(call, blob, content)
    except BaseException:
        content.close()
        raise


def _content(call: Call, blob: BlobProperties, content: BinaryIO) -> Answer:
    headers = overridden(blob_properties(blob, call.request.version), call)
    asked = asked_range(call.request)
    if asked is None:
        if blob.content_md5:
            headers.append(("Content-MD5", blob.content_md5))
        return Answer(200, headers, content, blob.size)
    first, size = within(asked, blob.size)
    content.seek(first)
    headers.append(("Content-Range", f"bytes {first}-{first + size - 1}/{blob.size}"))
    if blob.content_md5:
        headers.append(("x-ms-blob-content-md5", blob.content_md5))
    if (call.request.header("x-ms-range-get-content-md5") or "").lower() == "true":
        headers.append(("Content-MD5", _range_md5(content, first, size)))
    return Answer(206, headers, content, size)


def _range_md5(content: BinaryIO, first: int, size: int) -> str:
    if size > RANGE_MD5_BYTES:
        raise bad_header("x-ms-range-get-content-md5", "true")
    digest = hashlib.md5(content.read(size), usedforsecurity=False).digest()
    content.seek(first)
    return base64.b64encode(digest).decode()


def asked_range(request: BlobRequest) -> tuple[int, int | None] | None:
    """Return first and last byte (None: to the end) of the range asked for, None when the whole blob is.

    x-ms-range goes before Range. A Range that is not understood is left out of account, as HTTP says; an x-ms-range is
    refused with ServiceError.
    """
    own = request.header("x-ms-range")
    text = own or request.header("range")
    if not text:
        return None
    found = RANGE.match(text)
    if found is None or (found[2] and int(found[2]) < int(found[1])):
        if own:
            raise bad_header("x-ms-range", own)
        return None
    return int(found[1]), int(found[2]) if found[2] else None


def within(asked: tuple[int, int | None], size: int) -> tuple[int, int]:
    """Return offset and length of a range within a blob. Raises ServiceError InvalidRange when it begins behind it."""
    first, last = asked
    if first >= size:
        error = refusal("InvalidRange")
        error.headers.append(("Content-Range", f"bytes */{size}"))
        raise error
    return first, min(size - 1 if last is None else last, size - 1) - first + 1


def overridden(headers: Headers, call: Call) -> Headers:
    """Put the headers that a token prescribes in the place of the blob's."""
    overrides = call.grant.overrides
    if not overrides:
        return headers
    kept = [(name, value) for name, value in headers if name not in overrides]
    return kept + [(name, encoded(value)) for name, value in overrides.items()]


def get_blob_properties(call: Call) -> Answer:
    """Get Blob Properties (HEAD)."""
    blob = call.blobs.properties(*call.where)
    conditions(call.request).check_read(blob)
    headers = overridden(blob_properties(blob, call.request.version), call)
    if blob.content_md5:
        headers.append(("Content-MD5", blob.content_md5))
    return Answer(200, headers, size=blob.size)


def get_blob_metadata(call: Call) -> Answer:
    """Get Blob Metadata."""
    blob = call.blobs.properties(*call.where)
    conditions(call.request).check_read(blob)
    version = [("ETag", blob.etag), ("Last-Modified", http_date(blob.modified))]
    return Answer(200, version + metadata_headers(blob.metadata))
