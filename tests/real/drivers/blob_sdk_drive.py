"""Drives azure-storage-blob, both its halves, against a served emulator: ``blob_sdk_drive.py SERVED RESULT``."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import azure.storage.blob
from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobServiceClient, ContentSettings, generate_blob_sas, generate_container_sas
from azure.storage.blob.aio import BlobClient as AsyncBlobClient
from azure.storage.blob.aio import BlobServiceClient as AsyncBlobServiceClient
from drives import drive, expect, main

SERVED = json.loads(Path(sys.argv[1]).read_text("utf-8"))
STORAGE = SERVED["storage"]
ACCOUNT, KEY = STORAGE["account"], STORAGE["key"]
# Both address forms of the emulator: its own listener, and a prefix on the service's.
ADDRESSES = [f"{SERVED['blob_url']}/{ACCOUNT}", f"{SERVED['base_url']}/{ACCOUNT}.blob"]
NAME = "dir/a b \ud55c\uad6d %+&#?.csv"
SMALL = {"max_single_put_size": 100_000, "max_block_size": 80_000, "max_single_get_size": 50_000, "retry_total": 0}


def text_of(address):
    """Return a connection string."""
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={address}"


@drive
def the_connection_string_of_the_endpoints_file():
    """The connection string that the emulator hands out works as it stands."""
    with BlobServiceClient.from_connection_string(STORAGE["connection_string"], retry_total=0) as service:
        assert service.get_account_information()["account_kind"] == "Storage"


@drive
def a_blob_there_and_back():
    """Under both addresses a blob goes up and comes back, in one piece and in blocks."""
    for number, address in enumerate(ADDRESSES):
        with BlobServiceClient.from_connection_string(text_of(address), **SMALL) as service:
            container = service.create_container(f"sync-{number}")
            for content in (b"small", os.urandom(300_000)):
                settings = ContentSettings("text/csv")
                metadata = {"ownerName": "me", "under_score": "1"}
                blob = container.upload_blob(
                    NAME, content, overwrite=True, metadata=metadata, content_settings=settings, max_concurrency=3
                )
                assert blob.download_blob(max_concurrency=3).readall() == content
                assert blob.get_blob_properties().metadata == metadata
            assert [found.name for found in container.list_blobs()] == [NAME]
            copy = container.get_blob_client("copy")
            assert copy.start_copy_from_url(blob.url)["copy_status"] == "success"
            container.delete_container()


@drive
def refusals():
    """The SDK raises its own errors."""
    with BlobServiceClient.from_connection_string(text_of(ADDRESSES[0]), retry_total=0) as service:
        container = service.create_container("refusals")
        blob = container.upload_blob("b", b"1")
        old = blob.get_blob_properties().etag
        blob.upload_blob(b"2", overwrite=True)
        expect(ResourceNotFoundError, container.download_blob, "nothing")
        expect(ResourceExistsError, service.create_container, "refusals")
        same = {"etag": old, "match_condition": MatchConditions.IfNotModified}
        expect(ResourceModifiedError, lambda: blob.delete_blob(**same))
        refused = expect(HttpResponseError, blob.create_snapshot)
        assert "Snapshots are not emulated" in str(refused)
        wrong = BlobServiceClient(ADDRESSES[0], {"account_name": ACCOUNT, "account_key": "d3Jvbmc="}, retry_total=0)
        expect(ClientAuthenticationError, wrong.get_account_information)


async def _there_and_back(address, number):
    async with AsyncBlobServiceClient.from_connection_string(text_of(address), **SMALL) as service:
        container = await service.create_container(f"async-{number}")
        contents = {f"{NAME}-{index}": os.urandom(10 + 60_000 * index) for index in range(4)}
        await asyncio.gather(*(container.upload_blob(name, content) for name, content in contents.items()))
        assert sorted([blob.name async for blob in container.list_blobs()]) == sorted(contents)
        for name, content in contents.items():
            stream = await container.download_blob(name, max_concurrency=2)
            assert await stream.readall() == content
        rights = {"account_key": KEY, "permission": "r", "expiry": datetime.now(UTC) + timedelta(hours=1)}
        name = next(iter(contents))
        for token in (
            generate_blob_sas(ACCOUNT, f"async-{number}", name, **rights),
            generate_container_sas(ACCOUNT, f"async-{number}", **rights),
        ):
            url = container.get_blob_client(name).url
            async with AsyncBlobClient.from_blob_url(url, token, retry_total=0) as blob:
                stream = await blob.download_blob()
                assert await stream.readall() == contents[name]
        try:
            await container.download_blob("nothing")
        except ResourceNotFoundError:
            pass
        else:
            raise AssertionError("a missing blob was found")
        await container.delete_container()


@drive
def the_asynchronous_half():
    """The asynchronous client does the same, over another HTTP library, which escapes and signs paths its own way."""
    for number, address in enumerate(ADDRESSES):
        asyncio.run(_there_and_back(address, number))


if __name__ == "__main__":
    main(azure.storage.blob, (azure.storage.blob,))
