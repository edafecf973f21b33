"""Azure's own SDK, as it stands, against the application on a live server."""

import os
import threading
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import (
    AccessPolicy,
    BlobBlock,
    BlobClient,
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    ContentSettings,
    CorsRule,
    PublicAccess,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)

from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.core.sas import make_service_sas
from amlemulator.faces.blob import BlobApplication
from support.blob_storage import ACCOUNT, KEY, serving

SOON = timedelta(hours=1)


@pytest.fixture(scope="module")
def blobs(tmp_path_factory):
    opened = FilesBlobs(tmp_path_factory.mktemp("sdk"), {ACCOUNT: KEY}, SystemClock())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def url(blobs):
    with serving(BlobApplication(blobs, SystemClock()), blobs.spool) as base:
        yield f"{base}/{ACCOUNT}"


@pytest.fixture(scope="module")
def service(url):
    text = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={url};"
    # No retries: an answer that the SDK would retry is a failure here.
    with BlobServiceClient.from_connection_string(text, retry_total=0, max_block_size=64 * 1024) as client:
        yield client


@pytest.fixture
def container(service, request):
    client = service.create_container(f"c{abs(hash(request.node.nodeid)):x}"[:60])
    yield client
    client.delete_container()


def now():
    return datetime.now(UTC)


@pytest.mark.parametrize("name", ["plain.csv", "dir/a b \ud55c\uad6d %+#?&.csv", "x" * 1024, "a//b", "..."])
def test_a_blob_there_and_back(container, name):
    """A blob with any name goes up and comes back with its settings and metadata, whose names keep their case."""
    settings = ContentSettings("text/csv", "identity", "ko", "attachment", "no-cache")
    metadata = {"ownerName": "me", "with_underscore": "1"}
    container.upload_blob(name, b"content", metadata=metadata, content_settings=settings)
    client = container.get_blob_client(name)
    found = client.get_blob_properties()
    assert (b"content", metadata, 7) == (client.download_blob().readall(), found.metadata, found.size)
    shown = found.content_settings
    assert ("text/csv", "identity", "ko", "attachment", "no-cache") == (
        shown.content_type,
        shown.content_encoding,
        shown.content_language,
        shown.content_disposition,
        shown.cache_control,
    )
    assert [name] == list(container.list_blob_names())


def test_large_blobs_go_in_blocks(container):
    """A blob larger than the SDK sends at once goes up in blocks, in parallel, and comes down in ranges."""
    content = os.urandom(300_000)
    small = ContainerClient.from_container_url(
        container.url, {"account_name": ACCOUNT, "account_key": KEY}, max_single_put_size=1000, max_block_size=70_000,
        max_single_get_size=1000, max_chunk_get_size=50_000, retry_total=0,
    )  # fmt: skip
    with small:
        client = small.upload_blob("big", content, max_concurrency=3, validate_content=True)
        assert content == client.download_blob(max_concurrency=3, validate_content=True).readall()
        assert 5 == len(client.get_block_list("all")[0])


def test_downloads_in_parts(container):
    """Ranges and empty blobs come down as they are."""
    client = container.upload_blob("b", b"0123456789")
    assert b"345" == client.download_blob(3, 3).readall()
    assert b"" == container.upload_blob("empty", b"").download_blob().readall()


def test_blocks_by_hand(container):
    """Blocks are staged, listed and committed one by one, from a stream and from another blob."""
    source = container.upload_blob("source", b"0123456789")
    client = container.get_blob_client("b")
    client.stage_block("1", b"one")
    client.stage_block_from_url("2", source.url, 2, 3)
    assert ([], ["1", "2"]) == tuple([block.id for block in blocks] for blocks in client.get_block_list("all"))
    client.commit_block_list([BlobBlock("2"), BlobBlock("1")], metadata={"a": "b"})
    assert (b"234one", {"a": "b"}) == (client.download_blob().readall(), client.get_blob_properties().metadata)


def test_listing(container):
    """Blobs are listed flat, by prefix, in pages, folded into folders, and with metadata."""
    for name in ("a", "d/1", "d/2", "e/f/3"):
        container.upload_blob(name, b"", metadata={"k": "v"})
    assert ["d/1", "d/2"] == [blob.name for blob in container.list_blobs(name_starts_with="d/")]
    assert ["a", "d/", "e/"] == sorted(entry.name for entry in container.walk_blobs())
    pages = [[blob.name for blob in page] for page in container.list_blobs(results_per_page=3).by_page()]
    assert [["a", "d/1", "d/2"], ["e/f/3"]] == pages
    assert [{"k": "v"}] * 4 == [blob.metadata for blob in container.list_blobs(include=["metadata", "copy"])]


