"""What workers do: whole experiments from files to files, their failures, and the check of a model."""

import copy
import csv
import json

import pytest

from amlemulator import samples
from amlemulator.core.tables import rendered
from amlemulator.core.textdata import write
from amlemulator.experiments import tasks
from amlemulator.experiments.errors import ModuleError
from amlemulator.experiments.frame import table_of_frame
from amlemulator.experiments.model_file import read_model_file
from amlemulator.experiments.scorer import build_scorer
from amlemulator.experiments.tasks import TASKS
from support.frames import sample

SERVICES = {service.name: service for service in samples.workspaces()[0].services}
TRAINING, PREDICTIVE = SERVICES["Census Model"], SERVICES["Census Model [Predictive Exp.]"]
RESOURCE = "Census Model [trained model]"


def place(path, form="csv"):
    return {"path": str(path), "format": form}


def lay(folder, name, frame, form="csv"):
    """Write a data set as a caller would, and return its place."""
    path = folder / f"{name}.{form}"
    path.write_text("".join(write(table_of_frame(frame), form)), "utf-8")
    return place(path, form)


def train(folder, **changes):
    body = {
        "experiment": TRAINING.experiment,
        "inputs": {"input1": lay(folder, "in", sample("census-train").take(range(1000)))},
        "outputs": {"output1": place(folder / "m.ilearner", "ilearner"), "output2": place(folder / "e.csv")},
        **changes,
    }
    return body, TASKS["run"](body, None)


def refusal(action):
    with pytest.raises(ModuleError) as caught:
        action()
    return caught.value.module, caught.value.code


def test_a_training_job_gives_a_model_and_its_evaluation(tmp_path):
    """The census experiment on 1,000 rows: a model file with its facts, an evaluation with the observed header."""
    _, result = train(tmp_path)
    header = read_model_file((tmp_path / "m.ilearner").read_bytes()).header
    (row,) = csv.DictReader((tmp_path / "e.csv").read_text().splitlines())
    assert (RESOURCE, 1000) == (header.resource, header.facts["rows used"])
    assert 0.85 < float(row["AUC"]) < 0.92
    assert 1000 == result["outputs"]["output1"]["rows used"]
    assert 1 == result["outputs"]["output2"]["rows"]


def test_progress_names_each_module(tmp_path):
    """A job reports the module it is at, and how many there are."""
    events = []
    body, _ = train(tmp_path)
    TASKS["run"](body, events.append)
    assert {"Train Model", "Score Model", "Evaluate Model"} <= {event["module"] for event in events}
    assert list(range(len(events))) == [event["done"] for event in events]
    assert {len(events)} == {event["of"] for event in events}


@pytest.mark.parametrize("form", ["csv", "tsv", "arff"])
def test_a_scoring_job_reads_and_writes_each_format(tmp_path, form):
    """The same rows score the same in every format, and as many rows come out as went in."""
    model = tmp_path / "m.ilearner"
    model.write_bytes(PREDICTIVE.models[RESOURCE])
    body = {
        "experiment": PREDICTIVE.experiment,
        "inputs": {"input1": lay(tmp_path, "in", sample("census-test").take(range(20)), form)},
        "outputs": {"output1": place(tmp_path / "out.csv")},
        "models": {RESOURCE: str(model)},
    }
    result = TASKS["run"](body, None)
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert 20 == len(rows) == result["outputs"]["output1"]["rows"]
    assert probabilities(20) == [row["Scored Probabilities"] for row in rows]


def test_a_worker_reads_graph_and_models_once(tmp_path, monkeypatch):
    """Warmed up, a worker scores without reading the graph or the model again, call after call."""
    kept = {"experiment": str(tmp_path / "graph.json"), "models": {RESOURCE: str(tmp_path / "m.ilearner")}}
    (tmp_path / "graph.json").write_text(json.dumps(PREDICTIVE.experiment))
    (tmp_path / "m.ilearner").write_bytes(PREDICTIVE.models[RESOURCE])
    assert {} == TASKS["warm"](kept, None)
    monkeypatch.setattr(tasks, "load_graph", None)
    monkeypatch.setattr(tasks, "read_model_file", None)
    inputs = {"input1": lay(tmp_path, "in", sample("census-test").take(range(5)))}
    for name in ("one.csv", "two.csv"):
        TASKS["score"]({**kept, "inputs": inputs, "outputs": {"output1": place(tmp_path / name)}}, None)
        rows = list(csv.DictReader((tmp_path / name).read_text().splitlines()))
        assert probabilities(5) == [row["Scored Probabilities"] for row in rows]


def probabilities(count):
    """Score the first test rows as the server does."""
    table = table_of_frame(sample("census-test").take(range(count)))
    scored = build_scorer(PREDICTIVE.experiment, PREDICTIVE.models).score({"input1": table}, {})["output1"]
    return [row[-1] for row in rendered(scored)]


