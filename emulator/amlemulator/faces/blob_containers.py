"""Containers and accounts: making, listing, access policies, settings."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace

from amlcontracts import load
from amlemulator.adapters.files_blobs_records import Container
from amlemulator.faces import blob_xml
from amlemulator.faces.blob_call import Call
from amlemulator.faces.blob_errors import bad_query
from amlemulator.faces.blob_headers import (
    container_properties,
    container_version,
    metadata_headers,
    metadata_of,
    public_access,
    public_header,
)
from amlemulator.faces.blob_request import Answer, BlobRequest

XML = ("Content-Type", "application/xml")
MOST_RESULTS: int = load("limits")["blob_list_results"]
DOCUMENT_BYTES = 256 * 1024  # access policies and settings are small
SHORT_CONTAINER_NAME_SINCE = "2013-08-15"  # before, the attribute was the container's URL
INCLUDED = frozenset({"metadata", "uncommittedblobs", "snapshots", "copy", "deleted", "tags", "versions"}) | {
    *("deletedwithversions", "immutabilitypolicy", "legalhold", "permissions", "system")
}


def create_container(call: Call) -> Answer:
    """Create Container."""
    metadata = metadata_of(call.request)
    call.blobs.containers.create(call.account, call.container, public=public_access(call.request), metadata=metadata)
    return Answer(201, container_version(call.blobs.containers.get(call.account, call.container)))


def get_container(call: Call) -> Answer:
    """Get Container Properties."""
    return Answer(200, container_properties(call.blobs.containers.get(call.account, call.container)))


def get_container_metadata(call: Call) -> Answer:
    """Get Container Metadata."""
    container = call.blobs.containers.get(call.account, call.container)
    return Answer(200, container_version(container) + metadata_headers(container.metadata))


def _unless(call: Call) -> Callable[[Container], None]:
    wanted = call.writing()
    return lambda container: wanted.check_write_of(container.etag, container.modified)


def set_container_metadata(call: Call) -> Answer:
    """Set Container Metadata: what is not given is removed."""
    metadata = metadata_of(call.request)
    changed = call.blobs.containers.set_metadata(call.account, call.container, metadata, _unless(call))
    return Answer(200, container_version(changed))


def get_container_acl(call: Call) -> Answer:
    """Get Container ACL."""
    container = call.blobs.containers.get(call.account, call.container)
    headers = [*container_version(container), *public_header(container), XML]
    return Answer(200, headers, blob_xml.signed_identifiers(container.policies))


def set_container_acl(call: Call) -> Answer:
    """Set Container ACL: public access and stored access policies, all at once."""
    policies = blob_xml.access_policies(call.request.text_body(DOCUMENT_BYTES))
    public = public_access(call.request)
    changed = call.blobs.containers.set_access(call.account, call.container, public, policies, _unless(call))
    return Answer(200, container_version(changed))


def delete_container(call: Call) -> Answer:
    """Delete Container. Its name is free at once; the service keeps it for some thirty seconds."""
    call.blobs.containers.delete(call.account, call.container, _unless(call))
    return Answer(202)


def list_blobs(call: Call) -> Answer:
    """List Blobs."""
    request = call.request
    included = _included(request)
    prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter", "")
    page = call.blobs.page(
        call.account,
        call.container,
        prefix=prefix,
        delimiter=delimiter,
        start=_start(request),
        limit=request.number("maxresults", 1, MOST_RESULTS) or MOST_RESULTS,
        uncommitted="uncommittedblobs" in included,
    )
    short = request.version >= SHORT_CONTAINER_NAME_SINCE
    attributes = {"ServiceEndpoint": request.base_url} if short else {}
    attributes["ContainerName"] = call.container if short else request.base_url + call.container
    page = replace(page, next=_marker(page.next))
    return Answer(200, [XML], blob_xml.blob_list(attributes, _echo(request), page, metadata="metadata" in included))


def list_containers(call: Call) -> Answer:
    """List Containers."""
    request = call.request
    included = _included(request)
    page = call.blobs.containers.page(
        call.account,
        prefix=request.query.get("prefix", ""),
        start=_start(request),
        limit=request.number("maxresults", 1, MOST_RESULTS) or MOST_RESULTS,
    )
    page = replace(page, next=_marker(page.next))
    body = blob_xml.container_list(
        {"ServiceEndpoint": request.base_url}, _echo(request), page, metadata="metadata" in included
    )
    return Answer(200, [XML], body)


def _included(request: BlobRequest) -> frozenset[str]:
    included = frozenset(part.strip().lower() for part in request.query.get("include", "").split(",") if part.strip())
    if not included <= INCLUDED:
        raise bad_query("include", request.query["include"])
    return included


def _echo(request: BlobRequest) -> dict[str, str]:
    names = {"Prefix": "prefix", "Marker": "marker", "MaxResults": "maxresults", "Delimiter": "delimiter"}
    return {element: request.query[name] for element, name in names.items() if request.query.get(name)}


def _marker(name: str | None) -> str | None:
    """Return what a client sends to go on from ``name``; opaque, as the service's are, and safe in a query."""
    return None if name is None else "2!" + base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _start(request: BlobRequest) -> str:
    marker = request.query.get("marker", "")
    if not marker:
        return ""
    try:
        body = marker.removeprefix("2!")
        if body == marker:
            raise ValueError(marker)
        return base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise bad_query("marker", marker) from None


def get_service_properties(call: Call) -> Answer:
    """Get Blob Service Properties."""
    found = call.blobs.containers.service_properties(call.account)
    return Answer(200, [XML], (found or blob_xml.DEFAULT_SERVICE_PROPERTIES).encode())


def set_service_properties(call: Call) -> Answer:
    """Set Blob Service Properties: kept and given back; nothing is logged or measured, and there is no CORS."""
    before = call.blobs.containers.service_properties(call.account) or blob_xml.DEFAULT_SERVICE_PROPERTIES
    changed = blob_xml.merged_service_properties(before, call.request.text_body(DOCUMENT_BYTES))
    call.blobs.containers.set_service_properties(call.account, changed)
    return Answer(202)


def get_account_information(call: Call) -> Answer:
    """Get Account Information: of the first kind of account, which has no access tiers, as there are none here."""
    kind = [("x-ms-sku-name", "Standard_LRS"), ("x-ms-account-kind", "Storage"), ("x-ms-is-hns-enabled", "false")]
    return Answer(200, kind)
