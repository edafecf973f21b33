"""Tokens are checked against vectors, against Azure's own SDK, and by laws."""

import base64
import string
from datetime import UTC, datetime

import pytest
from azure.storage.blob import generate_account_sas, generate_blob_sas, generate_container_sas
from hypothesis import given, settings
from hypothesis import strategies as st

from amlemulator.core.connection import DEVELOPMENT_KEY as KEY
from amlemulator.core.errors import catalogue
from amlemulator.core.sas import (
    AccessPolicy,
    Asked,
    Refusal,
    make_account_sas,
    make_service_sas,
    parse_token,
    permissions_of,
    sign,
    string_to_sign,
    verify,
)

NOW = datetime(2020, 7, 9, 12, 0, 0, tzinfo=UTC).timestamp()
HOUR = 3600.0
VERSIONS = [
    "2012-02-12",
    "2013-08-15",
    "2014-02-14",
    "2015-02-21",
    "2015-04-05",
    "2018-03-28",
    "2018-11-09",
    "2020-12-06",
    "2026-10-06",
    "2099-01-01",
]


def asked(**changes):
    facts = {"account": "acct", "container": "cont", "blob": "dir/b.csv", "permissions": "r", "now": NOW, **changes}
    return Asked(**facts)


def token(blob="dir/b.csv", permissions="r", version="2015-04-05", start=NOW - 300, expiry=NOW + HOUR):
    return parse_token(make_service_sas("acct", KEY, "cont", blob, permissions, start, expiry, version))


def signed(fields, **changes):
    """Sign any fields at all, as a client with the key could."""
    return {**fields, "sig": sign(KEY, string_to_sign(fields, asked(**changes)))}


def detail(refusal):
    assert refusal.name == "blob/AuthenticationFailed"
    return refusal.detail


def test_a_token_looks_as_the_service_wrote_it():
    """Parameters stand in the order sv, sr, sig, st, se, sp with escaped colons (documents.md section 6)."""
    made = make_service_sas("acct", KEY, "cont", "b.csv", "r", NOW - 300, NOW + 24 * HOUR)
    names = [part.partition("=")[0] for part in made.lstrip("?").split("&")]
    assert ["sv", "sr", "sig", "st", "se", "sp"] == names
    assert made.startswith("?sv=2013-08-15&sr=b&sig=")
    assert made.endswith("%3D&st=2020-07-09T11%3A55%3A00Z&se=2020-07-10T12%3A00%3A00Z&sp=r")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("blob", ["dir/b.csv", None])
def test_a_made_token_opens_what_it_was_made_for(version, blob):
    """A token of any version opens its blob; a container's token opens every blob in it."""
    assert verify(token(blob, version=version), KEY, asked()) is None


@pytest.mark.parametrize(
    ("version", "lines"),
    [
        ("2012-02-12", "sp|st|se|/acct/cont/dir/b.csv||VV"),
        ("2013-08-15", "sp|st|se|/acct/cont/dir/b.csv||VV|||||"),
        ("2015-02-21", "sp|st|se|/blob/acct/cont/dir/b.csv||VV|||||"),
        ("2015-04-05", "sp|st|se|/blob/acct/cont/dir/b.csv||||VV|||||"),
        ("2018-11-09", "sp|st|se|/blob/acct/cont/dir/b.csv||||VV|b||||||"),
        ("2020-12-06", "sp|st|se|/blob/acct/cont/dir/b.csv||||VV|b|||||||"),
    ],
)
def test_the_layout_that_each_version_signs(version, lines):
    """The signed lines of each version are those of the service's REST reference."""
    fields = {"sv": version, "sr": "b", "st": "st", "se": "se", "sp": "sp"}
    assert lines.replace("VV", version).split("|") == string_to_sign(fields, asked()).split("\n")


def test_the_layout_of_an_account_token():
    """An account token signs its own fields and a last empty line; encryption scope came in 2020-12-06."""
    fields = {"sv": "2015-04-05", "ss": "b", "srt": "sco", "se": "se", "sp": "rl"}
    assert "acct\nrl\nb\nsco\n\nse\n\n\n2015-04-05\n" == string_to_sign(fields, asked())
    newer = {**fields, "sv": "2020-12-06"}
    assert "acct\nrl\nb\nsco\n\nse\n\n\n2020-12-06\n\n" == string_to_sign(newer, asked())