def test_failures_name_their_module(tmp_path):
    """Ragged rows, a missing column, a label that is not there, a file that is no model: each names where it failed."""
    (tmp_path / "ragged.csv").write_text("a,b\n1\n")
    ragged = {"input1": place(tmp_path / "ragged.csv")}
    narrow = {"input1": lay(tmp_path, "narrow", sample("bikeshare").take(range(5)))}
    assert ("Web Service Input", "1000") == refusal(lambda: train(tmp_path, inputs=ragged))
    assert ("Train Model", "0001") == refusal(lambda: train(tmp_path, inputs=narrow))
    (tmp_path / "odd.ilearner").write_bytes(b"odd")
    assert ("Score Model", "0082") == refusal(
        lambda: train(tmp_path, experiment=PREDICTIVE.experiment, models={RESOURCE: str(tmp_path / "odd.ilearner")})
    )


def test_an_evaluation_cannot_be_saved_as_a_model(tmp_path):
    """A data set asked for as .ilearner is refused."""
    outputs = {"output2": place(tmp_path / "e.ilearner", "ilearner")}
    with pytest.raises(ModuleError, match="cannot be saved as"):
        train(tmp_path, outputs=outputs)


def test_imported_data_come_from_the_staged_file(tmp_path):
    """The bike experiment trains on the file that the server fetched for its Import Data."""
    body = {
        "experiment": SERVICES["Bike Rental Training"].experiment,
        "sources": {"import": lay(tmp_path, "bikes", sample("bikeshare").take(range(200)))},
        "parameters": {"URI": "https://acct.blob.core.windows.net/c/bikes.csv"},
        "outputs": {"output1": place(tmp_path / "m.ilearner", "ilearner")},
    }
    assert 200 == TASKS["run"](body, None)["outputs"]["output1"]["rows used"]
    assert ("Import Data", "0029") == refusal(lambda: TASKS["run"]({**body, "sources": {}}, None))


def test_data_sets_of_the_task_come_before_the_samples(tmp_path):
    """A saved data set is found by its name in the task, then among the samples, else it is Error 0003."""
    experiment = copy.deepcopy(TRAINING.experiment)
    small = lay(tmp_path, "small", sample("census-test").take(range(100)))
    train(tmp_path, datasets={"census-test": small["path"]})
    next(node for node in experiment["nodes"] if node["id"] == "test")["parameters"]["Dataset"] = "nowhere"
    assert ("Dataset", "0003") == refusal(lambda: train(tmp_path, experiment=experiment))


def test_check_model_tells_what_a_model_is(tmp_path):
    """A sound model's facts come back; anything else is Error 0082."""
    path = tmp_path / "m.ilearner"
    path.write_bytes(PREDICTIVE.models[RESOURCE])
    body = {"path": str(path), "experiment": PREDICTIVE.experiment, "resource": RESOURCE}
    facts = TASKS["check_model"](body, None)
    assert ("binary", "income", 2000) == (facts["task"], facts["label"], facts["rows"])
    path.write_bytes(b"AUC\n0.9\n")
    assert (None, "0082") == refusal(lambda: TASKS["check_model"](body, None))


def test_exported_data_go_to_the_staged_file(tmp_path):
    """Export Data writes its rows, without a header row unless asked; without an address it is refused."""
    nodes = [
        {"id": "data", "module": "Enter Data Manually", "parameters": {"Data": "a,b\n1,x\n"}},
        {"id": "export", "module": "Export Data", "inputs": {"Dataset": "data"}},
    ]
    body = {"experiment": {"experiment": "Exported", "nodes": nodes}, "outputs": {}}
    TASKS["run"]({**body, "sinks": {"export": place(tmp_path / "out")}}, None)
    assert b"1,x\r\n" == (tmp_path / "out").read_bytes()
    assert ("Export Data", "0065") == refusal(lambda: TASKS["run"](body, None))


@pytest.mark.parametrize(("error", "code"), [(RuntimeError("odd"), "1000"), (MemoryError(), "0138")])
def test_what_a_module_did_not_foresee_names_it_too(tmp_path, monkeypatch, caplog, error, code):
    """An unexpected exception is Error 1000 and exhausted memory 0138, both named after the module, and logged."""

    def fail(*_):
        raise error

    monkeypatch.setattr("amlemulator.experiments.sources.read_frame", fail)
    nodes = [{"id": "data", "module": "Dataset", "parameters": {"Dataset": "census-test"}}]
    body = {"experiment": {"experiment": "Odd", "nodes": nodes}, "outputs": {}}
    assert ("Dataset", code) == refusal(lambda: TASKS["run"](body, None))
    assert "failed unexpectedly" in caplog.text
