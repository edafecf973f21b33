"""What a proxy lets through to hosts that its user has named."""

import http.client
import socket
import threading
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from amlemulator.core.connect import Target
from amlemulator.faces.tunnel import Tunnels
from support.entrances import SECONDS, connect, connected, exchanged, opened, session

LARGE = b"0123456789abcdef" * 65536


class Elsewhere(BaseHTTPRequestHandler):
    """Another host: it sends a body back, and says what it was sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201, "Made")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-seen", f"{self.path} {self.headers['Host']} {self.headers.get('Proxy-Connection')}")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def elsewhere():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory, elsewhere):
    """Open a proxy that lets through to the other host, and to a port where nobody listens."""
    folder = tmp_path_factory.mktemp("tunnel")
    with opened(folder, samples=False, passthrough=elsewhere) as emulator, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield emulator.doors.open_proxy([f"127.0.0.1:{free.getsockname()[1]}"]), free.getsockname()[1]


def test_a_tunnel_to_a_named_host(proxy, elsewhere):
    """Bytes go through as they are, both ways, more than any buffer holds."""
    host, _, port = elsewhere.partition(":")
    client = http.client.HTTPConnection("127.0.0.1", proxy[0].port, timeout=SECONDS)
    client.set_tunnel(host, int(port))
    with closing(client):
        for _ in range(2):
            client.request("POST", "/there", LARGE)
            answer = client.getresponse()
            assert (201, LARGE) == (answer.status, answer.read())


def test_a_request_without_tls_to_a_named_host(proxy, elsewhere):
    """It is sent on in the form that the host expects, without what belongs to the connection."""
    headers = {"Proxy-Connection": "keep-alive"}
    answer = session(proxy[0]).post(f"http://{elsewhere}/there?a=1", LARGE, headers=headers)
    assert (201, "Made", LARGE) == (answer.status_code, answer.reason, answer.content)
    assert f"/there?a=1 {elsewhere} None" == answer.headers["x-seen"]
    assert 204 == session(proxy[0]).get(f"http://{elsewhere}/").status_code


def test_a_named_host_that_does_not_answer(proxy):
    """502, with a sentence that names it."""
    target = f"127.0.0.1:{proxy[1]}"
    made, line = connect(proxy[0], target)
    made.close()
    assert f"HTTP/1.1 502 {target} cannot be reached (Connection refused)".encode() == line
    answer = session(proxy[0]).get(f"http://{target}/")
    assert (502, f"{target} cannot be reached (Connection refused).\n") == (answer.status_code, answer.text)


def test_nobody_is_let_through_to_where_a_cloud_hands_out_rights(tmp_path):
    """Whatever is named: an address of a metadata service is never contacted."""
    with opened(tmp_path, samples=False, proxy_port=0, passthrough="169.254.169.254") as emulator:
        made, line = connect(emulator.ways_in()[0], "169.254.169.254:80")
        made.close()
    assert line.endswith(b"502 169.254.169.254:80 cannot be reached (nobody is let through to its address)")


def test_a_named_host_that_speaks_no_http(proxy, elsewhere, tmp_path):
    """502 too, where the request has no TLS and so must be understood."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer():
            made, _ = server.accept()
            with closing(made):
                made.recv(65536)
                made.sendall(b"220 mail\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with opened(tmp_path, samples=False, proxy_port=0, passthrough=f"127.0.0.1:{port}") as emulator:
            assert 502 == session(emulator.ways_in()[0]).get(f"http://127.0.0.1:{port}/").status_code
        thread.join()


def test_another_port_of_a_named_host_is_refused(proxy, elsewhere):
    """A rule with a port is for that port alone."""
    made, line = connect(proxy[0], "127.0.0.1:1")
    made.close()
    assert line.startswith(b"HTTP/1.1 403 ")


def test_an_open_tunnel_ends_with_the_proxy(tmp_path, elsewhere):
    """A stopped emulator leaves no tunnel behind."""
    with opened(tmp_path, samples=False, proxy_port=0, passthrough=elsewhere) as emulator:
        made, line = connect(emulator.ways_in()[0], elsewhere)
        assert line == b"HTTP/1.1 200 Connection Established"
    with closing(made), suppress(ConnectionError):
        assert b"" == made.recv(1)


def test_no_more_tunnels_than_there_may_be(monkeypatch, elsewhere):
    """Each has two threads: past the limit a client is told to come back, and when one ends there is room."""
    monkeypatch.setattr("amlemulator.faces.tunnel.MOST", 1)
    tunnels = Tunnels()
    host, _, port = elsewhere.partition(":")
    pairs = [socket.socketpair() for _ in range(3)]
    tunnels.begin(pairs[0][1], Target(host, int(port)))
    assert pairs[0][0].recv(100).startswith(b"HTTP/1.1 200 ")
    tunnels.begin(pairs[1][1], Target(host, int(port)))
    assert pairs[1][0].recv(100).startswith(b"HTTP/1.1 503 ")
    tunnels.close()
    assert b"" == pairs[0][0].recv(1)
    tunnels.begin(pairs[2][1], Target(host, int(port)))
    assert pairs[2][0].recv(100).startswith(b"HTTP/1.1 503 ")
    for pair in pairs:
        pair[0].close()


def test_a_tunnel_does_not_pass_what_came_before_it(proxy):
    """A CONNECT request with a broken head opens nothing."""
    with connected(proxy[0]) as made:
        assert exchanged(made, "CONNECT \n\n").startswith(b"HTTP/1.1 400 ")
