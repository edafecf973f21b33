"""Blob storage's operations on blobs, as they stand on the wire."""

import base64
import hashlib
import io
import logging
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amlemulator.faces.blob import BlobApplication
from support.blob_storage import ACCOUNT, NOW, StillClock, escaped, open_storage, run

MD5 = base64.b64encode(hashlib.md5(b"content").digest()).decode()
WHEN = "Thu, 09 Jul 2020 12:00:00 GMT"


@pytest.fixture
def storage(tmp_path):
    with open_storage(tmp_path) as opened:
        opened.make()
        yield opened


def metadata(reply):
    return {name[10:]: value for name, value in reply.headers.items() if name.startswith("x-ms-meta-")}


def test_an_upload_answers_what_clients_need(storage):
    """Put Blob answers 201 with ETag, Last-Modified, MD5 and encryption (clients.md section 10)."""
    reply = storage.put("/cont/b.csv")
    assert (201, "Created", b"") == (reply.status, reply.reason, reply.body)
    assert {
        "last-modified": WHEN,
        "content-md5": MD5,
        "x-ms-request-server-encrypted": "true",
        "content-length": "0",
        "date": WHEN,
        "server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0",
        "x-ms-version": storage.version,
    }.items() <= reply.headers.items()
    assert reply.headers["etag"].startswith('"0x8D')
    assert reply.headers["x-ms-request-id"].endswith("000000")


def test_a_download_answers_what_was_uploaded(storage):
    """Get Blob answers the content with everything that was set on it."""
    sent = {
        "x-ms-blob-content-type": "text/csv",
        "x-ms-blob-content-encoding": "gzip",
        "x-ms-blob-content-language": "ko",
        "x-ms-blob-content-disposition": "attachment; filename=\u00fc.csv",
        "x-ms-blob-cache-control": "no-cache",
        "x-ms-meta-owner": "\u00fc me ",
    }
    etag = storage.put("/cont/b", headers=sent).headers["etag"]
    reply = storage.get("/cont/b")
    assert (200, b"content") == (reply.status, reply.body)
    assert {
        "content-type": "text/csv",
        "content-encoding": "gzip",
        "content-language": "ko",
        "content-disposition": "attachment; filename=\u00fc.csv".encode().decode("latin-1"),
        "cache-control": "no-cache",
        "content-length": "7",
        "content-md5": MD5,
        "etag": etag,
        "last-modified": WHEN,
        "accept-ranges": "bytes",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-lease-state": "available",
        "x-ms-creation-time": WHEN,
        "x-ms-server-encrypted": "true",
    }.items() <= reply.headers.items()
    assert {"owner": "\u00fc me".encode().decode("latin-1")} == metadata(reply)


def test_head_answers_as_get_but_without_content(storage):
    """Get Blob Properties has the headers of Get Blob and no body."""
    storage.put("/cont/b", headers={"content-type": "text/csv"})
    got, head = storage.get("/cont/b"), storage.call("HEAD", "/cont/b")
    different = {"x-ms-request-id"}
    assert (200, b"") == (head.status, head.body)
    assert {n: v for n, v in got.headers.items() if n not in different} == {
        n: v for n, v in head.headers.items() if n not in different
    }


def test_standard_headers_of_an_upload_count(storage):
    """Put Blob takes type, encoding, language and caching from its own body's headers, too; x-ms- ones go before."""
    storage.put("/cont/b", headers={"content-type": "text/csv", "cache-control": "no-store", "content-language": "ko"})
    reply = storage.get("/cont/b").headers
    assert ("text/csv", "no-store", "ko") == (reply["content-type"], reply["cache-control"], reply["content-language"])
    storage.put("/cont/b", headers={"content-type": "text/csv", "x-ms-blob-content-type": "text/plain"})
    assert "text/plain" == storage.get("/cont/b").headers["content-type"]


def test_a_blob_without_type(storage):
    """A blob uploaded without a type is an octet stream."""
    storage.put("/cont/b")
    assert "application/octet-stream" == storage.get("/cont/b").headers["content-type"]


