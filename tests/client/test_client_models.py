"""Reading the service's JSON, and keeping secrets out of sight."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlclient import (
    AmlError,
    BlobLocation,
    Endpoint,
    EndpointSettings,
    ErrorDetail,
    JobCancelled,
    JobFailed,
    JobState,
    JobStatus,
    JobTimeout,
    NotSent,
    Resource,
    ScoreResult,
    ServiceError,
    Table,
    UnexpectedAnswer,
    WebService,
    WrongCall,
    mask,
    redact,
)
from amlclient._redaction import quieten_logs

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("base", ["https://a.blob/", "https://a.blob"])
@pytest.mark.parametrize("path", ["/c/b.csv", "c/b.csv"])
@pytest.mark.parametrize("token", ["?sv=1&sig=x", "sv=1&sig=x", "&sv=1&sig=x"])
def test_a_blobs_address_has_one_slash_and_one_question_mark(base: str, path: str, token: str) -> None:
    """However the three parts come, they join to the same address (clients.md section 7)."""
    assert "https://a.blob/c/b.csv?sv=1&sig=x" == BlobLocation(path, base, token).url


def test_a_blob_without_base_has_no_address() -> None:
    """A reference by connection string cannot be fetched by URL, and says so."""
    with pytest.raises(WrongCall):
        _ = BlobLocation("c/b.csv", connection_string="AccountKey=x").url
    assert "c/b.csv" == BlobLocation("/c/b.csv").address


def test_an_address_taken_apart_and_joined_is_the_same() -> None:
    """from_url is the inverse of url."""
    url = "http://127.0.0.1:1/acct/c/b.csv?sv=1&sig=a%2Bb"
    assert url == BlobLocation.from_url(url).url


@pytest.mark.parametrize(
    "url", ["", "c/b.csv", "file:///c/b", "ftp://h/c/b", "https:///c/b", "http://host", "http://host/"]
)
def test_what_is_no_blobs_address_is_refused(url: str) -> None:
    """A path or a bare host is not a blob."""
    with pytest.raises(WrongCall):
        BlobLocation.from_url(url)


def test_the_same_blob_is_known_however_it_is_cut() -> None:
    """Base and path may meet at any slash; tokens do not matter; another host does."""
    one = BlobLocation("acct/c/m.ilearner", "http://h/", "?sig=1")
    assert one.is_same_blob(BlobLocation("/c/m.ilearner", "http://h/acct", "?sig=2"))
    assert one.is_same_blob(BlobLocation("acct/c/m.ilearner"))
    assert one.is_same_blob(BlobLocation("/acct/c/m.ilearner"))
    assert BlobLocation("/acct/c/m.ilearner").is_same_blob(one)
    assert not one.is_same_blob(BlobLocation("acct/c/m.ilearner", "http://other/"))
    assert not one.is_same_blob(BlobLocation())
    assert not BlobLocation().is_same_blob(BlobLocation())


def test_extensions() -> None:
    """The extension is the last part's, in lower case."""
    paths = ("c.d/x.ILearner", "/a.b.csv", "c.x/y", "c/v1.2/y")
    assert [".ilearner", ".csv", "", ""] == [BlobLocation(path).extension for path in paths]


def test_to_json_names_only_what_is_set() -> None:
    """Members on the wire are the service's names, without nulls."""
    assert {"BaseLocation": "b", "RelativeLocation": "r"} == BlobLocation("r", "b").to_json()


def test_a_status_is_read_with_more_and_with_less() -> None:
    """Unknown members are ignored; Results may be null; Details may be missing."""
    wire = {"StatusCode": "Finished", "Results": {"o": {"RelativeLocation": "r", "FullURL": 1}}, "CreatedAt": "x"}
    assert JobStatus(JobState.FINISHED, {"o": BlobLocation("r")}, None, "Finished") == JobStatus.from_json(wire)
    assert JobStatus(JobState.RUNNING, {}, None, "Running") == JobStatus.from_json({"StatusCode": "Running"})


def test_version_1_of_a_status() -> None:
    """Integer codes and the singular Result are read too (clients.md 4.6)."""
    status = JobStatus.from_json({"StatusCode": 4, "Result": {"RelativeLocation": "r"}})
    assert (JobState.FINISHED, {"output1": BlobLocation("r")}) == (status.state, status.results)


@pytest.mark.parametrize("code", ["Paused", "finished", None, True, 9, []])
def test_an_unknown_state_is_no_end(code: object) -> None:
    """A name that the documents do not have is neither success nor failure."""
    assert not JobStatus.from_json({"StatusCode": code}).state.ended


