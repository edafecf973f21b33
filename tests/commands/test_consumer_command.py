"""``amlclassic contracts consumer``: a contract played against a service, and what is told when it no longer holds."""

import json
import os
import uuid
from xml.etree import ElementTree

import pytest
from azure.storage.blob import BlobServiceClient

from amlclient import EndpointsFile
from amlcontracts.consumer.file import write
from amlcontracts.harness.place import places
from amlcontracts.harness.state import shown_by
from amlcontracts.harness.wire import Wire
from amlemulator import Emulator
from amlemulator.cli import main
from amlemulator.commands.serve import endpoints
from amlemulator.core import request_response
from support.census import plain, training_rows

SCORING, TRAINING = "Census Model [Predictive Exp.]", "Census Model"
SERVICES = {"service": SCORING, "endpoint": "default"}
VERSION = {"query": {"api-version": "2.0"}}
TABLE = {"Results": {"output1": {"type": "table", "value": {"Values": {"$each": {"$each": {"$type": "string"}}}}}}}


def call(operation, status=200, body=None, caller="key", *, keep=None, request=None, **where):
    """Return a call as a contract keeps it."""
    answer = {"status": status} | ({} if body is None else {"body": body})
    kept = {"keep": keep} if keep else {}
    return {
        "operation": operation,
        **where,
        "as": caller,
        "request": VERSION | (request or {}),
        "answer": answer,
    } | kept


def score(**changes):
    answer = {"answer": changes.pop("answer")} if "answer" in changes else {}
    return call("rrs.execute", body=TABLE, request={"body": plain()}, **{**SERVICES, **changes}) | answer


def retraining():
    """Return the whole flow: a model is trained, and an endpoint of its own answers with it."""
    job = {"request": {"path": {"job_id": "{job}"}}, "service": TRAINING, "endpoint": "default"}
    inputs = {"ConnectionString": "{connection}", "RelativeLocation": "consumer/train.csv"}
    where = {"service": SCORING, "endpoint": "retrained"}
    parts = ("BaseLocation", "RelativeLocation", "SasBlobToken")
    model = {"Name": "Census Model [trained model]", "Location": {name: f"{{output1.{name}}}" for name in parts}}
    kept = {f"output1.{name}": ["Results", "output1", name] for name in parts}
    new = {"path": {"endpoint_name": "retrained"}, "body": {}}
    return {
        "test": "t.py::test_retrains",
        "region": "South Central US",
        "given": {"containers": ["consumer"], "blobs": {"consumer/train.csv": {"text": training_rows(60)}}},
        "calls": [
            call("bes.submit", keep={"job": []}, **{**job, "request": {"body": {"Inputs": {"input1": inputs}}}}),
            call("bes.start", **job),
            call("bes.status", body={"StatusCode": {"$matches": "^Finished$"}}, keep=kept, **job),
            call("endpoints.put", service=SCORING, caller="token", request=new),
            call("endpoints.patch", request={"body": {"Resources": [model]}}, **where),
            score(**where),
            call("endpoints.delete", caller="token", **where),
        ],
    }


@pytest.fixture(scope="module")
def served():
    """Serve an emulator with the samples."""
    with Emulator(port=0, blob_port=0, workers=1) as emulator:
        yield emulator


