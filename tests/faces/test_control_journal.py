"""The journal searched and exported; keys replaced; what there is to call, listed."""

import threading

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from support import graphs, source


@pytest.fixture
def own(place_with):
    """Make an emulator whose journal is the test's own, with a few requests in it."""
    place = place_with()
    echo = place.deploy(graphs.ECHO)
    echo.score({"Inputs": {"input1": {"Values": []}}})
    echo.score({"Inputs": {"input1": {"Values": []}}}, key="wrong")
    place.manage("GET", "/webservices")
    return place


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", 3),
        ("operation=rrs.execute", 2),
        ("operation=rrs.*&status=401", 1),
        ("status=200", 2),
        ("method=GET", 1),
        ("path=*/webservices", 1),
        ("path=/webservices", 0),
        ("operation=bes.*", 0),
    ],
)
def test_requests_are_found_and_counted(own, query, expected):
    """Patterns and statuses in the query choose among the journal's requests."""
    counted = own.wire.call("GET", f"/_emulator/requests/count?{query}").json
    own.emulator.requests.clear()
    assert {"count": expected} == counted


def test_requests_of_one_workspace(own):
    """Two tests that share an emulator find their own requests."""
    found = own.wire.call("GET", f"/_emulator/requests?workspace={own.workspace.id}").json
    assert ["rrs.execute", "rrs.execute", "services.list"] == [entry["operation"] for entry in found]
    assert [] == own.wire.call("GET", "/_emulator/requests?workspace=0000").json


@pytest.mark.parametrize("query", ["colour=red", "status=ok", "status=-1"])
def test_a_filter_that_there_is_none_of(own, query):
    """An unknown filter is refused with those that there are."""
    assert (400, "BadRequest", None) == own.wire.call("GET", f"/_emulator/requests?{query}").refusal


def test_the_journal_as_an_archive(own):
    """The export is an HTTP Archive 1.2 with every request of the journal and no secret."""
    own.manage("GET", "/webservices?sig=SECRET&a=1")
    log = own.wire.call("GET", "/_emulator/requests/har").json["log"]
    assert ("1.2", "amlclassic") == (log["version"], log["creator"]["name"])
    assert [200, 401, 200, 200] == [entry["response"]["status"] for entry in log["entries"]]
    assert [{"name": "sig", "value": "***"}, {"name": "a", "value": "1"}] == log["entries"][3]["request"]["queryString"]
    assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= set(log["entries"][0])


def test_an_assertion_that_holds(own):
    """What was called is returned."""
    requests = own.emulator.requests
    assert 2 == len(requests.assert_called(operation="rrs.execute"))
    assert 1 == len(requests.assert_called(1, operation="rrs.execute", status=401))
    assert [] == requests.assert_called(0, operation="bes.*")


def test_an_assertion_that_fails_shows_the_nearest_request(own):
    """The message says what was wanted, what was nearest to it, and the difference."""
    with pytest.raises(AssertionError) as caught:
        own.emulator.requests.assert_called(operation="rrs.execute", status=500)
    text = str(caught.value)
    assert "expected at least one request with operation='rrs.execute', status=500; there were 0." in text
    assert "The nearest other one: POST " in text
    assert "  status: wanted 500, was 200" in text
    with pytest.raises(AssertionError, match=r"expected 3 requests with .*; there were 2\."):
        own.emulator.requests.assert_called(3, operation="rrs.execute")
    own.emulator.requests.clear()
    with pytest.raises(AssertionError, match="No request has come at all"):
        own.emulator.requests.assert_called(operation="rrs.execute")


def test_a_filter_in_python_that_there_is_none_of(own):
    """A misspelt filter is a TypeError, not a search that finds nothing."""
    with pytest.raises(TypeError, match="not by colour"):
        own.emulator.requests.find(colour="red")


def test_waiting_for_a_request(own):
    """It returns as soon as there are as many as asked for, and says what came instead when they do not come."""
    timer = threading.Timer(0.01, lambda: own.manage("GET", "/webservices"))
    timer.start()
    assert 2 == len(own.emulator.requests.wait_for(2, operation="services.list"))
    with pytest.raises(AssertionError, match="within 0 seconds; there were 0"):
        own.emulator.requests.wait_for(seconds=0, operation="bes.submit")


def test_a_key_is_replaced(own):
    """The old key opens nothing any more, the other one still does."""
    echo = own.target(own.emulator.directory.services(own.workspace.id)[0])
    url = f"/_emulator/endpoints/{echo.endpoint.id}/keys"
    keys = own.wire.call("POST", url, {"which": "primary"}).json
    rows = {"Inputs": {"input1": {"Values": []}}}
    assert echo.endpoint.secondary_key == keys["secondary_key"]
    tried = (echo.endpoint.primary_key, keys["primary_key"], keys["secondary_key"])
    assert [401, 200, 200] == [echo.score(rows, key=key).status for key in tried]
    assert keys["secondary_key"] != own.wire.call("POST", url, {"which": "secondary"}).json["secondary_key"]
    assert (400, "BadRequest", None) == own.wire.call("POST", url, {"which": "both"}).refusal
    assert (404, "NotFound", None) == own.wire.call("POST", "/_emulator/endpoints/x/keys", {"which": "primary"}).refusal


def test_the_openapi_document(own):
    """It is valid, and has every operation that a face declares for programs."""
    document = own.wire.call("GET", "/_emulator/openapi.json").json
    assert [] == [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]
    described = [one for path in document["paths"].values() for one in path.values() if isinstance(one, dict)]
    named = {one.get("x-operation", one["operationId"]) for one in described}
    assert set() == (set(source.operations()) - source.pages()) ^ named
    assert "/_emulator/reset" in document["paths"]
    assert "/ussouthcentral.services/workspaces/{workspace_id}/services/{endpoint_id}/execute" in document["paths"]


def test_coverage(own):
    """Every operation stands with its routes and how its behaviour is known."""
    found = {one["operation"]: one for one in own.wire.call("GET", "/_emulator/coverage").json}
    assert set() == set(source.operations()) - set(found)
    assert [] == [name for name, one in found.items() if not one["evidence"] or not one["routes"]]