@pytest.mark.parametrize(
    ("asked", "body", "shown"),
    [
        ({"range": "bytes=0-2"}, b"con", "bytes 0-2/7"),
        ({"x-ms-range": "bytes=3-"}, b"tent", "bytes 3-6/7"),
        ({"x-ms-range": "bytes=5-99"}, b"nt", "bytes 5-6/7"),
        ({"x-ms-range": "bytes=0-0", "range": "bytes=1-1"}, b"c", "bytes 0-0/7"),
        ({"x-ms-range": "bytes=0-33554431"}, b"content", "bytes 0-6/7"),
    ],
)
def test_ranges(storage, asked, body, shown):
    """A range is answered with 206, its own length and Content-Range; x-ms-range goes before Range."""
    storage.put("/cont/b")
    reply = storage.get("/cont/b", headers=asked)
    expected = (206, body, shown, str(len(body)), MD5)
    headers = reply.headers
    assert expected == (
        reply.status,
        reply.body,
        headers["content-range"],
        headers["content-length"],
        headers["x-ms-blob-content-md5"],
    )
    assert "content-md5" not in headers


def test_the_md5_of_a_range(storage):
    """A range comes with its own MD5 when that is asked for, up to 4 MB."""
    storage.put("/cont/b")
    asked = {"x-ms-range": "bytes=0-2", "x-ms-range-get-content-md5": "true"}
    expected = base64.b64encode(hashlib.md5(b"con").digest()).decode()
    reply = storage.get("/cont/b", headers=asked)
    assert (b"con", expected) == (reply.body, reply.headers["content-md5"])
    storage.put("/cont/big", b"x" * (4 * 1024 * 1024 + 1))
    assert "InvalidHeaderValue" == storage.get("/cont/big", headers={**asked, "x-ms-range": "bytes=0-"}).code


@pytest.mark.parametrize("size", [0, 7])
def test_a_range_behind_the_end(storage, size):
    """A range that begins behind the blob answers 416 with the blob's size."""
    storage.put("/cont/b", b"x" * size)
    reply = storage.get("/cont/b", headers={"range": f"bytes={size}-{size + 9}"})
    assert (416, "InvalidRange", f"bytes */{size}") == (reply.status, reply.code, reply.headers["content-range"])


@pytest.mark.parametrize("text", ["bytes=-3", "bytes=5-2", "lines=1-2", "bytes=1-2,4-5", "bytes=a-"])
def test_ranges_that_are_not_understood(storage, text):
    """A Range that is not understood is left out of account; such an x-ms-range is refused."""
    storage.put("/cont/b")
    whole = storage.get("/cont/b", headers={"range": text})
    assert (200, b"content") == (whole.status, whole.body)
    refused = storage.get("/cont/b", headers={"x-ms-range": text})
    assert ("InvalidHeaderValue", "x-ms-range", text) == (
        refused.code,
        refused.text("HeaderName"),
        refused.text("HeaderValue"),
    )


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40), st.integers(0, 50), st.none() | st.integers(0, 50))
def test_every_range_is_the_slice_it_says(storage, content, first, last):
    """Whatever range is asked for, the answer is that slice, or 416 behind the end."""
    storage.put("/cont/b", content)
    reply = storage.get("/cont/b", headers={"range": f"bytes={first}-{'' if last is None else last}"})
    if last is not None and last < first:
        assert (200, content) == (reply.status, reply.body)
    elif first >= len(content):
        assert 416 == reply.status
    else:
        assert (206, content[first : len(content) if last is None else last + 1]) == (reply.status, reply.body)


def test_large_contents_are_sent_in_pieces(storage):
    """A content that is larger than one piece arrives whole, and so does a range of it."""
    content = bytes(range(256)) * 4096
    storage.put("/cont/b", content)
    assert content == storage.get("/cont/b").body
    assert content[100:900_000] == storage.get("/cont/b", headers={"range": "bytes=100-899999"}).body


class TestMd5:
    """Content-MD5: checked on the way in."""

    @pytest.mark.parametrize("name", ["content-md5", "x-ms-blob-content-md5"])
    def test_the_right_one(self, storage, name):
        """A body whose MD5 is the announced one is stored."""
        assert 201 == storage.put("/cont/b", headers={name: MD5}).status

    @pytest.mark.parametrize("name", ["content-md5", "x-ms-blob-content-md5"])
    def test_a_wrong_one(self, storage, name):
        """A body whose MD5 is another is refused, and nothing is stored."""
        reply = storage.put("/cont/b", b"other", {name: MD5})
        assert (400, "Md5Mismatch", 404) == (reply.status, reply.code, storage.get("/cont/b").status)

    def test_two_that_differ(self, storage):
        """Two announced MD5s that differ cannot both be right."""
        other = base64.b64encode(bytes(16)).decode()
        assert (
            "Md5Mismatch" == storage.put("/cont/b", headers={"content-md5": MD5, "x-ms-blob-content-md5": other}).code
        )

    @pytest.mark.parametrize("value", ["x", "AAAA", "!" * 24])
    def test_none_at_all(self, storage, value):
        """What is no MD5 is refused as such."""
        assert "InvalidMd5" == storage.put("/cont/b", headers={"content-md5": value}).code

    @pytest.mark.parametrize("query", ["comp=block&blockid=AA%3D%3D", "comp=blocklist"])
    def test_of_blocks_and_lists(self, storage, query):
        """Blocks and block lists are checked, too."""
        reply = storage.call("PUT", "/cont/b", query, b"<BlockList />", {"content-md5": MD5})
        assert "Md5Mismatch" == reply.code
        right = base64.b64encode(hashlib.md5(b"<BlockList />").digest()).decode()
        assert 201 == storage.call("PUT", "/cont/b", query, b"<BlockList />", {"content-md5": right}).status


