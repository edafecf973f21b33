"""Who may do what: SharedKey, shared access signatures, and anonymous reads of public containers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.core.access_policies import AccessPolicy
from amlemulator.core.sas import Asked, permissions_of, verify
from amlemulator.core.shared_key import Signed, authorization, verify_shared_key
from amlemulator.faces.blob_errors import BlobError, refusal
from amlemulator.faces.blob_request import BlobRequest
from amlemulator.ports.blobs import BlobMissing, BlobProperties

ACCOUNT = re.compile(r"[a-z0-9]{3,24}\Z")
CHALLENGE_SINCE = "2019-12-12"  # from then on a request without credentials is told that it has none
PUBLIC_LEVELS = {"blob": ("blob", "container"), "container": ("container",)}
OVERRIDES = {
    "rscc": "Cache-Control",
    "rscd": "Content-Disposition",
    "rsce": "Content-Encoding",
    "rscl": "Content-Language",
    "rsct": "Content-Type",
}


@dataclass(frozen=True, slots=True)
class Needs:
    """What an operation asks of its caller.

    ``permissions``: any of these letters of a token will do; ``resource`` its level (s, c, o); ``service_token`` tells
    whether a blob's or container's own token can do at all; ``public`` the access of a container that opens it to all.
    """

    permissions: str
    resource: str = "o"
    service_token: bool = True
    public: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a request's credentials allow beyond the operation itself."""

    permissions: str | None = None  # letters of the token; None: everything
    overrides: Mapping[str, str] = field(default_factory=dict)  # headers that the token puts in place of the blob's
    trusted: bool = True  # whether the account's key stands behind it, so that it may read any source of a copy

    def check_overwrite(self, blob: BlobProperties | None) -> None:
        """Raise ServiceError UnauthorizedBlobOverwrite when the token may only create, and there is a blob."""
        if blob is not None and self.permissions is not None and "w" not in self.permissions:
            raise refusal("UnauthorizedBlobOverwrite")


ALL = Grant()
READ = Needs("r", public="blob")


def authorize(blobs: FilesBlobs, request: BlobRequest, needs: Needs, now: float) -> Grant:
    """Return what the request's credentials grant. Raises ServiceError when they do not allow the operation."""
    header = request.environ.get("HTTP_AUTHORIZATION")
    if header:
        return _by_key(blobs, request, header)
    if "sig" in request.query:
        return by_token(blobs, request, request.query, needs, now)
    if _is_public(blobs, request.account, request.container, needs):
        return Grant("", trusted=False)
    if request.version >= CHALLENGE_SINCE:
        raise refusal("NoAuthenticationInformation")
    raise refusal("ResourceNotFound")


def unauthenticated(detail: str, evidence: str | None = None) -> BlobError:
    """Refuse credentials, with the reason where Azure's clients show it."""
    return refusal("AuthenticationFailed", evidence=evidence, AuthenticationErrorDetail=detail)


def key_of(blobs: FilesBlobs, account: str) -> str:
    """Return an account's key. Raises ServiceError, which names the account, when there is no such account."""
    key = blobs.key(account) if ACCOUNT.match(account) else None
    if key is None:
        raise unauthenticated(
            f"There is no storage account '{account}' here. Known are: {', '.join(sorted(blobs.accounts()))}.",
            "blob.unknown-account",
        )
    return key


def _by_key(blobs: FilesBlobs, request: BlobRequest, header: str) -> Grant:
    read = authorization(header)
    if read is None:
        raise unauthenticated(
            "Only SharedKey, SharedKeyLite and shared access signatures are known; there is no directory of users.",
            "blob.bearer",
        )
    scheme, account, signature = read
    if account != request.account:
        raise unauthenticated(
            f"The request is signed for the account '{account}' and addressed to '{request.account}'.",
            "blob.other-account",
        )
    signed = Signed(
        account,
        request.method,
        request.headers(),
        request.signed_paths(),
        request.environ.get("QUERY_STRING", ""),
        request.version,
    )
    detail = verify_shared_key(scheme, signature, key_of(blobs, account), signed)
    if detail is not None:
        raise unauthenticated(detail)
    return ALL


def by_token(blobs: FilesBlobs, request: BlobRequest, token: Mapping[str, str], needs: Needs, now: float) -> Grant:
    """Return what a shared access signature grants. Raises ServiceError when it does not allow what is needed."""
    asked = Asked(
        request.account,
        request.container,
        request.blob,
        needs.permissions,
        now,
        resource=needs.resource,
        service_token=needs.service_token,
        protocol=request.environ["wsgi.url_scheme"],
        address=request.environ.get("REMOTE_ADDR", ""),
        policies=_policies(blobs, request.account, request.container) if token.get("si") else {},
    )
    return granted(token, key_of(blobs, request.account), asked)


def granted(token: Mapping[str, str], key: str, asked: Asked) -> Grant:
    """Return what a token grants of what is asked. Raises ServiceError when it does not open it."""
    refused = verify(token, key, asked)
    if refused is not None:
        more = {} if refused.detail is None else {"AuthenticationErrorDetail": refused.detail}
        raise refusal(refused.name.removeprefix("blob/"), *refused.arguments, **more)
    overrides = {OVERRIDES[name]: value for name, value in token.items() if name in OVERRIDES and value}
    return Grant(permissions_of(token, asked.policies), overrides, trusted=False)


def _policies(blobs: FilesBlobs, account: str, container: str | None) -> Mapping[str, AccessPolicy]:
    try:
        found = blobs.containers.get(account, container or "")
    except BlobMissing:
        return {}
    return {policy.id: policy for policy in found.policies}


def _is_public(blobs: FilesBlobs, account: str, container: str | None, needs: Needs) -> bool:
    if not needs.public or container is None:
        return False
    try:
        return blobs.containers.get(account, container).public in PUBLIC_LEVELS[needs.public]
    except BlobMissing:
        return False


def may_read(blobs: FilesBlobs, account: str, container: str) -> bool:
    """Tell whether anybody may read the blobs of a container."""
    return _is_public(blobs, account, container, READ)
