"""The whole retraining flow with Azurite as the storage: input, outputs and model lie there, not with the emulator."""

import gzip
import json
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from azure.storage.blob import BlobServiceClient

import amlemulator.samples
from amlemulator.adapters.azure_blobs import API_VERSION
from support.azurite import azurite
from support.blob_storage import ACCOUNT, KEY
from support.census import CLERK, plain
from support.real import served

pytestmark = pytest.mark.timeout(600)

ROWS = Path(amlemulator.samples.__file__).parent / "data" / "census-train.csv.gz"
TRAINED_ON = 3000


@dataclass
class Program:
    """What a retraining program holds: the endpoints file, and the storage's connection string."""

    census: dict
    connection: str

    def call(self, method, url, key, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def default(self, number):
        return self.census["services"][number]["endpoints"][0]

    def blob(self, name):
        return {"ConnectionString": self.connection, "RelativeLocation": f"retraining/{name}"}

    def train(self):
        endpoint = self.default(0)
        jobs, key = f"{endpoint['api_location']}/jobs", endpoint["primary_key"]
        outputs = {"output1": self.blob("model.ilearner"), "output2": self.blob("evaluation.csv")}
        job = self.call("POST", f"{jobs}?api-version=2.0", key, {"Input": self.blob("rows.csv"), "Outputs": outputs})
        self.call("POST", f"{jobs}/{job}/start?api-version=2.0", key, {})
        while (status := self.call("GET", f"{jobs}/{job}?api-version=2.0", key))["StatusCode"] in (
            "NotStarted",
            "Running",
        ):
            time.sleep(0.2)
        assert "Finished" == status["StatusCode"], status
        return status["Results"]

    def score(self, endpoint):
        rows = plain(CLERK)
        answer = self.call("POST", f"{endpoint[0]}/execute?api-version=2.0", endpoint[1], rows)
        return answer["Results"]["output1"]["value"]["Values"][0][-1]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Start both, and upload the rows into Azurite."""
    folder = tmp_path_factory.mktemp("flow")
    with azurite(folder / "azurite") as endpoint:
        connection = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};"
        with BlobServiceClient.from_connection_string(connection, api_version=API_VERSION) as storage:
            storage.create_container("retraining")
            rows = b"".join(gzip.decompress(ROWS.read_bytes()).splitlines(keepends=True)[: TRAINED_ON + 1])
            storage.get_blob_client("retraining", "rows.csv").upload_blob(rows)
            with served(folder, "--allow-storage", urlsplit(endpoint).netloc) as path:
                census = json.loads(path.read_text("utf-8"))["workspaces"][0]
                made = Program(census, connection)
                made.storage = storage
                yield made


def test_the_whole_flow(program):
    """Train, fetch the evaluation by its three values, add an endpoint, PATCH it, score: the new one has changed."""
    results = program.train()
    evaluation, model = results["output2"], results["output1"]
    address = "".join(evaluation[part] for part in ("BaseLocation", "RelativeLocation", "SasBlobToken"))
    with urllib.request.urlopen(address, timeout=30) as answer:
        assert b"AUC" in answer.read()
    assert urlsplit(address).netloc in program.connection
    there = {blob.name for blob in program.storage.get_container_client("retraining").list_blobs()}
    assert {"rows.csv", "model.ilearner", "evaluation.csv"} <= there

    scoring, token = program.census["services"][1], program.census["token"]
    endpoints = f"{program.census['management_url']}/workspaces/{program.census['id']}/webservices/{scoring['id']}"
    added = program.call("PUT", f"{endpoints}/endpoints/retrained", token, {"Description": "Azurite"})
    default = program.default(1)["api_location"], program.default(1)["primary_key"]
    retrained = added["ApiLocation"], added["PrimaryKey"]
    before = program.score(default)
    assert before == program.score(retrained)
    given = {"Resources": [{"Name": "Census Model [trained model]", "Location": model}]}
    program.call("PATCH", f"{endpoints}/endpoints/retrained", token, given)
    assert (before, True) == (program.score(default), before != program.score(retrained))
