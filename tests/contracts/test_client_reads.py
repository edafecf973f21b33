"""The client's types against the contracts: it reads every answer that the schemas allow, and sends what they allow."""

import json
from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from amlclient import BlobLocation, Endpoint, EndpointSettings, JobStatus, ScoreResult, Table, WebService
from amlcontracts import load
from amlcontracts.schemas import faults
from support import bodies


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def test_what_the_client_reads_is_described():
    """Each field of the client's types is a member of the body that it comes from."""
    types = ((WebService, "web-service"), (Endpoint, "endpoint"), (BlobLocation, "blob-reference"))
    for kind, schema in (*types, (JobStatus, "job-status")):
        members = set(load("schemas")[schema]["properties"])
        assert set() == {camel(field.name) for field in fields(kind)} - members - {"State"}


@given(bodies.valid("web-service"))
def test_any_web_service_is_read(body):
    """No allowed web service is too much for the client."""
    read = WebService.from_json(body)
    assert (body["Id"], body["EndpointCount"]) == (read.id, read.endpoint_count)


@given(bodies.valid("endpoint"))
def test_any_endpoint_is_read(body):
    """No allowed endpoint is too much for the client, unless a resource has no name."""
    body["Resources"] = [one for one in body["Resources"] if one["Name"]]
    read = Endpoint.from_json(body)
    assert [one["Name"] for one in body["Resources"]] == [one.name for one in read.resources]
    assert (body["PrimaryKey"], body["MaxConcurrentCalls"]) == (read.primary_key, read.max_concurrent_calls)


@given(bodies.valid("job-status"))
def test_any_status_is_read(body):
    """No allowed status is too much for the client."""
    read = JobStatus.from_json(body)
    assert body["StatusCode"] == read.status_code
    assert set(body["Results"] or {}) == set(read.results)


@given(bodies.valid("result-table"))
def test_any_output_is_read_or_refused_as_ragged(body):
    """Every cell of an allowed output comes through; the rows of a table have as many cells as it has names."""
    value = body["value"]
    if "ColumnNames" in value:
        value["Values"] = [row[:0] + [None] * len(value["ColumnNames"]) for row in value["Values"]]
    read = ScoreResult.from_json({"Results": {"output1": body}})
    assert value["Values"] == [list(row) for row in read.table.rows]


NAMES = st.lists(st.text(max_size=5), min_size=1, max_size=3, unique=True)
LOCATIONS = st.builds(BlobLocation, *[st.none() | st.text(max_size=5)] * 4)


@given(NAMES, st.data())
def test_rows_that_the_client_sends_are_allowed(names, data):
    """A table of the client's is one that the schemas allow, in either form."""
    from amlclient._scoring import _wire

    cells = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_infinity=False), st.text(max_size=3))
    row = st.tuples(*[cells] * len(names))
    table = Table(tuple(names), tuple(data.draw(st.lists(row, max_size=2))))
    assert [] == faults("table", json.loads(json.dumps(_wire(table, swagger=False))))
    assert [] == faults("rows", json.loads(json.dumps(_wire(table, swagger=True))))


@given(LOCATIONS)
def test_locations_that_the_client_sends_are_allowed(location):
    """A blob reference of the client's is one that the schemas allow, in a job and in a PATCH."""
    assert [] == faults(
        "batch-request", {"Inputs": {"input1": location.to_json()}, "Outputs": {}, "GlobalParameters": {}}
    )
    assert [] == faults("endpoint-patch", {"Resources": [{"Name": "a", "Location": location.to_json()}]})


@given(st.builds(EndpointSettings, st.none() | st.text(), st.sampled_from(["Low", "High"]), st.none() | st.integers()))
def test_settings_that_the_client_sends_are_allowed(settings):
    """A PUT of the client's is one that the schemas allow."""
    assert [] == faults("endpoint-settings", settings.to_json())