class TestBlocks:
    """Put Block, Put Block List, Get Block List."""

    def _stage(self, storage, name, body=b"content", headers=None):
        query = f"comp=block&blockid={escaped(base64.b64encode(name.encode()).decode())}"
        return storage.call("PUT", "/cont/b", query, body, headers)

    def _commit(self, storage, *names, kind="Latest", headers=None):
        items = "".join(f"<{kind}>{base64.b64encode(name.encode()).decode()}</{kind}>" for name in names)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{items}</BlockList>'.encode()
        return storage.call("PUT", "/cont/b", "comp=blocklist", body, headers)

    def test_the_way_through_blocks(self, storage):
        """Blocks are staged, committed with headers and metadata, and read as one blob."""
        assert 201 == self._stage(storage, "1", b"one").status
        assert 201 == self._stage(storage, "2", b"two").status
        assert "BlobNotFound" == storage.get("/cont/b").code
        headers = {"x-ms-blob-content-type": "text.csv", "x-ms-meta-who": "me", "content-type": "application/xml"}
        reply = self._commit(storage, "2", "1", headers=headers)
        assert (201, True) == (reply.status, {"etag", "last-modified"} <= reply.headers.keys())
        got = storage.get("/cont/b")
        assert (b"twoone", "text.csv", {"who": "me"}) == (got.body, got.headers["content-type"], metadata(got))

    def test_the_lists(self, storage):
        """Get Block List shows committed and uncommitted blocks with their sizes, as asked."""
        self._stage(storage, "1", b"one")
        self._commit(storage, "1")
        self._stage(storage, "2", b"three")
        shown = {
            kind: [
                (path, block.findtext("Name"), block.findtext("Size"))
                for path in ("CommittedBlocks", "UncommittedBlocks")
                for block in storage.get("/cont/b", f"comp=blocklist{kind}").xml.findall(f"{path}/Block")
            ]
            for kind in ("", "&blocklisttype=uncommitted", "&blocklisttype=all")
        }
        one, two = ("CommittedBlocks", "MQ==", "3"), ("UncommittedBlocks", "Mg==", "5")
        assert {"": [one], "&blocklisttype=uncommitted": [two], "&blocklisttype=all": [one, two]} == shown
        assert "3" == storage.get("/cont/b", "comp=blocklist").headers["x-ms-blob-content-length"]

    def test_the_lists_of_nothing(self, storage):
        """A blob without any block has no list, nor has an unknown kind of list."""
        assert "BlobNotFound" == storage.get("/cont/b", "comp=blocklist").code
        assert "InvalidQueryParameterValue" == storage.get("/cont/b", "comp=blocklist&blocklisttype=some").code

    def test_only_uncommitted(self, storage):
        """A blob that nobody committed has a list of blocks, but no entity tag."""
        self._stage(storage, "1")
        reply = storage.get("/cont/b", "comp=blocklist&blocklisttype=all")
        assert (200, False) == (reply.status, "etag" in reply.headers)

    @pytest.mark.parametrize(("version", "told"), [("2018-11-09", True), ("2019-02-02", False)])
    def test_the_md5_of_a_block(self, storage, version, told):
        """Put Block tells the MD5 that it computed up to 2018-11-09, and since then to who sent one."""
        assert told == ("content-md5" in self._stage(storage, "1", headers={"x-ms-version": version}).headers)
        with_md5 = self._stage(storage, "1", headers={"x-ms-version": version, "content-md5": MD5})
        assert MD5 == with_md5.headers["content-md5"]

    @pytest.mark.parametrize(
        ("blockid", "code"),
        [
            ("", "MissingRequiredQueryParameter"),
            ("%21%21", "InvalidQueryParameterValue"),
            ("QQ" * 50, "OutOfRangeInput"),
        ],
    )
    def test_ids_that_cannot_be(self, storage, blockid, code):
        """A block's id must be there, be base64 and at most 64 bytes long."""
        assert code == storage.call("PUT", "/cont/b", f"comp=block&blockid={blockid}", b"x").code

    def test_an_id_of_another_length(self, storage):
        """All ids of a blob's blocks have one length."""
        self._stage(storage, "1")
        assert "InvalidBlobOrBlock" == self._stage(storage, "1" * 9).code

    def test_a_block_of_nothing(self, storage):
        """A block must hold something."""
        assert "InvalidHeaderValue" == self._stage(storage, "1", b"").code

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"<BlockList><Latest>AA==</Latest></BlockList>", "InvalidBlockList"),
            (b"<BlockList><Some>AA==</Some></BlockList>", "InvalidXmlDocument"),
            (b"<Blocks />", "InvalidXmlDocument"),
            (b"<BlockList>", "InvalidXmlDocument"),
            (b"", "InvalidXmlDocument"),
            (b'<!DOCTYPE x [<!ENTITY a "b">]><BlockList />', "InvalidXmlDocument"),
            ('<?xml version="1.0" encoding="utf-16"?><BlockList />'.encode("utf-16"), "InvalidXmlDocument"),
            (b"<BlockList>" + b"<Latest/>" * 50_001 + b"</BlockList>", "BlockListTooLong"),
        ],
    )
    def test_lists_that_cannot_be(self, storage, body, code):
        """A list of unknown blocks, of too many, or that is no list is refused."""
        assert code == storage.call("PUT", "/cont/b", "comp=blocklist", body).code

    def test_a_list_too_large_to_read(self, storage):
        """A list that is larger than any list can be is refused unread."""
        reply = storage.call("PUT", "/cont/b", "comp=blocklist", headers={"content-length": str(2**30)})
        assert (413, "RequestBodyTooLarge") == (reply.status, reply.code)


