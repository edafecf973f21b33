"""Habits of real clients that concern no single operation (clients.md section 16): connections, hosts, roots."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

from amlemulator import Emulator
from support.wire import BASE


@pytest.fixture(scope="module")
def listening():
    with Emulator(samples=False) as emulator:
        yield urlsplit(emulator.base_url)


@pytest.mark.parametrize(
    "root",
    [
        "/ussouthcentral.services",
        "/management",
        "/europewest.management/",
        "/studioapi",
        "/studioapi/api/",
    ],
)
def test_each_host_answers_its_root(wire, root):
    """The R client asks the root of a host before anything else, without a key."""
    assert 200 == wire.call("GET", root).status


@pytest.mark.parametrize("host", ["management.azureml.net", "europewest.services.azureml.net", "studioapi.azureml.net"])
def test_each_real_host_answers_its_root(wire, host):
    """The same by the hosts' real names."""
    assert 200 == wire.call("GET", "/", headers={"Host": host}).status


@pytest.mark.parametrize("host", ["localhost:8350", "127.0.0.1", "emulator.example:80"])
def test_addresses_come_from_the_configuration(place, host):
    """Whatever the Host header says, ApiLocation and HelpLocation are built from the configured public base."""
    target = place.sample("census-model-predictive")
    endpoint = place.manage("GET", target.managed, headers={"Host": host}).json
    assert endpoint["ApiLocation"].startswith(f"{BASE}/ussouthcentral.services/workspaces/")
    assert endpoint["HelpLocation"].startswith(f"{BASE}/studio/apihelp/workspaces/")


def test_real_host_names_get_real_addresses(place):
    """Who comes by a real name is given real names to go on with, or it would leave the road that it came by."""
    target = place.sample("census-model-predictive")
    path = f"/workspaces/{place.workspace.id}{target.managed}"
    headers = {"Host": "management.azureml.net"}
    endpoint = place.wire.call("GET", path, key=place.workspace.primary_token, headers=headers).json
    assert endpoint["ApiLocation"].startswith("https://ussouthcentral.services.azureml.net/workspaces/")
    assert endpoint["HelpLocation"].startswith("https://studio.azureml.net/apihelp/workspaces/")


def test_a_connection_is_kept(listening):
    """HTTP/1.1 clients send request after request over one connection, refused ones among them."""
    connection = http.client.HTTPConnection(listening.hostname, listening.port, timeout=10)
    try:
        connection.connect()
        first = connection.sock
        for path in ("/management", "/workspaces/none/services/none/swagger.json", "/management"):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            assert first is connection.sock
            assert not answer.will_close
    finally:
        connection.close()


def test_expect_100_continue_is_answered(listening):
    """.NET announces a body and waits: it is told to go on, and then answered."""
    body = json.dumps({"Inputs": {}}).encode()
    head = (
        "POST /workspaces/none/services/none/execute?api-version=2.0 HTTP/1.1\r\n"
        f"Host: {listening.netloc}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Expect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((listening.hostname, listening.port), timeout=10) as caller:
        caller.sendall(head.encode())
        with caller.makefile("rb") as replies:
            assert replies.readline().startswith(b"HTTP/1.1 100 ")
            assert b"\r\n" == replies.readline()
            caller.sendall(body)
            assert replies.readline().startswith(b"HTTP/1.1 401 ")
