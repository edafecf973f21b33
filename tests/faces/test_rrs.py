"""The Request-Response Service over the wire."""

import re
from contextlib import ExitStack
from unittest.mock import patch

import pytest

from amlemulator.ports.runner import Outcome
from support import graphs
from support.census import CLERK, MANAGER, NAMES, plain, probabilities
from support.state import unchanged

ROW = [1.5, 7, "a", True, "5/30/2010 18:07:00"]
SHOWN = ["1.5", "7", "a", "True", "5/30/2010 6:07:00 PM"]
COLUMNS = ["x", "n", "y", "b", "t"]
TYPES = ["Double", "Int32", "String", "Boolean", "DateTime"]
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UNAUTHORIZED = {
    "error": {
        "code": "Unauthorized",
        "message": "Request is unauthorized to access resource.",
        "details": [{"code": "ScoreRequestUnauthorized", "message": "Invalid credentials provided."}],
    }
}


def rows(*values):
    return {"Inputs": {"input1": {"Values": list(values)}}, "GlobalParameters": {}}


@pytest.fixture
def echo(place):
    """Deploy a service that gives back what it takes."""
    return place.deploy(graphs.ECHO)


# Answers


def test_a_census_row_is_scored(place):
    """A real model answers with the row, a label and a probability, all of them strings."""
    answer = place.sample("census-model-predictive").score(
        plain(CLERK, MANAGER), query={"api-version": "2.0", "details": "true"}
    )
    value = answer.json["Results"]["output1"]["value"]
    assert [*NAMES, "Scored Labels", "Scored Probabilities"] == value["ColumnNames"]
    assert [CLERK, MANAGER] == [row[:15] for row in value["Values"]]
    assert ["<=50K", ">50K"] == [row[15] for row in value["Values"]]
    low, high = (float(text) for text in probabilities(answer))
    assert 0 <= low < 0.5 < high <= 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"type": "table", "value": {"Values": [SHOWN]}}),
        ({"api-version": "2.0"}, {"type": "table", "value": {"Values": [SHOWN]}}),
        (
            {"api-version": "2.0", "details": "true"},
            {"type": "table", "value": {"ColumnNames": COLUMNS, "ColumnTypes": TYPES, "Values": [SHOWN]}},
        ),
        ({"api-version": "2.0", "format": "swagger"}, [dict(zip(COLUMNS, SHOWN, strict=True))]),
        ({"api-version": "2.0", "format": "swagger", "details": "true"}, [dict(zip(COLUMNS, SHOWN, strict=True))]),
        ({"amp;format": "swagger", "api-version": "2.0"}, {"type": "table", "value": {"Values": [SHOWN]}}),
    ],
)
def test_forms_of_the_answer(echo, query, expected):
    """Query parameters choose between values, names and types, and objects; unknown ones are ignored."""
    answer = echo.score(rows(ROW), query=query)
    assert (200, {"Results": {"output1": expected}}) == (answer.status, answer.json)


def test_headers_of_an_answer(echo):
    """An answer is JSON in UTF-8, has a request id and announces nothing of ours."""
    answer = echo.score(rows(ROW))
    assert "application/json; charset=utf-8" == answer.header("Content-Type")
    assert GUID.fullmatch(answer.header("x-ms-request-id") or "")
    assert {"content-type", "content-length", "x-ms-request-id"} == {name.lower() for name, _ in answer.headers}