class TestChanges:
    """Metadata, properties, deletion."""

    def test_metadata(self, storage):
        """Set Blob Metadata replaces all of it; Get Blob Metadata shows it; the content stays."""
        before = storage.put("/cont/b", headers={"x-ms-meta-a": "1"}).headers["etag"]
        reply = storage.call("PUT", "/cont/b", "comp=metadata", headers={"x-ms-meta-b": "2"})
        shown = storage.get("/cont/b", "comp=metadata")
        assert (200, {"b": "2"}, b"") == (reply.status, metadata(shown), shown.body)
        assert before < reply.headers["etag"] == shown.headers["etag"]
        assert b"content" == storage.get("/cont/b").body

    @pytest.mark.parametrize(
        ("headers", "code"),
        [
            ({"x-ms-meta-a-b": "1"}, "InvalidMetadata"),
            ({"x-ms-meta-1a": "1"}, "InvalidMetadata"),
            ({"x-ms-meta-": "1"}, "EmptyMetadataKey"),
            ({"x-ms-meta-a": "1" * 8192}, "MetadataTooLarge"),
        ],
    )
    def test_metadata_that_cannot_be(self, storage, headers, code):
        """Names must be identifiers, and all together must fit into 8 KB."""
        assert (400, code) == storage.put("/cont/b", headers=headers).verdict

    def test_properties(self, storage):
        """Set Blob Properties replaces all headers: what is not given is gone."""
        storage.put("/cont/b", headers={"x-ms-blob-content-type": "a/b", "x-ms-blob-content-language": "ko"})
        reply = storage.call("PUT", "/cont/b", "comp=properties", headers={"x-ms-blob-cache-control": "no-cache"})
        headers = storage.get("/cont/b").headers
        assert (200, "application/octet-stream", "no-cache") == (
            reply.status,
            headers["content-type"],
            headers["cache-control"],
        )
        assert set() == {"content-language", "content-md5"} & headers.keys()

    def test_deleting(self, storage):
        """Delete Blob answers 202, and then there is no such blob."""
        storage.put("/cont/b")
        assert 202 == storage.call("DELETE", "/cont/b", headers={"x-ms-delete-snapshots": "include"}).status
        assert (404, "BlobNotFound") == storage.call("DELETE", "/cont/b").verdict

    def test_deleting_in_an_unknown_way(self, storage):
        """x-ms-delete-snapshots has two values, of which one asks for what is not emulated."""
        storage.put("/cont/b")
        codes = [
            storage.call("DELETE", "/cont/b", headers={"x-ms-delete-snapshots": value}).code
            for value in ("all", "only")
        ]
        assert (["InvalidHeaderValue", "NotImplemented"], 200) == (codes, storage.get("/cont/b").status)