@pytest.fixture
def play(served, tmp_path, monkeypatch, capsys):
    """Play scenarios; returns status, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {**os.environ})
    (tmp_path / "aml.json").write_text(json.dumps(endpoints(served)))

    def play(*scenarios, words=(), beside=None):
        usual = {"region": "South Central US"}
        named = [{"test": f"t.py::{number}", **usual, **one} for number, one in enumerate(scenarios)]
        write(tmp_path / "c.yaml", {one["test"]: one for one in named}, beside or {})
        status = main(["contracts", "consumer", "c.yaml", "--endpoints-file", "aml.json", *words])
        return status, *capsys.readouterr()

    return play


@pytest.fixture
def untouched(served):
    """Hold that the test leaves services, endpoints and blobs as they were."""
    file = EndpointsFile.from_json(endpoints(served))
    wire = Wire()

    def everything():
        with BlobServiceClient.from_connection_string(file.connection_string) as account:
            folders = [account.get_container_client(one.name) for one in account.list_containers()]
            blobs = {(one.container_name, name) for one in folders for name in one.list_blob_names()}
        return shown_by(places(file, wire)), blobs

    before = everything()
    yield
    assert before == everything()
    wire.close()


def test_what_is_relied_on_holds(play, untouched, tmp_path):
    """The whole retraining is played, whatever the ids are here; nothing of it is left; reports are written."""
    status, out, err = play(retraining(), {"calls": [score()]}, words=["--junit", "r.xml", "--html", "r.html"])
    assert (0, True) == (status, out.startswith("2 promises held, 0 broken; ")), err
    suite = ElementTree.parse(tmp_path / "r.xml").getroot()[0]
    assert ("amlclassic contracts consumer", "2") == (suite.get("name"), suite.get("tests"))
    assert "t.py::test_retrains" in (tmp_path / "r.html").read_text("utf-8")


def test_what_no_longer_holds_is_told(play, monkeypatch):
    """With the call, the place in the answer, and the command that plays it again; the other scenarios are played."""
    render = request_response.render_execution
    changed = {"Results": {"output1": {"type": "list", "value": []}}}
    monkeypatch.setattr("amlemulator.faces.rrs_answers.render_execution", lambda tables, query: changed)
    status, out, err = play({"calls": [score()]}, {"calls": [score(answer={"status": 200})]})
    assert (1, True) == (status, out.startswith("1 promises held, 1 broken; "))
    assert "BROKEN t.py::0: " in err
    assert "call 1 of 1, rrs.execute at 'Census Model [Predictive Exp.]/default', called with the key: " in err
    assert '$.Results.output1.type: "table" was expected, got "list"' in err
    assert "again: amlclassic contracts consumer c.yaml --endpoints-file aml.json --only t.py::0" in err
    assert render is request_response.render_execution


def test_more_than_is_relied_on_may_change(play, monkeypatch):
    """A service that answers with more, and with other values, still holds."""
    render = request_response.render_execution

    def more(tables, query):
        answer = render(tables, query)
        answer["Results"]["output1"]["more"] = answer["Results"]["output2"] = 1
        return answer

    monkeypatch.setattr("amlemulator.faces.rrs_answers.render_execution", more)
    assert 0 == play({"calls": [score()]})[0]


def test_every_kind_of_caller_and_body(play):
    """Keys, tokens, a stranger and nobody; texts and bytes that are no JSON; a call that fails is relied on, too."""
    calls = [
        score(caller="secondary key"),
        call("rrs.execute", 401, caller="stranger", **SERVICES),
        call("rrs.execute", 401, caller="nobody", **SERVICES),
        call("rrs.execute", 400, request={"text": "{open}no json"}, **SERVICES),
        call("rrs.execute", 400, request={"base64": "/w=="}, **SERVICES),
        call("endpoints.get", service=SCORING, caller="token", endpoint="default", body={"Name": "default"}),
        call("services.list", caller="token", body={"$each": {"Id": {"$matches": "^[0-9a-f]{32}$"}}}),
        call("endpoints.get", 404, service=SCORING, caller="token", request={"path": {"endpoint_name": "{hex}"}}),
        call("studio.users", caller="token", body={"$type": "array"}),
        call("swagger.get", caller="nobody", body={"swagger": "2.0"}, **SERVICES),
    ]
    status, _, err = play({"calls": calls})
    assert 0 == status, err


def test_endpoints_that_are_given_are_there(play, untouched):
    """They are added before and removed after."""
    given = {"endpoints": [{"service": SCORING, "endpoint": "given"}]}
    status, _, err = play({"given": given, "calls": [score(endpoint="given")]})
    assert 0 == status, err


def test_a_large_blob_comes_from_beside_the_contract(play, untouched):
    """When its file is missing, that is told."""
    given = {"containers": ["consumer"], "blobs": {"consumer/x.csv": {"file": "c.data/1.csv"}}}
    scenario = {"given": given, "calls": [score()]}
    assert 1 == (told := play(scenario))[0]
    assert "c.data/1.csv cannot be read (No such file or directory)" in told[2]
    assert 0 == play(scenario, beside={"c.data/1.csv": b"x" * 20000})[0]


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ({"calls": [score(service="Nothing")]}, "no workspace of the endpoints file has 'Nothing'"),
        ({"calls": [score(endpoint="nothing")]}, "has no endpoint 'nothing'"),
        ({"calls": [score(caller="secondary token")]}, "names no secondary token"),
        ({"calls": [call("rrs.nothing", **SERVICES)]}, "no operation rrs.nothing"),
        ({"calls": [call("bes.status", **SERVICES)]}, "does not say job_id of bes.status"),
        (
            {"calls": [call("bes.status", request={"path": {"job_id": "{job}"}}, **SERVICES)]},
            "nothing gives the place {job}",
        ),
        ({"calls": [score() | {"keep": {"x": ["Results", "none"]}}]}, "answer $.Results.none: nothing is there"),
        (
            {"given": {"endpoints": [{"service": SCORING, "endpoint": "default"}]}, "calls": [score()]},
            "has an endpoint 'default' already, and it is left alone",
        ),
        ({"calls": [score(status=201)]}, "status: relied on 201, got 200"),
    ],
)
def test_what_cannot_be_played_does_not_hold(play, untouched, scenario, said):
    """It is told why, for silence would pass for success."""
    status, _, err = play(scenario)
    assert (1, True) == (status, said in err), err


def test_a_blob_in_the_way_is_left_alone(play, served):
    """What somebody else has stored under that name stays."""
    file = EndpointsFile.from_json(endpoints(served))
    name = f"c{uuid.uuid4().hex[:8]}"
    with BlobServiceClient.from_connection_string(file.connection_string) as account:
        folder = account.create_container(name)
        folder.upload_blob("x.csv", b"another's")
        scenario = {"given": {"containers": [name], "blobs": {f"{name}/x.csv": {"text": "ours"}}}, "calls": [score()]}
        status, _, err = play(scenario)
        assert (1, True) == (status, f"another blob is called {name}/x.csv, and it is left alone" in err)
        assert b"another's" == folder.download_blob("x.csv").readall()
        folder.delete_container()


def test_scenarios_are_listed_and_chosen(play):
    """By how their names begin."""
    both = ({"calls": [score()]}, {"calls": [score(status=500)]})
    status, out, _ = play(*both, words=["--list"])
    assert (0, ["t.py::0", "t.py::1"]) == (status, [line.split()[0] for line in out.splitlines()])
    status, out, _ = play(*both, words=["--only", "t.py::0", "--json"])
    assert (0, ["t.py::0"]) == (status, [one["id"] for one in json.loads(out)["checks"]])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.yaml"], "there is no nothing.yaml; `pytest --aml-record` writes a contract"),
        (["c.yaml", "--only", "x", "--endpoints-file", "aml.json"], "c.yaml has no scenario that begins with x"),
        (["c.yaml", "--settle", "-1", "--endpoints-file", "aml.json"], "--settle takes seconds from 0 to 600, not -1"),
        (["c.yaml", "--junit", "no/r.xml", "--endpoints-file", "aml.json"], "no/r.xml cannot be written"),
        (["c.yaml", "--endpoints-file", "no.json"], "the endpoints file no.json cannot be read"),
        (["bad.yaml", "--endpoints-file", "aml.json"], "bad.yaml is no consumer contract"),
        (["empty.yaml", "--endpoints-file", "aml.json"], "empty.yaml has no scenario at all"),
    ],
)
def test_wrong_calls_are_one_sentence(play, capsys, tmp_path, words, said):
    """And status 2."""
    play({"calls": []}, words=["--list"])
    (tmp_path / "bad.yaml").write_text("[]")
    (tmp_path / "empty.yaml").write_text("version: 1\nscenarios: []\n")
    assert 2 == main(["contracts", "consumer", *words])
    out, err = capsys.readouterr()
    assert ("", 1) == (out, len(err.splitlines()))
    assert said in err
