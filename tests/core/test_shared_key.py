"""SharedKey against Azure's own SDK, the service's documented example, and the law that every part is covered."""

import base64
import hashlib
import hmac
from dataclasses import replace
from types import SimpleNamespace

import pytest
from azure.storage.blob._shared import authentication
from hypothesis import example, given
from hypothesis import strategies as st

from amlemulator.core.connection import DEVELOPMENT_KEY as KEY
from amlemulator.core.shared_key import Signed, authorization, strings_to_sign, verify_shared_key, word_order

LIST = Signed(
    "myaccount",
    "GET",
    {"x-ms-version": "2014-02-14", "x-ms-date": "Fri, 26 Jun 2015 23:39:12 GMT", "accept": "*/*"},
    ["/mycontainer"],
    "restype=container&comp=list&include=snapshots&include=metadata&include=uncommittedblobs",
    "2014-02-14",
)
PUT = Signed(
    "acct",
    "PUT",
    {
        "content-length": "11",
        "content-type": "text/plain",
        "content-md5": "abc",
        "date": "Sun, 11 Oct 2009 21:49:13 GMT",
        "x-ms-date": "Sun, 11 Oct 2009 21:49:13 GMT",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-meta-m2": " v2 ",
        "range": "bytes=0-1",
        "if-match": "*",
    },
    ["/acct/cont/a%20b"],
    "timeout=20",
    "2020-10-02",
)


def mac(text, key=KEY):
    return base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()


def first(signed, scheme="sharedkey"):
    return next(strings_to_sign(scheme, signed))


def test_a_listing_as_it_is_documented():
    """Several values of one parameter are joined in order; x-ms- headers are sorted; the date is not signed twice."""
    expected = (
        "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2014-02-14\n"
        "/myaccount/mycontainer\ncomp:list\ninclude:metadata,snapshots,uncommittedblobs\nrestype:container"
    )
    assert expected == first(LIST)


def test_an_upload():
    """Every standard header has its line, in order; the values of x-ms- headers lose their blanks."""
    expected = (
        "PUT\n\n\n11\nabc\ntext/plain\n\n\n*\n\n\nbytes=0-1\nx-ms-blob-type:BlockBlob\n"
        "x-ms-date:Sun, 11 Oct 2009 21:49:13 GMT\nx-ms-meta-m2:v2\n/acct/acct/cont/a%20b\ntimeout:20"
    )
    assert expected == first(PUT)


def test_the_lite_scheme():
    """SharedKeyLite signs MD5, type, date and x-ms- headers, and of the query only comp."""
    signed = replace(PUT, query="timeout=20&comp=block&blockid=AA%3D%3D")
    expected = (
        "PUT\nabc\ntext/plain\n\nx-ms-blob-type:BlockBlob\nx-ms-date:Sun, 11 Oct 2009 21:49:13 GMT\nx-ms-meta-m2:v2\n"
        "/acct/acct/cont/a%20b?comp=block"
    )
    assert [expected, None] == [
        first(signed, "sharedkeylite"),
        verify_shared_key("sharedkeylite", mac(expected), KEY, signed),
    ]


@pytest.mark.parametrize(("version", "length"), [("2014-02-14", "0"), ("2015-02-21", ""), ("2099-01-01", "")])
def test_a_length_of_zero(version, length):
    """A length of zero is signed as "0" up to 2014-02-14 and as nothing since."""
    signed = replace(PUT, headers={**PUT.headers, "content-length": "0"}, version=version)
    assert length == first(signed).split("\n")[3]


@pytest.mark.parametrize(("version", "there"), [("2015-07-08", False), ("2016-05-31", True)])
def test_an_empty_header(version, there):
    """x-ms- headers without value are signed since 2016-05-31."""
    signed = replace(PUT, headers={**PUT.headers, "x-ms-meta-empty": ""}, version=version)
    assert there == ("x-ms-meta-empty:\n" in first(signed))


def test_the_date_header_counts_when_it_stands_alone():
    """Without x-ms-date the Date header is signed in its own line."""
    signed = replace(LIST, headers={"date": "Fri, 26 Jun 2015 23:39:12 GMT"})
    assert "Fri, 26 Jun 2015 23:39:12 GMT" == first(signed).split("\n")[6]


