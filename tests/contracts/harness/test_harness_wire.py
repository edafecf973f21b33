"""Requests as they are written, answers as they come."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from amlcontracts.harness.breach import Breach
from amlcontracts.harness.wire import Answer, Wire, masked


@pytest.fixture
def echo():
    """Serve an address that answers with what it was sent, and redirects from /elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(302 if self.path == "/elsewhere" else 200)
            self.send_header("Location", "/")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def wire():
    """Make a wire and close it."""
    made = Wire()
    yield made
    made.close()


def test_bodies_go_out_as_they_are(wire, echo):
    """A body is JSON, raw bytes are sent as they are."""
    assert {"a": 1} == wire.call("POST", echo, {"a": 1}).json
    assert b"{" == wire.call("POST", echo, raw=b"{").body


def test_nothing_is_followed(wire, echo):
    """A redirect is an answer like others."""
    assert 302 == wire.call("POST", f"{echo}/elsewhere", {}).status


def test_every_answer_is_looked_at(echo):
    """What the look refuses is a breach of the call."""

    def look(answer: Answer) -> None:
        raise Breach(f"saw {answer.status}")

    wire = Wire(look)
    with pytest.raises(Breach, match="saw 200"):
        wire.call("POST", echo)
    wire.close()


def test_the_last_exchanges_are_remembered_without_secrets(wire, echo):
    """A report gets the last requests, and no key with them."""
    wire.call("POST", f"{echo}/x?sig=abc&se=1", {"PrimaryKey": "topsecret"}, key="verysecret")
    (exchange,) = wire.recent()
    assert "secret" not in exchange.request + exchange.answer
    assert "sig=***&se=1" in exchange.request
    wire.forget()
    assert [] == wire.recent()


def test_no_answer_is_a_breach(wire):
    """A service that is not there is told in a sentence."""
    with pytest.raises(Breach, match="no answer came"):
        wire.call("GET", "http://127.0.0.1:1/")


def test_a_body_that_is_no_json_is_a_breach():
    """Who asks for JSON and gets none is told what came."""
    with pytest.raises(Breach, match="not JSON: <html>"):
        assert Answer("GET", "http://h/", 200, {}, b"<html>").json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc==", "Authorization: Bearer ***"),
        ("?sv=1&sig=a%2Bb&se=2", "?sv=1&sig=***&se=2"),
        ("AccountName=a;AccountKey=k==;x", "AccountName=a;AccountKey=***;x"),
        ('{"PrimaryKey":"k","SecondaryKey": "l"}', '{"PrimaryKey":"***","SecondaryKey": "***"}'),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_secrets_are_masked(text, shown):
    """Keys, tokens and signatures are stars in whatever is shown."""
    assert shown == masked(text)


def test_refusals_of_both_envelopes():
    """Code and detail of a refusal are read with and without details."""
    flat = Answer("GET", "u", 404, {}, b'{"error":{"code":"NotFound","message":"m"}}')
    assert (404, "NotFound", None) == flat.refusal
    detailed = Answer(
        "GET", "u", 400, {}, b'{"error":{"code":"A","message":"m","details":[{"code":"B","target":"t"}]}}'
    )
    assert ((400, "A", "B"), "t") == (detailed.refusal, detailed.target)
    assert (200, None, None) == Answer("GET", "u", 200, {}, b"[]").refusal
