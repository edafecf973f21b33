"""Conditional headers on reads, writes and copies."""

from email.utils import formatdate
from itertools import product

import pytest

from support.blob_storage import ACCOUNT, NOW, open_storage

OTHER = '"0x8D000000000000"'
BEFORE, SAME, AFTER = (formatdate(int(NOW) + shift, usegmt=True) for shift in (-1, 0, 1))


@pytest.fixture
def storage(tmp_path):
    with open_storage(tmp_path) as opened:
        opened.make()
        opened.etag = opened.put("/cont/b").headers["etag"]
        yield opened


def conditions(storage, text):
    """Read "match=own since=BEFORE" as headers."""
    names = {
        "match": "if-match",
        "none": "if-none-match",
        "since": "if-modified-since",
        "until": "if-unmodified-since",
    }
    values = {"own": storage.etag, "bare": storage.etag.strip('"'), "other": OTHER, "any": "*"}
    values |= {"before": BEFORE, "same": SAME, "after": AFTER}
    return {names[name]: values[value] for name, _, value in (part.partition("=") for part in text.split())}


READS = [
    ("match=own", 200),
    ("match=bare", 200),
    ("match=any", 200),
    ("match=other", 412),
    ("none=other", 200),
    ("none=own", 304),
    ("none=any", 400),
    ("since=before", 200),
    ("since=same", 304),
    ("since=after", 304),
    ("until=before", 412),
    ("until=same", 200),
    ("until=after", 200),
    ("none=own since=before", 200),
    ("none=other since=after", 200),
    ("none=own since=after", 304),
    ("match=own until=before", 412),
    ("match=own none=own", 304),
    ("match=other none=other", 412),
]


@pytest.mark.parametrize(("text", "status"), READS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reads(storage, method, text, status):
    """A read answers 412 or 304 as its conditions say; of If-None-Match and If-Modified-Since one suffices."""
    reply = storage.call(method, "/cont/b", headers=conditions(storage, text))
    code = {200: None, 304: "ConditionNotMet", 412: "ConditionNotMet", 400: "UnsatisfiableCondition"}[status]
    assert (status, code) == reply.verdict
    assert (status == 200 and method == "GET") == (reply.body == b"content")


def test_a_304_has_neither_body_nor_length(storage):
    """304 comes without body and without Content-Length, which would be that of the blob."""
    reply = storage.get("/cont/b", headers={"if-none-match": storage.etag})
    assert (304, b"", False) == (reply.status, reply.body, "content-length" in reply.headers)


WRITES = [
    ("match=own", None),
    ("match=bare", None),
    ("match=any", None),
    ("match=other", "ConditionNotMet"),
    ("none=other", None),
    ("none=own", "ConditionNotMet"),
    ("since=before", None),
    ("since=same", "ConditionNotMet"),
    ("until=before", "ConditionNotMet"),
    ("until=same", None),
    ("none=own since=before", None),
    ("match=own until=before", "ConditionNotMet"),
    ("match=own none=other", "MultipleConditionHeadersNotSupported"),
    ("match=own since=before", "MultipleConditionHeadersNotSupported"),
]
OPERATIONS = {
    "put": ("PUT", "", b"other", {"x-ms-blob-type": "BlockBlob"}),
    "blocklist": ("PUT", "comp=blocklist", b"<BlockList />", {}),
    "metadata": ("PUT", "comp=metadata", b"", {}),
    "properties": ("PUT", "comp=properties", b"", {}),
    "delete": ("DELETE", "", b"", {}),
    "copy": ("PUT", "", b"", {"x-ms-copy-source": f"http://h/{ACCOUNT}/cont/b"}),
}


@pytest.mark.parametrize(("operation", "case"), list(product(OPERATIONS, WRITES)))
def test_writes(storage, operation, case):
    """A write that its conditions forbid is refused and changes nothing; every kind of write obeys them."""
    (text, code), (method, query, body, headers) = case, OPERATIONS[operation]
    reply = storage.call(method, "/cont/b", query, body, {**headers, **conditions(storage, text)})
    assert code == reply.code
    if code is not None:
        got = storage.get("/cont/b")
        assert (storage.etag, b"content") == (got.headers["etag"], got.body)


@pytest.mark.parametrize("operation", ["put", "blocklist", "copy"])
def test_creating_only(storage, operation):
    """If-None-Match: * creates a blob, and answers 409 where there is one."""
    method, query, body, headers = OPERATIONS[operation]
    create = {**headers, "if-none-match": "*"}
    assert (409, "BlobAlreadyExists") == storage.call(method, "/cont/b", query, body, create).verdict
    assert None is storage.call(method, "/cont/new", query, body, create).code


def test_changing_only_what_is_not_there(storage):
    """If-None-Match: * on what only changes a blob cannot be met."""
    reply = storage.call("PUT", "/cont/b", "comp=metadata", headers={"if-none-match": "*"})
    assert (412, "ConditionNotMet") == reply.verdict


@pytest.mark.parametrize("condition", [{"if-match": "*"}, {"if-match": OTHER}])
def test_a_match_with_nothing(storage, condition):
    """If-Match never holds where there is no blob."""
    assert (412, "ConditionNotMet") == storage.put("/cont/new", headers=condition).verdict


def test_times_of_what_is_not_there(storage):
    """Conditions on times say nothing about a blob that is not there."""
    assert 201 == storage.put("/cont/new", headers={"if-modified-since": AFTER}).status
    assert 201 == storage.put("/cont/new2", headers={"if-unmodified-since": BEFORE}).status


def test_several_entity_tags(storage):
    """A read may name several entity tags, a write one."""
    several = {"if-match": f"{OTHER}, {storage.etag}"}
    assert [200, 400] == [
        storage.get("/cont/b", headers=several).status,
        storage.put("/cont/b", headers=several).status,
    ]


@pytest.mark.parametrize("text", ["yesterday", "12", "Thu, 99 Jul 2020 12:00:00 GMT"])
def test_a_date_that_is_none(storage, text):
    """A date that cannot be read is refused."""
    assert "InvalidHeaderValue" == storage.get("/cont/b", headers={"if-modified-since": text}).code


def test_a_date_in_another_zone(storage):
    """A date counts as the moment it is, whatever its zone; without zone it is UTC."""
    east, bare = "Thu, 09 Jul 2020 21:00:00 +0900", "Thu, 09 Jul 2020 12:00:00"
    assert [304, 304] == [storage.get("/cont/b", headers={"if-modified-since": text}).status for text in (east, bare)]


@pytest.mark.parametrize(("text", "code"), [("own", None), ("other", "SourceConditionNotMet")])
@pytest.mark.parametrize("kind", [{}, {"x-ms-blob-type": "BlockBlob"}])
def test_the_source_of_a_copy(storage, kind, text, code):
    """A copy can be made to depend on its source."""
    etag = storage.etag if text == "own" else OTHER
    headers = {"x-ms-copy-source": f"http://h/{ACCOUNT}/cont/b", "x-ms-source-if-match": etag, **kind}
    assert code == storage.call("PUT", "/cont/copy", headers=headers).code


def test_tags_of_the_source(storage):
    """Index tags of the source cannot be a condition."""
    headers = {"x-ms-copy-source": f"http://h/{ACCOUNT}/cont/b", "x-ms-source-if-tags": "a=b"}
    assert "NotImplemented" == storage.call("PUT", "/cont/copy", headers=headers).code


def test_the_block_list(storage):
    """Get Block List obeys conditions, too."""
    assert 304 == storage.get("/cont/b", "comp=blocklist", {"if-none-match": storage.etag}).status