@pytest.mark.parametrize("name", ["b.csv", "a b/ü%+&=?#.csv", "x" * 1024])
def test_the_tokens_of_azures_own_sdk(name):
    """What today's azure-storage-blob signs is accepted: blob, container and account, with all its options."""
    expiry, start = datetime.fromtimestamp(NOW + HOUR, UTC), datetime.fromtimestamp(NOW, UTC)
    options = {"permission": "rw", "expiry": expiry, "start": start, "ip": "127.0.0.1-127.0.0.9", "protocol": "https"}
    headers = {"content_disposition": "attachment; filename=a.csv", "cache_control": "no-store"}
    made = [
        generate_blob_sas("acct", "cont", name, account_key=KEY, **options, **headers),
        generate_container_sas("acct", "cont", account_key=KEY, **options, **headers),
        generate_account_sas("acct", KEY, "sco", **options),
        generate_blob_sas("acct", "cont", name, account_key=KEY, **options, encryption_scope="scope"),
    ]
    wanted = asked(blob=name, address="127.0.0.4")
    assert [None] * 4 == [verify(parse_token(text), KEY, wanted) for text in made]


def test_expired_with_a_start():
    """An expired token with a start answers the sentence that retraining users met (errors.md section 10)."""
    expired = token(start=NOW - 25 * HOUR, expiry=NOW - HOUR)
    expected = (
        "Signature not valid in the specified time frame: Start [Wed, 08 Jul 2020 11:00:00 GMT] - "
        "Expiry [Thu, 09 Jul 2020 11:00:00 GMT] - Current [Thu, 09 Jul 2020 12:00:00 GMT]"
    )
    assert expected == detail(verify(expired, KEY, asked()))


def test_expired_without_a_start():
    """An expired token without a start is told that its expiry must come after now (errors.md section 10)."""
    fields = {"sv": "2015-04-05", "sr": "b", "se": "2020-07-09T11:00:00Z", "sp": "r"}
    expected = (
        "Signed expiry time [Thu, 09 Jul 2020 11:00:00 GMT] must be after signed start time "
        "[Thu, 09 Jul 2020 12:00:00 GMT]"
    )
    assert expected == detail(verify(signed(fields), KEY, asked()))


def test_not_yet_valid():
    """A token whose time has not come answers the time frame."""
    refused = verify(token(start=NOW + 60, expiry=NOW + HOUR), KEY, asked())
    assert "Start [Thu, 09 Jul 2020 12:01:00 GMT]" in detail(refused)


@pytest.mark.parametrize(("moment", "opens"), [(-1, False), (0, True), (3599, True), (3600, False)])
def test_the_edges_of_the_time_frame(moment, opens):
    """A token opens from its start until just before its expiry."""
    assert opens == (verify(token(start=NOW, expiry=NOW + HOUR), KEY, asked(now=NOW + moment)) is None)


@pytest.mark.parametrize("expiry", ["2020-07-10", "2020-07-09T13:00Z", "2020-07-09T13:00:00.1234567Z"])
def test_every_form_of_time(expiry):
    """Dates alone, minutes, and fractions of seconds are times too."""
    assert verify(signed({"sv": "2015-04-05", "sr": "b", "se": expiry, "sp": "r"}), KEY, asked()) is None


def test_another_blobs_token():
    """The token of one blob does not open another, and the answer names what was signed."""
    text = detail(verify(token("other.csv"), KEY, asked()))
    assert text.startswith("Signature did not match. String to sign used was r\n2020-07-09T11:55:00Z\n")
    assert "/blob/acct/cont/dir/b.csv" in text
    assert token("other.csv")["sig"] not in text


def test_another_containers_token():
    """The token of one container does not open another."""
    assert detail(verify(token(None), KEY, asked(container="elsewhere"))).startswith("Signature did not match.")


def test_a_missing_permission():
    """A token that only reads does not write."""
    assert Refusal("blob/AuthorizationPermissionMismatch") == verify(token(), KEY, asked(permissions="cw"))


