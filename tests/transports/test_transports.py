"""Programs that call an emulator of their own process with no socket."""

import json
import socket

import httpx
import pytest
import requests
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient

from amlemulator import Emulator
from amlemulator.transports.for_httpx import client
from support.census import plain


@pytest.fixture(scope="module")
def emulator():
    """Make an emulator with the samples that never listens."""
    made = Emulator(workers=1)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def without_sockets(monkeypatch):
    """Make opening a connection an error."""

    def refuse(*arguments):
        raise AssertionError(f"a socket was connected: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(params=["requests", "httpx"])
def caller(request, emulator):
    """Return a session of either library, and the error it raises for a broken connection."""
    if request.param == "requests":
        with emulator.session() as made:
            yield made, requests.ConnectionError
    else:
        with client(emulator) as made:
            yield made, httpx.ConnectError


@pytest.fixture
def endpoint(emulator):
    return emulator.workspace("mine").endpoint("Census Model [Predictive Exp.]")


def scored(caller, url, endpoint):
    headers = {"Authorization": f"Bearer {endpoint.key}"}
    return caller.post(url + "/execute?api-version=2.0", json=plain(), headers=headers)


def test_a_score(caller, endpoint):
    """RRS answers as over a socket: status, reason, headers and body."""
    answer = scored(caller[0], endpoint.api_location, endpoint)
    reason = answer.reason if hasattr(answer, "reason") else answer.reason_phrase
    assert (200, "OK") == (answer.status_code, reason)
    assert "application/json; charset=utf-8" == answer.headers["content-type"]
    assert ["Results"] == list(answer.json())


def test_a_score_at_the_real_host_name(caller, endpoint):
    """An unmodified program keeps the real address: it is answered here."""
    path = endpoint.api_location.partition(".services")[2]
    answer = scored(caller[0], f"https://ussouthcentral.services.azureml.net{path}", endpoint)
    assert 200 == answer.status_code


def test_another_host_is_a_connection_error(caller):
    """What is not the emulator's is refused with a sentence that says what there is."""
    with pytest.raises(caller[1], match=r"Nothing answers at example\.com"):
        caller[0].get("http://example.com/")


def test_a_cut_connection_is_a_connection_error(caller, emulator, endpoint):
    """An armed cut looks to the program like a connection that broke."""
    fault = emulator.faults.add(operation="rrs.*", cut="before", workspace=endpoint.workspace.id)
    with pytest.raises(caller[1], match="closed without an answer"):
        scored(caller[0], endpoint.api_location, endpoint)
    emulator.faults.remove(fault)


def pieces():
    yield json.dumps({"freeze": 5}).encode()[:4]
    yield json.dumps({"freeze": 5}).encode()[4:]


def test_a_body_in_pieces(caller, emulator):
    """A body that a program makes piece by piece arrives whole."""
    options = {"data": pieces()} if isinstance(caller[0], requests.Session) else {"content": pieces()}
    answer = caller[0].post(emulator.base_url + "/_emulator/clock", **options)
    emulator.clock.reset()
    assert {"now": 5.0, "frozen": True} == answer.json()


def test_text_files_and_nothing_as_bodies(emulator, tmp_path):
    """Requests sends text, an open file or nothing; each arrives as it is."""
    file = tmp_path / "body.json"
    file.write_text('{"freeze": 7}')
    url = emulator.base_url + "/_emulator/clock"
    with emulator.session() as session, file.open("rb") as opened:
        assert 7.0 == session.post(url, data=opened).json()["now"]
        assert 8.0 == session.post(url, data='{"freeze": 8}').json()["now"]
        assert 400 == session.post(url).status_code
    emulator.clock.reset()


def test_the_storage_client_of_today(emulator, endpoint):
    """Azure's own blob client, signing its requests, works through the session: names with spaces, bodies in blocks."""
    content = b"x" * 100_000
    connection = f"DefaultEndpointsProtocol=http;AccountName={endpoint.workspace.storage_account};"
    connection += f"AccountKey={emulator.blobs.key(endpoint.workspace.storage_account)};"
    connection += f"BlobEndpoint={emulator.blob_url}/{endpoint.workspace.storage_account};"
    transport = RequestsTransport(session=emulator.session(), session_owner=False)
    options = {"max_single_put_size": 40_000, "max_block_size": 40_000, "max_single_get_size": 30_000}
    with BlobServiceClient.from_connection_string(connection, transport=transport, **options) as service:
        service.create_container("rows")
        blob = service.get_blob_client("rows", "a b/c+d&é.csv")
        blob.upload_blob(content, metadata={"Mixed_Case": "1"})
        assert content == blob.download_blob().readall()
        assert {"Mixed_Case": "1"} == blob.get_blob_properties().metadata
