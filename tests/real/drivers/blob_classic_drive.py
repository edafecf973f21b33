"""Drives azure-storage 0.33.0 against a served emulator: ``blob_classic_drive.py SERVED RESULT``.

Nothing of the client is changed; it is told the blob endpoint by its own connection string.
"""

import io
import json
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import azure.storage
import requests
from azure.common import AzureConflictHttpError, AzureHttpError, AzureMissingResourceHttpError
from azure.storage.blob import AppendBlobService, BlockBlobService, baseblobservice, blockblobservice
from azure.storage.blob.models import (
    BlobBlock,
    BlobPermissions,
    BlobPrefix,
    ContainerPermissions,
    ContentSettings,
    Include,
    PublicAccess,
)
from azure.storage.models import AccessPolicy, AccountPermissions, CorsRule, Logging, ResourceTypes
from drives import drive, expect, main
from requests.adapters import HTTPAdapter

SERVED = json.loads(Path(sys.argv[1]).read_text("utf-8"))
STORAGE = SERVED["storage"]
TEXT = (
    f"DefaultEndpointsProtocol=http;AccountName={STORAGE['account']};AccountKey={STORAGE['key']};"
    f"BlobEndpoint={SERVED['blob_url']}/{STORAGE['account']}"
)
SERVICE = BlockBlobService(connection_string=TEXT)
CONTAINER = "classic"
NAME = "dir/a b \ud55c\uad6d %+&.csv"
SOON = timedelta(hours=1)


def client(**options):
    """Return a client of the same account, by another way of opening it."""
    service = BlockBlobService(STORAGE["account"], **options)
    service.primary_endpoint, service.protocol = SERVICE.primary_endpoint, "http"
    return service


@drive
def a_blob_there_and_back():
    """A blob goes up with settings and metadata, and comes down as text, bytes, stream and file."""
    SERVICE.create_container(CONTAINER)
    settings = ContentSettings("text.csv", content_language="ko", cache_control="no-cache")
    SERVICE.create_blob_from_text(CONTAINER, NAME, "a,b\n1,2", content_settings=settings, metadata={"owner": "me"})
    found = SERVICE.get_blob_to_text(CONTAINER, NAME)
    shown = found.properties.content_settings
    assert (found.content, found.metadata) == ("a,b\n1,2", {"owner": "me"})
    assert (shown.content_type, shown.content_language, shown.cache_control) == ("text.csv", "ko", "no-cache")
    assert SERVICE.get_blob_to_bytes(CONTAINER, NAME, start_range=2, end_range=3).content == b"b\n"
    stream = io.BytesIO()
    SERVICE.get_blob_to_stream(CONTAINER, NAME, stream)
    SERVICE.get_blob_to_path(CONTAINER, NAME, "down.csv")
    assert stream.getvalue() == Path("down.csv").read_bytes() == b"a,b\n1,2"


@drive
def blocks():
    """What azmlclient does: blocks of a stream, a list of them, and a ranged read (clients.md section 10)."""
    content = os.urandom(1_300_000)
    SERVICE.MAX_SINGLE_PUT_SIZE, SERVICE.MAX_BLOCK_SIZE = 100_000, 500_000
    Path("up.bin").write_bytes(content)
    SERVICE.create_blob_from_path(CONTAINER, "big", "up.bin", validate_content=True, max_connections=2)
    assert SERVICE.get_blob_to_bytes(CONTAINER, "big", validate_content=True).content == content
    lists = SERVICE.get_block_list(CONTAINER, "big", block_list_type="all")
    assert [block.size for block in lists.committed_blocks] == [500_000, 500_000, 300_000]
    SERVICE.put_block(CONTAINER, "hand", b"one", "1")
    SERVICE.put_block(CONTAINER, "hand", b"two", "2")
    SERVICE.put_block_list(CONTAINER, "hand", [BlobBlock("2"), BlobBlock("1")])
    assert SERVICE.get_blob_to_bytes(CONTAINER, "hand").content == b"twoone"