@pytest.mark.parametrize(
    ("fields", "wanted", "name"),
    [
        ({"spr": "https"}, {"protocol": "http"}, "AuthorizationProtocolMismatch"),
        ({"sip": "10.0.0.1"}, {"address": "127.0.0.1"}, "AuthorizationSourceIPMismatch"),
        ({"sip": "10.0.0.1-10.0.0.9"}, {"address": "10.0.0.10"}, "AuthorizationSourceIPMismatch"),
        ({"sip": "10.0.0.1"}, {"address": "::1"}, "AuthorizationSourceIPMismatch"),
        ({}, {"service_token": False}, "AuthorizationFailure"),
        ({}, {"blob": None}, "AuthorizationResourceTypeMismatch"),
    ],
)
def test_restrictions_of_a_service_token(fields, wanted, name):
    """Protocol, address and resource of a token are enforced, each with its own code."""
    base = {"sv": "2015-04-05", "sr": "b", "se": "2020-07-10", "sp": "r"}
    assert f"blob/{name}" == verify(signed({**base, **fields}, **wanted), KEY, asked(**wanted)).name


@pytest.mark.parametrize(
    ("fields", "wanted", "name"),
    [
        ({"ss": "q"}, {}, "AuthorizationServiceMismatch"),
        ({"srt": "sc"}, {}, "AuthorizationResourceTypeMismatch"),
        ({"sp": "l"}, {}, "AuthorizationPermissionMismatch"),
    ],
)
def test_restrictions_of_an_account_token(fields, wanted, name):
    """Services, resource types and permissions of an account token are enforced, each with its own code."""
    base = {"sv": "2015-04-05", "ss": "b", "srt": "sco", "se": "2020-07-10", "sp": "r"}
    assert f"blob/{name}" == verify(signed({**base, **fields}), KEY, asked(**wanted)).name


def test_restrictions_that_an_old_version_did_not_sign():
    """Before 2015-04-05 protocol and address were no part of a token, so they neither open nor close anything."""
    old = {**token(version="2013-08-15"), "spr": "https", "sip": "10.0.0.1"}
    assert verify(old, KEY, asked(protocol="http", address="127.0.0.1")) is None


@pytest.mark.parametrize("name", ["sv", "sr", "sig", "se", "sp"])
def test_a_mandatory_field_that_is_missing(name):
    """A token without one of its mandatory fields is refused; without sr, se or sp the answer says which."""
    cut = {field: value for field, value in token().items() if field != name}
    assert f"{name} is mandatory. Cannot be empty" == detail(verify(cut, KEY, asked()))


@pytest.mark.parametrize(
    "fields",
    [
        {"sv": "2011-08-18"},
        {"sv": "yesterday"},
        {"sr": "d"},
        {"se": "soon"},
        {"st": "soon"},
        {"sip": "somewhere"},
        {"sv": "2014-02-14", "ss": "b", "srt": "o"},
    ],
)
def test_fields_that_are_not_well_formed(fields):
    """Fields that cannot be read are refused even when they are signed with the right key."""
    base = {"sv": "2015-04-05", "sr": "b", "se": "2020-07-10", "sp": "r"}
    assert detail(verify(signed({**base, **fields}), KEY, asked())) == "Signature fields not well formed."


def test_a_user_delegation_token():
    """A token signed by a directory user says that there is no directory here."""
    expected = "User delegation SAS is not emulated: there is no directory of users. Use an account key's SAS."
    assert expected == detail(verify({**token(), "skoid": "x"}, KEY, asked()))


def test_slashes_in_a_signature_are_escaped():
    """A token can stand in a URL as it is: only question mark, ampersands and equals signs of its own are bare."""
    made = [make_service_sas("acct", KEY, "cont", None, "r", NOW + second, NOW + HOUR) for second in range(9)]
    assert [True, False] == [any(text in one for one in made) for text in ("%2F", "/")]


POLICIES = {"reading": AccessPolicy("reading", "2020-07-01", "2020-08-01", "r"), "half": AccessPolicy("half")}