class TestSizes:
    """What a version allows to be uploaded at once."""

    @pytest.mark.parametrize(
        ("version", "query", "most"),
        [
            ("2015-12-11", "", 64 << 20),
            ("2016-05-31", "", 256 << 20),
            ("2019-12-12", "", 5000 << 20),
            ("2015-12-11", "comp=block&blockid=AA%3D%3D", 4 << 20),
            ("2016-05-31", "comp=block&blockid=AA%3D%3D", 100 << 20),
            ("2099-01-01", "comp=block&blockid=AA%3D%3D", 4000 << 20),
        ],
    )
    def test_the_most(self, storage, version, query, most):
        """A body longer than its version allows is refused unread, with the limit."""
        headers = {"x-ms-version": version, "x-ms-blob-type": "BlockBlob", "content-length": str(most + 1)}
        reply = storage.call("PUT", "/cont/b", query, headers=headers)
        assert (413, "RequestBodyTooLarge", str(most)) == (reply.status, reply.code, reply.text("MaxLimit"))

    def test_no_length(self, storage):
        """An upload must tell its length."""
        reply = storage.call("PUT", "/cont/b", headers={"x-ms-blob-type": "BlockBlob", "content-length": None})
        assert (411, "MissingContentLengthHeader") == (reply.status, reply.code)

    def test_a_body_that_ends_early(self, storage):
        """An upload that is shorter than it said is refused, and nothing is stored."""
        headers = {"x-ms-blob-type": "BlockBlob", "content-length": "99"}
        assert (400, 404) == (
            storage.call("PUT", "/cont/b", body=b"x", headers=headers).status,
            storage.get("/cont/b").status,
        )


NAMES = ["a b", "a%2Fb/../c", "\ud55c\uad6d\uc5b4.csv", "100%", "1+1=2", "a?b#c&d", "a" * 1024, "\U0001f600", " ", "."]
NAMES += ["~!$'()*,;:@"]


@pytest.mark.parametrize("name", NAMES)
def test_names(storage, name):
    """Blanks, percent, plus, other scripts and 1,024 characters survive upload, listing and download."""
    path = f"/cont/{escaped(name)}"
    assert 201 == storage.put(path, name.encode()).status
    assert [name] == [item.text for item in storage.get("/cont", "restype=container&comp=list").xml.iter("Name")]
    assert name.encode() == storage.get(path).body


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60))
def test_any_name_survives(storage, name):
    """Any name is uploaded, listed (percent-encoded where XML cannot hold it) and downloaded as it was."""
    path = f"/cont/{escaped(name)}"
    storage.put(path, name.encode())
    names = list(storage.get("/cont", "restype=container&comp=list").xml.iter("Name"))
    content = storage.get(path).body
    storage.call("DELETE", path)
    assert ([name], name.encode()) == ([shown(item) for item in names], content)


def shown(item):
    return unquote(item.text) if item.get("Encoded") else item.text


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/Cont/b", "InvalidResourceName"),
        ("/co--nt/b", "InvalidResourceName"),
        ("/cont-/b", "InvalidResourceName"),
        ("/co/b", "OutOfRangeInput"),
        ("/" + "c" * 64 + "/b", "OutOfRangeInput"),
        ("/cont/" + "b" * 1025, "OutOfRangeInput"),
        ("/cont/" + "b/" * 254 + "b", "OutOfRangeInput"),
        ("/cont/%ff", "InvalidUri"),
        ("/cont/a%00b", "InvalidUri"),
        ("/elsewhere/b", "ContainerNotFound"),
        ("/", "InvalidUri"),
    ],
)
def test_addresses_that_cannot_be(storage, path, code):
    """Names that the service does not allow are refused, each with its code."""
    assert code == storage.put(path).code


def test_the_root_container(storage):
    """A blob with no container in its address lies in $root."""
    assert "ContainerNotFound" == storage.put("/b.txt").code
    storage.make("$root")
    assert (201, b"content") == (storage.put("/b.txt").status, storage.get("/$root/b.txt").body)


