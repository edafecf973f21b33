"""What goes through waitress: large bodies straight into the folder, header names as they are."""

import http.client
import os
import socket
import time
from contextlib import closing

import pytest

from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.core.sas import make_account_sas
from amlemulator.faces.blob import BlobApplication
from support.blob_storage import ACCOUNT, KEY, serving

LARGE = b"0123456789abcdef" * 65536  # twice what waitress keeps in memory
TOKEN = make_account_sas(ACCOUNT, KEY, "rwdlac", 0, 4e9)


@pytest.fixture(scope="module", params=["straight", "copied"])
def served(request, tmp_path_factory):
    """Serve storage, with large bodies received straight into its folder, and copied."""
    folder = tmp_path_factory.mktemp("channel")
    with closing(FilesBlobs(folder, {ACCOUNT: KEY}, SystemClock())) as blobs:
        blobs.create_container(ACCOUNT, "cont")
        spool = blobs.spool if request.param == "straight" else None
        with serving(BlobApplication(blobs, SystemClock()), spool) as url:
            yield url.removeprefix("http://"), folder / "content", blobs


@pytest.fixture
def connection(served):
    with closing(http.client.HTTPConnection(served[0], timeout=20)) as opened:
        yield opened


@pytest.fixture
def content(served):
    """Return the folder of contents, empty but for what the test makes."""
    served[2].reset()
    served[2].create_container(ACCOUNT, "cont")
    return served[1]


def request(connection, method, target, body=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, f"/{ACCOUNT}/cont/{target}", body, {"x-ms-version": "2021-12-02", **named})
    response = connection.getresponse()
    return response.status, response.read()


def test_large_uploads(connection, content):
    """Large blobs and large blocks arrive whole, each as one file."""
    assert 201 == request(connection, "PUT", f"b{TOKEN}", LARGE, x_ms_blob_type="BlockBlob")[0]
    assert (200, LARGE) == request(connection, "GET", f"b{TOKEN}")
    block = f"c{TOKEN}&comp=block&blockid=AA%3D%3D"
    assert 201 == request(connection, "PUT", block, LARGE)[0]
    listed = b"<BlockList><Latest>AA==</Latest></BlockList>"
    assert 201 == request(connection, "PUT", f"c{TOKEN}&comp=blocklist", listed)[0]
    assert (200, LARGE) == request(connection, "GET", f"c{TOKEN}")
    assert 2 == len(os.listdir(content))


def test_chunked_uploads(connection, content):
    """A body in chunks arrives whole, though nobody told its length."""
    pieces = (LARGE[start : start + 100_000] for start in range(0, len(LARGE), 100_000))
    assert 201 == request(connection, "PUT", f"b{TOKEN}", pieces, x_ms_blob_type="BlockBlob")[0]
    assert (200, LARGE) == request(connection, "GET", f"b{TOKEN}")


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("b", {"x_ms_blob_type": "BlockBlob"}),
        (f"b{TOKEN}&comp=block", {}),
        (f"b{TOKEN}", {"x_ms_blob_type": "PageBlob"}),
        (f"b{TOKEN}", {"x_ms_blob_type": "BlockBlob", "if_match": "*"}),
        (f"b{TOKEN}&comp=metadata", {}),
    ],
)
def test_refused_uploads(connection, content, target, headers):
    """A large body that is refused leaves no file, and the connection stays in step."""
    status, _ = request(connection, "PUT", target, LARGE, **headers)
    assert status >= 400
    assert 404 == request(connection, "GET", f"nothing{TOKEN}")[0]
    assert [] == os.listdir(content)


def test_uploads_that_break_off(served, content):
    """A client that goes away in the middle of an upload leaves neither blob nor file."""
    host, _, port = served[0].partition(":")
    head = f"PUT /{ACCOUNT}/cont/b{TOKEN} HTTP/1.1\r\nHost: x\r\nx-ms-blob-type: BlockBlob\r\n"
    with socket.create_connection((host, int(port)), 10) as client:
        client.sendall(f"{head}Content-Length: {len(LARGE)}\r\n\r\n".encode() + LARGE[:600_000])
    deadline = time.monotonic() + 10
    while os.listdir(content) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ([], []) == (os.listdir(content), list(served[2].names(ACCOUNT, "cont")))


def test_metadata_names(connection, content):
    """Case and underscores of metadata names go in and come out; other header names go out as written."""
    request(connection, "PUT", f"b{TOKEN}", b"x", **{"x-ms-blob-type": "BlockBlob", "X-Ms-Meta-Own": "1"})
    connection.putrequest("PUT", f"/{ACCOUNT}/cont/b{TOKEN}&comp=metadata")
    connection.putheader("x-ms-meta-with_Underscore", "\u00fc".encode())
    connection.putheader("Content-Length", "0")
    connection.endheaders()
    connection.getresponse().read()
    connection.request("HEAD", f"/{ACCOUNT}/cont/b{TOKEN}")
    response = connection.getresponse()
    response.read()
    found = dict(response.getheaders())
    assert "\u00fc".encode().decode("latin-1") == found["x-ms-meta-with_Underscore"]
    assert {"ETag", "x-ms-blob-type", "Content-MD5"} <= found.keys()


def test_a_header_in_latin_1(connection, content):
    """Metadata whose bytes are no UTF-8 are read as Latin-1."""
    request(connection, "PUT", f"b{TOKEN}", b"x", x_ms_blob_type="BlockBlob", x_ms_meta_a=b"\xfc")
    connection.request("HEAD", f"/{ACCOUNT}/cont/b{TOKEN}")
    response = connection.getresponse()
    response.read()
    assert "\u00fc".encode().decode("latin-1") == response.getheader("x-ms-meta-a")
