"""The Blobs port, one suite over both adapters: the folder here, and another storage through Azure's SDK."""

import io
import itertools
from contextlib import closing

import pytest

from amlemulator.adapters.azure_blobs import AzureBlobs
from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.core.sas import make_account_sas
from amlemulator.faces.blob import BlobApplication
from amlemulator.ports.blobs import BlobMissing, BlobsRefused
from support.blob_storage import ACCOUNT, KEY, serving

NUMBERS = itertools.count()
AWKWARD = ["b", "dir/a b%+#?&=.csv", "한글/ü.csv", "x" * 1000]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with closing(FilesBlobs(tmp_path_factory.mktemp("port"), {ACCOUNT: KEY}, SystemClock())) as blobs:
        yield blobs


@pytest.fixture(scope="module")
def endpoint(folder):
    with serving(BlobApplication(folder, SystemClock()), folder.spool) as base:
        yield f"{base}/{ACCOUNT}"


@pytest.fixture
def azure(endpoint):
    """Open the folder's account from outside."""
    with closing(AzureBlobs(endpoint, ACCOUNT, KEY, None, seconds=60, size=1 << 20)) as blobs:
        yield blobs


@pytest.fixture(params=["folder", "azure"])
def blobs(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def container(blobs):
    """Make a container of this test's own."""
    name = f"container{next(NUMBERS)}"
    blobs.create_container(ACCOUNT, name)
    return name


def content_of(blobs, container, name):
    with blobs.open(ACCOUNT, container, name) as content:
        return content.read()


@pytest.mark.parametrize("name", AWKWARD)
def test_what_is_put_is_read(blobs, container, name):
    """Content, size and type come back, whatever the name; a second put takes the place of the first."""
    blobs.put(ACCOUNT, container, name, io.BytesIO(b"first"))
    put = blobs.put(ACCOUNT, container, name, io.BytesIO(b"content"), content_type="text/csv")
    found = blobs.properties(ACCOUNT, container, name)
    assert (name, 7, "text/csv", put.etag) == (found.name, found.size, found.content_type, found.etag)
    assert b"content" == content_of(blobs, container, name)


def test_an_empty_blob(blobs, container):
    """Nothing is content too."""
    blobs.put(ACCOUNT, container, "empty", io.BytesIO(b""))
    assert b"" == content_of(blobs, container, "empty")


def test_content_larger_than_a_piece(blobs, container, azure, monkeypatch):
    """What takes several pieces comes back whole, and can be read in bites."""
    content = bytes(range(256)) * 2000
    blobs.put(ACCOUNT, container, "large", io.BytesIO(content))
    with blobs.open(ACCOUNT, container, "large") as source:
        bites = list(iter(lambda: source.read(70_000), b""))
    assert content == b"".join(bites)


def test_what_is_not_there(blobs, container):
    """A missing blob and a missing container are told apart; deleting what is not there is no fault."""
    for act in (blobs.properties, content_of_first(blobs)):
        with pytest.raises(BlobMissing) as missing:
            act(ACCOUNT, container, "nothing")
        assert not missing.value.container_missing
    with pytest.raises(BlobMissing) as missing:
        blobs.put(ACCOUNT, "nowhere", "b", io.BytesIO(b"x"))
    assert missing.value.container_missing
    blobs.delete(ACCOUNT, container, "nothing")


def content_of_first(blobs):
    def read(account, container, name):
        return content_of(blobs, container, name)

    return read


def test_names_come_in_order(blobs, container):
    """Names are listed in order, those with a prefix when one is given; a missing container is told."""
    for name in ("b", "a/2", "a/1"):
        blobs.put(ACCOUNT, container, name, io.BytesIO(b"x"))
    assert (["a/1", "a/2", "b"], ["a/1", "a/2"]) == (
        list(blobs.names(ACCOUNT, container)),
        list(blobs.names(ACCOUNT, container, "a/")),
    )
    with pytest.raises(BlobMissing):
        list(blobs.names(ACCOUNT, "nowhere"))


def test_blocks_become_a_blob(blobs, container):
    """Parts in the order of the list, not in that of their arrival."""
    for block, part in (("000002", b"world"), ("000001", b"hello ")):
        blobs.put_block(ACCOUNT, container, "parts", block, io.BytesIO(part))
    made = blobs.commit_blocks(ACCOUNT, container, "parts", ["000001", "000002"], content_type="text/plain")
    assert (11, "text/plain") == (made.size, made.content_type)
    assert b"hello world" == content_of(blobs, container, "parts")


def test_a_deleted_blob_is_gone(blobs, container):
    """After delete it is missing."""
    blobs.put(ACCOUNT, container, "b", io.BytesIO(b"x"))
    blobs.delete(ACCOUNT, container, "b")
    with pytest.raises(BlobMissing):
        blobs.properties(ACCOUNT, container, "b")


def test_accounts_and_access(blobs, container):
    """The account's key is known, no other's; a container is private; making it again is no fault."""
    blobs.create_container(ACCOUNT, container)
    assert (KEY, None, {ACCOUNT: KEY}) == (blobs.key(ACCOUNT), blobs.key("other"), dict(blobs.accounts()))
    assert ("", "") == (blobs.access(ACCOUNT, container).public, blobs.access(ACCOUNT, "nowhere").public)


# What only the outside has


def refusal_of(blobs, container="cont", name="b"):
    with pytest.raises(BlobsRefused) as refused, blobs.open(ACCOUNT, container, name):
        pass
    return str(refused.value)


def test_another_key_is_refused_in_azures_words(endpoint):
    """The other side checks; its code and its sentence are told, no secret is."""
    wrong = KEY.replace("E", "F", 1)
    with closing(AzureBlobs(endpoint, ACCOUNT, wrong, None, seconds=60, size=100)) as blobs:
        said = refusal_of(blobs)
    assert "AuthenticationFailed: Server failed to authenticate the request." in said
    assert [] == [secret for secret in (KEY, wrong, "sig=") if secret in said]


def test_a_token_opens_what_it_names(folder, endpoint):
    """With a SAS the storage is read without a key; where the token has no right to write, nothing is written."""
    folder.create_container(ACCOUNT, "bytoken")
    folder.put(ACCOUNT, "bytoken", "b", io.BytesIO(b"content"))
    now = SystemClock().now()
    token = make_account_sas(ACCOUNT, KEY, "r", now - 300, now + 3600, resources="o")
    with closing(AzureBlobs(endpoint, ACCOUNT, None, token, seconds=60, size=100)) as blobs:
        assert b"content" == content_of(blobs, "bytoken", "b")
        with pytest.raises(BlobsRefused, match="AuthorizationPermissionMismatch"):
            blobs.put(ACCOUNT, "bytoken", "b", io.BytesIO(b"other"))
        assert {} == dict(blobs.accounts())
    assert b"content" == content_of(folder, "bytoken", "b")


def test_a_blob_that_is_too_large_is_not_read(folder, endpoint):
    """The size is looked at before anything is kept."""
    folder.create_container(ACCOUNT, "large")
    folder.put(ACCOUNT, "large", "b", io.BytesIO(bytes(101)))
    with closing(AzureBlobs(endpoint, ACCOUNT, KEY, None, seconds=60, size=100)) as blobs:
        assert "The blob has 101 bytes; at most 100 are read." == refusal_of(blobs, "large")


def test_a_transfer_has_its_time(folder, endpoint):
    """One that has not ended in time ends as a refusal."""
    folder.create_container(ACCOUNT, "slow")
    folder.put(ACCOUNT, "slow", "b", io.BytesIO(b"content"))
    with closing(AzureBlobs(endpoint, ACCOUNT, KEY, None, seconds=-1, size=100)) as blobs:
        with pytest.raises(BlobsRefused, match="took longer than"):
            content_of(blobs, "slow", "b")
        with pytest.raises(BlobsRefused, match="took longer than"):
            blobs.put(ACCOUNT, "slow", "b", io.BytesIO(b"other"))
    assert b"content" == content_of(folder, "slow", "b")
