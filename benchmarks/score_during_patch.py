"""Ten thousand scores during a hundred PATCHes, over real HTTP: each answer wholly from one model, none that fails.

    python benchmarks/score_during_patch.py [--scores 10000] [--patches 100] [--clients 8]

Two models are trained through the census training service, on other rows each. An endpoint of the scoring service is
then PATCHed with the one and the other in turns while the clients score the same rows all the time. Ends with 1 when an
answer failed or mixed the two models, or a PATCH was refused.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import requests
from azure.storage.blob import BlobServiceClient

from amlemulator.samples import dataset_content

ROWS = 20  # rows of one score: a mixed answer would show as rows of both models


class Service:
    """One endpoint, with a session of its own that keeps its connection."""

    def __init__(self, endpoint: dict[str, Any]) -> None:
        self.api = endpoint["api_location"]
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {endpoint['primary_key']}"

    def call(self, method: str, url: str, body: Any = None) -> requests.Response:
        """Send one request."""
        return self.session.request(method, url, json=body, timeout=60)


def train(training: Service, connection: str, name: str) -> dict[str, Any]:
    """Run a training job on a blob and return where its model lies."""
    reference = {"ConnectionString": connection, "RelativeLocation": f"rows/{name}"}
    jobs = training.api + "/jobs"
    job = training.call("POST", f"{jobs}?api-version=2.0", {"Input": reference}).json()
    training.call("POST", f"{jobs}/{job}/start?api-version=2.0").raise_for_status()
    while True:
        status = training.call("GET", f"{jobs}/{job}?api-version=2.0").json()
        if status["StatusCode"] == "Finished":
            return dict(status["Results"]["output1"])
        if status["StatusCode"] not in ("NotStarted", "Running"):
            sys.exit(f"the training job ended as {status}")
        time.sleep(0.2)


def upload(connection: str, lines: list[bytes]) -> None:
    """Store the rows that the two models are trained on."""
    with BlobServiceClient.from_connection_string(connection) as service:
        service.create_container("rows")
        for name, chosen in (("few.csv", lines[1:1500]), ("others.csv", lines[-3000:])):
            service.get_blob_client("rows", name).upload_blob(b"\n".join([lines[0], *chosen]))


class Run:
    """The clients' scores and the PATCHes, and what came of them."""

    def __init__(self, endpoint: dict[str, Any], patch_url: str, bodies: list[Any], body: Any) -> None:
        self.endpoint = endpoint
        self.patch_url = patch_url
        self.bodies = bodies
        self.body = body
        self.owner = Service(endpoint)
        self.known: list[str] = []
        self.seen: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.left = 0

    def patch(self, number: int) -> int:
        """PATCH with one of the two models; return the status."""
        return self.owner.call("PATCH", self.patch_url, self.bodies[number]).status_code

    def score(self, service: Service) -> str:
        """Score once; return the scored columns as text, or the status of a failure."""
        answer = service.call("POST", service.api + "/execute?api-version=2.0", self.body)
        if answer.status_code != 200:
            return f"status {answer.status_code}"
        return json.dumps([row[-2:] for row in answer.json()["Results"]["output1"]["value"]["Values"]])

    def client(self) -> None:
        """Score until enough scores have been taken."""
        service, seen = Service(self.endpoint), Counter[str]()
        while True:
            with self.lock:
                if self.left <= 0:
                    break
                self.left -= 1
            seen[self.score(service)] += 1
        with self.lock:
            self.seen += seen

    def go(self, scores: int, patches: int, clients: int) -> list[int]:
        """Do it all; return the statuses of the PATCHes."""
        for number in (0, 1):
            self.patch(number)
            self.known.append(self.score(self.owner))
        if self.known[0] == self.known[1]:
            sys.exit("the two models answer alike")
        self.left = scores
        threads = [threading.Thread(target=self.client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        statuses = []
        for number in range(patches):
            while self.left > scores * (patches - number) // (patches + 1) and self.left > 0:
                time.sleep(0.001)  # so that the PATCHes are spread over all the scores
            statuses.append(self.patch(number % 2))
        for thread in threads:
            thread.join()
        return statuses


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scores", type=int, default=10_000)
    parser.add_argument("--patches", type=int, default=100)
    parser.add_argument("--clients", type=int, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "endpoints.json"
        words = ["serve", "--port", "0", "--blob-port", "0", "--endpoints-file", str(file)]
        server = subprocess.Popen([sys.executable, "-m", "amlemulator.cli", *words], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith("READY ")
            return measure(json.loads(file.read_text()), arguments)
        finally:
            server.terminate()
            server.wait()


def measure(endpoints: dict[str, Any], arguments: argparse.Namespace) -> int:
    """Train, PATCH and score on a running emulator; print what came of it."""
    connection = endpoints["storage"]["connection_string"]
    lines = dataset_content("census-train").splitlines()
    upload(connection, lines)
    workspace = endpoints["workspaces"][0]
    training, scoring = workspace["services"][:2]
    models = [train(Service(training["endpoints"][0]), connection, name) for name in ("few.csv", "others.csv")]

    root = f"{workspace['management_url']}/workspaces/{workspace['id']}/webservices/{scoring['id']}/endpoints/moving"
    headers = {"Authorization": f"Bearer {workspace['token']}"}
    made = requests.put(root, json={}, headers=headers, timeout=60).json()
    name = made["Resources"][0]["Name"]
    names = lines[0].decode().split(",")
    rows = [line.decode().split(",") for line in lines[1 : ROWS + 1]]
    run = Run(
        {"api_location": made["ApiLocation"], "primary_key": made["PrimaryKey"]},
        root,
        [{"Resources": [{"Name": name, "Location": model}]} for model in models],
        {"Inputs": {"input1": {"ColumnNames": names, "Values": rows}}, "GlobalParameters": {}},
    )
    began = time.perf_counter()
    statuses = run.go(arguments.scores, arguments.patches, arguments.clients)
    return report(run, statuses, time.perf_counter() - began)


def report(run: Run, statuses: list[int], seconds: float) -> int:
    """Print what was seen; return the exit status."""
    old, new = (run.seen[one] for one in run.known)
    failed = sum(count for text, count in run.seen.items() if text.startswith("status"))
    mixed = run.seen.total() - old - new - failed
    print(f"scores           {run.seen.total():6} of {ROWS} rows each, {run.seen.total() / seconds:.0f} per second")
    print(f"PATCHes          {len(statuses):6}, {statuses.count(200)} with 200")
    print(
        f"of the one model {old:6}\nof the other     {new:6}\nmixed            {mixed:6}\nfailed           {failed:6}"
    )
    sound = not mixed and not failed and old and new and statuses.count(200) == len(statuses)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
