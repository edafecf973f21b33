"""Which operation a request is: a table of level, method, restype and comp, with what each asks of its caller."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from amlemulator.faces import blob_containers as containers
from amlemulator.faces import blob_copies as copies
from amlemulator.faces import blob_reads as reads
from amlemulator.faces import blob_uploads as uploads
from amlemulator.faces.blob_access import Needs
from amlemulator.faces.blob_call import Call
from amlemulator.faces.blob_errors import BlobError, bad_query, not_emulated, refusal
from amlemulator.faces.blob_request import Answer, BlobRequest


class Operation(NamedTuple):
    """An operation under the name of Azure Storage's REST reference."""

    name: str
    run: Callable[[Call], Answer]
    needs: Needs


# What a token must hold, as the reference's tables of SAS permissions list it.
READ = Needs("r", public="blob")
WRITE = Needs("cw")
CHANGE = Needs("w")
DELETE = Needs("d")
LIST = Needs("l", "c", public="container")
READ_CONTAINER = Needs("r", "c", service_token=False, public="container")
CHANGE_CONTAINER = Needs("w", "c", service_token=False)
ACCOUNT_INFORMATION = Needs("rwdlacupx", "sco")
KEY_ONLY = Needs("", service_token=False)  # no token can do these


def _account(permissions: str, resource: str) -> Needs:
    return Needs(permissions, resource, service_token=False)


# level (s account, c container, o blob), methods, restype, comp
TABLE: tuple[tuple[str, str, str, str, Operation], ...] = (
    ("s", "GET", "", "list", Operation("List Containers", containers.list_containers, _account("l", "s"))),
    (
        *("s", "GET", "service", "properties"),
        Operation("Get Blob Service Properties", containers.get_service_properties, _account("r", "s")),
    ),
    (
        *("s", "PUT", "service", "properties"),
        Operation("Set Blob Service Properties", containers.set_service_properties, _account("w", "s")),
    ),
    (
        *("sco", "GET HEAD", "account", "properties"),
        Operation("Get Account Information", containers.get_account_information, ACCOUNT_INFORMATION),
    ),
    (
        *("c", "PUT", "container", ""),
        Operation("Create Container", containers.create_container, _account("cw", "c")),
    ),
    (
        *("c", "GET HEAD", "container", ""),
        Operation("Get Container Properties", containers.get_container, READ_CONTAINER),
    ),
    (
        *("c", "DELETE", "container", ""),
        Operation("Delete Container", containers.delete_container, _account("d", "c")),
    ),
    (
        *("c", "GET HEAD", "container", "metadata"),
        Operation("Get Container Metadata", containers.get_container_metadata, READ_CONTAINER),
    ),
    (
        *("c", "PUT", "container", "metadata"),
        Operation("Set Container Metadata", containers.set_container_metadata, CHANGE_CONTAINER),
    ),
    ("c", "GET HEAD", "container", "acl", Operation("Get Container ACL", containers.get_container_acl, KEY_ONLY)),
    ("c", "PUT", "container", "acl", Operation("Set Container ACL", containers.set_container_acl, KEY_ONLY)),
    ("c", "GET", "container", "list", Operation("List Blobs", containers.list_blobs, LIST)),
    ("o", "GET", "", "", Operation("Get Blob", reads.get_blob, READ)),
    ("o", "HEAD", "", "", Operation("Get Blob Properties", reads.get_blob_properties, READ)),
    ("o", "GET HEAD", "", "metadata", Operation("Get Blob Metadata", reads.get_blob_metadata, READ)),
    ("o", "GET", "", "blocklist", Operation("Get Block List", uploads.get_block_list, READ)),
    ("o", "PUT", "", "", Operation("Put Blob", uploads.put_blob, WRITE)),
    ("o", "PUT", "", "block", Operation("Put Block", uploads.put_block, WRITE)),
    ("o", "PUT", "", "blocklist", Operation("Put Block List", uploads.put_block_list, WRITE)),
    ("o", "PUT", "", "metadata", Operation("Set Blob Metadata", uploads.set_blob_metadata, CHANGE)),
    ("o", "PUT", "", "properties", Operation("Set Blob Properties", uploads.set_blob_properties, CHANGE)),
    ("o", "PUT", "", "copy", Operation("Abort Copy Blob", copies.abort_copy, WRITE)),
    ("o", "DELETE", "", "", Operation("Delete Blob", uploads.delete_blob, DELETE)),
)

OPERATIONS: dict[tuple[str, str, str, str], Operation] = {
    (level, method, restype, comp): operation
    for levels, methods, restype, comp, operation in TABLE
    for level in levels
    for method in methods.split()
}