@given(data=anything)
def test_reading_anything_never_breaks_otherwise_than_promised(data) -> None:
    """Any JSON at all is read, or is an UnexpectedAnswer."""
    for kind in (JobStatus, WebService, Endpoint, Resource, ScoreResult, Table):
        try:
            kind.from_json(data)
        except UnexpectedAnswer:
            continue


def test_an_endpoint_shows_no_key() -> None:
    """Representations leave the keys out; masked_key tells two apart."""
    endpoint = Endpoint.from_json(
        {"Name": "e", "PrimaryKey": "p" * 88, "SecondaryKey": "s" * 88, "PreventUpdate": True}
    )
    assert "ppp" not in repr(endpoint)
    assert "sss" not in repr(endpoint)
    assert "pppp***" == endpoint.masked_key
    assert endpoint.resources is None


def test_an_endpoint_with_resources() -> None:
    """Resources are found by their exact name; an empty location is as deployed."""
    endpoint = Endpoint.from_json({"Name": "e", "Resources": [{"Name": "m", "Kind": "TrainedModel", "Location": {}}]})
    assert Resource("m", "TrainedModel") == endpoint.resource("m")
    assert endpoint.resource("M") is None


def test_both_forms_of_an_answer_are_the_same_table() -> None:
    """The plain form and swagger's list of objects give the same cells."""
    value = {"ColumnNames": ["a", "b"], "ColumnTypes": ["String", "Double"], "Values": [["x", "1"], [None, "2"]]}
    plain = ScoreResult.from_json({"Results": {"output1": {"type": "table", "value": value}}}).table
    swagger = ScoreResult.from_json({"Results": {"output1": [{"a": "x", "b": "1"}, {"a": None, "b": "2"}]}}).table
    assert list(plain.records()) == list(swagger.records())
    assert ("1", "2") == plain.column("b")
    assert 2 == len(plain)
    with pytest.raises(WrongCall, match="a, b"):
        plain.column("c")


def test_an_answer_without_details_has_no_names() -> None:
    """Without details only the rows come back (documents.md 4.2); asking for a column says how to get names."""
    table = Table.from_json({"type": "table", "value": {"Values": [["1"]]}})
    with pytest.raises(WrongCall, match="details=True"):
        table.column("a")


@pytest.mark.parametrize(
    "value", [{"Values": [["1"]], "ColumnNames": ["a", "b"]}, {"Values": "x"}, {"Values": ["x"]}, {}, None]
)
def test_a_ragged_answer_is_unexpected(value: object) -> None:
    """Rows that do not fit their names are not guessed at."""
    with pytest.raises(UnexpectedAnswer):
        Table.from_json({"type": "table", "value": value})


def test_records_have_to_agree() -> None:
    """Rows with other columns than the first are a wrong call."""
    with pytest.raises(WrongCall, match="row 1"):
        Table.from_records([{"a": 1}, {"b": 1}])


@pytest.mark.parametrize("secret", ["sig=x", "AccountKey=x", "Bearer x", "sig%3Dx"])
def test_what_is_hidden_stays_as_it_is(secret: str) -> None:
    """Redacting twice is redacting once, and what stands after a secret is kept; more of a secret is not."""
    once = redact(f"GET /?{secret} (refused)")
    text = once.replace(" (", ": (")
    assert [once, text] == [redact(once), redact(text)]
    assert once == redact(once.replace("*** (", "***0 ("))


SECRETS = ("AccountKey=Zm9vYmFy==", "?sv=1&sig=abc%2Bd&se=1", "Authorization: Bearer tok/en+==", "mykeymykey")


def test_redaction_hides_every_kind_of_secret() -> None:
    """Account keys, signatures, bearer keys, and what is named exactly."""
    text = redact(" ".join(SECRETS), ["mykeymykey"])
    assert "AccountKey=*** ?sv=1&sig=***&se=1 Authorization: Bearer *** ***" == text


@pytest.mark.parametrize("spelt", ["a+b/c", "a%2Bb%2Fc", "a\\u002Bb/c", "a+b\\/c"])
def test_a_secret_is_known_however_it_is_spelt(spelt: str) -> None:
    """As it is, as in an address, and as .NET and others escape it in JSON; each time that it stands there."""
    assert "key *** or ***!" == redact(f"key {spelt} or {spelt}!", ["other", "a+b/c"])


