"""contracts/transcripts: well formed, allowed by the schemas, and what the emulator answers."""

import json

import pytest
from jsonschema import Draft202012Validator
from jsonschema_rs import Draft202012Validator as Draft202012

from amlcontracts import compile as compiler
from amlcontracts import load
from amlcontracts.schemas import bundled, faults, references, validator
from amlcontracts.transcripts import call_of, differences, operation_of, play, transcripts
from amlemulator.core.connection import DEVELOPMENT_ACCOUNT
from support.blobs import CONNECTION
from support.runner import StagedEmulator
from support.wire import BASE, BLOB, Place, Wire

ALL = transcripts()
PLAYED = transcripts(played=True)
IDS = [one["id"] for one in PLAYED]


def test_they_are_well_formed():
    """Each has an id of its own, a sentence, a mark, a source, and exchanges of operations that there are."""
    schema = json.loads((compiler.SOURCE / "schemas" / "transcript.schema.json").read_text("utf-8"))
    assert [] == [f"{one.json_path}: {one.message}" for one in Draft202012Validator(schema).iter_errors(ALL)]
    ids = [one["id"] for one in ALL]
    assert sorted(set(ids)) == sorted(ids)
    assert set(load("rules")["rules"]) >= {one["strict"] for one in ALL if "strict" in one}


def _exchanges():
    return [
        pytest.param(one, exchange, id=f"{one['id']}-{number}")
        for one in ALL
        for number, exchange in enumerate(one["exchanges"])
    ]


@pytest.mark.parametrize(("transcript", "exchange"), _exchanges())
def test_an_exchange_is_one_that_the_schemas_allow(transcript, exchange):
    """A request has a body of its operation's schema, but for what --strict refuses; its status is described."""
    operation = operation_of(exchange)
    request, answer = exchange["request"], exchange["answer"]
    if "body" in request:
        name = next(references(list(operation.bodies.values())))
        found = faults(name, request["body"])
        assert not found or "strict" in transcript, found
    assert answer["status"] in operation.answers


@pytest.mark.parametrize("transcript", [one for one in ALL if "at" not in one], ids=lambda one: one["id"])
def test_a_recorded_answer_is_one_that_the_schemas_allow(transcript):
    """What the real service answered is what the schemas say of it."""
    for exchange in transcript["exchanges"]:
        operation, answer = operation_of(exchange), exchange["answer"]
        choices = [schema["$ref"] for schema in _choices(operation.answers[answer["status"]]["application/json"])]
        names = [choice.rpartition("/")[2].removesuffix(".schema.json") for choice in choices]
        assert any(not faults(name, answer["body"]) for name in names), exchange


def _choices(schema):
    return schema.get("anyOf", [schema])


def _bodies():
    for one in ALL:
        for exchange in one["exchanges"]:
            operation = operation_of(exchange)
            for schemas, side in (
                (operation.bodies, "request"),
                (operation.answers[exchange["answer"]["status"]], "answer"),
            ):
                for name in sorted(set(references(list(schemas.values())))):
                    yield name, exchange[side].get("body")


def test_two_validators_agree_on_every_body():
    """Of each body that stands here the reference implementation and the fast one say the same."""
    corpus = list(_bodies())
    assert 50 < len(corpus)
    for name, body in corpus:
        assert validator(name).is_valid(body) == Draft202012(bundled(name)).is_valid(body), (name, body)


# Played


@pytest.fixture(scope="module", params=["lenient", "strict"])
def wire(request):
    """Serve the sample workspaces, their jobs held."""
    options = {"public_url": BASE, "public_blob_url": BLOB, "workers": 1, "strict": request.param == "strict"}
    made = StagedEmulator(**options)
    yield Wire(made)
    made.close()


def values_of(wire, transcript):
    """Return what the places of a transcript stand for."""
    emulator = wire.emulator
    workspace = emulator.directory.workspaces()[0]
    service = next(one for one in emulator.directory.services(workspace.id) if one.name == transcript["at"])
    target = Place(wire, workspace).target(service)
    if transcript.get("endpoint"):
        target = target.add(transcript["endpoint"])
    api = emulator.addresses.api_location(workspace, target.endpoint)
    return {
        "services_url": api.partition("/workspaces/")[0],
        "management_url": emulator.addresses.management_url(workspace),
        "studio_url": f"{BASE}/studioapi",
        "blobs": emulator.addresses.blob_account(DEVELOPMENT_ACCOUNT),
        "connection": CONNECTION,
        "workspace": workspace.id,
        "service": service.id,
        "endpoint": target.endpoint.id,
        "name": target.endpoint.name,
        "key": target.endpoint.primary_key,
        "token": workspace.primary_token,
    }


@pytest.mark.parametrize("transcript", PLAYED, ids=IDS)
def test_a_transcript_is_played(wire, transcript):
    """Each call is answered as it was; under --strict what the documents do not allow is refused."""

    def send(method, url, headers, content):
        answer = wire.call(method, url, raw=content, headers=headers)
        return answer.status, answer.body

    told = play(transcript, values_of(wire, transcript), send)
    if wire.emulator.settings.strict and "strict" in transcript:
        assert load("rules")["rules"][transcript["strict"]]["text"][:40] in told[0]
    else:
        assert [] == told


# The player


def test_a_difference_is_told():
    """Status, body, a member and a cell that are others are told with their place."""
    expected = {"status": 200, "body": {"a": ["{job}", "{any}", "x {job}"], "b": 1}}
    right = {"a": ["1", None, "x 1"], "b": 1}
    values = {}
    assert [] == differences(expected, (200, json.dumps(right).encode()), values)
    assert {"job": "1"} == values
    assert ["status 404 instead of 200: no"] == differences(expected, (404, b"no"), {})
    assert ["no JSON: <p>"] == differences(expected, (200, b"<p>"), {})
    assert ["a body where none is: x"] == differences({"status": 200}, (200, b"x"), {})
    for wrong, line in (
        ({**right, "b": 2}, "$.b is 2 instead of 1"),
        ({**right, "a": ["1", None, "x 2"]}, '$.a[2] is "x 2" instead of "x {job}"'),
        ({**right, "c": 3}, None),
    ):
        told = differences(expected, (200, json.dumps(wrong).encode()), {})
        assert 1 == len(told)
        assert line in (None, told[0])


def test_a_call_has_the_operations_own_path_and_the_callers_key():
    """Without a path of its own an exchange calls the operation's, with the endpoint's key or the workspace's token."""
    values = {
        "services_url": "http://h/s",
        "management_url": "http://h/m",
        "workspace": "w",
        "service": "s",
        "endpoint": "e",
    }
    values |= {"name": "default", "key": "k", "token": "t", "job": "j"}
    call = call_of({"operation": "bes.start", "request": {"query": {"api-version": "2.0"}}}, values)
    assert ("POST", "http://h/s/workspaces/w/services/e/jobs/j/start?api-version=2.0") == (call.method, call.url)
    assert {"Authorization": "Bearer k"} == call.headers
    call = call_of({"operation": "endpoints.patch", "request": {"name": "ep2", "body": {"a": "{key}"}}}, values)
    assert ("PATCH", "http://h/m/workspaces/w/webservices/s/endpoints/ep2") == (call.method, call.url)
    assert ({"Authorization": "Bearer t"}, b'{"a": "k"}') == (call.headers, call.content)
    call = call_of({"operation": "rrs.execute", "request": {"suffix": " ", "anonymous": True}}, values)
    assert ("http://h/s/workspaces/w/services/e/execute%20", {}) == (call.url, call.headers)