class RealName(HTTPAdapter):
    """Brings requests for Azure's own host names to the emulator, as a hosts file and a proxy would."""

    def send(self, request, **options):
        """Send a request."""
        parts = urlsplit(request.url)
        request.headers["Host"] = parts.netloc
        request.url = f"{SERVED['base_url']}{parts.path}?{parts.query}"
        return super().send(request, **options)


@drive
def the_real_host_name():
    """Under its real name, an account's blobs go up in blocks and come down in ranges, several at a time.

    The client itself cannot read in ranges below an address with a path: it forgets the path after the first one.
    """
    session = requests.Session()
    session.mount("https://", RealName())
    service = BlockBlobService(STORAGE["account"], STORAGE["key"], request_session=session)
    service.MAX_SINGLE_PUT_SIZE, service.MAX_BLOCK_SIZE = 100_000, 500_000
    service.MAX_SINGLE_GET_SIZE, service.MAX_CHUNK_GET_SIZE = 400_000, 300_000
    content = os.urandom(1_300_000)
    service.create_blob_from_bytes(CONTAINER, "real/ \ud55c", content)
    assert service.get_blob_to_bytes(CONTAINER, "real/ \ud55c", validate_content=True).content == content
    assert [blob.name for blob in service.list_blobs(CONTAINER, "real/")] == ["real/ \ud55c"]


@drive
def listings():
    """Blobs are listed in pages, by prefix, folded, and with metadata and uncommitted ones."""
    for name in ("l/1", "l/2", "l/d/3"):
        SERVICE.create_blob_from_text(CONTAINER, name, "", metadata={"k": "v"})
    SERVICE.put_block(CONTAINER, "l/open", b"x", "1")
    first = SERVICE.list_blobs(CONTAINER, "l/", num_results=2)
    rest = SERVICE.list_blobs(CONTAINER, "l/", marker=first.next_marker)
    assert [blob.name for blob in [*first, *rest]] == ["l/1", "l/2", "l/d/3"]
    folded = list(SERVICE.list_blobs(CONTAINER, "l/", delimiter="/"))
    assert [entry.name for entry in folded if isinstance(entry, BlobPrefix)] == ["l/d/"]
    include = Include(metadata=True, uncommitted_blobs=True, copy=True, snapshots=True)
    shown = {blob.name: blob.metadata for blob in SERVICE.list_blobs(CONTAINER, "l/", include=include)}
    assert shown["l/1"] == {"k": "v"}
    assert "l/open" in shown


@drive
def changes():
    """Metadata and settings are changed, a blob is copied and deleted."""
    SERVICE.create_blob_from_text(CONTAINER, "c", "content")
    SERVICE.set_blob_metadata(CONTAINER, "c", {"a": "1"})
    SERVICE.set_blob_properties(CONTAINER, "c", ContentSettings("text/x"))
    assert SERVICE.get_blob_metadata(CONTAINER, "c") == {"a": "1"}
    assert SERVICE.get_blob_properties(CONTAINER, "c").properties.content_settings.content_type == "text/x"
    copied = SERVICE.copy_blob(CONTAINER, "copy", SERVICE.make_blob_url(CONTAINER, "c"))
    assert copied.status == "success"
    assert SERVICE.get_blob_to_text(CONTAINER, "copy").content == "content"
    expect(AzureConflictHttpError, SERVICE.abort_copy_blob, CONTAINER, "copy", copied.id)
    SERVICE.delete_blob(CONTAINER, "copy")
    assert not SERVICE.exists(CONTAINER, "copy")


@drive
def conditions():
    """Entity tags and times guard reads and writes."""
    SERVICE.create_blob_from_text(CONTAINER, "e", "1")
    etag = SERVICE.get_blob_properties(CONTAINER, "e").properties.etag
    SERVICE.create_blob_from_text(CONTAINER, "e", "2", if_match=etag)
    refused = expect(AzureHttpError, SERVICE.create_blob_from_text, CONTAINER, "e", "3", if_match=etag)
    assert refused.status_code == 412
    there = expect(AzureHttpError, SERVICE.create_blob_from_text, CONTAINER, "e", "3", if_none_match="*")
    assert there.status_code == 409
    later = datetime.utcnow() + SOON
    old = expect(AzureHttpError, SERVICE.get_blob_to_text, CONTAINER, "e", if_modified_since=later)
    assert old.status_code == 304