def test_a_stored_access_policy_fills_the_token():
    """Start, expiry and permissions may come from the container's stored access policy, as Azure's SDK signs it."""
    fields = parse_token(generate_container_sas("acct", "cont", account_key=KEY, policy_id="reading"))
    wanted = asked(policies=POLICIES)
    assert [None, "r"] == [verify(fields, KEY, wanted), permissions_of(fields, POLICIES)]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"si": "gone"}, "Signed identifier [gone]"),
        ({"si": "reading", "sp": "rw"}, "not well formed"),
        ({"si": "half", "sp": "r"}, "se is mandatory"),
    ],
)
def test_a_stored_access_policy_that_does_not_fit(fields, said):
    """An unknown policy, a field given twice and a field given nowhere are refused."""
    made = signed({"sv": "2015-04-05", "sr": "c", **fields})
    assert said in detail(verify(made, KEY, asked(policies=POLICIES)))


def test_a_changed_policy_changes_its_tokens():
    """A policy that has run out closes every token that names it."""
    made = signed({"sv": "2015-04-05", "sr": "c", "si": "p"})
    over = {"p": AccessPolicy("p", "2020-07-01", "2020-07-02", "r")}
    assert "time frame" in detail(verify(made, KEY, asked(policies=over)))


def test_plus_signs_that_nobody_escaped():
    """A signature pasted with raw plus signs is the same signature; elsewhere a plus is a blank."""
    assert {"sig": "a+b/c=", "rscd": "a b"} == parse_token("?sig=a+b/c=&rscd=a+b&sig=second")


def test_a_key_that_is_no_key():
    """Making a token with a broken key says so without the key."""
    with pytest.raises(ValueError, match="not base64"):
        make_service_sas("acct", "x", "cont", None, "r", NOW, NOW)


def test_every_refusal_stands_in_the_catalogue():
    """Each name that verify can answer is an entry of the error catalogue."""
    names = [
        "Failure",
        "PermissionMismatch",
        "ProtocolMismatch",
        "ResourceTypeMismatch",
        "ServiceMismatch",
        "SourceIPMismatch",
    ]
    missing = {f"blob/Authorization{name}" for name in names} | {"blob/AuthenticationFailed"}
    assert set() == missing - set(catalogue())


ALPHABET = string.ascii_letters + string.digits + "+/=%&-_.~:"


@settings(max_examples=400)
@given(
    made=st.builds(
        lambda version, blob, permissions: make_service_sas(
            "acct", KEY, "cont", blob, permissions, NOW - 300, NOW + HOUR, version
        ),
        st.sampled_from(VERSIONS),
        st.sampled_from(["dir/b.csv", None]),
        st.sampled_from(["r", "rl", "racwdl"]),
    )
    | st.just(make_account_sas("acct", KEY, "rwl", NOW - 300, NOW + HOUR)),
    data=st.data(),
)
def test_a_token_with_one_changed_character_opens_nothing(made, data):
    """Every change of one character that changes the token's decoded fields is refused.

    The fields decide, not the spelling: ``%3D`` and ``%3d`` are the same token. The slack bits of the signature's last
    base64 character do change a field, and count as a change here although they decode to the same bytes.
    """
    place = data.draw(st.integers(1, len(made) - 1))
    mutated = made[:place] + data.draw(st.sampled_from(ALPHABET)) + made[place + 1 :]
    before, after = parse_token(made), parse_token(mutated)
    assert (before == after) == (verify(after, KEY, asked()) is None)


def test_the_slack_bits_of_a_signature():
    """Another last character that decodes to the same bytes is another token: signatures are compared as text."""
    made = token()
    last = made["sig"][-2]
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    twin = made["sig"][:-2] + alphabet[alphabet.index(last) ^ 1] + "="
    assert base64.b64decode(twin) == base64.b64decode(made["sig"])
    assert verify({**made, "sig": twin}, KEY, asked()) is not None


BASE = {"sv": "2015-04-05", "sr": "b", "se": "2020-07-10", "sp": "r"}
ACCOUNT = {"sv": "2015-04-05", "ss": "b", "srt": "sco", "se": "2020-07-10", "sp": "r"}


@pytest.mark.parametrize("name", ["sv", "ss", "srt", "se", "sp", "sig"])
def test_a_mandatory_field_that_an_account_token_lacks(name):
    """Each is named; without ss it is read as a service's, which needs sr."""
    cut = {field: value for field, value in signed(ACCOUNT).items() if field != name}
    named = "sr" if name == "ss" else name
    assert f"{named} is mandatory. Cannot be empty" == detail(verify(cut, KEY, asked()))


