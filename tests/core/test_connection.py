import re
from itertools import permutations
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.connection import (
    DEVELOPMENT_ACCOUNT,
    DEVELOPMENT_ENDPOINT,
    DEVELOPMENT_KEY,
    endpoint_of,
    is_azures_own,
    join_location,
    parse_connection_string,
    split_location,
)

KEY = "c2VjcmV0c2VjcmV0c2VjcmV0"
PARTS = ("DefaultEndpointsProtocol=https", "AccountName=acct", f"AccountKey={KEY}", "EndpointSuffix=core.windows.net")


@pytest.mark.parametrize("parts", list(permutations(PARTS)))
def test_the_order_of_the_settings_does_not_matter(parts):
    """A connection string means the same in whatever order its settings stand."""
    read = parse_connection_string(";".join(parts))
    assert ("acct", KEY, "https://acct.blob.core.windows.net", None) == (
        read.account,
        read.key,
        read.blob_endpoint,
        read.sas,
    )


@pytest.mark.parametrize(
    "text",
    [
        f"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={KEY};",
        f"defaultendpointsprotocol=https; accountname=acct ; ACCOUNTKEY={KEY} ; ;",
        f"AccountName=acct;AccountKey={KEY}",
        f"\nAccountName=acct;\n  AccountKey={KEY};\n",
        f"BlobEndpoint=https://acct.blob.core.windows.net/;AccountName=acct;AccountKey={KEY}",
        f"BlobEndpoint=https://acct.blob.core.windows.net;AccountKey={KEY};QueueEndpoint=https://x;",
    ],
)
def test_the_habits_of_writers_do_not_matter(text):
    """Case, blanks after semicolons, line ends, a trailing semicolon and settings of other services change nothing."""
    read = parse_connection_string(text)
    assert ("acct", KEY, "https://acct.blob.core.windows.net") == (read.account, read.key, read.blob_endpoint)


def test_the_development_storage():
    """UseDevelopmentStorage=true stands for the well-known account."""
    read = parse_connection_string("UseDevelopmentStorage=true")
    expected = (DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, DEVELOPMENT_ENDPOINT, True)
    assert expected == (read.account, read.key, read.blob_endpoint, read.development)


def test_the_development_storage_behind_a_proxy():
    """DevelopmentStorageProxyUri moves the well-known account to another host."""
    read = parse_connection_string("UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://box/")
    assert "http://box:10000/devstoreaccount1" == read.blob_endpoint


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("AccountName=a1b;EndpointSuffix=core.chinacloudapi.cn", "https://a1b.blob.core.chinacloudapi.cn"),
        ("AccountName=a1b;DefaultEndpointsProtocol=HTTP", "http://a1b.blob.core.windows.net"),
        ("AccountName=a1b;BlobEndpoint=http://127.0.0.1:1/a1b/", "http://127.0.0.1:1/a1b"),
    ],
)
def test_the_blob_endpoint(text, endpoint):
    """The blob endpoint is the one named, or follows from protocol, account and suffix."""
    assert endpoint == parse_connection_string(text).blob_endpoint


@pytest.mark.parametrize(
    "text",
    [
        "BlobEndpoint=https://acct.blob.core.windows.net;SharedAccessSignature=sv=2015-04-05&sig=x%3D&sp=r",
        "BlobEndpoint=https://acct.blob.core.windows.net/;SharedAccessSignature=?sv=2015-04-05&sig=x%3D&sp=r",
        "BlobEndpoint=https://acct.blob.core.windows.net/?sv=2015-04-05&sig=x%3D&sp=r",
    ],
)
def test_a_shared_access_signature(text):
    """A token is read from its own setting, with or without its question mark, or from the endpoint's query."""
    read = parse_connection_string(text)
    assert ("acct", None, "sv=2015-04-05&sig=x%3D&sp=r") == (read.account, read.key, read.sas)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ; ; ",
        f"AccountKey={KEY}",
        "AccountName=acct;AccountKey",
        f"AccountName=acct;AccountKey={KEY}*",
        f"AccountName=acct;AccountName=other;AccountKey={KEY}",
        f"AccountName=acct;DefaultEndpointsProtocol=ftp;AccountKey={KEY}",
        f"UseDevelopmentStorage=yes;AccountKey={KEY}",
        f"BlobEndpoint=ftp://x;AccountKey={KEY}",
        f"BlobEndpoint=http://X;AccountKey={KEY}",
    ],
)
def test_what_is_no_connection_string_is_refused_without_its_secrets(text):
    """A broken connection string is refused with a sentence that repeats no key."""
    with pytest.raises(ValueError, match=r"\.$|\?$") as refused:
        parse_connection_string(text)
    assert KEY not in str(refused.value)


