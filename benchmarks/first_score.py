"""The first score after a PATCH beside the later ones: in `serve` and in the caller's process, for each way of scoring.

    python benchmarks/first_score.py [--rounds 5] [--later 20]

Every round is an emulator that has just started, so its first PATCH finds nothing loaded: no onnxruntime, no worker.
Ways of scoring: ``onnx`` (a model's row lane, in the server), ``sql`` and ``script`` (a worker scores), ``function``
(a person's own: in a worker of ``serve``, in the caller's process of an ``Emulator``). Each of them is PATCHed with two
models in turn. Printed are the medians of the first and of the later scores, and how much later than its own later ones
the worst first score was. Ends with 1 when that was more than 50 ms.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from amlemulator import Emulator
from amlemulator.core.records import StoredOutput
from amlemulator.core.references import render_reference
from amlemulator.experiments.function_graphs import Rows, Source, scoring_graph
from amlemulator.experiments.graph import write_column
from amlemulator.experiments.model_file import Feature, Header, ModelFile

WANTED = 50.0  # milliseconds
ROWS = Path(__file__).resolve().parent.parent / "examples" / "census" / "rows.csv"
CENSUS = ROWS.with_name("training.yaml")
RESOURCE = "function [trained model]"  # as add_service calls it, so that the bodies are the same everywhere
BETWEEN = {
    "onnx": None,
    "sql": {"module": "Apply SQL Transformation", "parameters": {"SQL Query Script": "select * from t1"}},
    "script": {
        "module": "Execute Python Script",
        "parameters": {"Python script": "def azureml_main(dataframe1=None, dataframe2=None):\n    return dataframe1,"},
    },
}
SCRIPT = "def score(model, rows):\n    rows['Scored Labels'] = len(model)\n    return rows\n"


def score(model: bytes, rows: Any) -> Any:
    """Score as SCRIPT does, in the caller's process."""
    rows["Scored Labels"] = len(model)
    return rows


@dataclass(frozen=True, slots=True)
class Way:
    """A scoring service: its graph, and two models to PATCH it with in turn."""

    name: str
    graph: Mapping[str, Any]
    models: tuple[bytes, bytes]


def ways() -> list[Way]:
    """Train two models and draw the graphs."""
    with Emulator() as emulator:
        place = emulator.workspace(samples=False)
        models, columns = [], []
        for trees in (40, 41):
            text = CENSUS.read_text("utf-8").replace("constructed: 40", f"constructed: {trees}")
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "rows.csv").write_bytes(ROWS.read_bytes())
                (Path(folder) / "training.yaml").write_text(text, "utf-8")
                made = place.deploy_file(Path(folder) / "training.yaml", predictive=True, update=trees > 40)
            models.append(emulator.store.load_content(made.service.resources[0].model))
            columns = list(emulator.directory.interface(made.record).inputs[0].columns)
    written = [write_column(column) for column in columns]
    drawn = [Way(name, graph_with(written, between), (models[0], models[1])) for name, between in BETWEEN.items()]
    rows = Rows({column.name: column.type for column in columns})
    features = tuple(Feature(one.name, one.type, "text" if one.type == "String" else "number") for one in columns)
    header = Header("function", "Python function", features, resource=RESOURCE)
    made_of_bytes = ModelFile(header, b"one").pack(), ModelFile(header, b"other").pack()
    return [*drawn, Way("function", scoring_graph("function", Source("score", SCRIPT), rows, RESOURCE), made_of_bytes)]