def test_each_field_is_signed_in_its_place():
    """Every field that a version knows changes the text that is signed, and stands on a line of its own."""
    names = ["sp", "st", "se", "si", "sip", "spr", "ses", "rscc", "rscd", "rsce", "rscl", "rsct"]
    fields = {"sv": "2020-12-06", "sr": "b", **{name: f"<{name}>" for name in names}}
    expected = [
        *("<sp>", "<st>", "<se>", "/blob/acct/cont/dir/b.csv", "<si>", "<sip>", "<spr>", "2020-12-06", "b", "snap"),
        *("<ses>", "<rscc>", "<rscd>", "<rsce>", "<rscl>", "<rsct>"),
    ]
    assert expected == string_to_sign(fields, asked(snapshot="snap")).split("\n")
    names = ["sp", "srt", "st", "se", "sip", "spr", "ses"]
    fields = {"sv": "2020-12-06", "ss": "<ss>", **{name: f"<{name}>" for name in names}}
    expected = ["acct", "<sp>", "<ss>", "<srt>", "<st>", "<se>", "<sip>", "<spr>", "2020-12-06", "<ses>", ""]
    assert expected == string_to_sign(fields, asked()).split("\n")
    assert "/blob/acct/" == string_to_sign({**BASE, "sr": "c"}, asked(container=None, blob=None)).split("\n")[3]


def test_the_time_frame_names_its_three_moments():
    """Start, expiry and now, without fractions, in GMT."""
    fields = {**BASE, "st": "2020-07-09T12:01:00.75Z", "se": "2020-07-09T15:00:00.75+02:00"}
    expected = (
        "Signature not valid in the specified time frame: Start [Thu, 09 Jul 2020 12:01:00 GMT] - "
        "Expiry [Thu, 09 Jul 2020 13:00:00 GMT] - Current [Thu, 09 Jul 2020 12:00:00 GMT]"
    )
    assert expected == detail(verify(signed(fields), KEY, asked()))


@pytest.mark.parametrize("start", ["2020-07-10", "2020-07-11"])
def test_an_expiry_before_the_start(start):
    """It has to come after it, and not with it."""
    text = detail(verify(signed({**BASE, "st": start}), KEY, asked()))
    assert text.startswith("Signed expiry time [Fri, 10 Jul 2020 00:00:00 GMT] must be after signed start time [")


@pytest.mark.parametrize(
    ("sip", "address", "opens"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1-10.0.0.9", "10.0.0.1", True),
        ("10.0.0.1-10.0.0.9", "10.0.0.9", True),
        ("10.0.0.2-10.0.0.9", "10.0.0.1", False),
        ("::1-::9", "::5", True),
        ("10.0.0.1-::9", "10.0.0.1", False),
        ("::1-10.0.0.9", "10.0.0.5", False),
    ],
)
def test_addresses_between_two_ends(sip, address, opens):
    """Both ends are in it; ends of two kinds have nothing between them; a refusal tells the address."""
    refused = verify(signed({**BASE, "sip": sip}), KEY, asked(address=address))
    assert (None if opens else Refusal("blob/AuthorizationSourceIPMismatch", None, (address,))) == refused


@pytest.mark.parametrize(("spr", "protocol", "opens"), [("https,http", "http", True), ("https", "http", False)])
def test_protocols_are_a_list(spr, protocol, opens):
    """Any of those that are named."""
    assert opens is (verify(signed({**BASE, "spr": spr}), KEY, asked(protocol=protocol)) is None)


@pytest.mark.parametrize(
    ("fields", "wanted", "name"),
    [
        (BASE, {"permissions": ""}, "AuthorizationFailure"),
        (ACCOUNT, {"permissions": ""}, "AuthorizationFailure"),
        ({**ACCOUNT, "srt": "o"}, {"resource": "c"}, "AuthorizationResourceTypeMismatch"),
        ({**BASE, "sr": "c"}, {"service_token": False}, "AuthorizationFailure"),
    ],
)
def test_what_no_token_opens(fields, wanted, name):
    """What needs the key itself, and a level that the token does not have."""
    assert Refusal(f"blob/{name}") == verify(signed(fields), KEY, asked(**wanted))


