"""Refusals of blob storage: the catalogue's errors, with the elements that Azure adds to some of them."""

from __future__ import annotations

from amlemulator.core.errors import ServiceError, catalogue


class BlobError(ServiceError):
    """A refusal with more to say: ``details`` are XML elements after Code and Message, in order."""

    def __init__(self, name: str, arguments: tuple[str, ...], details: dict[str, str], evidence: str | None) -> None:
        super().__init__(catalogue()[name], arguments, target=None, message=None, evidence=evidence)
        self.details = details
        self.headers: list[tuple[str, str]] = []


def refusal(name: str, *arguments: str, evidence: str | None = None, **details: str) -> BlobError:
    """Make the blob error ``name`` (without its host), its places filled, with ``details`` as XML elements."""
    return BlobError(f"blob/{name}", arguments, details, evidence)


def not_emulated(reason: str) -> BlobError:
    """Refuse what this storage does not do, with the reason: nothing fails silently."""
    return refusal("NotImplemented", reason, evidence="blob.not-emulated")


def bad_header(name: str, value: str) -> BlobError:
    """Refuse a header's value, naming both as the service does."""
    return refusal("InvalidHeaderValue", HeaderName=name, HeaderValue=value)


def bad_query(name: str, value: str, reason: str = "") -> BlobError:
    """Refuse a query parameter's value, naming both as the service does."""
    more = {"Reason": reason} if reason else {}
    return refusal("InvalidQueryParameterValue", QueryParameterName=name, QueryParameterValue=value, **more)
