"""A thousand models: what the emulator adds to scikit-learn, and whether a thousand endpoints cost more than two.

    python benchmarks/many.py [--models 1000] [--endpoints 1000] [--workers N] [--rounds 5]

Training: the same files through `Bike Rental Training`, as `amlclassic demo --many` does it (submit, start, follow,
model stored), and through bare scikit-learn in a pool of as many processes (read with pandas, encode, fit, pickle), in
turns of a part each, so that a drift of the machine hits both. Endpoints: listing of services, lookup of one endpoint
and one score by the same model on a service with a thousand endpoints beside one with two, calls in turns. Patch: the
first score after a PATCH beside the later ones. Every ratio comes with its spread over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import requests
from azure.storage.blob import BlobServiceClient

from amlemulator.samples import location, scored_rows

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ.update(THREADS)  # as the emulator's workers have it, and before a pool is made
VERSION = {"api-version": "2.0"}
RESOURCE = "Bike Rental [trained model]"
PARTS = 5  # turns of the training
POLL = 0.1  # seconds between two looks at a job; clients of then took one or more


class Served:
    """An emulator of its own in a process, and one session per service."""

    def __init__(self, folder: Path, workers: int) -> None:
        file = folder / "endpoints.json"
        words = ["serve", "--port", "0", "--blob-port", "0", "--endpoints-file", str(file), "--workers", str(workers)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "amlemulator.cli", *words], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("READY ")
        told = json.loads(file.read_text())
        self.connection, self.blob_url = told["storage"]["connection_string"], told["blob_url"]
        self.workspace = told["workspaces"][0]
        self.services = {service["name"]: service for service in self.workspace["services"]}
        self.session = requests.Session()

    def call(self, method: str, url: str, key: str, body: Any = None, **options: Any) -> Any:
        """Send one request; return its JSON."""
        headers = {"Authorization": f"Bearer {key}"}
        answer = self.session.request(method, url, json=body, headers=headers, timeout=600, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def manage(self, method: str, path: str, body: Any = None) -> Any:
        """Call the management host."""
        root = f"{self.workspace['management_url']}/workspaces/{self.workspace['id']}/webservices"
        return self.call(method, root + path, self.workspace["token"], body)

    def resident(self) -> float:
        """Return resident memory of the server in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def stop(self) -> None:
        """End it."""
        self.session.close()
        self.process.terminate()
        self.process.wait()


def report(name: str, ours: Sequence[float], theirs: Sequence[float], unit: str) -> float:
    """Print one figure of two and their ratio; return the ratio."""
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    middle = statistics.median(ratios)
    medians = f"{statistics.median(ours):10.3f} {statistics.median(theirs):10.3f} {unit:3}"
    print(f"{name:44} {medians} {middle:6.2f}  [{min(ratios):.2f} - {max(ratios):.2f}]", flush=True)
    return middle


# Training