def test_masks_tell_apart_but_give_nothing_away() -> None:
    """Short keys are hidden whole."""
    assert ("abcd***", "***", "***") == (mask("abcd" + "e" * 40), mask("short"), mask(""))


def test_a_service_error_hides_what_the_service_repeats() -> None:
    """InvalidBlobConnectionString quotes the connection string; the exception does not."""
    error = ServiceError(400, "BadArgument", "in invalid: AccountName=a;AccountKey=Zm9v==;", url="http://x/?sig=abc")
    assert "400 BadArgument: in invalid: AccountName=a;AccountKey=***;" in str(error)
    assert "abc" not in str(error) + repr(error) + error.url


FULL = {
    "Name": "e",
    "ApiLocation": "http://a",
    "HelpLocation": "http://h",
    "PrimaryKey": "p",
    "SecondaryKey": "s",
    "Resources": [{"Name": "m", "Kind": "TrainedModel", "Location": {"RelativeLocation": "r"}}],
    "Description": "d",
    "CreationTime": "t",
    "ThrottleLevel": "High",
    "MaxConcurrentCalls": 20,
    "PreventUpdate": True,
}
SERVICE = {
    "Id": "i",
    "Name": "n",
    "Description": "d",
    "CreationTime": "t",
    "WorkspaceId": "w",
    "DefaultEndpointName": "first",
    "EndpointCount": 2,
}
REFERENCE = {"ConnectionString": "c", "BaseLocation": "b", "RelativeLocation": "r", "SasBlobToken": "s"}


def test_every_member_of_a_record_is_read() -> None:
    """Each stands under its name on the wire, and in its place here."""
    resource = Resource("m", "TrainedModel", BlobLocation("r"))
    expected = Endpoint("e", "http://a", "http://h", "p", "s", (resource,), "d", "t", "High", 20, True)
    assert expected == Endpoint.from_json(FULL)
    assert WebService("i", "n", "d", "t", "w", "first", 2) == WebService.from_json(SERVICE)
    assert BlobLocation("r", "b", "s", "c") == BlobLocation.from_json(REFERENCE)
    assert REFERENCE == BlobLocation("r", "b", "s", "c").to_json()


def test_what_a_record_lacks_has_its_default() -> None:
    """Absent, null and of another type are the same."""
    assert Endpoint("e") == Endpoint.from_json({"Name": "e", "MaxConcurrentCalls": "20", "PreventUpdate": "True"})
    assert Endpoint("e") == Endpoint.from_json({"Name": "e", "Description": 5, "ThrottleLevel": "", "PrimaryKey": []})
    assert WebService("i", "") == WebService.from_json({"Id": "i", "EndpointCount": "2", "DefaultEndpointName": ""})
    assert Resource("m") == Resource.from_json({"Name": "m", "Location": 5})
    assert BlobLocation() == BlobLocation.from_json([])
    assert "***" == Endpoint("e").masked_key


def test_settings_that_nobody_chose() -> None:
    """Low, and nothing said of calls or updates."""
    expected = {"Description": None, "ThrottleLevel": "Low", "MaxConcurrentCalls": None, "PreventUpdate": False}
    assert expected == EndpointSettings().to_json()
    chosen = {"Description": "d", "ThrottleLevel": "High", "MaxConcurrentCalls": 9, "PreventUpdate": True}
    assert chosen == EndpointSettings("d", "High", 9, True).to_json()


