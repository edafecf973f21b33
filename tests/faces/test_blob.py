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
from support.blob_storage import ACCOUNT, NOW, StillClock, escaped, metadata, open_storage, run

MD5 = base64.b64encode(hashlib.md5(b"content").digest()).decode()
WHEN = "Thu, 09 Jul 2020 12:00:00 GMT"


@pytest.fixture
def storage(tmp_path):
    with open_storage(tmp_path) as opened:
        opened.make()
        yield opened


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


def test_names_of_metadata_where_the_listener_keeps_them(storage):
    """Case and underscores of metadata names survive when the listener hands over the raw headers."""
    raw = [("X-MS-Meta-Owner_Name", "me"), ("x-ms-blob-type", "BlockBlob"), ("content-length", "7")]
    raw += [("x-ms-date", WHEN), ("x-ms-version", storage.version)]
    from support.blob_storage import authorization

    signature = authorization("PUT", f"/{ACCOUNT}/cont/b", "", dict(raw))
    reply = storage.put("/cont/b", environ={"amlemulator.raw_headers": lambda: raw, "HTTP_AUTHORIZATION": signature})
    assert (201, "me") == (reply.status, dict(storage.get("/cont/b").listed)["x-ms-meta-Owner_Name"])


def test_a_request_id_of_ones_own(tmp_path):
    """The composition may give the guids of requests; their last six digits are zero in answers."""
    with open_storage(tmp_path) as storage:
        application = BlobApplication(storage.blobs, StillClock(NOW), lambda: "an-id-123456")
        environ = {
            **{"REQUEST_METHOD": "GET", "PATH_INFO": f"/{ACCOUNT}/cont/b", "SERVER_NAME": "h", "SERVER_PORT": "80"},
            **{"SCRIPT_NAME": "", "QUERY_STRING": "", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0)},
            **{"wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO()},
            **{"wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False},
        }
        assert "an-id-000000" == run(application, environ).headers["x-ms-request-id"]
