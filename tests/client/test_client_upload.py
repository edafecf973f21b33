"""The upload with the official SDK, where it goes wrong; where it goes right, the demo's tests upload for real."""

import socket
import threading
import traceback
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from amlclient import NotSent, ServiceError, WrongCall, upload_file
from amlclient import _upload as uploading

KEY = "c2VjcmV0c2VjcmV0"


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def hurried(monkeypatch) -> None:
    monkeypatch.setattr(uploading, "_RETRIES", 0)


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a\n1\n")
    return path


def upload(path, port: int, key: str = KEY) -> object:
    place = f"BlobEndpoint=http://127.0.0.1:{port}/acct"
    connection = f"DefaultEndpointsProtocol=http;AccountName=acct;AccountKey={key};{place}"
    return upload_file(path, connection_string=connection, container="c", blob="b.csv")


def test_nobody_listens(rows) -> None:
    """A storage that cannot be reached: nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotSent) as caught:
        upload(rows, port)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_the_storage_refuses(rows) -> None:
    """A refusal keeps the storage's status and code."""

    def app(environ, start_response):
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("403 Forbidden", [("x-ms-error-code", "AuthenticationFailed"), ("Content-Length", "0")])
        return [b""]

    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with pytest.raises(ServiceError) as caught:
            upload(rows, server.server_port)
        server.shutdown()
        thread.join()
    assert (403, "AuthenticationFailed") == (caught.value.status, caught.value.code)


@pytest.mark.parametrize("text", ["", "nonsense", "AccountKey=c2VjcmV0", "DefaultEndpointsProtocol=http"])
def test_what_is_no_connection_string_is_a_wrong_call(rows, text: str) -> None:
    """The refusal does not repeat the string, which has a key in it."""
    with pytest.raises(WrongCall) as caught:
        upload_file(rows, connection_string=text, container="c", blob="b.csv")
    assert "c2VjcmV0" not in "".join(traceback.format_exception(caught.value))


def test_a_key_that_is_no_base64_is_a_wrong_call(rows) -> None:
    """The SDK has an error of its own for it, before anything is sent."""
    with pytest.raises(WrongCall):
        upload(rows, 1, key="x")