@pytest.mark.parametrize(
    ("read", "data", "sentence"),
    [
        (JobStatus.from_json, [], "a job's status is not an object"),
        (JobStatus.from_json, {}, "a job's status has no StatusCode"),
        (Resource.from_json, 5, "a resource is not an object"),
        (Resource.from_json, {}, "Name is missing"),
        (WebService.from_json, None, "a web service is not an object"),
        (WebService.from_json, {"Id": ""}, "Id is missing"),
        (Endpoint.from_json, "x", "an endpoint is not an object"),
        (Endpoint.from_json, {"Name": 5}, "Name is missing"),
        (Table.from_json, 5, "an output is not an object"),
        (Table.from_json, {"value": 5}, "an output's value is not an object"),
        (Table.from_json, {"value": {"Values": 5}}, "an output's Values are not rows"),
        (Table.from_json, {"value": {"Values": [[1], 5]}}, "an output's Values are not rows"),
        (
            Table.from_json,
            {"value": {"Values": [[1]], "ColumnNames": []}},
            "an output's rows do not fit its ColumnNames",
        ),
        (Table.from_json, [5], "a row is not an object"),
        (Table.from_json, [{"a": 1}, {"b": 1}], "an output is ragged: row 1 has other columns than row 0"),
        (ScoreResult.from_json, 5, "an answer is not an object"),
        (ScoreResult.from_json, {}, "Results is not an object"),
        (lambda data: ScoreResult.from_json(data).table, {"Results": {}}, "the service answered without any output"),
    ],
)
def test_an_answer_of_another_shape_is_told_in_one_sentence(read, data, sentence: str) -> None:
    """What it should have been, or what is missing."""
    with pytest.raises(UnexpectedAnswer) as caught:
        read(data)
    assert sentence == str(caught.value)


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (
            lambda: BlobLocation.from_url("c/b.csv"),
            "a blob's address looks like https://account.blob.core.windows.net/container/blob?sas",
        ),
        (
            lambda: BlobLocation("c/b.csv").url,
            "this blob reference has no BaseLocation or no RelativeLocation, so it has no address",
        ),
        (
            lambda: BlobLocation(None, "http://h").url,
            "this blob reference has no BaseLocation or no RelativeLocation, so it has no address",
        ),
        (lambda: Table.from_records([{"a": 1}, {"a": 1, "b": 2}]), "row 1 has other columns than row 0"),
        (lambda: Table(("a", "b"), ()).column("c"), "there is no column 'c'; the columns are a, b"),
        (
            lambda: Table(None, ()).column("c"),
            "the column names are not known; ask with details=True or swagger=True",
        ),
    ],
)
def test_a_wrong_call_is_told_in_one_sentence(action, sentence: str) -> None:
    """What was asked for, and what there is."""
    with pytest.raises(WrongCall) as caught:
        action()
    assert sentence == str(caught.value)


def test_the_parts_of_an_address() -> None:
    """Path without its slash, base with one, token with its question mark or none."""
    assert BlobLocation("c/b", "http://h/", "?s=1") == BlobLocation.from_url("http://h//c/b?s=1")
    assert BlobLocation("c/b", "https://h/") == BlobLocation.from_url("https://h/c/b")
    assert "http://h/c/b" == BlobLocation("/c/b", "http://h//").url == BlobLocation("/c/b", "http://h//", "?x").address
    assert ("", "") == (BlobLocation().address, BlobLocation().extension)


def test_states_of_both_versions() -> None:
    """Names and integers in the documents' order; three of them are ends."""
    names = ["NotStarted", "Running", "Failed", "Cancelled", "Finished"]
    assert names == [JobState.read(number).value for number in range(5)]
    assert names == [JobState.read(name).value for name in names]
    assert ["Unknown"] * 3 == [JobState.read(number).value for number in (-1, 5, False)]
    assert ["Failed", "Cancelled", "Finished"] == [state.value for state in JobState if state.ended]


def test_a_status_keeps_what_came() -> None:
    """Details without secrets, the code as it was sent, results by their names, of either version."""
    wire = {"StatusCode": 2, "Details": "AccountKey=x;", "Results": {"a": None}}
    assert JobStatus(JobState.FAILED, {"a": BlobLocation()}, "AccountKey=***;", "2") == JobStatus.from_json(wire)
    assert {} == JobStatus.from_json({"StatusCode": "x", "Results": [], "Result": None}).results