class TestEnvelope:
    """Headers and errors that every answer has in common."""

    def test_an_error(self, storage):
        """An error is XML with code, message, request id and time; the reason phrase repeats the message."""
        reply = storage.get("/cont/nothing")
        request_id = reply.headers["x-ms-request-id"]
        body = (
            '<?xml version="1.0" encoding="utf-8"?><Error><Code>BlobNotFound</Code><Message>The specified blob does '
            f"not exist.\nRequestId:{request_id}\nTime:2020-07-09T12:00:00.2500000Z</Message></Error>"
        )
        assert (404, "The specified blob does not exist.") == (reply.status, reply.reason)
        assert (body.encode(), "application/xml") == (reply.body, reply.headers["content-type"])

    def test_an_error_to_head(self, storage):
        """An error to HEAD has no body; the code stands in the headers."""
        reply = storage.call("HEAD", "/cont/nothing")
        assert (404, b"", "BlobNotFound", "0") == (
            reply.status,
            reply.body,
            reply.code,
            reply.headers["content-length"],
        )

    @pytest.mark.parametrize("version", ["2013-08-15", "2015-07-08", "2026-10-06", "2099-12-31"])
    def test_versions(self, storage, version):
        """Every version from 2013-08-15 on is served and echoed, those to come as well."""
        reply = storage.put("/cont/b", headers={"x-ms-version": version})
        assert (201, version) == (reply.status, reply.headers["x-ms-version"])

    def test_a_version_that_is_none(self, storage):
        """A version that is no date is refused."""
        reply = storage.put("/cont/b", headers={"x-ms-version": "latest"})
        assert ("InvalidHeaderValue", "x-ms-version") == (reply.code, reply.text("HeaderName"))

    def test_the_clients_request_id(self, storage):
        """x-ms-client-request-id comes back; one that cannot be a header's value does not."""
        ids = ["abc-123", "x" * 1025, "\u00fc"]
        replies = [storage.get("/cont", "restype=container", {"x-ms-client-request-id": value}) for value in ids]
        assert ["abc-123", None, None] == [reply.headers.get("x-ms-client-request-id") for reply in replies]

    def test_faults_of_ours(self, storage, caplog, monkeypatch):
        """A fault of our own answers 500, and the log has neither query nor headers."""

        def broken(*_):
            raise RuntimeError("broken")

        monkeypatch.setattr(storage.blobs.versions, "open", broken)
        with caplog.at_level(logging.ERROR):
            reply = storage.get("/cont/b", "sig=geheim", signed=True)
        assert (500, "InternalError", False) == (reply.status, reply.code, "geheim" in caplog.text)


@pytest.mark.parametrize(
    ("method", "query", "headers"),
    [
        ("PUT", "comp=snapshot", {}),
        ("PUT", "comp=lease", {"x-ms-lease-action": "acquire"}),
        ("PUT", "comp=tier", {}),
        ("PUT", "comp=appendblock", {}),
        ("PUT", "comp=page", {}),
        ("PUT", "comp=undelete", {}),
        ("GET", "comp=tags", {}),
        ("POST", "comp=query", {}),
        ("GET", "snapshot=2020-07-09T12:00:00Z", {}),
        ("PUT", "", {"x-ms-blob-type": "PageBlob"}),
        ("PUT", "", {"x-ms-blob-type": "AppendBlob"}),
        ("PUT", "", {"x-ms-blob-type": "BlockBlob", "x-ms-access-tier": "Cool"}),
        ("PUT", "", {"x-ms-blob-type": "BlockBlob", "x-ms-tags": "a=b"}),
        ("PUT", "", {"x-ms-blob-type": "BlockBlob", "x-ms-content-crc64": "AAAA"}),
        ("PUT", "comp=properties", {"x-ms-blob-content-length": "5"}),
        ("GET", "", {"x-ms-if-tags": "a=b"}),
        ("GET", "", {"x-ms-structured-body": "XSM/1.0"}),
    ],
)
def test_what_is_not_emulated_says_so(storage, method, query, headers):
    """What this storage does not do is refused with 501, the reason and the evidence, and changes nothing."""
    storage.put("/cont/b")
    before = storage.call("HEAD", "/cont/b").headers["etag"]
    reply = storage.call(method, "/cont/b", query, headers=headers)
    assert (501, "NotImplemented", "blob.not-emulated") == (
        reply.status,
        reply.code,
        reply.headers["x-amlclassic-evidence"],
    )
    assert len(reply.text("Message").partition("\n")[0]) > 30
    assert before == storage.call("HEAD", "/cont/b").headers["etag"]


