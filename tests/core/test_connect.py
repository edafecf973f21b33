"""What a proxy is asked for, and the words of a refusal."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.connect import Target, read_connect, read_target, refusal

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}\.){0,3}[a-z0-9]{1,10}", fullmatch=True)
PORTS = st.integers(1, 65535)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("management.azureml.net:443", Target("management.azureml.net", 443)),
        ("Management.AzureML.net.:443", Target("management.azureml.net", 443)),
        ("[::1]:8080", Target("[::1]", 8080)),
        ("127.0.0.1:1", Target("127.0.0.1", 1)),
    ],
)
def test_targets(text, expected):
    """A target is a host and a port; letters are small, and a name has no trailing dot."""
    assert expected == read_target(text)


@pytest.mark.parametrize(
    "text", ["", "a", "a:", ":443", "a:0", "a:65536", "a:443x", "a b:443", "a:443\r\nx:y", "http://a:443", "a/b:443"]
)
def test_what_is_no_target(text):
    """Anything else is refused, and so nothing of it gets into a status line."""
    with pytest.raises(ValueError, match="host"):
        read_target(text)


def test_a_port_may_be_left_out_where_there_is_a_default():
    """A Host header without port means the scheme's own."""
    assert Target("a.net", 443) == read_target("a.net", 443)
    assert Target("a.net", 8443) == read_target("a.net:8443", 443)


@given(NAMES, PORTS)
def test_every_target_is_read_from_its_connect_request(host, port):
    """CONNECT names just the target, whatever headers follow."""
    head = f"CONNECT {host}:{port} HTTP/1.1\r\nHost: elsewhere\r\n\r\n".encode()
    assert Target(host, port) == read_connect(head)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_target_or_refused(head):
    """What reads a CONNECT request raises ValueError and nothing else; what it returns is fit for a status line."""
    for bytes_read in (head, b"CONNECT " + head + b" HTTP/1.1\r\n\r\n"):
        try:
            target = read_connect(bytes_read)
        except ValueError:
            continue
        assert re.fullmatch(r"[a-z0-9_.:\[\]-]+:[0-9]+", str(target))


def test_a_refusal_says_what_would_help():
    """Another host needs --passthrough; a storage account needs to be the emulator's."""
    assert "--passthrough example.com " in refusal(Target("example.com", 443))
    assert "example.com:443 is no host of the service" == refusal(Target("example.com", 443), proxy=False)
    assert "--auto-accounts" in refusal(Target("acct.blob.core.windows.net", 443))


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [(read_target, "a:65536", "no host and port"), (read_connect, b"GET / HTTP/1.1\r\n", "no CONNECT request")],
)
def test_what_is_no_target_is_said_to_be_none(read, text, words):
    """The sentence stands in the answer's status line."""
    with pytest.raises(ValueError, match=f"^{words}$"):
        read(text)


def test_the_last_port_there_is():
    """65535 is a port."""
    assert Target("a", 65535) == read_target("a:65535")


def test_whoever_is_no_proxy_offers_no_way_through():
    """A proxy says how to let a host through, and it is one unless something else is said."""
    target = Target("example.com", 443)
    assert refusal(target, proxy=True) == refusal(target)
    expected = "example.com:443 is no host of the service; --passthrough example.com would let it through"
    assert expected == refusal(target)
    account = "acct.blob.core.windows.net"
    mend = "--auto-accounts or a workspace's storage makes it one"
    assert f"{account}:443 is no storage account of this emulator; {mend}" == refusal(Target(account, 443))