def test_what_is_missing_or_there_already(service, container):
    """The SDK raises its own errors for what is missing and for what is there already."""
    with pytest.raises(ResourceNotFoundError) as blob:
        container.download_blob("nothing")
    with pytest.raises(ResourceNotFoundError) as missing:
        service.get_blob_client("nothing-here", "b").upload_blob(b"x")
    container.upload_blob("b", b"1")
    with pytest.raises(ResourceExistsError) as there:
        container.upload_blob("b", b"2")
    with pytest.raises(ResourceExistsError) as made:
        service.create_container(container.container_name)
    codes = [caught.value.error_code for caught in (blob, missing, there, made)]
    assert ["BlobNotFound", "ContainerNotFound", "BlobAlreadyExists", "ContainerAlreadyExists"] == codes
    assert (True, False) == (container.get_blob_client("b").exists(), container.get_blob_client("c").exists())


def test_conditions(container):
    """Entity tags and times guard writes and reads."""
    client = container.upload_blob("b", b"1")
    old = client.get_blob_properties().etag
    client.upload_blob(b"2", overwrite=True)
    from azure.core import MatchConditions

    with pytest.raises(ResourceModifiedError):
        client.upload_blob(b"3", overwrite=True, etag=old, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(HttpResponseError) as same:
        client.download_blob(if_modified_since=now() + SOON)
    assert (304, b"2") == (same.value.status_code, client.download_blob().readall())


def test_changes(container):
    """Metadata and headers are changed, and blobs are deleted."""
    client = container.upload_blob("b", b"1")
    client.set_blob_metadata({"a": "1"})
    client.set_http_headers(ContentSettings("text/plain"))
    found = client.get_blob_properties()
    assert ({"a": "1"}, "text/plain") == (found.metadata, found.content_settings.content_type)
    container.delete_blob("b", delete_snapshots="include")
    assert not client.exists()


def test_copying(container):
    """A copy is done when the answer comes; the SDK sees it as such."""
    source = container.upload_blob("dir/\u00fc b", b"content", metadata={"a": "1"})
    target = container.get_blob_client("copy")
    assert "success" == target.start_copy_from_url(source.url)["copy_status"]
    found = target.get_blob_properties()
    assert (b"content", "success", {"a": "1"}) == (
        target.download_blob().readall(),
        found.copy.status,
        found.metadata,
    )
    container.get_blob_client("again").upload_blob_from_url(source.url)
    assert b"content" == container.download_blob("again").readall()
    assert (
        "success"
        == container.get_blob_client("sync").start_copy_from_url(source.url, requires_sync=True)["copy_status"]
    )


def test_containers(service, container):
    """Containers have metadata, public access, policies, and are listed."""
    container.set_container_metadata({"a": "1"})
    container.set_container_access_policy(
        {"p": AccessPolicy(ContainerSasPermissions(read=True), now() + SOON)}, PublicAccess.BLOB
    )
    found = container.get_container_properties()
    acl = container.get_container_access_policy()
    assert ({"a": "1"}, "blob", ["p"]) == (
        found.metadata,
        acl["public_access"],
        [identifier.id for identifier in acl["signed_identifiers"]],
    )
    listed = {entry.name: entry.metadata for entry in service.list_containers(include_metadata=True)}
    assert {"a": "1"} == listed[container.container_name]


def test_settings_of_the_account(service):
    """Settings are set and read; the account tells what kind it is."""
    service.set_service_properties(cors=[CorsRule(["*"], ["GET"])])
    assert "*" == service.get_service_properties()["cors"][0].allowed_origins
    assert "Storage" == service.get_account_information()["account_kind"]


class TestTokens:
    """Tokens that the SDK makes, and tokens that the emulator makes."""

    @pytest.fixture
    def blob(self, container):
        return container.upload_blob("dir/a b", b"content")

    def _read(self, blob, token):
        with BlobClient.from_blob_url(blob.url, token, retry_total=0) as client:
            return client.download_blob().readall()

    def test_those_of_the_sdk(self, blob):
        """Tokens of a blob, a container, a policy and an account open a blob."""
        where = (ACCOUNT, blob.container_name)
        rights = {"account_key": KEY, "permission": "r", "expiry": now() + SOON}
        tokens = [
            generate_blob_sas(*where, blob.blob_name, **rights),
            generate_blob_sas(*where, blob.blob_name, **rights, ip="127.0.0.1", protocol="https,http"),
            generate_container_sas(*where, **rights, start=now() - SOON),
            generate_account_sas(ACCOUNT, KEY, "o", "r", now() + SOON),
        ]
        assert [b"content"] * 4 == [self._read(blob, token) for token in tokens]

    def test_a_stored_policy(self, container, blob):
        """A token that names a policy opens a blob, until the policy is gone."""
        policy = AccessPolicy(ContainerSasPermissions(read=True), now() + SOON)
        container.set_container_access_policy({"p": policy})
        token = generate_container_sas(ACCOUNT, container.container_name, KEY, policy_id="p")
        assert b"content" == self._read(blob, token)
        container.set_container_access_policy({})
        with pytest.raises(ClientAuthenticationError):
            self._read(blob, token)

    def test_those_of_the_emulator(self, blob):
        """The token of a job's result opens its blob by plain concatenation (documents.md section 6)."""
        start = now().timestamp() - 300
        token = make_service_sas(ACCOUNT, KEY, blob.container_name, blob.blob_name, "r", start, start + 86700)
        assert b"content" == self._read(blob, token)
        with BlobClient.from_blob_url(blob.url + token, retry_total=0) as client:
            assert b"content" == client.download_blob().readall()

    def test_refusals(self, blob):
        """The SDK raises its own error for a token that does not open, with the service's code."""
        where = (ACCOUNT, blob.container_name, blob.blob_name)
        expired = generate_blob_sas(*where, account_key=KEY, permission="r", expiry=now() - SOON)
        writing = generate_blob_sas(*where, account_key=KEY, permission="w", expiry=now() + SOON)
        codes = []
        for token in (expired, writing):
            with pytest.raises((ClientAuthenticationError, HttpResponseError)) as caught:
                self._read(blob, token)
            codes.append(caught.value.error_code)
        assert ["AuthenticationFailed", "AuthorizationPermissionMismatch"] == codes

    def test_anonymous(self, container, blob):
        """A public blob is read without credentials."""
        container.set_container_access_policy({}, PublicAccess.BLOB)
        assert b"content" == self._read(blob, None)


@pytest.mark.parametrize("ask", ["snapshot", "lease", "tier", "append", "page"])
def test_what_is_not_emulated(container, ask):
    """What is not emulated raises the SDK's error with the reason."""
    client = container.upload_blob("b", b"1")
    asks = {
        "snapshot": client.create_snapshot,
        "lease": client.acquire_lease,
        "tier": lambda: client.set_standard_blob_tier("Cool"),
        "append": lambda: container.get_blob_client("a").create_append_blob(),
        "page": lambda: container.get_blob_client("a").create_page_blob(512),
    }
    with pytest.raises(HttpResponseError, match="emulated") as caught:
        asks[ask]()
    assert 501 == caught.value.status_code


def test_many_at_once(container):
    """Many clients at once: each finds its own content."""
    outcomes = []

    def work(number):
        client = container.upload_blob(f"b{number}", str(number).encode())
        outcomes.append(client.download_blob().readall() == str(number).encode())

    threads = [threading.Thread(target=work, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [True] * 12 == outcomes


def test_a_connection_stays_in_step_after_a_refused_upload(url, container):
    """A refused upload does not disturb the next request on the same connection."""
    import http.client
    from urllib.parse import urlsplit

    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    path = urlsplit(container.url).path + "/b"
    statuses = []
    for method, body in (("PUT", b"x" * 100_000), ("GET", None)):
        connection.request(method, path, body, {"x-ms-version": "2020-10-02"})
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    connection.close()
    assert [401, 401] == statuses


def test_names_of_headers_on_the_wire(container, url):
    """Header names go out as the service writes them, and nothing names another server."""
    import http.client
    from urllib.parse import urlsplit

    container.set_container_access_policy({}, PublicAccess.BLOB)
    container.upload_blob("b", b"1", metadata={"ownerName": "me"})
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("GET", urlsplit(container.url).path + "/b")
    response = connection.getresponse()
    names = [name for name, _ in response.getheaders()]
    response.read()
    connection.close()
    assert {"ETag", "Content-MD5", "x-ms-meta-ownerName", "Server", "Date"} <= set(names)
    assert ("Via" not in names, len(names)) == (True, len(set(names)))