@pytest.mark.parametrize(
    "table",
    [
        {"ColumnNames": ["t", "b", "y", "n", "x"], "Values": [ROW[::-1]]},
        {"ColumnNames": COLUMNS, "Values": [["1.5", "7", "a", "true", "2010-05-30T18:07:00"]]},
        {"Values": [ROW]},
        {"ColumnNames": None, "Values": [ROW]},
        [dict(zip(COLUMNS, ROW, strict=True))],
        [dict(zip(COLUMNS[::-1], ROW[::-1], strict=True))],
    ],
)
def test_forms_of_the_rows(echo, table):
    """Rows come by name in any order, by position or as objects, their cells as numbers or as strings."""
    answer = echo.score({"Inputs": {"input1": table}})
    assert [SHOWN] == answer.json["Results"]["output1"]["value"]["Values"]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [(29.462195987089871, "29.4621959870899"), ("1e3", "1000"), (None, None), (float("nan"), "NaN"), (0.125, "0.125")],
)
def test_doubles_are_written_as_dot_net_did(echo, cell, shown):
    """At most 15 significant digits, no trailing zeros, null for a missing cell; bare NaN is read."""
    values = echo.score(rows([cell, *ROW[1:]])).json["Results"]["output1"]["value"]["Values"]
    assert shown == values[0][0]


def test_a_thousand_rows(echo):
    """A mini-batch as Stream Analytics sends it is answered whole and in order."""
    answer = echo.score(rows(*([float(number), *ROW[1:]] for number in range(1000))))
    values = answer.json["Results"]["output1"]["value"]["Values"]
    assert [str(number) for number in range(1000)] == [row[0] for row in values]


def test_no_rows(echo):
    """An empty table is answered with an empty table."""
    value = echo.score(rows(), query={"details": "true"}).json["Results"]["output1"]["value"]
    assert ([], COLUMNS) == (value["Values"], value["ColumnNames"])


def test_several_inputs_and_outputs(place):
    """Each port has its own table, by its name."""
    target = place.deploy(graphs.TWO_PORTS)
    answer = target.score({"Inputs": {"input2": {"Values": [["a"]]}, "input1": {"Values": [["1"]]}}})
    tables = {name: table["value"]["Values"] for name, table in answer.json["Results"].items()}
    assert {"output1": [["1"]], "output2": [["a"]]} == tables


@pytest.mark.parametrize("body", [{}, {"Inputs": None}, {"Inputs": {"input1": {"Values": [["x"]]}}}])
def test_a_service_without_inputs(place, body):
    """It needs no Inputs, and R sends it some all the same."""
    answer = place.deploy(graphs.NO_INPUT).score(body)
    assert [["1", "2"], ["2", "4"], ["3", "6"], ["4", "8"]] == answer.json["Results"]["output1"]["value"]["Values"]


def test_a_web_service_parameter(place):
    """A required parameter reaches its module; a missing one is named in the observed reply (O2)."""
    target = place.deploy(graphs.REQUIRED)
    body = {**rows(ROW), "GlobalParameters": {"New column names": "y,x"}}
    assert 200 == target.score(body).status
    answer = target.score(rows(ROW))
    detail = answer.json["error"]["details"][0]
    assert ["code", "target", "message"] == list(detail)
    assert (400, "BadArgument", "MissingRequiredGlobalParameters", "New column names") == (
        *answer.refusal,
        detail["target"],
    )


# API version 1


def test_a_row_of_version_1(echo):
    """/score takes one feature vector and answers with a flat list of strings (documents.md 4.3)."""
    body = {"Id": "score00001", "Instance": {"FeatureVector": dict(zip(COLUMNS, ROW, strict=True))}}
    for query in ({}, {"api-version": "1.0"}):
        answer = echo.score(body, path="/score", query=query)
        assert (200, SHOWN) == (answer.status, answer.json)


def test_version_1_is_no_version_2(echo, place):
    """/score refuses version 2.0 and several inputs; /execute refuses version 1.0."""
    assert (400, "BadArgument", "BadVersionCall") == echo.score({}, path="/score").refusal
    assert (400, "BadArgument", "BadVersionCall") == echo.score(rows(ROW), query={"api-version": "1.0"}).refusal
    answer = place.deploy(graphs.TWO_PORTS).score({}, path="/score", query={})
    assert (400, "InvalidOperation", "MultipleInputsNotAllowed") == answer.refusal


# Habits of clients (clients.md section 16)


@pytest.mark.parametrize("scheme", ["Bearer {}", "bearer {}", "Bearer  {}", "BEARER {} ", "  Bearer {}"])
def test_the_key_in_every_form(echo, scheme):
    """The scheme's case and the blanks do not matter."""
    headers = {"Authorization": scheme.format(echo.endpoint.secondary_key)}
    assert 200 == echo.score(rows(ROW), headers=headers).status