@pytest.mark.parametrize(
    ("method", "path", "query", "code"),
    [
        ("POST", "/cont/b", "", "UnsupportedHttpVerb"),
        ("PATCH", "/cont", "restype=container", "UnsupportedHttpVerb"),
        ("GET", "/cont/b", "comp=nonsense", "InvalidQueryParameterValue"),
        ("GET", "/cont", "restype=nonsense&comp=list", "InvalidQueryParameterValue"),
        ("GET", "", "", "InvalidUri"),
    ],
)
def test_what_is_no_operation(storage, method, path, query, code):
    """A method or a comp that no operation has is refused with its code."""
    assert code == storage.call(method, path, query).code


def test_leases_are_not_there(storage):
    """A lease id answers that there is no lease, as the service does when nobody holds one."""
    storage.put("/cont/b")
    codes = [
        storage.put("/cont/b", headers={"x-ms-lease-id": "x"}).code,
        storage.get("/cont", "restype=container", {"x-ms-lease-id": "x"}).code,
    ]
    assert ["LeaseNotPresentWithBlobOperation", "LeaseNotPresentWithContainerOperation"] == codes


@pytest.mark.parametrize(("kind", "code"), [(None, "MissingRequiredHeader"), ("Blob", "InvalidHeaderValue")])
def test_an_upload_must_say_its_type(storage, kind, code):
    """Put Blob needs x-ms-blob-type, and knows three."""
    assert code == storage.call("PUT", "/cont/b", body=b"x", headers={"x-ms-blob-type": kind}).code


class TestCopies:
    """Copies between our own accounts."""

    def _copy(self, storage, source, path="/cont/copy", headers=None, query=""):
        return storage.call("PUT", path, query, headers={"x-ms-copy-source": source, **(headers or {})})

    @pytest.fixture
    def source(self, storage):
        headers = {"x-ms-blob-content-type": "text/csv", "x-ms-meta-a": "1"}
        storage.put("/cont/b%20%C3%BC", headers=headers)
        return f"http://127.0.0.1:10000/{ACCOUNT}/cont/b%20%C3%BC"

    def test_copying(self, storage, source):
        """Copy Blob answers 202 as done; the copy has bytes, headers and metadata of the source, and tells of it."""
        reply = self._copy(storage, source)
        got = storage.get("/cont/copy")
        assert (202, "success", b"content", "text/csv", {"a": "1"}) == (
            reply.status,
            reply.headers["x-ms-copy-status"],
            got.body,
            got.headers["content-type"],
            metadata(got),
        )
        assert (reply.headers["x-ms-copy-id"], source, "7/7") == tuple(
            got.headers[f"x-ms-copy-{name}"] for name in ("id", "source", "progress")
        )
        [copied] = [
            item
            for item in storage.get("/cont", "restype=container&comp=list").xml.iter("Blob")
            if item.findtext("Name") == "copy"
        ]
        assert "success" == copied.findtext("Properties/CopyStatus")

    def test_metadata_of_its_own(self, storage, source):
        """Metadata that the request gives stand in the place of the source's."""
        self._copy(storage, source, headers={"x-ms-meta-b": "2"})
        assert {"b": "2"} == metadata(storage.get("/cont/copy"))

    @pytest.mark.parametrize(
        "form", ["https://{}.blob.core.windows.net/cont/b%20%C3%BC", "http://h/{}.blob/cont/b%20%C3%BC"]
    )
    def test_every_form_of_address(self, storage, source, form):
        """The source may stand under any of its addresses: the account's name is enough."""
        assert (202, b"content") == (self._copy(storage, form.format(ACCOUNT)).status, storage.get("/cont/copy").body)

    def test_from_a_url_with_other_headers(self, storage, source):
        """Put Blob From URL makes a new blob, with headers of its own where it gives any."""
        headers = {"x-ms-blob-type": "BlockBlob", "x-ms-blob-content-type": "text/plain"}
        assert 201 == self._copy(storage, source, headers=headers).status
        got = storage.get("/cont/copy").headers
        assert ("text/plain", False) == (got["content-type"], "x-ms-copy-id" in got)
        self._copy(storage, source, headers={"x-ms-blob-type": "BlockBlob"})
        assert "text/csv" == storage.get("/cont/copy").headers["content-type"]

    def test_blocks_from_a_url(self, storage, source):
        """Put Block From URL stages a part of the source."""
        for name, part in (("AA==", "bytes=3-"), ("BB==", "bytes=0-2"), ("CC==", None)):
            query = f"comp=block&blockid={escaped(name)}"
            headers = {"x-ms-source-range": part} if part else {}
            assert 201 == self._copy(storage, source, headers=headers, query=query).status
        body = b"<BlockList><Latest>AA==</Latest><Latest>BB==</Latest><Latest>CC==</Latest></BlockList>"
        storage.call("PUT", "/cont/copy", "comp=blocklist", body)
        assert b"tentconcontent" == storage.get("/cont/copy").body

    @pytest.mark.parametrize(("part", "code"), [("bytes=x", "InvalidHeaderValue"), ("bytes=7-9", "InvalidRange")])
    def test_blocks_of_no_part(self, storage, source, part, code):
        """A part that is none, or behind the end, is refused."""
        headers = {"x-ms-source-range": part}
        assert code == self._copy(storage, source, headers=headers, query="comp=block&blockid=AA%3D%3D").code

    @pytest.mark.parametrize("query", ["", "comp=block&blockid=AA%3D%3D"])
    def test_the_sources_md5(self, storage, source, query):
        """The source's MD5 is checked where it is given."""
        wrong = {"x-ms-source-content-md5": base64.b64encode(bytes(16)).decode(), "x-ms-blob-type": "BlockBlob"}
        right = {"x-ms-source-content-md5": MD5, "x-ms-blob-type": "BlockBlob"}
        replies = [self._copy(storage, source, headers=headers, query=query) for headers in (wrong, right)]
        assert ["Md5Mismatch", None] == [reply.code for reply in replies]

    @pytest.mark.parametrize("headers", [{}, {"x-ms-blob-type": "BlockBlob"}, {"block": "1"}])
    def test_a_source_that_is_not_there(self, storage, headers):
        """A missing source is told from a missing target."""
        query = "comp=block&blockid=AA%3D%3D" if headers.pop("block", None) else ""
        nothing = f"http://h/{ACCOUNT}/cont/nothing"
        reply = self._copy(storage, nothing, headers=headers, query=query)
        assert (404, "CannotVerifyCopySource") == reply.verdict

    def test_a_target_that_is_not_there(self, storage, source):
        """A copy into a missing container says so."""
        assert "ContainerNotFound" == self._copy(storage, source, "/elsewhere/copy").code

    @pytest.mark.parametrize(
        "url", ["http://169.254.169.254/latest/meta-data/x", "https://foreign.blob.core.windows.net/c/b"]
    )
    def test_other_hosts_are_never_asked(self, storage, url):
        """A source elsewhere is refused with the reason; nothing is fetched."""
        assert self._copy(storage, url).code in ("NotImplemented", "InvalidHeaderValue")

    def test_sources_that_cannot_be(self, storage, source):
        """What is no blob's address, a snapshot, and a token for a directory's user are refused."""
        replies = [
            self._copy(storage, "file:///etc/passwd"),
            self._copy(storage, source + "?snapshot=x"),
            self._copy(storage, source, headers={"x-ms-copy-source-authorization": "Bearer x"}),
        ]
        assert ["InvalidHeaderValue", "NotImplemented", "NotImplemented"] == [reply.code for reply in replies]

    def test_aborting(self, storage, source):
        """No copy is ever pending."""
        self._copy(storage, source)
        assert "NoPendingCopyOperation" == storage.call("PUT", "/cont/copy", "comp=copy&copyid=x").code


