"""A person's own functions as web services, in the caller's process."""

import io
import json
import os

import pytest

from amlemulator import Emulator
from amlemulator.core.endpoints import Settings
from amlemulator.engine.deploying import DeployRefused
from amlemulator.engine.trials import ExperimentFailed
from support.runner import until
from support.wire import COMMON

ROWS = b"x,y\n1,2\n3,4\n"
SEEN = []


def train(rows):
    """Remember the mean."""
    SEEN.append(os.getpid())
    return json.dumps(float(rows["y"].mean())).encode()


def score(model, rows):
    """Answer with it."""
    SEEN.append(os.getpid())
    rows["Scored Labels"] = json.loads(model) if model else -1.0
    return rows


def double(rows):
    """Need no model."""
    rows["twice"] = rows["x"] * 2.0
    return rows


def fail(rows):
    """Go wrong."""
    raise ValueError("no such rows")


def fail_with_model(model, rows):
    """Go wrong when scoring."""
    fail(rows)


@pytest.fixture
def aml():
    """Make a workspace in an emulator of its own."""
    with Emulator(**COMMON) as made:
        yield made.workspace(samples=False)


def call(aml, endpoint, path, body=None, method="POST"):
    headers = {"Authorization": f"Bearer {endpoint.key}"}
    return aml.emulator.session().request(method, endpoint.api_location + path, json=body, headers=headers)


def scored(aml, endpoint):
    body = {"Inputs": {"input1": {"ColumnNames": ["x", "y"], "Values": [["1", "2"]]}}, "GlobalParameters": {}}
    return call(aml, endpoint, "/execute?api-version=2.0&details=true", body)


def values(response):
    return response.json()["Results"]["output1"]["value"]["Values"]


def ended_job(aml, endpoint, rows=ROWS):
    account, storage = aml.workspace.storage_account, aml.emulator.blobs
    storage.create_container(account, "mine")
    storage.put(account, "mine", "rows.csv", io.BytesIO(rows), content_type="text/csv")
    reference = {"ConnectionString": aml.connection_string, "RelativeLocation": "mine/rows.csv"}
    job = call(aml, endpoint, "/jobs?api-version=2.0", {"Inputs": {"input1": reference}, "GlobalParameters": {}}).json()
    call(aml, endpoint, f"/jobs/{job}/start?api-version=2.0")
    found = {}

    def ended():
        found.update(call(aml, endpoint, f"/jobs/{job}?api-version=2.0", method="GET").json())
        return found["StatusCode"] in ("Finished", "Failed")

    until(ended)
    return found


def test_the_whole_retraining_in_the_callers_process(aml):
    """Trained, evaluated, patched and scored by functions that saw this process alone."""
    SEEN.clear()
    scoring = aml.add_service("Mine", train=train, score=score, schema=ROWS, label="y")
    assert [["1", "2", "3"]] == values(scored(aml, scoring))
    job = ended_job(aml, aml.endpoint("Mine"), b"x,y\n1,10\n3,20\n")
    assert ["output1", "output2"] == sorted(job["Results"])
    added = aml.emulator.session().put(
        scoring.patch_url.replace("/endpoints/default", "/endpoints/retrained"),
        json={"Description": "", "ThrottleLevel": "Low"},
        headers={"Authorization": f"Bearer {aml.token}"},
    )
    assert 200 == added.status_code
    retrained = aml.endpoint("Mine [Predictive Exp.]", "retrained")
    location = {name: job["Results"]["output1"][name] for name in ("BaseLocation", "RelativeLocation", "SasBlobToken")}
    patched = aml.emulator.session().patch(
        retrained.patch_url,
        json={"Resources": [{"Name": "Mine [trained model]", "Location": location}]},
        headers={"Authorization": f"Bearer {retrained.key}"},
    )
    assert 200 == patched.status_code
    assert [["1", "2", "15"]] == values(scored(aml, retrained))
    assert {os.getpid()} == set(SEEN)