@drive
def containers():
    """Containers have metadata, public access and stored access policies, and are listed and deleted."""
    SERVICE.create_container("classic-two", {"a": "1"}, PublicAccess.Blob)
    expect(AzureConflictHttpError, SERVICE.create_container, "classic-two", fail_on_exist=True)
    SERVICE.set_container_metadata("classic-two", {"b": "2"})
    assert SERVICE.get_container_metadata("classic-two") == {"b": "2"}
    policy = AccessPolicy(ContainerPermissions.READ, datetime.utcnow() + SOON)
    SERVICE.set_container_acl("classic-two", {"p": policy}, PublicAccess.Container)
    acl = SERVICE.get_container_acl("classic-two")
    assert (list(acl), acl.public_access) == (["p"], "container")
    assert SERVICE.get_container_properties("classic-two").properties.etag.startswith('"0x')
    listed = {entry.name: entry.metadata for entry in SERVICE.list_containers("classic", include_metadata=True)}
    assert listed["classic-two"] == {"b": "2"}
    SERVICE.delete_container("classic-two")
    assert not SERVICE.exists("classic-two")


@drive
def tokens():
    """Tokens of a blob, a container, an account and a policy open what they should and nothing else."""
    SERVICE.create_blob_from_text(CONTAINER, "t", "content")
    later = datetime.utcnow() + SOON
    policy = AccessPolicy(ContainerPermissions.READ, later)
    SERVICE.set_container_acl(CONTAINER, {"p": policy})
    made = [
        SERVICE.generate_blob_shared_access_signature(CONTAINER, "t", BlobPermissions.READ, later),
        SERVICE.generate_container_shared_access_signature(CONTAINER, ContainerPermissions.READ, later),
        SERVICE.generate_container_shared_access_signature(CONTAINER, id="p"),
        SERVICE.generate_account_shared_access_signature(ResourceTypes.OBJECT, AccountPermissions.READ, later),
        SERVICE.generate_blob_shared_access_signature(
            CONTAINER, "t", BlobPermissions.READ, later, datetime.utcnow() - SOON, ip="127.0.0.1", protocol="https,http"
        ),
    ]
    assert [client(sas_token=token).get_blob_to_text(CONTAINER, "t").content for token in made] == ["content"] * 5
    late = SERVICE.generate_blob_shared_access_signature(CONTAINER, "t", BlobPermissions.READ, datetime.utcnow() - SOON)
    refused = expect(AzureHttpError, client(sas_token=late).get_blob_to_text, CONTAINER, "t")
    assert refused.status_code == 403
    refused = expect(AzureHttpError, client(sas_token=made[0]).delete_blob, CONTAINER, "t")
    assert refused.status_code == 403


@drive
def settings_of_the_account():
    """Settings of the account are set and read."""
    SERVICE.set_blob_service_properties(logging=Logging(True, True, True), cors=[CorsRule(["*"], ["GET"])])
    found = SERVICE.get_blob_service_properties()
    assert (found.logging.read, found.cors[0].allowed_origins) == (True, ["*"])


@drive
def refusals():
    """What is missing raises the client's own error; what is not emulated says why."""
    expect(AzureMissingResourceHttpError, SERVICE.get_blob_to_text, CONTAINER, "nothing")
    expect(AzureMissingResourceHttpError, SERVICE.create_blob_from_text, "nowhere", "b", "x")
    expect(AzureHttpError, client(account_key="d3Jvbmc=").get_blob_to_text, CONTAINER, "c")
    no_retry = BlockBlobService(connection_string=TEXT)
    no_retry.retry = lambda context: None
    refused = expect(AzureHttpError, no_retry.snapshot_blob, CONTAINER, "c")
    assert "Snapshots are not emulated" in str(refused)
    append = AppendBlobService(connection_string=TEXT)
    append.retry = lambda context: None
    refused = expect(AzureHttpError, append.create_blob, CONTAINER, "append")
    assert "Only block blobs are emulated" in str(refused)


if __name__ == "__main__":
    azure.storage.__version__ = "0.33.0"
    main(azure.storage, (baseblobservice, blockblobservice))
