"""Copies between our own accounts: Copy Blob, Put Blob From URL, Put Block From URL.

Every copy is done when the answer goes out: the bytes are shared on the disk. Nothing is ever fetched from elsewhere.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from amlemulator.adapters.files_blobs import BlobAddress, Version
from amlemulator.adapters.files_blobs_index import headers_of
from amlemulator.adapters.files_blobs_records import BlobHeaders, Check
from amlemulator.core.connection import split_location
from amlemulator.core.errors import ServiceError
from amlemulator.core.sas import Asked, parse_token
from amlemulator.faces.blob_access import granted, key_of, may_read
from amlemulator.faces.blob_call import Call
from amlemulator.faces.blob_conditions import conditions
from amlemulator.faces.blob_errors import bad_header, not_emulated, refusal
from amlemulator.faces.blob_headers import ENCRYPTED, blob_headers, md5_header, metadata_of, written
from amlemulator.faces.blob_reads import RANGE, within
from amlemulator.faces.blob_request import Answer
from amlemulator.ports.blobs import BlobMissing, BlobProperties, Copied


@dataclass(frozen=True, slots=True)
class Source:
    """Where to copy from, which the caller may read. ``url`` is without its query, which may hold a token."""

    where: BlobAddress
    url: str
    check: Check


def source_of(call: Call) -> Source:
    """Read x-ms-copy-source. Raises ServiceError when it is no blob of ours, or the caller may not read it."""
    text = call.request.required("x-ms-copy-source")
    url, _, query = text.partition("?")
    try:
        where = BlobAddress(*split_location(url))
    except ValueError:
        raise bad_header("x-ms-copy-source", url) from None
    token = parse_token(query)
    if call.blobs.key(where.account) is None:
        raise not_emulated(
            f"Nothing is copied from other hosts; '{where.account}' is no account here. Upload the blob instead."
        )
    if "snapshot" in token or "versionid" in token:
        raise not_emulated("Snapshots and versions of blobs are not emulated.")
    _check_readable(call, where, token)
    return Source(where, url, conditions(call.request, "x-ms-source-").check_source)


def _check_readable(call: Call, where: BlobAddress, token: dict[str, str]) -> None:
    if "sig" in token:
        scheme = call.request.environ["wsgi.url_scheme"]
        address = call.request.environ.get("REMOTE_ADDR", "")
        asked = Asked(*where, "r", call.now, protocol=scheme, address=address)
        try:
            granted(token, key_of(call.blobs, where.account), asked)
        except ServiceError as error:
            details = getattr(error, "details", {})
            raise refusal("CopySourceNotAuthenticated", **details) from None
    elif not (call.grant.trusted and where.account == call.account) and not may_read(call.blobs, *where[:2]):
        raise refusal("CannotVerifyCopySource")


def copy_blob(call: Call) -> Answer:
    """Copy Blob (answered as done), and Copy Blob From URL, which differs in being done for certain."""
    source = source_of(call)
    metadata = metadata_of(call.request)
    copied = Copied(str(uuid.uuid5(uuid.NAMESPACE_OID, call.id)), source.url, call.now)
    blob = _copy(call, source, metadata, copied)
    status = [("x-ms-copy-id", copied.id), ("x-ms-copy-status", "success")]
    return Answer(202, [*written(blob)[:2], *status])


def _copy(call: Call, source: Source, metadata: dict[str, str], copied: Copied) -> BlobProperties:
    try:
        return call.blobs.versions.copy(
            source.where,
            call.where,
            metadata=metadata,
            copied=copied,
            check_source=source.check,
            check=call.creating(),
        )
    except BlobMissing as missing:
        raise _missing_source(missing, source) from None


def _missing_source(missing: BlobMissing, source: Source) -> Exception:
    """Tell a missing source from a missing target, which is only ever the container."""
    return refusal("CopySourceNotFound") if missing.address == source.where else missing


def put_blob_from_url(call: Call) -> Answer:
    """Put Blob From URL: a new blob with the source's bytes, and headers of its own where it gives any."""
    source = source_of(call)
    given = blob_headers(call.request)
    md5 = md5_header(call.request, "x-ms-source-content-md5")
    try:
        origin, content = call.blobs.versions.open(source.where)
    except BlobMissing:
        raise refusal("CopySourceNotFound") from None
    with content:
        source.check(origin)
        headers = given if given != BlobHeaders() else replace(headers_of(origin), content_md5=None)
        version = Version(headers, metadata_of(call.request))
        blob = call.blobs.versions.write(call.where, content, version, size=origin.size, md5=md5, check=call.creating())
    return Answer(201, [*written(blob), ("Content-MD5", blob.content_md5 or "")])


def put_block_from_url(call: Call, name: str) -> Answer:
    """Put Block From URL: a block with a part of the source's bytes."""
    source = source_of(call)
    asked = call.request.header("x-ms-source-range")
    found = RANGE.match(asked) if asked else None
    if asked and found is None:
        raise bad_header("x-ms-source-range", asked)
    md5 = md5_header(call.request, "x-ms-source-content-md5")
    try:
        origin, content = call.blobs.versions.open(source.where)
    except BlobMissing:
        raise refusal("CopySourceNotFound") from None
    with content:
        source.check(origin)
        offset, size = 0, origin.size
        if found is not None:
            offset, size = within((int(found[1]), int(found[2]) if found[2] else None), origin.size)
        content.seek(offset)
        call.blobs.blocks.stage(call.where, name, content, size=size, md5=md5, digest=False)
    return Answer(201, [ENCRYPTED])


def abort_copy(call: Call) -> Answer:
    """Abort Copy Blob: no copy is ever pending here."""
    call.blobs.properties(*call.where)
    raise refusal("NoPendingCopyOperation")
