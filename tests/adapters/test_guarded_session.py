"""Connections to where the user said, and nowhere else."""

import pytest
import requests

from amlemulator.adapters import guarded_session as module
from amlemulator.adapters.guarded_session import AddressRefusedError, checked, guarded_session
from support.listening import answering

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def test_a_name_is_connected_to():
    """What may be contacted is."""
    with answering(OK) as (port, seen), guarded_session() as session:
        assert "ok" == session.get(f"http://localhost:{port}/x", timeout=10).text
    assert seen[0].startswith(b"GET /x HTTP/1.1")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_address_that_is_never_contacted_gets_no_byte(monkeypatch, scheme):
    """Wherever a name leads at the moment of the connection: if it is such an address, the connection ends unused."""
    monkeypatch.setattr(module, "never_contacted", lambda address: address == "127.0.0.1")
    refused = pytest.raises(requests.ConnectionError, match="never contacted")
    with answering(OK) as (port, seen), guarded_session() as session, refused:
        session.get(f"{scheme}://localhost:{port}/latest/meta-data", timeout=10)
    assert b"" == b"".join(seen)


def test_a_refused_connection_is_closed():
    """No descriptor stays."""

    class Connection:
        closed = False

        def getpeername(self):
            return ("169.254.169.254", 80)

        def close(self):
            self.closed = True

    connection = Connection()
    with pytest.raises(AddressRefusedError):
        checked(connection)
    assert connection.closed


def test_a_redirect_is_not_followed():
    """An answer that leads elsewhere leads nowhere."""
    with answering(OK) as (port, seen):
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n".encode()
        refused = pytest.raises(requests.TooManyRedirects)
        with answering(moved) as (first, _), guarded_session() as session, refused:
            session.get(f"http://127.0.0.1:{first}/", timeout=10)
    assert [] == seen


def test_the_environments_proxies_are_not_asked(monkeypatch):
    """A proxy would be a further host, one that nobody named here."""
    with answering(OK) as (proxy, asked), answering(OK) as (port, seen), guarded_session() as session:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        session.get(f"http://127.0.0.1:{port}/", timeout=10)
    assert (0, 1) == (len(asked), len(seen))