def test_headers_that_mean_nothing_here(echo):
    """PowerShell sends the Studio header and its version besides; Java a Content-Encoding that is none."""
    headers = {
        "x-ms-metaanalytics-authorizationtoken": "anything",
        "x-aml-sdk": "powershell_0.3.8",
        "x-ms-client-session-id": "DefaultSession",
        "Content-Encoding": "UTF-8",
        "Accept-Charset": "UTF-8",
        "Expect": "100-continue",
    }
    assert 200 == echo.score(rows(ROW), headers=headers).status


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json; charset=us-ascii",
        "application/json;charset=UTF8",
        "text/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "nonsense",
    ],
)
def test_any_content_type(echo, kind):
    """A body is JSON whatever its Content-Type says."""
    assert 200 == echo.score(rows(ROW), headers={"Content-Type": kind}).status


@pytest.mark.parametrize("path", ["/execute/", "//execute", "/execute%20", "/execute%20%20", "/execute/%20"])
def test_addresses_as_clients_have_them(echo, path):
    """Double and trailing slashes and trailing blanks are answered as they are, without redirect."""
    assert 200 == echo.score(rows(ROW), path=path, query={}).status


@pytest.mark.parametrize(
    "body",
    [
        {"GlobalParameters": None},
        {"GolbalParameters": {"a": 1}},
        {"Outputs": None, "Id": "x"},
    ],
)
def test_members_that_are_null_or_unknown(echo, body):
    """Null is as good as absent, and unknown members are ignored."""
    answer = echo.score({"Inputs": {"input1": {"Values": [ROW], "Extra": 1}}, **body})
    assert 200 == answer.status


# Refusals


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "BadArgument", "MissingRequestInput")),
        ({"Inputs": {}}, (400, "BadArgument", "MissingRequestInput")),
        ({"input1": {"Values": []}}, (400, "BadArgument", "MissingRequestInput")),
        ([], (400, "BadArgument", "RequestBodyInvalid")),
        ({"Inputs": {"Input1": {"Values": []}}}, (400, "BadArgument", "InvalidInputNames")),
        ({**rows(ROW), "GlobalParameters": {"seed": 1}}, (400, "BadArgument", "UnexpectedParameter")),
        (rows([1.5]), (400, "LibraryExecutionError", "TableSchemaColumnCountMismatch")),
        (rows(["x", *ROW[1:]]), (400, "BadUserArgument", "InputParseError")),
        (rows(ROW, [1.5]), (400, "BadUserArgument", "InputParseError")),
        (
            {"Inputs": {"input1": [{**dict.fromkeys(COLUMNS[1:]), "z": 1}]}},
            (400, "BadUserArgument", "InputMismatchError"),
        ),
    ],
)
def test_bodies_that_are_refused(echo, body, expected):
    """Each fault of a body has its documented or observed answer, and leaves no trace."""
    with unchanged(echo.place.emulator):
        answer = echo.score(body)
    assert expected == answer.refusal
    assert ["code", "message", "details"] == list(answer.json["error"])


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "RequestBodyInvalid"),
        (b"{", "RequestBodyInvalid"),
        (b"\xff\xfe", "RequestBodyInvalid"),
        (b'{"Inputs": "\\ud800"}', "RequestBodyInvalid"),
        (b"null", "RequestIsEmpty"),
    ],
)
def test_bodies_that_are_no_request(echo, raw, code):
    """No body, no JSON, other encodings and null are refused as the catalogue says."""
    assert (400, "BadArgument", code) == echo.score(None, raw=raw).refusal


