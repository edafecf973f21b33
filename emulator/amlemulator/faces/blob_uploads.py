"""Writing blobs: Put Blob, blocks, metadata and properties, Delete Blob."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from amlcontracts import load
from amlemulator.adapters.files_blobs import Version
from amlemulator.adapters.files_blobs_blocks import Place
from amlemulator.faces import blob_xml
from amlemulator.faces.blob_call import Call
from amlemulator.faces.blob_conditions import conditions
from amlemulator.faces.blob_copies import copy_blob, put_blob_from_url, put_block_from_url
from amlemulator.faces.blob_errors import bad_header, bad_query, not_emulated, refusal
from amlemulator.faces.blob_headers import ENCRYPTED, blob_headers, md5_header, metadata_of, written
from amlemulator.faces.blob_request import Answer, BlobRequest
from amlemulator.faces.blob_xml import http_date
from amlemulator.ports.blobs import BlobMissing

Limits = Sequence[tuple[str, int]]

PUT_BYTES: Limits = load("limits")["blob_put_bytes"]
BLOCK_BYTES: Limits = load("limits")["blob_block_bytes"]
MOST_BLOCKS: int = load("limits")["blob_blocks"]
BLOCK_ID_BYTES: int = load("limits")["blob_block_id_bytes"]
BLOCK_LIST_BYTES = 16 * 1024 * 1024  # a list of the most blocks with the longest ids fits
NO_MD5_SINCE = "2019-02-02"  # from then on blocks and their lists are answered with an MD5 only when one was sent
PLACES: dict[str, Place] = {"Committed": "Committed", "Uncommitted": "Uncommitted", "Latest": "Latest"}


def body_length(request: BlobRequest, limits: Limits) -> int:
    """Return the length of a body. Raises ServiceError when it is not told, or more than the version allows."""
    length = request.length
    if length is None:
        raise refusal("MissingContentLengthHeader")
    most = next(size for since, size in limits if request.version >= since)
    if length > most:
        raise refusal("RequestBodyTooLarge", MaxLimit=str(most))
    return length


def put_blob(call: Call) -> Answer:
    """Put Blob, or one of the copies, which are told apart only by their headers."""
    request = call.request
    kind = request.header("x-ms-blob-type")
    if request.header("x-ms-copy-source"):
        return put_blob_from_url(call) if kind else copy_blob(call)
    kind = request.required("x-ms-blob-type")
    if kind in ("PageBlob", "AppendBlob"):
        raise not_emulated(f"Only block blobs are emulated, no {kind}; send x-ms-blob-type: BlockBlob.")
    if kind != "BlockBlob":
        raise bad_header("x-ms-blob-type", kind)
    size = body_length(request, PUT_BYTES)
    version = Version(blob_headers(request, plain=True), metadata_of(request))
    md5 = md5_header(request, "content-md5")
    stored = version.headers.content_md5
    if md5 and stored and not hmac.compare_digest(md5, stored):
        raise refusal("Md5Mismatch")
    blob = call.blobs.versions.write(
        call.where, request.body, version, size=size, md5=md5 or stored, check=call.creating()
    )
    return Answer(201, [*written(blob), ("Content-MD5", blob.content_md5 or "")])


def block_id(text: str | None) -> str:
    """Return a block's id as the client wrote it. Raises ServiceError when it is missing, no base64, or too long."""
    if not text:
        raise refusal("MissingRequiredQueryParameter", QueryParameterName="blockid")
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise bad_query("blockid", text, "Not a valid base64 string.") from None
    if not 1 <= len(raw) <= BLOCK_ID_BYTES:
        raise refusal("OutOfRangeInput")
    return text


def put_block(call: Call) -> Answer:
    """Put Block, or Put Block From URL."""
    request = call.request
    name = block_id(request.query.get("blockid"))
    if request.header("x-ms-copy-source"):
        return put_block_from_url(call, name)
    size = body_length(request, BLOCK_BYTES)
    if size == 0:
        raise bad_header("Content-Length", "0")
    md5 = md5_header(request, "content-md5")
    found = call.blobs.blocks.stage(
        call.where, name, request.body, size=size, md5=md5, digest=request.version < NO_MD5_SINCE
    )
    headers = [ENCRYPTED]
    if found is not None:
        headers.append(("Content-MD5", base64.b64encode(found).decode()))
    return Answer(201, headers)


def put_block_list(call: Call) -> Answer:
    """Put Block List."""
    request = call.request
    body = request.text_body(BLOCK_LIST_BYTES)
    md5 = md5_header(request, "content-md5")
    found = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    if md5 is not None and not hmac.compare_digest(md5, found):
        raise refusal("Md5Mismatch")
    version = Version(blob_headers(request), metadata_of(request))
    headers = written(call.blobs.blocks.commit(call.where, _listed(body), version, call.creating()))
    if md5 is not None or request.version < NO_MD5_SINCE:
        headers.append(("Content-MD5", found))  # of the list, not of the blob
    return Answer(201, headers)


def _listed(body: bytes) -> list[tuple[Place, str]]:
    document = blob_xml.parsed(body, "BlockList")
    if len(document) > MOST_BLOCKS:
        raise refusal("BlockListTooLong")
    listed: list[tuple[Place, str]] = []
    for item in document:
        if item.tag not in PLACES:
            raise refusal("InvalidXmlDocument")
        listed.append((PLACES[item.tag], (item.text or "").strip()))
    return listed


def get_block_list(call: Call) -> Answer:
    """Get Block List."""
    kind = call.request.query.get("blocklisttype", "committed").lower()
    if kind not in ("committed", "uncommitted", "all"):
        raise bad_query("blocklisttype", kind)
    lists = call.blobs.blocks.lists(call.where)
    if lists.blob is None and not lists.uncommitted:
        raise BlobMissing(*call.where)
    headers = [("Content-Type", "application/xml")]
    if lists.blob is not None:
        conditions(call.request).check_read(lists.blob)
        headers += [("ETag", lists.blob.etag), ("Last-Modified", http_date(lists.blob.modified))]
        headers += [("x-ms-blob-content-length", str(lists.blob.size))]
    shown = ("committed", "uncommitted") if kind == "all" else (kind,)
    return Answer(200, headers, blob_xml.block_list(lists, shown))


def set_blob_metadata(call: Call) -> Answer:
    """Set Blob Metadata: what is not given is removed."""
    blob = call.blobs.versions.change(call.where, metadata=metadata_of(call.request), check=call.changing())
    return Answer(200, written(blob))


def set_blob_properties(call: Call) -> Answer:
    """Set Blob Properties: what is not given is removed."""
    request = call.request
    if request.header("x-ms-blob-content-length") or request.header("x-ms-sequence-number-action"):
        raise not_emulated("Only block blobs are emulated; sizes and sequence numbers are a page blob's.")
    blob = call.blobs.versions.change(call.where, headers=blob_headers(request), check=call.changing())
    return Answer(200, written(blob)[:2])


def delete_blob(call: Call) -> Answer:
    """Delete Blob. There are no snapshots, so x-ms-delete-snapshots: include has nothing more to do."""
    snapshots = call.request.header("x-ms-delete-snapshots")
    if snapshots not in (None, "include", "only"):
        raise bad_header("x-ms-delete-snapshots", snapshots)
    if snapshots == "only":
        raise not_emulated("Snapshots are not emulated, so there are none to delete without their blob.")
    call.blobs.versions.delete(call.where, call.changing())
    return Answer(202, [("x-ms-delete-type-permanent", "true")])
