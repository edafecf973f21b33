"""What the failures are played with: experiments, rows, files, and a model that was really trained."""

from __future__ import annotations

import copy
import csv
import io
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from amlemulator import Emulator
from amlemulator.failures.patterns import CatalogueFault
from amlemulator.samples import SampleService, dataset_content, workspaces

TRAINING_ROWS = 400
TRAINING_SECONDS = 120.0


@cache
def _sample(graph: str) -> SampleService:
    return next(one for sample in workspaces() for one in sample.services if one.graph == graph)


def _node(graph: dict[str, Any], node_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(node for node in graph["nodes"] if node["id"] == node_id)
    return found


def _unconnected() -> tuple[str, dict[str, Any], Mapping[str, bytes]]:
    """Return the training experiment with its output on Score Model instead of Train Model."""
    graph = copy.deepcopy(_sample("census-model").experiment)
    _node(graph, "model")["inputs"] = {"Data": "score.Scored dataset"}
    return "Census Model", graph, {}


def _script(script: str) -> tuple[str, dict[str, Any], Mapping[str, bytes]]:
    nodes = [
        {"id": "request", "module": "Web Service Input", "parameters": {"Name": "input1"}},
        {"id": "people", "module": "Dataset", "parameters": {"Dataset": "census-train"}},
        {
            "id": "script",
            "module": "Execute Python Script",
            "parameters": {"Python script": script},
            "inputs": {"Dataset1": ["people", "request"]},
        },
        {
            "id": "result",
            "module": "Web Service Output",
            "parameters": {"Name": "output1"},
            "inputs": {"Data": "script.Results dataset"},
        },
    ]
    return "Census Script", {"experiment": "Census Script", "nodes": nodes}, {}


def _renamed() -> tuple[str, dict[str, Any], Mapping[str, bytes]]:
    """Return the predictive experiment as somebody changed it: its output has another name."""
    sample = _sample("census-model-predictive")
    graph = copy.deepcopy(sample.experiment)
    _node(graph, "result")["parameters"]["Name"] = "scored"
    return sample.name, graph, sample.models


def experiment(name: str) -> tuple[str, dict[str, Any], Mapping[str, bytes]]:
    """Return title, graph and models of one of the experiments. Raises CatalogueFault for one there is not."""
    made: dict[str, Callable[[], tuple[str, dict[str, Any], Mapping[str, bytes]]]] = {
        "unconnected": _unconnected,
        "changed_scoring": _renamed,
        "failing_script": lambda: _script(
            "def azureml_main(dataframe1=None, dataframe2=None):\n    raise ValueError('no such column: salary')\n"
        ),
        "slow_script": lambda: _script(
            "import time\n"
            "def azureml_main(dataframe1=None, dataframe2=None):\n    time.sleep(60)\n    return dataframe1\n"
        ),
        "working_script": lambda: _script(
            "def azureml_main(dataframe1=None, dataframe2=None):\n    return dataframe1\n"
        ),
    }
    graphs = {
        "training": "census-model",
        "scoring": "census-model-predictive",
        "bike_training": "bike-rental-training",
        "bike_scoring": "bike-rental-scoring",
    }
    if name in made:
        return made[name]()
    if name not in graphs:
        raise CatalogueFault(f"there is no experiment {name!r}; there is: {', '.join([*graphs, *made])}")
    sample = _sample(graphs[name])
    return sample.name, sample.experiment, sample.models


@cache
def _rows() -> tuple[tuple[str, ...], ...]:
    lines = dataset_content("census-train").decode().splitlines()[: TRAINING_ROWS + 1]
    return tuple(tuple(row) for row in csv.reader(lines))


def _csv(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


@cache
def constants() -> dict[str, Any]:
    """Return the names that every failure has: ``census.columns``, ``census.row``, ``census.request`` (an RRS body)."""
    columns, row = list(_rows()[0]), list(_rows()[1])
    table = {"ColumnNames": columns, "Values": [row]}
    return {
        "census": {
            "columns": columns,
            "row": row,
            "request": {"Inputs": {"input1": table}, "GlobalParameters": {}},
            "short_columns": columns[:-2],
            "short_row": row[:-2],
            "renamed_columns": ["years", *columns[1:]],
        }
    }


def content(name: str) -> bytes:
    """Return a file by name. Raises CatalogueFault for one there is not."""
    rows = _rows()
    made: dict[str, Callable[[], bytes]] = {
        "rows": lambda: _csv(rows),
        "few_rows": lambda: _csv(rows[:20]),
        "ragged": lambda: _csv([*rows[:3], (*rows[3], "one too many"), *rows[4:20]]),
        "headless": lambda: _csv(rows[1:]),
        "without_label": lambda: _csv(row[:-1] for row in rows),
        "renamed_column": lambda: _csv([("years", *rows[0][1:]), *rows[1:]]),
        "bikes": lambda: b"\n".join(dataset_content("bikeshare").splitlines()[:400]) + b"\n",
        "deployed_model": lambda: next(iter(_sample("census-model-predictive").models.values())),
        "evaluation": lambda: b"Accuracy,Precision\r\n0.85,0.75\r\n",
    }
    if name not in made:
        raise CatalogueFault(f"there is no content {name!r}; there is: {', '.join(made)}")
    return made[name]()


class Models:
    """Trains the census model once, through a batch job, and keeps model and evaluation for every failure."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[bytes, bytes] | None = None

    def trained(self, emulator: Emulator) -> tuple[bytes, bytes]:
        """Return the bytes of the model and of its evaluation."""
        with self._lock:
            if self._kept is None:
                self._kept = _train(emulator)
            return self._kept


def _train(emulator: Emulator) -> tuple[bytes, bytes]:
    from amlemulator.core.batch import Submission
    from amlemulator.core.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
    from amlemulator.core.records import BlobReference

    emulator.blobs.create_container(DEVELOPMENT_ACCOUNT, "failures")
    emulator.blobs.put(DEVELOPMENT_ACCOUNT, "failures", "training.csv", io.BytesIO(content("rows")))
    title, graph, models = experiment("training")
    service = emulator.add_service(emulator.add_workspace("Failures: training"), title, graph, models)
    endpoint = emulator.directory.endpoint_named(service.id, "default")
    assert endpoint is not None
    connection = f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={DEVELOPMENT_KEY};DefaultEndpointsProtocol=http"
    rows = BlobReference(connection_string=connection, relative_location="failures/training.csv")
    job = emulator.batch.submit(endpoint, Submission({"input1": rows}), legacy=False)
    emulator.batch.start(job)
    ends = time.monotonic() + TRAINING_SECONDS
    while True:
        found = emulator.batch.find(endpoint, job.id)
        assert found is not None
        if found.state.ended:
            break
        if time.monotonic() > ends:
            raise CatalogueFault("the training did not end in time")
        time.sleep(0.02)
    if not found.results:
        raise CatalogueFault(f"the training failed: {found.details}")
    contents = []
    for name in ("output1", "output2"):
        output = found.results[name]
        with emulator.blobs.open(output.account, output.container, output.name) as source:
            contents.append(source.read())
    return contents[0], contents[1]