def test_a_body_that_is_cut_short(echo):
    """A caller that hangs up before the end of its body causes no fault."""
    answer = echo.score(None, raw=b'{"Inputs"', headers={"Content-Length": "5000"})
    assert (400, "BadArgument", "RequestBodyInvalid") == answer.refusal


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"api-version": "3.0"}, "BadVersionCall"),
        ({"api-version": "2.0", "format": "xml"}, "InvalidQueryParameter"),
        ({"api-version": "2.0", "details": "5"}, "InvalidQueryParameter"),
    ],
)
def test_queries_that_are_refused(echo, query, code):
    """Another version, format or value of details is a 400 of BadArgument."""
    assert (400, "BadArgument", code) == echo.score(rows(ROW), query=query).refusal


def test_a_body_over_4_mb_is_refused(echo):
    """The documented limit answers RequestBodyInvalid, in our reading (errors.md U9), and says so."""
    answer = echo.score(None, raw=b" " * (4 * 1024 * 1024 + 1))
    assert (400, "BadArgument", "RequestBodyInvalid") == answer.refusal
    assert "http.body-limit" == answer.header("x-amlclassic-evidence")
    assert (400, "BadArgument", "RequestBodyInvalid") == echo.score(None, raw=b" " * (4 * 1024 * 1024)).refusal


def test_a_training_service_cannot_score(place):
    """RRS on a training service is 400 IncompatibleModel, which is our choice (errors.md section 15)."""
    answer = place.deploy(graphs.TRAINING).score(rows([1, 2]))
    assert (400, "InvalidOperation", "IncompatibleModel") == answer.refusal
    assert "rrs.training-service" == answer.header("x-amlclassic-evidence")


def test_a_training_service_cannot_score_the_other_way(place_with):
    """By a switch it is a 500, PortDataTypeNotSupported."""
    answer = place_with(training_rrs="500").deploy(graphs.TRAINING).score(rows([1, 2]))
    assert (500, "InternalError", "PortDataTypeNotSupported") == answer.refusal


# Keys


def refused_calls(echo):
    """Every way of calling without the endpoint's own key, or where the endpoint is not."""
    other = echo.place.deploy(graphs.ECHO)
    workspace, path = echo.place.workspace, f"/services/{echo.endpoint.id}/execute"
    own = {"key": echo.endpoint.primary_key}
    return {
        "no header": (echo.api + "/execute", {}),
        "wrong key": (echo.api + "/execute", {"key": "x" * 88}),
        "other case": (echo.api + "/execute", {"key": echo.endpoint.primary_key.swapcase()}),
        "wrong scheme": (echo.api + "/execute", {"headers": {"Authorization": f"Basic {echo.endpoint.primary_key}"}}),
        "bare key": (echo.api + "/execute", {"headers": {"Authorization": echo.endpoint.primary_key}}),
        "another endpoint's key": (echo.api + "/execute", {"key": other.endpoint.primary_key}),
        "workspace token": (echo.api + "/execute", {"key": workspace.primary_token}),
        "unknown endpoint": (echo.api.replace(echo.endpoint.id, "0" * 32) + "/execute", own),
        "endpoint's name": (echo.api.replace(echo.endpoint.id, "default") + "/execute", own),
        "service id": (echo.api.replace(echo.endpoint.id, echo.service.id) + "/execute", own),
        "unknown workspace": (echo.api.replace(workspace.id, "0" * 32) + "/execute", own),
        "other region": (f"/europewest.services/workspaces/{workspace.id}{path}", own),
        "other region by name": (f"https://europewest.services.azureml.net/workspaces/{workspace.id}{path}", own),
    }


def test_what_is_not_authorized(echo):
    """Every wrong key and every wrong address answers the observed 401, whose body is refused last."""
    for name, (url, options) in refused_calls(echo).items():
        with unchanged(echo.place.emulator):
            answer = echo.place.wire.call("POST", url, raw=b"{ no JSON", **options)
        assert (name, 401, UNAUTHORIZED) == (name, answer.status, answer.json)
        assert answer.header("WWW-Authenticate") is None
        assert GUID.fullmatch(answer.header("x-ms-request-id") or "")