def test_names_of_metadata_where_the_listener_keeps_them(storage):
    """Case and underscores of metadata names survive when the listener hands over the raw headers."""
    raw = [("X-MS-Meta-Owner_Name", "me"), ("x-ms-blob-type", "BlockBlob"), ("content-length", "7")]
    raw += [("x-ms-date", WHEN), ("x-ms-version", storage.version)]
    from support.blob_storage import authorization

    signature = authorization("PUT", f"/{ACCOUNT}/cont/b", "", dict(raw))
    reply = storage.put("/cont/b", environ={"amlemulator.raw_headers": lambda: raw, "HTTP_AUTHORIZATION": signature})
    assert (201, "me") == (reply.status, dict(storage.get("/cont/b").listed)["x-ms-meta-Owner_Name"])


def test_a_request_id_of_ones_own(tmp_path):
    """The composition may give the ids of requests."""
    with open_storage(tmp_path) as storage:
        application = BlobApplication(storage.blobs, StillClock(NOW), lambda: "an-id")
        environ = {
            **{"REQUEST_METHOD": "GET", "PATH_INFO": f"/{ACCOUNT}/cont/b", "SERVER_NAME": "h", "SERVER_PORT": "80"},
            **{"SCRIPT_NAME": "", "QUERY_STRING": "", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0)},
            **{"wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO()},
            **{"wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False},
        }
        assert "an-id" == run(application, environ).headers["x-ms-request-id"]