def test_tables_keep_names_rows_and_types() -> None:
    """Of each form what it has; the first output is the table."""
    value = {"ColumnNames": ["a", 5], "ColumnTypes": ["Double", None], "Values": [[1, 2]]}
    plain = {"type": "table", "value": value}
    table = Table(("a", "5"), ((1, 2),), ("Double", "None"))
    assert table == Table.from_json(plain)
    assert Table(("a",), ((1,), (2,))) == Table.from_json([{"a": 1}, {"a": 2}])
    assert Table((), ()) == Table.from_records([])
    result = ScoreResult.from_json({"Results": {"o": plain, "p": []}})
    assert ({"o": table, "p": Table((), ())}, table) == (result.outputs, result.table)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: ServiceError(
                400,
                "C",
                "m",
                details=(ErrorDetail("D", "n AccountKey=x", "t"), ErrorDetail("E", "o")),
                request_id="r",
                method="GET",
                url="http://h/?sig=x",
            ),
            "GET http://h/?sig=*** answered 400 C: m D [t]: n AccountKey=*** E: o (request r)",
        ),
        (lambda: ServiceError(500, "", "m"), "500: m"),
        (
            lambda: NotSent("refused sig=x", method="POST", url="http://h/?sig=x"),
            "POST http://h/?sig=***: refused sig=***",
        ),
        (
            lambda: UnexpectedAnswer("cut sig=x", method="GET", url="http://h/?sig=x"),
            "GET http://h/?sig=***: cut sig=***",
        ),
        (lambda: UnexpectedAnswer("cut"), "cut"),
        (lambda: JobFailed(job_id="j", details="sig=x"), "job j failed: sig=***"),
        (lambda: JobFailed(job_id="j", details=None), "job j failed: the service gave no details"),
        (lambda: JobCancelled(job_id="j"), "job j was cancelled"),
        (
            lambda: JobTimeout(job_id="j", state="Running", seconds=2.5, cancelled=True),
            "job j was still Running after 2.5 s; it was cancelled",
        ),
        (
            lambda: JobTimeout(job_id="j", state="Running", seconds=2.0, cancelled=False),
            "job j was still Running after 2 s; it goes on",
        ),
    ],
)
def test_an_error_is_told_in_one_sentence(make, sentence: str) -> None:
    """Call, status, codes, texts and request, without any secret."""
    assert sentence == str(make())


def test_an_error_keeps_its_parts() -> None:
    """What the sentence was made of, for programs."""
    error = ServiceError(
        400, "C", "m", details=(ErrorDetail("D", "n", "t"),), request_id="r", method="GET", url="http://h/"
    )
    assert (400, "C", "m", (ErrorDetail("D", "n", "t"),), "r", "GET", "http://h/", ("D",)) == (
        error.status,
        error.code,
        error.message,
        error.details,
        error.request_id,
        error.method,
        error.url,
        error.detail_codes,
    )
    lost = NotSent("why", method="POST", url="http://h/")
    assert ("why", "POST", "http://h/") == (lost.reason, lost.method, lost.url)
    unread = UnexpectedAnswer("why", request_id="r")
    assert ("why", "r") == (unread.reason, unread.request_id)
    assert ("", "") == ((bare := ServiceError(500, "", "m")).method, bare.url)
    assert ("sig=***", 5) == AmlError("sig=x", 5).args
    failed = JobFailed(job_id="j", details="d")
    assert ("j", "d", None) == (failed.job_id, failed.details, JobFailed(job_id="j", details="").details)
    late = JobTimeout(job_id="j", state="Running", seconds=1, cancelled=True)
    assert ("j", "Running", True) == (late.job_id, late.state, late.cancelled)


def test_an_error_knows_the_failures_that_look_like_it() -> None:
    """What the raiser said goes first; else what the catalogue recognises; of nothing known there is no link."""
    said = AmlError("x", failures=("patch-on-default",))
    assert (("patch-on-default",), "patch-on-default") == (said.failures, said.failure.id if said.failure else None)
    assert "docs/troubleshooting.md#patch-on-default" == said.link
    assert ((), None, None) == (AmlError("x").failures, AmlError("x").failure, AmlError("x").link)
    cancelled = JobCancelled(job_id="j")
    assert ("job-cancelled",) == cancelled.failures
    seen = JobFailed(job_id="j", details=None)
    seen.url = "http://127.0.0.1:1/x"  # type: ignore[attr-defined] # as the errors of a call have one
    assert f"http://127.0.0.1:1/_emulator/failures/{seen.failures[0]}" == seen.link


def test_logs_of_urllib3_show_no_signature(monkeypatch) -> None:
    """One filter on each of its loggers, however often that is asked for."""
    for name in ("urllib3.connection", "urllib3.connectionpool"):
        monkeypatch.setattr(logging.getLogger(name), "filters", [])
    quieten_logs()
    quieten_logs()
    for name in ("urllib3.connection", "urllib3.connectionpool"):
        (quiet,) = [one for one in logging.getLogger(name).filters if type(one).__name__ == "_QuietLog"]
        record = logging.LogRecord(name, logging.WARNING, "", 1, "at %s", ("http://h/?sig=secret",), None)
        assert quiet.filter(record)
        assert ("at http://h/?sig=***", ()) == (record.msg, record.args)


def test_the_shortest_key_of_which_something_is_shown() -> None:
    """Sixteen characters; of fewer nothing, and of no secret no trace."""
    assert ("0123***", "***") == (mask("0123456789abcdef"), mask("0123456789abcde"))
    assert "a b" == redact("a b", [""])
