"""--strict: what the documents allow passes as ever, what they do not is refused with the line that says so."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amlclient import BlobLocation, EndpointSettings, ManagementClient, ScoringClient, ServiceError, Transport
from amlcontracts import load
from amlcontracts.operations import operations
from amlcontracts.schemas import faults, needed, references
from amlemulator.faces import strict
from support import bodies, graphs
from support.state import unchanged

RULES = load("rules")["rules"]
DOCUMENTS = load("rules")["documents"]
ROW = {"Inputs": {"input1": {"ColumnNames": ["x", "y"], "Values": [["1", 2]]}}, "GlobalParameters": {}}


@pytest.fixture
def echo(place_with):
    return place_with(strict=True).deploy(graphs.ECHO)


def told(answer):
    """Return the status and the sentence of a refusal, without the address of the document."""
    assert "strict.request" == answer.header("x-amlclassic-evidence")
    return answer.status, answer.message.partition(" (")[0]


# What passes


def test_documented_calls_pass(echo):
    """A request as the help page has it is answered as without --strict."""
    columns = [column["name"] for column in graphs.COLUMNS]
    table = {"ColumnNames": columns, "Values": [[None] * len(columns)]}
    body = {"Inputs": {"input1": table}, "GlobalParameters": {}}
    assert 200 == echo.score(body, query={"api-version": "2.0", "details": "true"}).status
    assert 200 == echo.score({"Inputs": {"input1": []}, "GlobalParameters": None}, query={"format": "swagger"}).status
    assert 200 == echo.place.manage("GET", "/webservices").status
    settings = {"Description": "d", "ThrottleLevel": "High", "MaxConcurrentCalls": 20, "PreventUpdate": False}
    assert 200 == echo.place.manage("PUT", f"{echo.endpoints}/ep2", settings).status
    assert 304 == echo.place.manage("POST", f"{echo.endpoints}/ep2/refresh", {"OverwriteResources": "False"}).status
    assert 200 == echo.place.manage("GET", f"{echo.endpoints}/ep2").status


def test_the_client_passes(place_with):
    """Whatever amlclient sends is what the documents allow."""
    echo = place_with(strict=True).deploy(graphs.ECHO)
    emulator, workspace = echo.place.emulator, echo.place.workspace
    with emulator.session() as session:
        transport = Transport(session)
        scoring = ScoringClient(echo.api, echo.endpoint.primary_key, transport=transport)
        rows = [{"x": 1.5, "n": 7, "y": "a", "b": True, "t": None}]
        assert 1 == len(scoring.score(rows).table) == len(scoring.score(rows, swagger=True).table)
        assert "2.0" == scoring.swagger()["swagger"]
        blob = BlobLocation("c/a.csv", emulator.addresses.blob_account("devstoreaccount1"), "?sv=1")
        job = scoring.submit_job(inputs={"input1": blob})
        scoring.start_job(job)
        scoring.job(job)
        scoring.delete_job(job)
        url = emulator.addresses.management_url(workspace)
        management = ManagementClient(url, workspace.primary_token, workspace.id, transport=transport)
        assert [echo.service.id] == [one.id for one in management.services()]
        management.add_endpoint(echo.service.id, "ep2", EndpointSettings("d", "High", 20))
        assert not management.refresh_endpoint(echo.service.id, "ep2", overwrite_resources=True)
        location = BlobLocation("c/a.ilearner", "http://h/", "?sv=1")
        with pytest.raises(ServiceError) as refused:
            management.patch_resource(echo.service.id, "ep2", "M", location, preflight=False)
        assert "--strict" not in str(refused.value)
        management.delete_endpoint(echo.service.id, "ep2")


def test_the_services_own_refusals_stay(echo):
    """Where the service has words of its own for a mistake, they are what is answered."""
    both = {"Input": {"RelativeLocation": "c/a.csv"}, "Inputs": {"input1": {"RelativeLocation": "c/a.csv"}}}
    assert (400, "BadArgument", "DuplicateInputInBatchCall") == echo.jobs("POST", "", both).refusal
    assert (400, "BadArgument", "MissingRequestInput") == echo.score({"Inputs": {}}).refusal
    assert (401, "Unauthorized", "ScoreRequestUnauthorized") == echo.score(ROW, key="wrong").refusal
    assert (400, "BadArgument", "BadVersionCall") == echo.score(ROW, query={"api-version": "3.0"}).refusal


# What is refused


def test_what_is_refused(echo):
    """An unknown member is 400 with the rule, the place in the request, and the line of the document."""
    answer = echo.jobs("POST", "", {"Inputs": {"input1": {"RelativeLocation": "c/a.csv", "FullURL": None}}})
    assert (400, "BadArgument", "RequestBodyInvalid") == answer.refusal
    assert f"--strict: {RULES['blob-reference']['text']} Seen at Inputs.input1." == told(answer)[1]
    address = DOCUMENTS["service"]["address"]
    assert answer.message.endswith(f"(the recorded API document of a real endpoint, line 225: {address}#L225)")


@pytest.mark.parametrize(
    ("rule", "where", "call"),
    [
        ("rrs-request", "the body", lambda to: to.score({**ROW, "Extra": 1})),
        ("rrs-request", "the body", lambda to: to.score([])),
        ("rrs-table", "Inputs.input1", lambda to: to.score({"Inputs": {"input1": {"Rows": []}}})),
        ("parameters", "GlobalParameters.a", lambda to: to.score({"Inputs": {}, "GlobalParameters": {"a": []}})),
        ("body", "the body", lambda to: to.score(None, raw=b'{"Inputs": {"input1": [{"x": NaN}]}}',
                                                 headers={"Content-Type": "application/json"})),
        ("content-type", "the header Content-Type", lambda to: to.score(None, raw=b"{}")),
        ("bearer", "the header Authorization",
         lambda to: to.score(ROW, headers={"Authorization": f"bearer {to.endpoint.primary_key}"})),
        ("bearer", "the header Authorization",
         lambda to: to.score(ROW, headers={"Authorization": f"Bearer  {to.endpoint.primary_key}"})),
        ("query", "the parameter amp;format", lambda to: to.score(ROW, query={"amp;format": "swagger"})),
        ("query", "the parameter details", lambda to: to.score(ROW, query={"details": "TRUE"})),
        ("batch-request", "the body", lambda to: to.jobs("POST", "", {"GolbalParameters": {}})),
        ("blob-reference", "Input.SasBlobToken", lambda to: to.jobs("POST", "", {"Input": {"SasBlobToken": 5}})),
        ("max-concurrent-calls", "MaxConcurrentCalls",
         lambda to: to.place.manage("PUT", f"{to.endpoints}/ep2", {"MaxConcurrentCalls": "20"})),
        ("throttle-level", "ThrottleLevel",
         lambda to: to.place.manage("PUT", f"{to.endpoints}/ep2", {"ThrottleLevel": "low"})),
        ("endpoint-settings", "the body", lambda to: to.place.manage("PUT", f"{to.endpoints}/ep2", {"Level": "Low"})),
        ("update-resource", "Resources.0",
         lambda to: to.place.manage("PATCH", to.managed, {"Resources": [{"Name": "a", "Where": {}}]})),
        ("refresh", "OverwriteResources",
         lambda to: to.place.manage("POST", f"{to.managed}/refresh", {"OverwriteResources": "yes"})),
        ("query", "the parameter api-version", lambda to: to.place.manage("GET", "/webservices?api-version=2.0")),
        ("control", "the body", lambda to: to.place.wire.call("POST", "/_emulator/clock", {"stop": True})),
    ],
)  # fmt: skip
def test_each_habit_is_told_with_its_rule(echo, rule, where, call):
    """Every leniency has its rule, the refusal says where in the request, and nothing changes."""
    with unchanged(echo.place.emulator):
        assert (400, f"--strict: {RULES[rule]['text']} Seen at {where}.") == told(call(echo))


def test_a_missing_parameter_is_told(echo):
    """A parameter that a call needs is missed by its name."""
    token = {"x-ms-metaanalytics-authorizationtoken": echo.place.workspace.primary_token}
    url = f"/studioapi/api/resourceuploads/workspaces/{echo.place.workspace.id}"
    answer = echo.place.wire.call("POST", url, raw=b"a,b\n1,2\n", headers=token)
    assert (400, "UserError") == (answer.status, answer.json["Error"]["Code"])
    assert "the missing parameter dataTypeId" in answer.json["Error"]["Message"]
    assert 200 == echo.place.wire.call("POST", f"{url}?dataTypeId=GenericCSV", raw=b"a,b\n1,2\n", headers=token).status
    query = "uploadId=u&blockId=0&numberOfBlocks=x"
    answer = echo.place.wire.call("POST", url.replace("resource", "blob") + f"?{query}", headers=token)
    assert "the parameter numberOfBlocks" in answer.json["Error"]["Message"]


def test_no_secret_is_told(echo):
    """A refusal names the place, never what stood there."""
    connection = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=SECRET"
    answer = echo.jobs("POST", "", {"Input": {"ConnectionString": [connection]}})
    assert 400 == answer.status
    assert b"SECRET" not in answer.body


def test_without_it_the_same_is_taken(place):
    """The emulator is lenient unless it is told to be strict."""
    echo = place.deploy(graphs.ECHO)
    assert 200 == echo.score({"Inputs": {"input1": []}, "Extra": 1}, query={"more": "1"}).status


# The rules themselves


def test_every_rule_is_used_and_written_somewhere():
    """Each rule stands in a schema, or is one of the emulator's own; each names a document that there is."""
    named = {rule for schema in load("schemas").values() for rule in _rules(schema)}
    assert set(RULES) == named | {"body", "content-type", "bearer", "query", "control"}
    assert set(DOCUMENTS) == {facts["document"] for facts in RULES.values()}
    for facts in RULES.values():
        assert ("line" in facts) != ("place" in facts)
        assert facts["text"].endswith(".")


def _rules(value):
    if isinstance(value, dict):
        yield from [value["x-rule"]] if isinstance(value.get("x-rule"), str) else []
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _rules(one)


REQUESTS = sorted({name for one in operations() for body in one.bodies.values() for name in references(body)})
OF_THE_SERVICE = {name for one in operations() if one.api != "control" for name in references([*one.bodies.values()])}


@pytest.mark.parametrize("name", sorted(OF_THE_SERVICE))
def test_every_body_has_a_rule(name):
    """Whatever is wrong with a body of the service's, a rule says so: its own, or those of what it is made of."""
    assert any("x-rule" in schema for schema in needed(name).values())


@pytest.mark.parametrize("name", REQUESTS)
@settings(max_examples=25)
@given(data=st.data())
def test_a_breach_is_found_where_the_reference_finds_one(name, data):
    """A body is refused just when the reference implementation refuses it, by a rule that there is."""
    body = json.loads(json.dumps(data.draw(bodies.nearly(name))))
    found = list(strict.breaches(name, body))
    assert bool(faults(name, body)) == bool(found)
    assert {rule for rule, _ in found} <= set(RULES)