def test_the_secrets_stay_out_of_the_representation():
    """Printing a parsed connection string shows neither key nor token."""
    shown = repr(parse_connection_string(f"AccountName=acct;AccountKey={KEY};SharedAccessSignature=sig=hidden"))
    assert [False, False] == [KEY in shown, "hidden" in shown]


@given(st.text("abX/", min_size=1), st.integers(0, 3), st.integers(0, 3))
def test_joining_leaves_exactly_one_slash(name, before, after):
    """Base and relative location are joined with one slash, however many either had at the seam."""
    name = name.strip("/") or "a"
    joined = join_location("http://X" + "/" * before, "/" * after + name)
    assert f"http://X/{name}" == joined


@pytest.mark.parametrize(
    ("base", "relative"),
    [
        ("https://acct.blob.core.windows.net/", "cont/dir/a b.csv"),
        ("https://acct.blob.core.windows.net", "/cont/dir/a%20b.csv"),
        ("https://ACCT.blob.core.windows.net/cont/dir/a%20b.csv?sv=1&sig=x", ""),
        ("https://acct-secondary.blob.core.windows.net/cont/dir/a%20b.csv", ""),
        ("http://127.0.0.1:10000/acct/", "cont/dir/a%20b.csv"),
        ("http://127.0.0.1:10000/acct/cont/dir%2Fa%20b.csv", ""),
        ("http://localhost:8350/acct.blob", "cont/dir/a%20b.csv"),
    ],
)
def test_every_form_of_address_is_split_alike(base, relative):
    """Host, path and prefix forms give the same account, container and decoded blob name."""
    assert ("acct", "cont", "dir/a b.csv") == split_location(base, relative)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda name: not name.startswith("/")))
def test_a_quoted_name_comes_back(name):
    """Any blob name that is percent-encoded into an address comes back as it was."""
    assert ("acct", "cont", name) == split_location(f"http://127.0.0.1:1/acct/cont/{quote(name, safe='')}")


@pytest.mark.parametrize(
    "url", ["acct/cont/b", "ftp://h/acct/c/b", "http://h", "http://h/AC/c/b", "http://h/acct/c", "http://h/acct/c/%ff"]
)
def test_what_is_no_blob_address_is_refused(url):
    """An address without account, container and blob is refused."""
    with pytest.raises(ValueError, match=r"\.$"):
        split_location(url)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("AccountName=acct", "open"),
        (f"AccountName=acct;AccountKey={KEY}", "key=***"),
        ("AccountName=acct;SharedAccessSignature=sig=x", "sas=***"),
        (f"AccountName=acct;AccountKey={KEY};SharedAccessSignature=sig=x", "key=***, sas=***"),
    ],
)
def test_the_representation_tells_which_secrets_there_are(text, shown):
    """Enough for a log: account, endpoint, and what opens it."""
    expected = f"ConnectionString(account='acct', blob_endpoint='https://acct.blob.core.windows.net', {shown})"
    assert expected == repr(parse_connection_string(text))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The connection string is empty."),
        ("AccountKey=", "The connection string names no account: it has neither AccountName nor BlobEndpoint."),
        ("AccountName=acct;;AccountKey", "Part 3 of the connection string is not of the form Name=Value."),
        ("=acct", "Part 1 of the connection string is not of the form Name=Value."),
        ("AccountName=a;AccountName=b", "Part 2 of the connection string repeats a name with another value."),
        (
            "AccountName=acct;DefaultEndpointsProtocol=ftp",
            "DefaultEndpointsProtocol in the connection string must be http or https.",
        ),
        ("UseDevelopmentStorage=yes", "UseDevelopmentStorage in the connection string must be true or false."),
        ("BlobEndpoint=ftp://x", "BlobEndpoint in the connection string must be an http or https URL."),
        (
            f"AccountName=acct;AccountKey={KEY}*",
            "AccountKey in the connection string is not base64; was it cut or escaped?",
        ),
        (
            "AccountName=acct;AccountKey=ab c",
            "AccountKey in the connection string is not base64; was it cut or escaped?",
        ),
    ],
)
def test_a_broken_connection_string_is_told_in_one_sentence(text, sentence):
    """The sentence names the part or the setting, never its value."""
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        parse_connection_string(text)