# Operations that Azure Storage has and this storage has not, by comp.
NOT_EMULATED = {
    "snapshot": "Snapshots are not emulated; copy the blob to another name instead.",
    "lease": "Leases are not emulated; use If-Match to guard against other writers.",
    "tier": "Access tiers are not emulated; every blob is simply there.",
    "page": "Page blobs are not emulated; only block blobs are.",
    "pagelist": "Page blobs are not emulated; only block blobs are.",
    "incrementalcopy": "Page blobs are not emulated; only block blobs are.",
    "appendblock": "Append blobs are not emulated; only block blobs are.",
    "seal": "Append blobs are not emulated; only block blobs are.",
    "undelete": "Deleted blobs and containers are not kept, so they cannot be restored.",
    "tags": "Blob index tags are not emulated; metadata are.",
    "blobs": "Blob index tags are not emulated, so blobs cannot be found by them.",
    "query": "Querying the contents of blobs is not emulated.",
    "expiry": "Expiry of blobs is not emulated; delete the blob instead.",
    "immutabilitypolicies": "Immutability policies are not emulated.",
    "legalhold": "Legal holds are not emulated.",
    "batch": "Batches of requests are not emulated; send the requests one by one.",
    "userdelegationkey": "User delegation keys are not emulated: there is no directory of users.",
    "stats": "Replication is not emulated, so it has no statistics.",
    "rename": "Renaming containers is not emulated.",
    "renew": "Leases are not emulated.",
}

# Headers that would change what an operation does, in a way that this storage does not know.
REFUSED_HEADERS = {
    "HTTP_X_MS_ACCESS_TIER": "Access tiers are not emulated; leave out x-ms-access-tier.",
    "HTTP_X_MS_TAGS": "Blob index tags are not emulated; leave out x-ms-tags.",
    "HTTP_X_MS_ENCRYPTION_KEY": "Customer-provided encryption keys are not emulated; leave out x-ms-encryption-key.",
    "HTTP_X_MS_ENCRYPTION_SCOPE": "Encryption scopes are not emulated; leave out x-ms-encryption-scope.",
    "HTTP_X_MS_IMMUTABILITY_POLICY_UNTIL_DATE": "Immutability policies are not emulated.",
    "HTTP_X_MS_LEGAL_HOLD": "Legal holds are not emulated; leave out x-ms-legal-hold.",
    "HTTP_X_MS_STRUCTURED_BODY": "Structured bodies are not emulated; choose MD5 or no validation of contents.",
    "HTTP_X_MS_CONTENT_CRC64": "CRC64 is not emulated and would go unchecked; send Content-MD5 instead.",
    "HTTP_X_MS_SOURCE_CONTENT_CRC64": "CRC64 is not emulated and would go unchecked; use the MD5 instead.",
    "HTTP_X_MS_COPY_SOURCE_AUTHORIZATION": "There is no directory of users; put a SAS into the copy source instead.",
}
REFUSED = frozenset(REFUSED_HEADERS)


def operation_of(request: BlobRequest) -> Operation:
    """Return the operation that a request is. Raises ServiceError with the reason when there is none."""
    query = request.query
    level = "s" if request.container is None else "c" if request.blob is None else "o"
    restype, comp = query.get("restype", "").lower(), query.get("comp", "").lower()
    found = OPERATIONS.get((level, request.method, restype, comp))
    if found is None:
        raise _unknown(request, level, restype, comp)
    return found


def _unknown(request: BlobRequest, level: str, restype: str, comp: str) -> BlobError:
    if comp in NOT_EMULATED:
        return not_emulated(NOT_EMULATED[comp])
    allowed = sorted(key[1] for key in OPERATIONS if (key[0], key[2], key[3]) == (level, restype, comp))
    if allowed:
        error = refusal("UnsupportedHttpVerb")
        error.headers.append(("Allow", ", ".join(allowed)))
        return error
    if level == "s" and not restype and not comp:
        return refusal("InvalidUri")
    if any(key[0] == level and key[3] == comp for key in OPERATIONS):
        return bad_query("restype", restype)
    return bad_query("comp", comp)


def check_emulated(request: BlobRequest) -> None:
    """Refuse a request that asks for more than this storage does, before anything is done. Raises ServiceError."""
    if "snapshot" in request.query or "versionid" in request.query:
        raise not_emulated("Snapshots and versions of blobs are not emulated; there is only the blob itself.")
    if not REFUSED.isdisjoint(request.environ):
        raise not_emulated(next(REFUSED_HEADERS[name] for name in request.environ if name in REFUSED))
    if "HTTP_X_MS_LEASE_ID" in request.environ:  # as the service answers when nobody holds a lease
        what = "Blob" if request.blob is not None else "Container"
        raise refusal(f"LeaseNotPresentWith{what}Operation")