def processor_seconds(parent: int) -> float:
    """Return what a process, its children and this one have used of the processors so far."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if parent in (int(path.parent.name), int(fields[1])):
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") + (time.process_time() if parent != os.getpid() else 0.0)


def timed(work: Callable[[], Any], parent: int) -> tuple[Any, float, float]:
    """Do the work; return its result, and the wall and processor seconds that it took."""
    used, began = processor_seconds(parent), time.perf_counter()
    result = work()
    return result, time.perf_counter() - began, processor_seconds(parent) - used


def fit(path: str) -> int:
    """Train one location's model with bare scikit-learn, as the learner's documented parameters have it."""
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    table = pd.read_csv(path, dtype={"mnth": str, "hr": str, "weathersit": str})
    features, riders = table.drop(columns=["casual", "registered", "bikers"]), table["bikers"]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((encoder, ["mnth", "hr", "weathersit"]), remainder="passthrough")
    learner = HistGradientBoostingRegressor(
        max_leaf_nodes=20, min_samples_leaf=10, learning_rate=0.2, max_iter=100, early_stopping=False, random_state=0
    )
    model = make_pipeline(columns, learner).fit(features, riders)
    return Path(path).with_suffix(".pickle").write_bytes(pickle.dumps(model))


def train(served: Served, names: Sequence[str]) -> dict[str, Any]:
    """Train a model on each file through the service, as many at a time as it likes; return where the models lie."""
    endpoint = served.services["Bike Rental Training"]["endpoints"][0]
    jobs, key = endpoint["api_location"] + "/jobs", endpoint["primary_key"]
    ids = {}
    for name in names:
        body = {"GlobalParameters": {"URI": f"{served.blob_url}/devstoreaccount1/bikes/{name}.csv"}}
        ids[name] = served.call("POST", jobs, key, body, params=VERSION)
        served.call("POST", f"{jobs}/{ids[name]}/start", key, params=VERSION)
    models = {}
    for name, job in ids.items():
        while (status := served.call("GET", f"{jobs}/{job}", key, params=VERSION))["StatusCode"] != "Finished":
            assert status["StatusCode"] in ("NotStarted", "Running"), status
            time.sleep(POLL)
        models[name] = status["Results"]["output1"]
    return models


def parts(names: Sequence[str], count: int) -> list[Sequence[str]]:
    """Cut into ``count`` parts of about the same size."""
    return [names[place::count] for place in range(count) if names[place::count]]


def training(served: Served, folder: Path, models: int, workers: int) -> dict[str, Any]:
    """Time both, part by part; return where the emulator's models lie."""
    names = [f"l{number}" for number in range(models)]
    with BlobServiceClient.from_connection_string(served.connection) as service:
        container = service.create_container("bikes", public_access="blob")
        for number, name in enumerate(names):
            content = location(number, models)
            (folder / f"{name}.csv").write_bytes(content)
            container.upload_blob(f"{name}.csv", content)
    made: dict[str, Any] = {}
    ours, bare = [], []
    with ProcessPoolExecutor(workers) as pool:
        assert all(pool.map(fit, [str(folder / f"{name}.csv") for name in names[: workers * 2]]))
        train(served, names[: workers * 2])
        for part in parts(names, PARTS):
            files = [str(folder / f"{name}.csv") for name in part]
            made_here, *spent = timed(lambda files=files: list(pool.map(fit, files)), os.getpid())
            assert all(made_here)
            bare.append(spent)
            models_here, *spent = timed(lambda part=part: train(served, part), served.process.pid)
            made |= models_here
            ours.append(spent)
    for place, what in enumerate(("seconds", "processor seconds")):
        sides = [[spent[place] for spent in side] for side in (ours, bare)]
        report(f"{models} trainings, {workers} workers, {what}", *sides, "s")
        print(
            f"{'  all of them':44} {sum(sides[0]):10.3f} {sum(sides[1]):10.3f} s   {sum(sides[0]) / sum(sides[1]):6.2f}"
        )
    return made


# Endpoints


def seconds(work: Callable[[], Any], times: int) -> float:
    """Return the median time of some calls, in milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def in_turns(one: Callable[[], Any], other: Callable[[], Any], times: int) -> tuple[float, float]:
    """Return the median times of two calls that take turns, in milliseconds: what disturbs one disturbs the other."""
    taken = [(seconds(one, 1), seconds(other, 1)) for _ in range(times)]
    return statistics.median(pair[0] for pair in taken), statistics.median(pair[1] for pair in taken)


def endpoints(served: Served, models: dict[str, Any], count: int, rounds: int) -> None:
    """Time the same calls with many endpoints and with two, in turns: two emulators, one of them full."""
    scoring = served.services["Bike Rental Scoring"]["id"]
    places = list(models.values())
    before = served.resident()
    began = time.perf_counter()
    made = [served.manage("PUT", f"/{scoring}/endpoints/e{number}", {}) for number in range(count)]
    print(f"{'adding an endpoint':44} {(time.perf_counter() - began) * 1000 / count:10.3f} ms", flush=True)
    grown = (served.resident() - before) * 1024 / count
    print(f"{'memory per idle endpoint':44} {grown:10.1f} KiB")
    began = time.perf_counter()
    for number in range(count):
        patch(served, scoring, f"e{number}", places[number % len(places)])
    print(f"{'a PATCH':44} {(time.perf_counter() - began) * 1000 / count:10.3f} ms")
    grown = (served.resident() - before) * 1024 / count
    print(f"{'memory per patched endpoint, cache included':44} {grown:10.1f} KiB", flush=True)
    beside_few(served, made, places[(count - 1) % len(places)], rounds)
    body, began = rows(), time.perf_counter()
    for endpoint in made:
        score(served, endpoint, body)
    each = (time.perf_counter() - began) * 1000 / count
    print(f"{'score once on each of them, one after another':44} {each:10.3f} ms")


def beside_few(served: Served, made: list[dict[str, Any]], place: dict[str, Any], rounds: int) -> None:
    """Time the same calls on the full emulator and on one with two endpoints; ``place`` is the last one's model."""
    scoring, count = served.services["Bike Rental Scoring"]["id"], len(made)
    with tempfile.TemporaryDirectory() as folder:
        few = Served(Path(folder), 1)
        other = few.services["Bike Rental Scoring"]["id"]
        one = few.manage("PUT", f"/{other}/endpoints/e0", {})
        patch(few, other, "e0", carried(served, few, place))
        body = rows()
        calls: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
            "list services": (lambda: served.manage("GET", ""), lambda: few.manage("GET", "")),
            "look up an endpoint by name": (
                lambda: served.manage("GET", f"/{scoring}/endpoints/e{count - 1}"),
                lambda: few.manage("GET", f"/{other}/endpoints/e0"),
            ),
            "score one row": (lambda: score(served, made[-1], body), lambda: score(few, one, body)),
        }
        for name, (full, empty) in calls.items():
            in_turns(full, empty, 20)
            turns = [in_turns(full, empty, 200) for _ in range(rounds)]
            report(f"{name}: {count + 1} endpoints beside 2", *zip(*turns, strict=True), "ms")
        whole = seconds(lambda: served.manage("GET", f"/{scoring}/endpoints"), 5) / (count + 1)
        two = seconds(lambda: few.manage("GET", f"/{other}/endpoints"), 50) / 2
        print(f"{'list endpoints, for each one listed':44} {whole:10.3f} {two:10.3f} ms  {whole / two:6.2f}")
        few.stop()


