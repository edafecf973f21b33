"""Azure Storage's XML: errors, lists, block lists, access policies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from amlemulator.adapters.files_blobs_records import BlobPrefix, Block, BlockLists, Container, ContainerPage, Page
from amlemulator.core.access_policies import AccessPolicy
from amlemulator.faces.blob_errors import refusal
from amlemulator.ports.blobs import BlobProperties

HEAD = '<?xml version="1.0" encoding="utf-8"?>'
MOST_POLICIES = 5
# What XML 1.0 cannot hold even as a reference.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
PERMISSION_LETTERS = frozenset("racwdxyltfmeopi")


def http_date(seconds: float) -> str:
    """Return a time as HTTP writes it, in whole seconds."""
    return _http_date(int(seconds))


@lru_cache(maxsize=1024)
def _http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def element(name: str, value: str | None) -> str:
    """Return an element, an empty one for "" and none at all for None."""
    if value is None:
        return ""
    return f"<{name}>{text(value)}</{name}>" if value else f"<{name} />"


def text(value: str) -> str:
    """Return text as XML holds it; what XML cannot hold is left out. A bare carriage return would become a newline."""
    return escape(FORBIDDEN.sub("", value), {"\r": "&#13;"})


def error(code: str, message: str, request_id: str, now: float, details: Mapping[str, str]) -> bytes:
    """Render an error as errors.md section 10 shows it: the message goes on with request id and time."""
    moment = datetime.fromtimestamp(now, UTC)
    stamp = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}0Z"  # .NET's seven digits
    more = "".join(element(name, value) for name, value in details.items())
    return (
        f"{HEAD}<Error><Code>{code}</Code><Message>{text(message)}\nRequestId:{request_id}\nTime:{stamp}</Message>"
        f"{more}</Error>"
    ).encode()


def _name(name: str) -> str:
    """Return a name's element; one that XML cannot hold is percent-encoded and says so, as since 2021-02-12."""
    if FORBIDDEN.search(name):
        return f'<Name Encoded="true">{quote(name, safe="/")}</Name>'
    return f"<Name>{text(name)}</Name>"


def _metadata(metadata: Mapping[str, str]) -> str:
    if not metadata:
        return "<Metadata />"
    return f"<Metadata>{''.join(element(name, value) for name, value in metadata.items())}</Metadata>"


def _frame(attributes: Mapping[str, str], asked: Mapping[str, str], items: Iterable[str], following: str | None) -> str:
    root = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    echo = "".join(element(name, value) for name, value in asked.items())
    end = element("NextMarker", following or "")
    return f"{HEAD}<EnumerationResults{root}>{echo}{''.join(items)}{end}</EnumerationResults>"


def blob_list(attributes: Mapping[str, str], asked: Mapping[str, str], page: Page, *, metadata: bool) -> bytes:
    """Render List Blobs. ``asked`` are the parameters that the service repeats; ``page.next`` is the marker already."""
    entries = (
        f"<BlobPrefix>{_name(entry.name)}</BlobPrefix>"
        if isinstance(entry, BlobPrefix)
        else _blob(entry, metadata=metadata)
        for entry in page.entries
    )
    return _frame(attributes, asked, ("<Blobs>", *entries, "</Blobs>"), page.next).encode()


def _blob(blob: BlobProperties, *, metadata: bool) -> str:
    return (
        f"<Blob>{_name(blob.name)}<Properties>"
        f"<Creation-Time>{http_date(blob.created)}</Creation-Time>"
        f"<Last-Modified>{http_date(blob.modified)}</Last-Modified>"
        f"<Etag>{blob.etag[1:-1]}</Etag>"  # without the quotes that the header has
        f"<Content-Length>{blob.size}</Content-Length>"
        f"<Content-Type>{text(blob.content_type)}</Content-Type>"
        f"{element('Content-Encoding', blob.content_encoding or '')}"
        f"{element('Content-Language', blob.content_language or '')}"
        f"{element('Content-MD5', blob.content_md5 or '')}"
        f"{element('Cache-Control', blob.cache_control or '')}"
        f"{element('Content-Disposition', blob.content_disposition or '')}"
        "<BlobType>BlockBlob</BlobType><LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>"
        f"{_copied(blob)}<ServerEncrypted>true</ServerEncrypted>"
        f"</Properties>{_metadata(blob.metadata) if metadata else ''}</Blob>"
    )


def _copied(blob: BlobProperties) -> str:
    copied = blob.copied
    if copied is None:
        return ""
    return (
        f"{element('CopyId', copied.id)}{element('CopySource', copied.source)}<CopyStatus>success</CopyStatus>"
        f"<CopyProgress>{blob.size}/{blob.size}</CopyProgress>"
        f"<CopyCompletionTime>{http_date(copied.completed)}</CopyCompletionTime>"
    )


def container_list(
    attributes: Mapping[str, str], asked: Mapping[str, str], page: ContainerPage, *, metadata: bool
) -> bytes:
    """Render List Containers."""
    entries = (_container(entry, metadata=metadata) for entry in page.entries)
    return _frame(attributes, asked, ("<Containers>", *entries, "</Containers>"), page.next).encode()


