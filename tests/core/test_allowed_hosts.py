"""Which hosts a user allowed, and which addresses nobody is let through to."""

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.allowed_hosts import AllowedHosts, never_contacted

METADATA = ["168.63.129.16", "100.100.100.200", "fd00:ec2::254", "fd00:ec2::254%eth0", "0.0.0.0", "::", "fe80::1%eth0"]
HOSTS = AllowedHosts.read("one.example, two.example:8080 *.blob.core.windows.net,[::1]:10000 127.0.0.1:10001")


@pytest.mark.parametrize(
    "url",
    [
        "http://one.example/c/b",
        "https://one.example",
        "https://ONE.example./x",
        "http://one.example:443",
        "http://two.example:8080/account",
        "https://account.blob.core.windows.net/c/b?sig=x",
        "https://a.b.blob.core.windows.net",
        "http://[::1]:10000/devstoreaccount1",
        "http://127.0.0.1:10001/devstoreaccount1",
    ],
)
def test_what_was_named_is_allowed(url):
    """A name alone is for the web's two ports, one with a port for that port, a star for every name below."""
    assert HOSTS.allows(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://one.example:8080/",
        "http://two.example/",
        "http://two.example:80/",
        "https://blob.core.windows.net/",
        "https://account.blob.core.windows.net.evil.example/",
        "http://one.example@evil.example/",
        "http://evil.example/one.example",
        "http://127.0.0.1:10000/",
        "http://127.0.0.1/",
        "ftp://one.example/",
        "one.example",
        "http://one.example:99999/",
        "http://[::1/",
        "",
    ],
)
def test_nothing_else_is(url):
    """Another port, a name that only looks alike, another scheme, what is no URL: none is allowed."""
    assert not HOSTS.allows(url)


@pytest.mark.parametrize("rule", ["http://one.example", "one.example:", "a:0", "a:65536", "*", "a b:c", "-a", "*.a.*"])
def test_what_is_no_rule_is_named(rule):
    """A rule that is none is refused, by its name."""
    with pytest.raises(ValueError, match=re.escape(rule)):
        AllowedHosts([rule])


def test_no_rules_allow_nothing():
    """Without configuration nothing is ever contacted."""
    assert not AllowedHosts.read(None)
    assert not AllowedHosts.read(" , ").allows("http://one.example/")


@given(st.sampled_from(["169.254.0.0/16", "fe80::/10", "224.0.0.0/4"]), st.integers(0, 2**16 - 1))
def test_every_link_local_address_is_refused(network, place):
    """Where machines in a cloud ask who they are, nobody is let through, in whichever form the address comes."""
    address = ipaddress.ip_network(network)[place]
    assert never_contacted(str(address))
    if address.version == 4:
        assert never_contacted(f"::ffff:{address}")


@pytest.mark.parametrize("address", METADATA)
def test_metadata_services_are_refused(address):
    """The known ones that are not link-local, by whichever interface, and the address of nobody."""
    assert never_contacted(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.2", "20.60.0.1", "2603:1030::1"])
def test_other_addresses_are_not(address):
    """This machine, a private network, the internet: whether they are contacted is the user's choice alone."""
    assert not never_contacted(address)


@pytest.mark.parametrize(
    ("rule", "allowed", "refused"),
    [
        ("One.Example", "http://one.example", "http://one.example:81"),
        ("one.example.", "https://one.example", "https://two.example"),
        ("one.example:65535", "http://one.example:65535", "http://one.example"),
        ("one.example:1", "http://one.example:1", "http://one.example"),
        ("*.One.Example:8080", "http://a.one.example:8080", "http://a.one.example"),
    ],
)
def test_a_rule_is_for_its_ports_alone(rule, allowed, refused):
    """A name in any case, with or without the dot of the root, for the web's ports or for the one that it names."""
    hosts = AllowedHosts([rule])
    assert [True, False] == [hosts.allows(allowed), hosts.allows(refused)]


def test_rules_are_read_out_of_one_text():
    """Commas and blanks part the rules; somebody who gave none has no such list."""
    hosts = AllowedHosts.read("one.example, two.example:8080")
    urls = ["http://one.example", "http://two.example:8080", "http://"]
    assert [True, True, False] == [hosts.allows(url) for url in urls]
    assert [True, False] == [bool(hosts), bool(AllowedHosts.read(""))]