def test_what_a_token_opens_beside_its_blob():
    """A container's token opens its container; one of several levels or permissions is enough."""
    assert None is verify(signed({**BASE, "sr": "c"}), KEY, asked(blob=None))
    assert None is verify(signed({**ACCOUNT, "ss": "qb", "srt": "c"}), KEY, asked(resource="sc"))
    assert None is verify(signed({**ACCOUNT, "sp": "lr"}), KEY, asked(permissions="wr", service_token=False))


@pytest.mark.parametrize("version", ["2012-02-11", "20150405", "2015-04-05\n", "x2015-04-05"])
def test_versions_that_are_none(version):
    """The first is that of 12 February 2012, written as a date."""
    assert "Signature fields not well formed." == detail(verify({**signed(BASE), "sv": version}, KEY, asked()))


def test_an_account_tokens_first_version():
    """Before 2015-04-05 there was none; on that day there is."""
    assert None is verify(signed(ACCOUNT), KEY, asked())
    early = {**signed(ACCOUNT), "sv": "2015-04-04"}
    assert "Signature fields not well formed." == detail(verify(early, KEY, asked()))


def test_policies_are_of_service_tokens_alone():
    """An account token that carries si is what it says itself; a policy may leave out its start."""
    policies = {"p": AccessPolicy("p", "", "2020-07-10", "r")}
    assert None is verify(signed({"sv": "2015-04-05", "sr": "c", "si": "p"}), KEY, asked(policies=policies))
    over = {"p": AccessPolicy("p", "", "2020-07-01", "")}
    assert None is verify(signed({**ACCOUNT, "si": "p"}), KEY, asked(policies=over))
    assert ["r", ""] == [permissions_of(fields, POLICIES) for fields in ({"si": "reading"}, {"si": "gone"})]
    assert "w" == permissions_of({"sp": "w", "si": "reading"}, POLICIES)
    assert "" == permissions_of({}, POLICIES)


@pytest.mark.parametrize("field", [("st", "2020-07-02"), ("se", "2020-07-20"), ("sp", "r")])
def test_a_field_in_token_and_policy_is_one_too_many(field):
    """Whichever of the three it is."""
    fields = signed({"sv": "2015-04-05", "sr": "c", "si": "reading", **dict([field])})
    assert "Signature fields not well formed." == detail(verify(fields, KEY, asked(policies=POLICIES)))


def test_an_account_token_as_it_is_made():
    """Its fields in their order, all three levels, for the blob service."""
    made = make_account_sas("acct", KEY, "rw", NOW - 300, NOW + HOUR)
    names = [part.partition("=")[0] for part in made.lstrip("?").split("&")]
    assert ["sv", "ss", "srt", "sig", "st", "se", "sp"] == names
    fields = parse_token(made)
    assert ("2015-04-05", "b", "sco", "2020-07-09T11:55:00Z", "2020-07-09T13:00:00Z", "rw") == (
        tuple(fields[name] for name in ("sv", "ss", "srt", "st", "se", "sp"))
    )
    assert "c" == parse_token(make_account_sas("acct", KEY, "r", NOW, NOW, resources="c"))["srt"]


def test_a_broken_key_is_told_without_it():
    """The whole sentence."""
    with pytest.raises(ValueError, match=r"^The account key is not base64\.$"):
        make_account_sas("acct", "x", "r", NOW, NOW)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", {}),
        ("??a=1&&=2&b", {"a": "1", "b": ""}),
        ("a%62=c%2Bd+e&ab=f", {"ab": "c+d e"}),
        ("a=b=c", {"a": "b=c"}),
        ("Xa=X", {"Xa": "X"}),
        ("sig=%2B+", {"sig": "++"}),
    ],
)
def test_a_query_is_read_as_it_may_come(query, fields):
    """Names without values, values without names, escapes in both, and the first of two."""
    assert fields == {
        name: value.replace(" ", "+") if name == "sig" else value for name, value in parse_token(query).items()
    }


def test_the_version_of_an_account_token_that_nobody_chose():
    """The first there was; a blob's is that of the documents' samples."""
    assert make_account_sas("acct", KEY, "r", NOW, NOW).startswith("?sv=2015-04-05&")
    assert make_service_sas("acct", KEY, "c", None, "r", NOW, NOW).startswith("?sv=2013-08-15&")
