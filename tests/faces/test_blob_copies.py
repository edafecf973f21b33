"""Copies between our own accounts; nothing is ever fetched from elsewhere."""

import base64
import hashlib

import pytest

from support.blob_storage import ACCOUNT, escaped, metadata, open_storage

MD5 = base64.b64encode(hashlib.md5(b"content").digest()).decode()


@pytest.fixture
def storage(tmp_path):
    with open_storage(tmp_path) as opened:
        opened.make()
        yield opened


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