def carried(served: Served, few: Served, place: dict[str, Any]) -> dict[str, Any]:
    """Store the model of one emulator in the other, so that both score with the same one; return where it lies."""
    address = place["BaseLocation"] + place["RelativeLocation"] + place["SasBlobToken"]
    content = served.session.get(address, timeout=600).content
    with BlobServiceClient.from_connection_string(few.connection) as service:
        container = service.create_container("carried", public_access="blob")
        blob = container.upload_blob("model.ilearner", content)
    return {
        "BaseLocation": blob.url.removesuffix("carried/model.ilearner"),
        "RelativeLocation": "carried/model.ilearner",
    }


def rows() -> dict[str, Any]:
    """Return a request of one row."""
    names, row = scored_rows([8])
    return {"Inputs": {"input1": {"ColumnNames": names, "Values": [row]}}, "GlobalParameters": {}}


def score(served: Served, endpoint: dict[str, Any], body: dict[str, Any]) -> Any:
    """Score once."""
    return served.call("POST", f"{endpoint['ApiLocation']}/execute", endpoint["PrimaryKey"], body, params=VERSION)


def patch(served: Served, service: str, name: str, model: Any) -> None:
    """Give an endpoint a model."""
    body = {"Resources": [{"Name": RESOURCE, "Location": model}]}
    served.manage("PATCH", f"/{service}/endpoints/{name}", body)


# The first score after a PATCH


def first_scores(served: Served, models: dict[str, Any], rounds: int) -> None:
    """Time the first score after a PATCH with another model, and the median of the later ones."""
    scoring = served.services["Bike Rental Scoring"]["id"]
    endpoint = served.manage("PUT", f"/{scoring}/endpoints/moving", {})
    body, firsts, later = rows(), [], []
    for model in list(models.values())[: rounds * 4]:
        patch(served, scoring, "moving", model)
        firsts.append(seconds(lambda: score(served, endpoint, body), 1))
        later.append(seconds(lambda: score(served, endpoint, body), 20))
    report("first score after a PATCH beside later ones", firsts, later, "ms")
    worst = max(first - rest for first, rest in zip(firsts, later, strict=True))
    print(f"{'  at most this much later':44} {worst:10.3f} ms  of {len(firsts)} PATCHes (wanted: 50)")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--endpoints", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{os.cpu_count()} processors, load {load}\n{'':44} {'amlclassic':>10} {'other':>10}      ratio  [spread]")
    with tempfile.TemporaryDirectory() as name:
        served = Served(Path(name), arguments.workers)
        try:
            models = training(served, Path(name), arguments.models, arguments.workers)
            first_scores(served, models, arguments.rounds)
            endpoints(served, models, arguments.endpoints, arguments.rounds)
        finally:
            served.stop()


if __name__ == "__main__":
    main()
