"""Blob storage's small calls are answered by the loop itself; whatever could wait is left to a thread."""

import http.client
import socket
import threading
from contextlib import closing
from types import SimpleNamespace

import pytest
import requests

from amlemulator.emulator import Emulator
from amlemulator.faces.prompt_channel import SMALL, is_small
from support.blob_storage import serving

LARGE = b"0123456789abcdef" * 1_250_000  # more than waitress lets wait for a client


class Named:
    """Answers with the name of the thread that runs it, or with something large; ``/hold`` waits for ``go``."""

    def __init__(self):
        self.go = threading.Event()

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/hold":
            self.go.wait(20)
        body = LARGE if environ["PATH_INFO"] == "/large" else threading.current_thread().name.encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture
def application():
    made = Named()
    yield made
    made.go.set()


@pytest.fixture
def url(application):
    with serving(application) as base:
        yield base


def asked(method="GET", query="", **more):
    given = {"error": None, "chunked": False, "content_length": 0, "headers": {}, **more}
    return SimpleNamespace(command=method, query=query, **given)


@pytest.mark.parametrize(
    ("expected", "request_"),
    [
        (True, asked()),
        (True, asked("HEAD", "sv=2019-12-12&sr=b&sig=a")),
        (True, asked("PUT", content_length=SMALL)),
        (True, asked("PUT", "comp=block&blockid=AA%3D%3D")),
        (True, asked("PUT", "sig=a&comp=metadata")),
        (True, asked("DELETE")),
        (False, asked("PUT", content_length=SMALL + 1)),
        (False, asked("PUT", chunked=True)),
        (False, asked("PUT", headers={"X_MS_COPY_SOURCE": "http://other/"})),
        (False, asked("PUT", "comp=blocklist")),
        (False, asked("GET", "comp=list&restype=container")),
        (False, asked("GET", "sig=a&comp=blocklist")),
        (False, asked("PUT", "restype=container")),
        (False, asked("DELETE", "restype=container")),
        (False, asked("OPTIONS")),
        (False, asked("POST")),
        (False, asked(error=ValueError())),
    ],
)
def test_small(expected, request_):
    """A call is small when it concerns one blob, has at most a small body, and asks no other host."""
    assert expected == is_small(request_)


def test_who_answers(url):
    """The loop answers a small call, a thread of its own a listing."""
    assert not requests.get(f"{url}/c/b", timeout=20).text.startswith("waitress")
    assert requests.get(f"{url}/c?restype=container&comp=list", timeout=20).text.startswith("waitress")


def test_what_could_wait():
    """Nothing is answered by the loop while storage says that it could wait, for a write or for a read."""
    asked_for = []

    def prompt(writes):
        asked_for.append(writes)
        return not writes

    with serving(Named(), prompt=prompt) as url:
        assert requests.put(f"{url}/c/b", b"1", timeout=20).text.startswith("waitress")
        assert not requests.get(f"{url}/c/b", timeout=20).text.startswith("waitress")
    assert [True, False] == asked_for


def test_others_are_served_meanwhile(url, application):
    """A call that takes long in a thread holds nobody up."""
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)) as slow:
        slow.request("GET", "/hold?comp=list")
        assert 200 == requests.get(f"{url}/c/b", timeout=20).status_code
        application.go.set()
        assert slow.getresponse().read().startswith(b"waitress")


def whole(connection):
    """Read until the server closes."""
    pieces = []
    while piece := connection.recv(1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def test_one_behind_another(url):
    """Requests that come in one piece are answered in order, however large the answers, though nobody reads yet."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        many = [b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n"] * 3
        connection.sendall(b"".join(many) + b"GET /c/b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert 200 == requests.get(f"{url}/c/b", timeout=20).status_code  # the loop is free
        answers = whole(connection).split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert [LARGE] * 3 == [answer.partition(b"\r\n\r\n")[2] for answer in answers[:3]]
    assert 4 == len(answers)


def test_expectations(url):
    """A small body that waits for 100 Continue is asked for and answered."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = b"PUT /c/b HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        connection.sendall(head)
        assert b"HTTP/1.1 100 Continue\r\n\r\n" == connection.recv(1000)
        connection.sendall(b"1")
        assert whole(connection).startswith(b"HTTP/1.1 200 OK\r\n")


def test_the_emulator():
    """The emulator's storage may wait before it is opened, while a fault is armed, and when it syncs what it writes."""
    with Emulator(seed="prompt") as emulator:
        url = emulator.blob_url
        assert not emulator.blobs_are_prompt(writes=False)
        requests.get(f"{url}/devstoreaccount1/cont/blob", timeout=20)
        assert emulator.blobs_are_prompt(writes=True)
        armed = emulator.faults.add(operation="blob.get", delay=0.0)
        assert not emulator.blobs_are_prompt(writes=False)
        emulator.faults.remove(armed)
        assert emulator.blobs_are_prompt(writes=False)


def test_state(tmp_path):
    """With --state, writes are in step with the disk, so that only reads are answered by the loop."""
    with Emulator(state=tmp_path / "state") as emulator:
        requests.get(f"{emulator.blob_url}/devstoreaccount1/cont/blob", timeout=20)
        assert emulator.blobs_are_prompt(writes=False)
        assert not emulator.blobs_are_prompt(writes=True)
