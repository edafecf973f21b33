"""Real host names on the wire: the proxy, TLS, what is served and what is refused."""

import hashlib
import http.client
import os
import socket
import ssl
import threading
from contextlib import closing, suppress

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amlemulator.core.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from amlemulator.core.sas import make_account_sas
from support.census import plain
from support.entrances import SECONDS, connect, connected, exchanged, opened, session, shaken

BLOBS = f"{DEVELOPMENT_ACCOUNT}.blob.core.windows.net"
TOKEN = make_account_sas(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, "rwdlac", 0, 4e9)
SCORING = "Census Model [Predictive Exp.]"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Start an emulator with a proxy and a TLS listener."""
    with opened(tmp_path_factory.mktemp("entrance"), proxy_port=0, tls=True, tls_port=0) as emulator:
        yield emulator
        assert [] == emulator.faults_of_ours


@pytest.fixture
def proxy(served):
    return served.doors.all()[0]


@pytest.fixture
def tls(served):
    return served.doors.all()[1]


@pytest.fixture
def own(served):
    """Open a proxy whose record is the test's own."""
    door = served.doors.open_proxy()
    yield door
    served.doors.shut(door)


def scoring(emulator):
    directory = emulator.directory
    workspace = directory.workspaces()[0]
    service = next(one for one in directory.services(workspace.id) if one.name == SCORING)
    return workspace, service, directory.endpoints(service.id)[0]


# What is served


def test_a_flow_that_begins_at_the_real_names_stays_on_them(served, own):
    """A score, the endpoint list and its addresses, all at the real hosts over TLS."""
    workspace, service, endpoint = scoring(served)
    client = session(own)
    path = f"workspaces/{workspace.id}/services/{endpoint.id}/execute?api-version=2.0"
    headers = {"Authorization": f"Bearer {endpoint.primary_key}"}
    score = client.post(f"https://ussouthcentral.services.azureml.net/{path}", json=plain(), headers=headers)
    assert (200, ["Results"]) == (score.status_code, list(score.json()))
    path = f"workspaces/{workspace.id}/webservices/{service.id}/endpoints"
    listed = client.get(f"https://management.azureml.net/{path}", headers=headers).json()
    assert (
        f"https://ussouthcentral.services.azureml.net/workspaces/{workspace.id}/services/{endpoint.id}"
        == (listed[0]["ApiLocation"])
    )
    help_page = client.get(listed[0]["HelpLocation"])
    assert (200, "https://studio.azureml.net/") == (help_page.status_code, help_page.url[:27])
    hosts = [call["host"] for call in own.traffic.as_json()["calls"]]
    assert ["ussouthcentral.services.azureml.net", "management.azureml.net", "studio.azureml.net"] == hosts


def test_the_record_hides_secrets(own):
    """What is told of a call holds no signature."""
    session(own).get(f"https://{BLOBS}/container/blob{TOKEN}")
    (call,) = own.traffic.as_json()["calls"]
    assert (BLOBS, "GET", 404) == (call["host"], call["method"], call["status"])
    assert "sig=***" in call["url"]


def test_a_large_blob_through_tls(proxy):
    """16 MiB there and back, larger than any buffer on the way."""
    content = os.urandom(16 * 1024 * 1024)
    client = session(proxy)
    assert 201 == client.put(f"https://{BLOBS}/large{TOKEN}&restype=container").status_code
    url = f"https://{BLOBS}/large/b{TOKEN}"
    assert 201 == client.put(url, content, headers={"x-ms-blob-type": "BlockBlob"}).status_code
    assert hashlib.sha256(content).digest() == hashlib.sha256(client.get(url).content).digest()


def test_names_in_lists_carry_the_scheme_and_host_that_the_client_used(proxy):
    """Blob storage names itself https://{account}.blob.core.windows.net/ to who calls it so."""
    listed = session(proxy).get(f"https://{BLOBS}/{TOKEN}&comp=list")
    assert f'ServiceEndpoint="https://{BLOBS}/"' in listed.text


def test_http_without_tls_goes_through_the_proxy_too(own):
    """Programs that say http:// send the whole address, and are answered at it."""
    answer = session(own).get(f"http://{BLOBS}/nowhere/blob{TOKEN}")
    assert 404 == answer.status_code
    assert [f"/nowhere/blob{TOKEN}".partition("?")[0]] == [
        call["url"].partition("?")[0] for call in own.traffic.as_json()["calls"]
    ]


