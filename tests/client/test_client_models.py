"""Reading the service's JSON, and keeping secrets out of sight."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlclient import (
    BlobLocation,
    Endpoint,
    JobState,
    JobStatus,
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


@pytest.mark.parametrize("url", ["", "c/b.csv", "file:///c/b", "http://host", "http://host/"])
def test_what_is_no_blobs_address_is_refused(url: str) -> None:
    """A path or a bare host is not a blob."""
    with pytest.raises(WrongCall):
        BlobLocation.from_url(url)


def test_the_same_blob_is_known_however_it_is_cut() -> None:
    """Base and path may meet at any slash; tokens do not matter; another host does."""
    one = BlobLocation("acct/c/m.ilearner", "http://h/", "?sig=1")
    assert one.is_same_blob(BlobLocation("/c/m.ilearner", "http://h/acct", "?sig=2"))
    assert one.is_same_blob(BlobLocation("acct/c/m.ilearner"))
    assert not one.is_same_blob(BlobLocation("acct/c/m.ilearner", "http://other/"))
    assert not one.is_same_blob(BlobLocation())
    assert not BlobLocation().is_same_blob(BlobLocation())


def test_extensions() -> None:
    """The extension is the last part's, in lower case."""
    assert [".ilearner", ".csv", ""] == [BlobLocation(p).extension for p in ("c.d/x.ILearner", "/a.b.csv", "c.x/y")]


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


SECRETS = ("AccountKey=Zm9vYmFy==", "?sv=1&sig=abc%2Bd&se=1", "Authorization: Bearer tok/en+==", "mykeymykey")


def test_redaction_hides_every_kind_of_secret() -> None:
    """Account keys, signatures, bearer keys, and what is named exactly."""
    text = redact(" ".join(SECRETS), ["mykeymykey"])
    assert "AccountKey=*** ?sv=1&sig=***&se=1 Authorization: Bearer *** ***" == text


def test_masks_tell_apart_but_give_nothing_away() -> None:
    """Short keys are hidden whole."""
    assert ("abcd***", "***", "***") == (mask("abcd" + "e" * 40), mask("short"), mask(""))


def test_a_service_error_hides_what_the_service_repeats() -> None:
    """InvalidBlobConnectionString quotes the connection string; the exception does not."""
    error = ServiceError(400, "BadArgument", "in invalid: AccountName=a;AccountKey=Zm9v==;", url="http://x/?sig=abc")
    assert "400 BadArgument: in invalid: AccountName=a;AccountKey=***;" in str(error)
    assert "abc" not in str(error) + repr(error) + error.url