def test_a_request_without_date():
    """A request that signs no date at all is refused and told so."""
    assert "x-ms-date" in verify_shared_key("sharedkey", "x", KEY, replace(LIST, headers={}))


def test_every_path_that_a_client_may_have_signed():
    """A signature over any of the candidate paths is right."""
    signed = replace(LIST, paths=["/acct/c/b", "/c/b", "/acct.blob/c/b"])
    verdicts = [
        verify_shared_key("sharedkey", mac(first(replace(signed, paths=[path]))), KEY, signed) for path in signed.paths
    ]
    assert [None] * 3 == verdicts


def test_pluses_in_a_query():
    """A plus in a query may have been signed as it stands or as the blank it means."""
    signed = replace(LIST, query="prefix=a+b")
    plain, blank = strings_to_sign("sharedkey", signed)
    assert (plain.split("\n")[-1], blank.split("\n")[-1]) == ("prefix:a+b", "prefix:a b")


def test_an_equals_sign_in_a_value():
    """A parameter's name ends at its first equals sign."""
    assert "prefix:a=b" == first(replace(LIST, query="prefix=a=b")).split("\n")[-1]


def test_a_wrong_signature_tells_what_was_signed_and_no_secret():
    """The detail quotes the signed text, but no signature: neither the given one nor one in a copied URL."""
    source = "https://acct.blob.core.windows.net/c/b?sv=1&sig=geheim%3D&sp=r"
    signed = replace(PUT, headers={**PUT.headers, "x-ms-copy-source": source}, query="sig=geheim&comp=copy")
    detail = verify_shared_key("sharedkey", "d3Jvbmc=", KEY, signed)
    assert "Server used following string to sign: 'PUT\n" in detail
    assert [True, True, True, True] == [text not in detail for text in ("geheim", "d3Jvbmc=", KEY, mac(first(signed)))]
    assert [True, True] == [text in detail for text in ("?sv=1&sig=***&sp=r\n", "\nsig:***'.")]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("SharedKey acct:c2ln", ("sharedkey", "acct", "c2ln")),
        ("  sharedkeylite   acct:c2ln ", ("sharedkeylite", "acct", "c2ln")),
        ("Bearer xyz", None),
        ("SharedKey nothing", None),
        ("", None),
    ],
)
def test_reading_the_header(header, expected):
    """Scheme, account and signature are read whatever the scheme's case; other schemes are none of ours."""
    assert expected == authorization(header)


HEADER_NAMES = st.text("abz019_-.", min_size=1, max_size=6).map(lambda name: "x-ms-meta-" + name)


@given(st.lists(HEADER_NAMES, min_size=2, max_size=2, unique=True))
def test_header_names_sort_as_in_todays_sdk(names):
    """Names with hyphens, underscores and digits sort as Azure's SDK sorts them."""
    ours = (word_order(names[0]) > word_order(names[1])) - (word_order(names[0]) < word_order(names[1]))
    assert authentication.compare(*names) == ours


@example(["'a", "a'"])
@example(["--a", "-a-"])
@given(st.lists(st.text("a-'", min_size=1, max_size=5), min_size=2, max_size=2, unique=True))
def test_hyphens_decide_between_names_that_are_otherwise_equal(names):
    """Where they stand counts: the end and letters come before apostrophes, those before hyphens, as in Azure's SDK."""
    first, second = map(word_order, names)
    assert authentication.compare(*names) == (first > second) - (first < second)


class Recorder(authentication.SharedKeyCredentialPolicy):
    """The SDK's own signer, with what it signed."""

    def _add_authorization_header(self, request, string_to_sign):
        self.signed = string_to_sign