def _container(container: Container, *, metadata: bool) -> str:
    return (
        f"<Container>{_name(container.name)}<Properties>"
        f"<Last-Modified>{http_date(container.modified)}</Last-Modified>"
        f"<Etag>{escape(container.etag)}</Etag>"
        "<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>"
        f"{element('PublicAccess', container.public or None)}"
        "<DefaultEncryptionScope>$account-encryption-key</DefaultEncryptionScope>"
        "<DenyEncryptionScopeOverride>false</DenyEncryptionScopeOverride>"
        "<HasImmutabilityPolicy>false</HasImmutabilityPolicy><HasLegalHold>false</HasLegalHold>"
        "<ImmutableStorageWithVersioningEnabled>false</ImmutableStorageWithVersioningEnabled>"
        f"</Properties>{_metadata(container.metadata) if metadata else ''}</Container>"
    )


def block_list(lists: BlockLists, shown: Sequence[str]) -> bytes:
    """Render Get Block List; ``shown`` names the lists asked for, "committed" and "uncommitted"."""
    body = ""
    if "committed" in shown:
        body += _blocks("CommittedBlocks", lists.committed)
    if "uncommitted" in shown:
        body += _blocks("UncommittedBlocks", lists.uncommitted)
    return f"{HEAD}<BlockList>{body}</BlockList>".encode()


def _blocks(name: str, blocks: Sequence[Block]) -> str:
    if not blocks:
        return f"<{name} />"
    items = "".join(f"<Block><Name>{text(block.id)}</Name><Size>{block.size}</Size></Block>" for block in blocks)
    return f"<{name}>{items}</{name}>"


def parsed(body: bytes, root: str) -> ElementTree.Element:
    """Read a document whose root is called ``root``. Raises ServiceError InvalidXmlDocument.

    A document type is refused: nobody sends one, and entities are how a small document becomes a large one. So is
    UTF-16, in which it could hide.
    """
    if b"<!DOCTYPE" in body or b"\0" in body:
        raise refusal("InvalidXmlDocument")
    try:
        document = ElementTree.fromstring(body)  # noqa: S314 - without a document type there are no entities
    except (ElementTree.ParseError, ValueError, LookupError):
        raise refusal("InvalidXmlDocument") from None
    if document.tag != root:
        raise refusal("InvalidXmlDocument")
    return document


def access_policies(body: bytes) -> list[AccessPolicy]:
    """Read Set Container ACL's body; empty: no policies. Raises ServiceError InvalidXmlDocument or InvalidInput."""
    if not body.strip():
        return []
    policies = [
        AccessPolicy(
            item.findtext("Id") or "",
            item.findtext("AccessPolicy/Start") or "",
            item.findtext("AccessPolicy/Expiry") or "",
            item.findtext("AccessPolicy/Permission") or "",
        )
        for item in parsed(body, "SignedIdentifiers").findall("SignedIdentifier")
    ]
    ids = [policy.id for policy in policies]
    if len(policies) > MOST_POLICIES or len(set(ids)) < len(ids) or any(not 1 <= len(item) <= 64 for item in ids):
        raise refusal("InvalidXmlDocument")
    if any(set(policy.permissions) - PERMISSION_LETTERS for policy in policies):
        raise refusal("InvalidXmlDocument")
    return policies


def signed_identifiers(policies: Sequence[AccessPolicy]) -> bytes:
    """Render Get Container ACL."""
    items = "".join(
        f"<SignedIdentifier>{element('Id', policy.id)}<AccessPolicy>{element('Start', policy.start or None)}"
        f"{element('Expiry', policy.expiry or None)}{element('Permission', policy.permissions or None)}"
        "</AccessPolicy></SignedIdentifier>"
        for policy in policies
    )
    root = f"<SignedIdentifiers>{items}</SignedIdentifiers>" if items else "<SignedIdentifiers />"
    return f"{HEAD}{root}".encode()


DEFAULT_SERVICE_PROPERTIES = (
    f"{HEAD}<StorageServiceProperties><Logging><Version>1.0</Version><Delete>false</Delete><Read>false</Read>"
    "<Write>false</Write><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging>"
    "<HourMetrics><Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled>"
    "</RetentionPolicy></HourMetrics><MinuteMetrics><Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy>"
    "<Enabled>false</Enabled></RetentionPolicy></MinuteMetrics><Cors /></StorageServiceProperties>"
)


def merged_service_properties(before: str, change: bytes) -> str:
    """Return settings with the sections of ``change`` in place of the old: a section left out stays as it was.

    Raises ServiceError InvalidXmlDocument.
    """
    document = ElementTree.fromstring(before.encode())  # noqa: S314 - our own, or checked when it came
    for section in parsed(change, "StorageServiceProperties"):
        old = document.find(section.tag)
        if old is not None:
            document.remove(old)
        document.append(section)
    return HEAD + ElementTree.tostring(document, encoding="unicode")