def graph_with(columns: list[dict[str, Any]], between: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return input, Score Model with a saved model, and output; ``between`` stands before Score Model."""
    nodes: list[dict[str, Any]] = [
        {"id": "request", "module": "Web Service Input", "parameters": {"Name": "input1"}, "columns": columns},
        {"id": "saved", "module": "Saved Model", "parameters": {"Name": RESOURCE}},
    ]
    port = "Table1" if between and "SQL" in between["module"] else "Dataset1"
    if between:
        nodes.append({"id": "between", **between, "inputs": {port: "request"}})
    inputs = {"Trained model": "saved", "Dataset": "between" if between else "request"}
    nodes.append({"id": "score", "module": "Score Model", "inputs": inputs})
    nodes.append(
        {"id": "out", "module": "Web Service Output", "parameters": {"Name": "output1"}, "inputs": {"Data": "score"}}
    )
    return {"experiment": "between", "nodes": nodes}


def prepare(state: Path, found: list[Way]) -> list[dict[str, Any]]:
    """Deploy every way into a state file; return what a client needs of each: addresses, keys, bodies."""
    with Emulator(state=str(state)) as emulator:
        place = emulator.workspace(samples=False)
        return [plan(emulator, place, way) for way in found]


def plan(emulator: Emulator, place: Any, way: Way) -> dict[str, Any]:
    """Deploy one way, unless it is there, with an endpoint to move; return addresses without their host, and bodies."""
    if way.graph:
        place.deploy(way.name, way.graph, {RESOURCE: way.models[0]})
    service = next(one for one in place.services if way.name in one.name and one.resources)
    headers = {"Authorization": f"Bearer {place.token}"}
    url = f"{place.management_url}/workspaces/{place.workspace.id}/webservices/{service.id}/endpoints/moving"
    made = emulator.session().put(url, json={}, headers=headers).json()
    columns = emulator.directory.interface(emulator.directory.endpoints(service.id)[0]).inputs[0].columns
    table = {"ColumnNames": [one.name for one in columns], "Values": [[cell_of(one) for one in columns]]}
    return {
        "name": way.name,
        "patch": url.removeprefix(emulator.addresses.base),
        "score": made["ApiLocation"].removeprefix(emulator.addresses.base) + "/execute?api-version=2.0",
        "key": made["PrimaryKey"],
        "bodies": [patch_body(emulator, service.resources[0].name, content) for content in way.models],
        "types": {one.name: one.type for one in columns},
        "rows": {"Inputs": {"input1": table}, "GlobalParameters": {}},
    }


def cell_of(column: Any) -> str:
    """Return a value for a column."""
    return str(column.categories[0]) if column.categories else "a" if column.type == "String" else "1"


def patch_body(emulator: Emulator, resource: str, model: bytes) -> dict[str, Any]:
    """Store a model and return the body of the PATCH that names it."""
    output = StoredOutput("devstoreaccount1", "models", f"{hash(model)}.ilearner", shared="container")
    emulator.blobs.create_container("devstoreaccount1", "models")
    emulator.storage.write(output, io.BytesIO(model), "application/octet-stream")
    location = render_reference(emulator.storage.shared(output, emulator.addresses))
    return {"Resources": [{"Name": resource, "Location": location}]}


def measured(session: requests.Session, base: str, way: Mapping[str, Any], later: int) -> list[list[float]]:
    """PATCH with one model and the other; return for each the milliseconds of the first score and of the later ones."""
    headers = {"Authorization": f"Bearer {way['key']}"}
    taken = []
    for body in way["bodies"]:
        session.patch(base + way["patch"], json=body, headers=headers).raise_for_status()
        times = []
        for _ in range(later + 1):
            began = time.perf_counter()
            answer = session.post(base + way["score"], json=way["rows"], headers=headers)
            times.append((time.perf_counter() - began) * 1000)
            answer.raise_for_status()
        taken.append(times)
    return taken


@contextmanager
def served(state: Path) -> Iterator[str]:
    """Give the base URL of ``amlclassic serve`` on the state file."""
    words = ["serve", "--port", "0", "--blob-port", "0", "--state", str(state)]
    process = subprocess.Popen([sys.executable, "-m", "amlemulator.cli", *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[1]
    finally:
        process.terminate()
        process.wait()


def in_serve(state: Path, plans: Path, name: str, later: int) -> list[list[float]]:
    """Measure one way in a ``serve`` that has just started."""
    way = next(one for one in json.loads(plans.read_text()) if one["name"] == name)
    with served(state) as base, requests.Session() as session:
        return measured(session, base, way, later)


def in_caller(state: Path, plans: Path, name: str, later: int) -> list[list[float]]:
    """Measure one way in an ``Emulator`` of a Python that has just started: this file, called once more."""
    words = [sys.executable, __file__, "--here", name, str(state), str(plans), "--later", str(later)]
    found: list[list[float]] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return found


def here(name: str, state: Path, plans: Path, later: int) -> None:
    """Do what ``in_caller`` asks for."""
    way = next(one for one in json.loads(plans.read_text()) if one["name"] == name)
    with Emulator(state=str(state)) as emulator:
        if name == "function":
            place = emulator.workspace("own", samples=False)
            place.add_service("function", train=lambda rows: b"", score=score, schema=way["types"])
            way |= {
                key: value for key, value in plan(emulator, place, Way("function", {}, ())).items() if key != "bodies"
            }
        print(json.dumps(measured(emulator.session(), emulator.addresses.base, way, later)))


def report(place: str, way: str, taken: list[list[float]]) -> float:
    """Print one line; return how much later the worst first score was."""
    firsts, rest = [times[0] for times in taken], [statistics.median(times[1:]) for times in taken]
    worst = max(first - other for first, other in zip(firsts, rest, strict=True))
    medians = f"{statistics.median(firsts):10.2f} {statistics.median(rest):10.2f}"
    slowest = max(max(times[1:]) for times in taken)
    print(f"{place:8} {way:10} {medians} {worst:10.2f} {slowest:10.2f}", flush=True)
    return worst


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--later", type=int, default=20)
    parser.add_argument("--here", nargs=3, metavar=("WAY", "STATE", "PLANS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        name, state, plans = arguments.here
        here(name, Path(state), Path(plans), arguments.later)
        return 0
    print(f"load {os.getloadavg()[0]:.1f}\n{'ms':19} {'first':>10} {'later':>10} {'worst +':>10} {'max later':>10}")
    places: dict[str, Callable[[Path, Path, str, int], list[list[float]]]] = {"serve": in_serve, "caller": in_caller}
    with tempfile.TemporaryDirectory() as folder:
        whole, plans = Path(folder) / "whole", Path(folder) / "plans.json"
        whole.mkdir()
        plans.write_text(json.dumps(prepare(whole / "state.db", ways())))
        worst = [
            report(place, way, rounds(measure, whole, plans, way, arguments))
            for place, measure in places.items()
            for way in (*BETWEEN, "function")
        ]
    print(f"the worst first score came {max(worst):.1f} ms later than its later ones (wanted: {WANTED:g} at most)")
    return 0 if max(worst) <= WANTED else 1


def rounds(
    measure: Callable[[Path, Path, str, int], list[list[float]]],
    whole: Path,
    plans: Path,
    way: str,
    arguments: argparse.Namespace,
) -> list[list[float]]:
    """Measure one way on copies of the state, an emulator each."""
    taken = []
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(whole, folder, dirs_exist_ok=True)
            taken += measure(Path(folder) / "state.db", plans, way, arguments.later)
    return taken


if __name__ == "__main__":
    sys.exit(main())
