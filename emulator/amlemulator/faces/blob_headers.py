"""Headers of blob storage: what a client sets on blobs and containers, and what it gets back."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from amlcontracts import load
from amlemulator.adapters.files_blobs_records import BlobHeaders, Container
from amlemulator.faces.blob_errors import bad_header, refusal
from amlemulator.faces.blob_request import BlobRequest, encoded
from amlemulator.faces.blob_xml import http_date
from amlemulator.ports.blobs import BlobProperties, Copied

Headers = list[tuple[str, str]]

METADATA = "x-ms-meta-"
METADATA_BYTES: int = load("limits")["blob_metadata_bytes"]
METADATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")  # a C# identifier
CREATION_TIME_SINCE = "2017-11-09"
NO_LEASE: Headers = [("x-ms-lease-status", "unlocked"), ("x-ms-lease-state", "available")]
ENCRYPTED = ("x-ms-request-server-encrypted", "true")


def metadata_of(request: BlobRequest) -> dict[str, str]:
    """Return the metadata that a request sets. Raises ServiceError for names or sizes that cannot be."""
    found: dict[str, str] = {}
    if not any(name.startswith("HTTP_X_MS_META_") for name in request.environ) and (
        "amlemulator.raw_headers" not in request.environ
    ):
        return found
    for name, value in request.named_headers():
        if name.lower().startswith(METADATA):
            key = name[len(METADATA) :]
            found[_checked_name(key)] = value.strip()
    if sum(len(name) + len(value.encode()) for name, value in found.items()) > METADATA_BYTES:
        raise refusal("MetadataTooLarge")
    return found


def _checked_name(name: str) -> str:
    if not name:
        raise refusal("EmptyMetadataKey")
    if not METADATA_NAME.match(name):
        raise refusal("InvalidMetadata")
    return name


def blob_headers(request: BlobRequest, *, plain: bool = False) -> BlobHeaders:
    """Return the headers that a request sets on a blob; ``plain``: also by the standard headers of its own body."""

    def value(name: str, standard: str | None = None) -> str | None:
        given = request.header(f"x-ms-blob-{name}")
        return given if given or not plain else request.header(standard or name)

    return BlobHeaders(
        content_type=value("content-type") or "application/octet-stream",
        content_md5=md5_header(request, "x-ms-blob-content-md5"),
        content_encoding=value("content-encoding") or None,
        content_language=value("content-language") or None,
        content_disposition=request.header("x-ms-blob-content-disposition") or None,
        cache_control=value("cache-control") or None,
    )


def md5_header(request: BlobRequest, name: str) -> str | None:
    """Return an MD5 (base64) that a header holds, or None. Raises ServiceError InvalidMd5 when it is none."""
    text = request.header(name)
    if not text:
        return None
    try:
        if len(base64.b64decode(text, validate=True)) == 16:
            return text
    except (binascii.Error, ValueError):
        pass
    raise refusal("InvalidMd5")


def public_access(request: BlobRequest) -> str:
    """Return the public access that a request gives a container. Raises ServiceError when it is unknown."""
    value = (request.header("x-ms-blob-public-access") or "").lower()
    if value == "true":  # how versions before 2009-09-19 said it, and some clients still do
        return "container"
    if value not in ("", "blob", "container"):
        raise bad_header("x-ms-blob-public-access", value)
    return value


def written(blob: BlobProperties) -> Headers:
    """Return what tells a writer which version it made."""
    return [("ETag", blob.etag), ("Last-Modified", http_date(blob.modified)), ENCRYPTED]


def metadata_headers(metadata: Mapping[str, str]) -> Headers:
    """Return metadata as headers."""
    return [(METADATA + name, encoded(value)) for name, value in metadata.items()]


def blob_properties(blob: BlobProperties, version: str) -> Headers:
    """Return everything about a blob but its length and its MD5, which depend on the range that is read."""
    headers: Headers = [
        ("ETag", blob.etag),
        ("Last-Modified", http_date(blob.modified)),
        ("Content-Type", encoded(blob.content_type)),
        ("Accept-Ranges", "bytes"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-server-encrypted", "true"),
        *NO_LEASE,
    ]
    if version >= CREATION_TIME_SINCE:
        headers.append(("x-ms-creation-time", http_date(blob.created)))
    for name, value in (
        ("Content-Encoding", blob.content_encoding),
        ("Content-Language", blob.content_language),
        ("Content-Disposition", blob.content_disposition),
        ("Cache-Control", blob.cache_control),
    ):
        if value:
            headers.append((name, encoded(value)))
    if blob.metadata:
        headers += metadata_headers(blob.metadata)
    return headers if blob.copied is None else headers + _copied(blob.copied, blob.size)


def _copied(copied: Copied, size: int) -> Headers:
    return [
        ("x-ms-copy-id", copied.id),
        ("x-ms-copy-source", encoded(copied.source)),
        ("x-ms-copy-status", "success"),
        ("x-ms-copy-progress", f"{size}/{size}"),
        ("x-ms-copy-completion-time", http_date(copied.completed)),
    ]


def container_properties(container: Container) -> Headers:
    """Return everything about a container."""
    headers = container_version(container)
    headers += [*NO_LEASE, ("x-ms-has-immutability-policy", "false"), ("x-ms-has-legal-hold", "false")]
    headers += [("x-ms-default-encryption-scope", "$account-encryption-key")]
    headers += [("x-ms-deny-encryption-scope-override", "false")]
    return [*headers, *public_header(container), *metadata_headers(container.metadata)]


def container_version(container: Container) -> Headers:
    """Return entity tag and modification time of a container."""
    return [("ETag", container.etag), ("Last-Modified", http_date(container.modified))]


def public_header(container: Container) -> Headers:
    """Return the header that tells of public access, none when there is none."""
    return [("x-ms-blob-public-access", container.public)] if container.public else []