def test_a_connection_serves_many_requests(proxy):
    """One tunnel, one handshake, request after request."""
    client = http.client.HTTPSConnection(
        "127.0.0.1", proxy.port, timeout=SECONDS, context=ssl.create_default_context(cafile=str(proxy.certificate))
    )
    client.set_tunnel("studio.azureml.net", 443)
    with closing(client):
        for _ in range(3):
            client.request("GET", "/nowhere")
            answer = client.getresponse()
            answer.read()
            assert 404 == answer.status
            assert answer.getheader("Connection") != "close"


@pytest.mark.parametrize("way", ["proxy", "tls"])
def test_tls_is_spoken_to_who_comes_without_a_tunnel(served, way):
    """By the name in the handshake: so programs come whose hosts file, or whose Node, leads them here."""
    door = served.doors.all()[way == "tls"]
    with shaken(connected(door), door, "management.azureml.net") as made:
        head = "GET /x HTTP/1.1\nHost: management.azureml.net\nConnection: close\n\n"
        assert exchanged(made, head).startswith(b"HTTP/1.1 404 ")
        assert "TLSv1.3" == made.version()


def test_an_unfinished_handshake_holds_up_nobody(proxy):
    """While one client says half a hello and waits, another is served."""
    with connected(proxy) as idle:
        idle.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert 404 == session(proxy).get("https://studio.azureml.net/nowhere").status_code


def test_many_at_once(served, proxy):
    """Tunnels beside each other, each with its own certificate, get the answers that are theirs."""
    names = [f"{label}.azureml.net" for label in ("management", "europewest.management", "studio", "studioapi")]
    answers = []

    def call(name):
        answer = session(proxy).get(f"https://{name}/workspaces/{name}")
        answers.append((name, answer.status_code))

    threads = [threading.Thread(target=call, args=(name,)) for name in names * 6]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 24 == len(answers)
    assert 1 == len({status for name, status in answers if name == "studio.azureml.net"})


# What is refused


@pytest.mark.parametrize(
    "target",
    [
        *("example.com:443", "localhost:80", "127.0.0.1:8350", "[::1]:443", "10.0.0.1:443", "169.254.169.254:80"),
        *("azureml.net:443", "_emulator.azureml.net:443", "portal.azureml.net:443", "management.azureml.net:22"),
        *("other.blob.core.windows.net:443", "management.azureml.net.example.com:443"),
    ],
)
def test_a_tunnel_elsewhere_is_refused(own, target):
    """Another host, another machine, another port: 403 with the sentence as the reason, and a line in the record."""
    made, line = connect(own, target)
    with closing(made):
        assert line.startswith(f"HTTP/1.1 403 {target} is no ".encode()), line
    (trouble,) = own.traffic.as_json()["troubles"]
    assert ("refused", target, 1) == (trouble["kind"], trouble["host"], trouble["times"])


def test_a_plain_request_elsewhere_is_refused(own):
    """The absolute form for another host is answered 403; nothing is sent on."""
    answer = session(own).get("http://example.com/_emulator/readyz")
    assert (403, "proxy.other-hosts") == (answer.status_code, answer.headers["x-amlclassic-evidence"])
    assert "--passthrough example.com" in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8350", "_emulator.azureml.net", "example.com"])
def test_the_control_plane_is_not_reached_through_it(proxy, host):
    """Within a tunnel too, only the real names are served: 421 for any other Host."""
    made, line = connect(proxy, "management.azureml.net:443")
    assert line.startswith(b"HTTP/1.1 200 ")
    with shaken(made, proxy, "management.azureml.net") as secure:
        head = f"GET /_emulator/requests HTTP/1.1\nHost: {host}\nConnection: close\n\n"
        assert exchanged(secure, head).startswith(b"HTTP/1.1 421 ")
    with connected(proxy) as plain_one:
        assert exchanged(plain_one, head).startswith(b"HTTP/1.1 421 ")


def test_a_request_without_a_host_is_refused(proxy):
    """HTTP/1.0 names none: 400."""
    with connected(proxy) as made:
        assert exchanged(made, "GET / HTTP/1.0\n\n").startswith(b"HTTP/1.0 400 ")


