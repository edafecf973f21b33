"""Uploads: MD5, blocks, metadata and properties, deletion, sizes."""

import base64
import hashlib

import pytest

from support.blob_storage import escaped, metadata, open_storage

MD5 = base64.b64encode(hashlib.md5(b"content").digest()).decode()


@pytest.fixture
def storage(tmp_path):
    with open_storage(tmp_path) as opened:
        opened.make()
        yield opened


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

    @pytest.mark.parametrize(("version", "told"), [("2018-11-09", True), ("2019-02-02", False)])
    def test_the_md5_of_a_list(self, storage, version, told):
        """Put Block List tells the MD5 of the list, since 2019-02-02 to who sent one."""
        reply = self._commit(storage, headers={"x-ms-version": version})
        assert told == ("content-md5" in reply.headers)

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