def test_settings_that_are_said_twice_alike_are_one():
    """Only another value is a contradiction."""
    assert "acct" == parse_connection_string("AccountName=acct;AccountName=acct").account


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("UseDevelopmentStorage=false;AccountName=a1b", ("a1b", None, "https://a1b.blob.core.windows.net", False)),
        (
            f"UseDevelopmentStorage=TRUE;AccountKey={KEY};AccountName=a1b",
            ("a1b", KEY, "http://127.0.0.1:10000/devstoreaccount1", True),
        ),
        (
            "DevelopmentStorageProxyUri=http://box;AccountName=a1b",
            ("a1b", None, "https://a1b.blob.core.windows.net", False),
        ),
        (
            "UseDevelopmentStorage=true;BlobEndpoint=http://azurite/",
            ("devstoreaccount1", DEVELOPMENT_KEY, "http://azurite", True),
        ),
        ("BlobEndpoint=http://127.0.0.1:1/a1b", ("a1b", None, "http://127.0.0.1:1/a1b", False)),
        (
            "AccountName=a1b;EndpointSuffix=.core.windows.net/",
            ("a1b", None, "https://a1b.blob.core.windows.net", False),
        ),
    ],
)
def test_what_is_not_said_follows(text, expected):
    """Account, key and endpoint follow from what is there; the development storage counts only when it is asked for."""
    read = parse_connection_string(text)
    assert expected == (read.account, read.key, read.blob_endpoint, read.development)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("AccountName=a1b;BlobEndpoint=http://BOX/", "http://BOX"),
        ("AccountName=a1b;EndpointSuffix=BOX", "https://a1b.blob.BOX"),
        ("UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://BOX", "http://BOX:10000/devstoreaccount1"),
    ],
)
def test_a_host_in_capitals_stays_as_it_is(text, endpoint):
    """Nothing but a slash or a dot at its end is taken off."""
    assert endpoint == parse_connection_string(text).blob_endpoint


def test_a_token_of_its_own_goes_before_the_endpoints():
    """SharedAccessSignature is what was meant; the query of an endpoint may be left over."""
    read = parse_connection_string(
        "BlobEndpoint=https://acct.blob.core.windows.net/?sig=old;SharedAccessSignature=sig=new"
    )
    assert ("sig=new", "https://acct.blob.core.windows.net") == (read.sas, read.blob_endpoint)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("acct/cont/b", "The address is not an http or https URL."),
        ("ftp://h/acct/c/b", "The address is not an http or https URL."),
        ("http://h/AC/c/b", "The address names no storage account."),
        ("http://h/acct/c", "The address names no container and blob."),
        ("http://h/acct//b", "The address names no container and blob."),
        ("http://h/acct/c/%ff", "The address holds bytes that are not UTF-8."),
    ],
)
def test_a_broken_address_is_told_in_one_sentence(url, sentence):
    """What is missing is named."""
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        split_location(url)


@pytest.mark.parametrize(
    ("base", "endpoint"),
    [
        ("https://acct.blob.core.windows.net/c/b", "https://acct.blob.core.windows.net"),
        (" HTTPS://acct.blob.core.windows.net/?sig=a/b ", "https://acct.blob.core.windows.net"),
        ("http://127.0.0.1:10000/acct/c/b", "http://127.0.0.1:10000/acct"),
        ("http://127.0.0.1:10000/acct?x://y", "http://127.0.0.1:10000/acct"),
        ("http://localhost:8350/acct.blob/c", "http://localhost:8350/acct.blob"),
        ("https://acct.blob.core.windows.net/acct/b", "https://acct.blob.core.windows.net"),
        ("https://acct.blob.core.windows.net/c/b://d", "https://acct.blob.core.windows.net"),
    ],
)
def test_an_address_lies_below_an_endpoint(base, endpoint):
    """Scheme and host; the account too where it is in the path and not in the host."""
    assert endpoint == endpoint_of(base)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("https://acct.blob.core.windows.net", True),
        ("https://ACCT.blob.core.windows.net:443/c", True),
        ("https://acct-secondary.blob.core.chinacloudapi.cn", True),
        ("https://acct.blob.core.windows.net/c/b", True),
        ("https://acct.blob.example.org", False),
        ("https://acct.blob.example.org/c/b.core.windows.net", False),
        ("https://acct.table.core.windows.net", False),
        ("http://127.0.0.1:10000/acct.blob.core.windows.net", False),
        ("acct.blob.core.windows.net", False),
    ],
)
def test_azures_own_storage_is_known_by_its_name(endpoint, expected):
    """The host alone tells, in whichever of its clouds."""
    assert expected is is_azures_own(endpoint)


def test_an_address_in_capitals():
    """Scheme and account are the same in any case."""
    assert ("acct", "c", "b://d") == split_location("HTTP://ACCT.blob.core.windows.net/c/b://d?x=/y")