@pytest.mark.parametrize("name", ["example.com", "other.blob.core.windows.net", None])
def test_a_handshake_for_another_name_fails(tls, name):
    """No certificate is made for it: the handshake ends with an alert."""
    context = ssl.create_default_context(cafile=str(tls.certificate))
    context.check_hostname = name is not None
    with connected(tls) as made, pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        context.wrap_socket(made, server_hostname=name)


def test_plain_http_on_the_tls_port_is_told(tls):
    """Who forgets the s in https:// reads so."""
    with connected(tls) as made:
        answer = exchanged(made, "GET / HTTP/1.1\nHost: management.azureml.net\n\n")
    assert answer.startswith(b"HTTP/1.1 400 This port speaks TLS")


def test_a_program_that_does_not_trust_the_authority_is_told_of(own):
    """The record says which host it called and why it broke off, once for as often as it did."""
    client = session(own)
    client.verify = True
    for _ in range(2):
        with pytest.raises(requests.exceptions.SSLError):
            client.get("https://studio.azureml.net/")
    (trouble,) = own.traffic.as_json()["troubles"]
    assert ("distrusted", "studio.azureml.net") == (trouble["kind"], trouble["host"])
    assert "unknown ca" in trouble["reason"]


def test_who_leaves_after_the_handshake_is_told_of(served):
    """Some programs send no alert when they do not trust the certificate; they only go."""
    door = served.doors.open_proxy()
    made, _ = connect(door, "studio.azureml.net:443")
    shaken(made, door, "studio.azureml.net").close()
    served.doors.shut(door)
    (trouble,) = door.traffic.as_json()["troubles"]
    assert "without a request" in trouble["reason"]


def test_a_proxy_listens_on_the_loopback_whatever_the_host(tmp_path):
    """With --host 0.0.0.0 the service is everybody's; the proxy is not."""
    with opened(tmp_path, samples=False, host="0.0.0.0", proxy_port=0) as emulator:
        (door,) = emulator.ways_in()
        address = socket.gethostbyname(socket.gethostname())
        with closing(socket.create_connection(("127.0.0.1", door.port), timeout=SECONDS)):
            pass
        if not address.startswith("127."):
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((address, door.port), timeout=SECONDS)


def test_a_shut_proxy_is_gone(served):
    """Its port is free again, its connections are closed, the others stay."""
    door = served.doors.open_proxy()
    idle = connected(door)
    served.doors.shut(door)
    with closing(idle), suppress(ConnectionError):  # reset, where it had not been accepted yet
        assert b"" == idle.recv(1)
    with pytest.raises(OSError, match="refused"):
        connected(door)
    assert 404 == session(served.doors.all()[0]).get("https://studio.azureml.net/nowhere").status_code


# Whatever is sent


PIECES = st.one_of(
    st.binary(max_size=80),
    st.sampled_from(
        [
            *(b"CONNECT ", b"CONNECT management.azureml.net:443 HTTP/1.1\r\n\r\n", b"CONNECT a:b HTTP/1.1\r\n\r\n"),
            *(b"\r\n\r\n", b" HTTP/1.1\r\n", b"\x16\x03\x01", b"GET http://studio.azureml.net/ HTTP/1.1\r\n\r\n"),
            *(b"CONNECT management.azureml.net:80 HTTP/1.1\r\n\r\n", b"C" * 9000, b"Host: x\r\n", b"\0" * 300),
        ]
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, max_size=5))
def test_whatever_is_sent_neither_crashes_nor_hangs_it(served, caplog, pieces):
    """Any bytes are answered or hung up on; nothing is logged as a fault, and the next program is served."""
    for door in served.doors.all()[:2]:
        with connected(door) as made, suppress(ConnectionError):
            for piece in pieces:
                made.sendall(piece)
            with suppress(OSError):  # it has hung up already
                made.shutdown(socket.SHUT_WR)
            while made.recv(65536):
                pass
    assert [] == [one.getMessage() for one in caplog.records if one.exc_info or one.levelname == "ERROR"]
    with connected(served.doors.all()[0]) as made:
        assert exchanged(made, "CONNECT a:1 HTTP/1.1\n\n").startswith(b"HTTP/1.1 403 ")