def patched(aml, endpoint, model):
    """PATCH with a job's model; return status and message."""
    answer = aml.emulator.session().patch(
        endpoint.patch_url,
        json={"Resources": [{"Name": endpoint.record.resources[0].name, "Location": model}]},
        headers={"Authorization": f"Bearer {endpoint.key}"},
    )
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("rows", "status"),
    [(b"x,y\n5,6\n7,8.5\n", 200), (b"x,y,z\n1,2,3\n4,5,6\n", 400), (b"y\n2\n4\n", 400), (b"x,y\na,2\nb,4\n", 400)],
)
def test_a_functions_model_must_come_of_the_same_columns(aml, caplog, rows, status):
    """A column more, one less or text for numbers: the text of Error 0082, the reason in the log, and no change."""
    aml.add_service("Mine", train=train, score=score, schema=ROWS)
    scoring = aml.endpoint("Mine [Predictive Exp.]")
    aml.emulator.administration.put_endpoint(scoring.service.id, "own", Settings())
    own = aml.endpoint("Mine [Predictive Exp.]", "own")
    job = ended_job(aml, aml.endpoint("Mine"), rows)
    before = values(scored(aml, own))
    found, text = patched(aml, own, job["Results"]["output1"])
    assert status == found
    assert (status == 400) == ("Error 0082: Model could not be deserialized" in text)
    assert (status == 400) == ("other columns than the one that it replaces" in caplog.text)
    assert (status == 400) == (before == values(scored(aml, own)))


def test_columns_alone_deploy_too(aml):
    """Without a row to train on, score is given no bytes until a model is put there."""
    scoring = aml.add_service("Mine", train=train, score=score, schema={"x": "Double", "y": "Double"})
    assert [["1", "2", "-1"]] == values(scored(aml, scoring))


def test_a_function_without_model(aml):
    """Score alone is a service of its own name, without a model that could be replaced."""
    service = aml.add_service("Twice", score=double, schema={"x": "Double", "y": "Double"})
    assert ["Twice", ()] == [service.service.name, service.record.resources]
    assert [["1", "2", "2"]] == values(scored(aml, service))


def test_a_failing_function_is_error_0085(aml):
    """What a function raises is Error 0085 of its module: in RRS, in a job's Details and at the deployment."""
    columns = {"x": "Double", "y": "Double"}
    refused = scored(aml, aml.add_service("Fails", score=fail, schema=columns)).json()["error"]
    assert ["ModuleExecutionError", "85"] == [refused["code"], refused["details"][0]["code"]]
    assert "ValueError: no such rows" in refused["details"][0]["message"]
    details = ended_job(aml, aml.add_service("Never", train=fail, schema=columns))["Details"]
    assert details.startswith("Module: Train Python Function;")
    assert "Error 0085" in details
    for functions in ({"train": fail}, {"train": train, "score": fail_with_model}):
        with pytest.raises(ExperimentFailed, match="no such rows"):
            aml.add_service("Refused", **functions, schema=ROWS)
    assert "Refused" not in {one.name for one in aml.services}


def test_a_name_that_is_taken_is_refused(aml):
    """With rows or with columns alone: a second service of that name is not made, and neither is its other half."""
    aml.add_service("Mine [Predictive Exp.]", score=double, schema={"x": "Double"})
    for schema in (ROWS, {"x": "Double", "y": "Double"}):
        with pytest.raises(DeployRefused, match="There is a web service 'Mine"):
            aml.add_service("Mine", train=train, score=score, schema=schema)
    assert ["Mine [Predictive Exp.]"] == [one.name for one in aml.services]


@pytest.mark.parametrize(
    ("functions", "error"),
    [
        ({"schema": ROWS}, TypeError),
        ({"schema": ROWS, "train": "train"}, TypeError),
        ({"schema": {"x": "float"}, "train": train}, ValueError),
        ({"schema": {}, "train": train}, ValueError),
    ],
)
def test_a_wrong_call_changes_nothing(aml, functions, error):
    """What is no function, or no column type, is told at once."""
    with pytest.raises(error):
        aml.add_service("Mine", **functions)
    assert () == aml.services
