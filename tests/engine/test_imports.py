"""Import Data by an account's key: in jobs, scores and the run before a deployment."""

import pytest

from amlemulator.core.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from amlemulator.engine.deploying import Wish
from support import graphs
from support.blobs import upload
from support.runner import until

PATH = "Path to container, directory, or blob"


def importing(key=DEVELOPMENT_KEY):
    """Return an experiment that reads a blob of a private container; a request may take its place."""
    parameters = {"Account name": DEVELOPMENT_ACCOUNT, "Account key": key, PATH: "tests/rows.csv"}
    chosen = {"id": "rows", "module": "Select Columns in Dataset", "parameters": {"Select columns": ["x"]}}
    return {
        "experiment": "Importing",
        "nodes": [
            {"id": "import", "module": "Import Data", "parameters": parameters},
            {**chosen, "inputs": {"Dataset": "import"}},
            graphs.leave("result", "rows"),
        ],
    }


@pytest.fixture
def stored(place):
    """Store the rows."""
    upload(place.emulator, "rows.csv", b"x,y\n1,a\n2,b\n")
    return place


def test_the_key_opens_a_private_container(stored):
    """Studio's own way in: no SAS, no public container."""
    target = stored.deploy(importing())
    answer = target.score({"Inputs": {}, "GlobalParameters": {}})
    assert [["1"], ["2"]] == answer.json["Results"]["output1"]["value"]["Values"]
    job = target.jobs("POST", "", {"GlobalParameters": {}}).json
    target.jobs("POST", f"/{job}/start")
    until(lambda: target.jobs("GET", f"/{job}").json["StatusCode"] not in ("NotStarted", "Running"))
    assert "Finished" == target.jobs("GET", f"/{job}").json["StatusCode"]


def test_another_key_opens_nothing(stored):
    """The refusal is Import Data's, and names no key."""
    answer = stored.deploy(importing("d3Jvbmc=")).score({"Inputs": {}, "GlobalParameters": {}})
    assert 400 == answer.status
    assert "the key is not this account's" in answer.message
    assert "d3Jvbmc=" not in answer.message


def test_what_a_request_takes_the_place_of_is_read_for_the_schema(stored):
    """Deployed, the input has the imported columns; a call brings its own rows and reads nothing."""
    document = importing()
    document["nodes"][1]["inputs"] = {"Dataset": ["import", "request"]}
    document["nodes"].append({"id": "request", "module": "Web Service Input", "parameters": {"Name": "input1"}})
    service = stored.emulator.deploying.deploy(stored.workspace, Wish(document)).service
    target = stored.target(service)
    (port,) = stored.emulator.directory.interface(target.endpoint).inputs
    assert ["x", "y"] == [column.name for column in port.columns]
    body = {"Inputs": {"input1": {"ColumnNames": ["x", "y"], "Values": [["7", "c"]]}}, "GlobalParameters": {}}
    stored.emulator.blobs.delete(DEVELOPMENT_ACCOUNT, "tests", "rows.csv")
    assert [["7"]] == target.score(body).json["Results"]["output1"]["value"]["Values"]