def test_an_unknown_address_by_the_switch(place_with):
    """By a switch what does not exist is 404, and a wrong key stays 401."""
    echo = place_with(unknown_address="404").deploy(graphs.ECHO)
    calls = refused_calls(echo)
    found = {name: echo.place.wire.call("POST", url, **options).refusal for name, (url, options) in calls.items()}
    workspace, service = (404, "NotFound", "WorkspaceNotFound"), (404, "NotFound", "WebServiceNotFound")
    assert (service, service, service) == (found["unknown endpoint"], found["endpoint's name"], found["service id"])
    assert (workspace, workspace) == (found["unknown workspace"], found["other region"])
    assert (401, "Unauthorized", "ScoreRequestUnauthorized") == found["wrong key"]


def test_the_key_is_refused_before_the_body(echo):
    """A wrong key with a body over the limit is 401."""
    assert 401 == echo.score(None, raw=b" " * (5 * 1024 * 1024), key="wrong").status


def test_an_endpoint_of_another_workspace_is_not_here(echo):
    """An endpoint's address under another workspace is unknown."""
    other = echo.place.emulator.add_workspace("Other")
    url = echo.api.replace(echo.place.workspace.id, other.id) + "/execute"
    assert 401 == echo.place.wire.call("POST", url, rows(ROW), key=echo.endpoint.primary_key).status


def test_a_fresh_endpoint_is_not_known_at_first(place_with):
    """For the seconds that are set, a new endpoint answers 401 with the right key, as observed (O11, O12)."""
    place = place_with(fresh_endpoint_seconds=5.0)
    place.emulator.clock.freeze()
    echo = place.deploy(graphs.ECHO)
    assert (401, UNAUTHORIZED) == (echo.score(rows(ROW)).status, echo.score(rows(ROW)).json)
    place.emulator.clock.advance(5.0)
    assert 200 == echo.score(rows(ROW)).status


# Limits


def taken(echo, count):
    stack = ExitStack()
    for _ in range(count):
        stack.enter_context(echo.place.emulator.throttle.place(echo.fresh()))
    return stack


def test_too_many_calls_are_throttled(place_with):
    """Where that is switched on, an endpoint over its limit answers 503 with its name, without Retry-After."""
    echo = place_with(enforce_concurrency=True).deploy(graphs.ECHO)
    with taken(echo, 4):
        answer = echo.score(rows(ROW))
    assert (503, "ServiceUnavailable", "RequestThrottled") == answer.refusal
    assert (
        "Request was throttled for default endpoint. The maximum concurrency for the endpoint is 4." == answer.message
    )
    assert answer.header("Retry-After") is None
    assert 200 == echo.score(rows(ROW)).status


def test_too_many_calls_of_all_endpoints(place_with):
    """Over the server's own limit it is TooManyConcurrentRequests."""
    place = place_with(enforce_concurrency=True, server_calls=2)
    busy, other = place.deploy(graphs.ECHO), place.deploy(graphs.ECHO)
    with taken(busy, 2):
        answer = other.score(rows(ROW))
    assert (503, "ServiceUnavailable", "TooManyConcurrentRequests") == answer.refusal
    assert 200 == other.score(rows(ROW)).status


def test_nothing_is_throttled_by_default(echo):
    """Real throttling depended on load that nobody recorded, so it is off unless asked for."""
    with taken(echo, 50):
        assert 200 == echo.score(rows(ROW)).status


def test_a_call_that_fails_gives_its_place_back(place_with):
    """Refused bodies do not use up the places of an endpoint."""
    echo = place_with(enforce_concurrency=True).deploy(graphs.ECHO)
    for _ in range(10):
        assert 400 == echo.score(rows([1])).status
    assert 200 == echo.score(rows(ROW)).status


def test_a_worker_that_is_stopped(staged):
    """Where scoring needs a worker and that is stopped with the emulator, the answer is 503 NoMoreResources."""
    staged.emulator.staged.verdict = Outcome("cancelled")
    with patch("amlemulator.experiments.scorer.needs_worker", return_value=True):
        answer = staged.deploy(graphs.NO_INPUT).score({})
    assert (503, "ServiceUnavailable", "NoMoreResources") == answer.refusal