@given(
    st.dictionaries(HEADER_NAMES, st.text("abc ,;", max_size=5).map(str.strip), max_size=5),
    st.dictionaries(
        st.sampled_from(["comp", "prefix", "timeout", "blockid"]), st.sampled_from(["a", "A%3D%3D", "%20"])
    ),
    st.sampled_from(["/acct/c/b", "/c/%C3%BC%20x", "/"]),
    st.sampled_from(["PUT", "GET"]),
)
def test_whatever_todays_sdk_signs_is_accepted(metadata, query, path, method):
    """What azure-storage-blob signs is one of the texts that are tried."""
    headers = {"x-ms-date": "now", "x-ms-version": "2026-10-06", "content-length": "0", **metadata}
    transport = SimpleNamespace(_transport=None)
    http = SimpleNamespace(method=method, headers=headers, query=query, url=f"http://h{path}")
    recorder = Recorder("acct", KEY)
    recorder.on_request(SimpleNamespace(http_request=http, context=SimpleNamespace(transport=transport)))
    raw = "&".join(f"{name}={value}" for name, value in query.items())
    signed = Signed("acct", method, headers, [path], raw, "2026-10-06")
    assert recorder.signed in list(strings_to_sign("sharedkey", signed))


def changed(signed):
    """Yield the request with each of its parts changed."""
    yield replace(signed, method="DELETE")
    yield replace(signed, account="other")
    yield replace(signed, paths=["/acct/cont/other"])
    yield replace(signed, query="timeout=21")
    yield replace(signed, query="")
    for name in signed.headers:
        if name != "date":  # x-ms-date takes its place
            yield replace(signed, headers={**signed.headers, name: "other"})
    yield replace(signed, headers={**signed.headers, "x-ms-meta-more": "x"})


@pytest.mark.parametrize("other", list(changed(PUT)))
def test_every_part_of_a_request_is_covered(other):
    """A signature is wrong for a request that differs in any signed part."""
    signature = mac(first(PUT))
    assert verify_shared_key("sharedkey", signature, KEY, PUT) is None
    assert verify_shared_key("sharedkey", signature, KEY, other) is not None


def test_a_request_without_a_date_is_told_which_headers_could_have_it():
    """Either of the two; an empty one is none; the name of the other stands for it."""
    sentence = "Neither the x-ms-date header nor the Date header is present; one of them must be signed."
    for headers in ({}, {"date": "", "x-ms-date": ""}):
        assert sentence == verify_shared_key("sharedkey", "x", KEY, replace(PUT, headers=headers))
    for name in ("date", "x-ms-date"):
        assert sentence != verify_shared_key("sharedkey", "x", KEY, replace(PUT, headers={name: "now"}))


def test_a_wrong_signature_is_told_with_the_most_likely_text():
    """The whole sentence, in Azure's words."""
    expected = (
        "The MAC signature found in the HTTP request is not the same as any computed signature. "
        f"Server used following string to sign: '{first(LIST)}'."
    )
    assert expected == verify_shared_key("sharedkey", "x", KEY, LIST)


def test_the_short_form_signs_five_lines():
    """Method, MD5, type and date, and of the query comp alone."""
    headers = {"content-md5": "<md5>", "content-type": "<type>", "date": "<date>", "x-ms-a": "b"}
    signed = replace(PUT, headers=headers, query="timeout=20&comp=block&comp=other")
    assert "PUT\n<md5>\n<type>\n<date>\nx-ms-a:b\n/acct/acct/cont/a%20b?comp=block" == first(signed, "sharedkeylite")
    bare = replace(PUT, headers={}, query="timeout=20")
    assert "PUT\n\n\n\n/acct/acct/cont/a%20b" == first(bare, "sharedkeylite")
    dated = replace(bare, headers={"date": "<date>", "x-ms-date": ""})
    assert "PUT\n\n\n\nx-ms-date:\n/acct/acct/cont/a%20b" == first(dated, "sharedkeylite")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (" SharedKey  acct:sig ", ("sharedkey", "acct", "sig")),
        ("SHAREDKEYLITE acct:a:b", ("sharedkeylite", "acct", "a:b")),
        ("SharedKey acct", None),
        ("Bearer acct:sig", None),
        ("", None),
    ],
)
def test_an_authorization_header_is_read_in_any_case(header, expected):
    """Scheme, account and signature; anything else is none."""
    assert expected == authorization(header)


def test_the_order_of_names_looks_past_hyphens():
    """They count only between names that are otherwise equal; an underscore comes before a digit."""
    names = ["x-ms-met-ab", "x-ms-meta-a1", "x-ms-meta-a_", "x-ms-meta-a'", "x-ms-meta-a", "x-ms-metaa"]
    assert [*reversed(names)] == sorted(names, key=word_order)
