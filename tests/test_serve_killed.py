"""kill -9 of the whole emulator in the middle of jobs, and a new start on the same state."""

import signal
from pathlib import Path

import requests
from azure.storage.blob import BlobServiceClient

from amlemulator.experiments.model_file import read_model_file
from amlemulator.samples import dataset_content
from support.processes import children_of, gone
from support.runner import until
from support.server import Served, serve

HOURS = [120, 160, 200, 240, 280, 320, 360, 400]  # of training data: each job's own, to tell the models apart
VERSION = {"api-version": "2.0"}


class Bikes:
    """The bike rental training service of a server, over HTTP."""

    def __init__(self, served: Served) -> None:
        endpoints = served.endpoints
        services = {service["name"]: service for service in endpoints["workspaces"][0]["services"]}
        (endpoint,) = services["Bike Rental Training"]["endpoints"]
        self.jobs = endpoint["api_location"] + "/jobs"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {endpoint['primary_key']}"
        self.connection = endpoints["storage"]["connection_string"]
        self.blobs = f"{endpoints['blob_url']}/devstoreaccount1"
        self.progress = f"{endpoints['control_url']}/jobs"

    def upload(self) -> None:
        """Store the data of every job."""
        header, *rows = dataset_content("bikeshare").splitlines(keepends=True)
        with BlobServiceClient.from_connection_string(self.connection) as service:
            container = service.create_container("hours", public_access="blob")
            for count in HOURS:
                container.upload_blob(f"{count}.csv", b"".join([header, *rows[:count]]))

    def begin(self, name: object) -> str:
        """Submit and start a job; return its id."""
        body = {"GlobalParameters": {"URI": f"{self.blobs}/hours/{name}.csv"}}
        job = self.session.post(self.jobs, json=body, params=VERSION, timeout=30).json()
        self.session.post(f"{self.jobs}/{job}/start", params=VERSION, timeout=30).raise_for_status()
        return str(job)

    def status(self, job: str) -> dict:
        """Return a job's status."""
        return self.session.get(f"{self.jobs}/{job}", params=VERSION, timeout=30).json()

    def ended(self, jobs: list[str]) -> int:
        """Return how many of the jobs have ended."""
        return sum(self.status(job)["StatusCode"] not in ("NotStarted", "Running") for job in jobs)

    def outputs(self) -> list[str]:
        """Return the names of all blobs that jobs have written where they write by default."""
        with BlobServiceClient.from_connection_string(self.connection) as service:
            return [blob.name for blob in service.get_container_client("experimentoutput").list_blobs()]

    def close(self) -> None:
        """Close the connections."""
        self.session.close()


def rows_used(status):
    """Return how many rows the model of a finished job was trained on."""
    location = status["Results"]["output1"]
    url = location["BaseLocation"] + location["RelativeLocation"] + location["SasBlobToken"]
    return read_model_file(requests.get(url, timeout=30).content).header.facts["rows used"]


def test_jobs_outlive_a_killed_emulator(tmp_path):
    """Killed twice in the middle: each job ends once, with its own result or its reason; no worker or file is left."""
    words = ("--state", str(tmp_path / "state.db"), "--workers", "2", "--running-jobs", "4")
    served = serve(tmp_path, *words)
    bikes = Bikes(served)
    bikes.upload()
    jobs = [bikes.begin(name) for name in (*HOURS[:2], "missing", *HOURS[2:])]
    for enough in (2, 5):
        until(lambda enough=enough, bikes=bikes: bikes.ended(jobs) >= enough)
        workers = children_of(served.process.pid)
        served.stop(signal.SIGKILL)
        bikes.close()
        until(lambda workers=workers: all(map(gone, workers)))
        served = serve(tmp_path, *words)
        bikes = Bikes(served)
    until(lambda: bikes.ended(jobs) == len(jobs))
    statuses = [bikes.status(job) for job in jobs]
    missing = statuses.pop(2)
    assert ("Failed", True) == (missing["StatusCode"], "The specified blob does not exist" in missing["Details"])
    assert HOURS == [rows_used(status) for status in statuses]
    named = [status["Results"]["output1"]["RelativeLocation"].partition("/")[2] for status in statuses]
    assert sorted(named) == sorted(bikes.outputs())
    bikes.close()
    assert (0, "") == served.stop()
    assert [] == left_in(tmp_path)


def left_in(folder: Path) -> list[str]:
    """Return what lies in the folder beside the state and the temporary folder, which is empty."""
    assert [] == list((folder / "tmp").iterdir())
    return [path.name for path in folder.iterdir() if not path.name.startswith("state.db") and path.name != "tmp"]


def test_the_log_tells_how_jobs_go_on(tmp_path):
    """With --log-level info each module is a line on standard error; the control plane shows the last word."""
    served = serve(tmp_path, "--log-level", "info", "--workers", "1")
    bikes = Bikes(served)
    bikes.upload()
    job = bikes.begin(HOURS[0])
    shown = until(lambda: requests.get(f"{bikes.progress}/{job}", timeout=30).json())
    until(lambda: bikes.ended([job]))
    bikes.close()
    status, told = served.stop()
    assert 0 == status
    assert 4 == shown["of"]
    for number, module in enumerate(("Import Data", "Select Columns in Dataset", "Boosted Decision Tree Regression")):
        assert f"INFO job {job}: {module} (" in told, number
    assert f"INFO job {job}: Train Model (4 of 4)" in told
