"""Deployment over the control plane: begun, watched, stopped."""

import pytest

from amlemulator.engine.storage import StoredOutput
from support import graphs
from support.folders import DATA
from support.runner import until

SLOW = {
    "experiment": "Slow",
    "nodes": [
        {"id": "data", "module": "Enter Data Manually", "parameters": graphs.MANUAL},
        {
            "id": "script",
            "module": "Execute Python Script",
            "parameters": {"Python script": "import time\ndef azureml_main(frame):\n    time.sleep(600)\n"},
            "inputs": {"Dataset1": "data"},
        },
        graphs.leave("result", "script"),
    ],
}
DATASET = {
    "experiment": "Data",
    "nodes": [
        {"id": "data", "module": "Dataset", "parameters": {"Dataset": "rows.csv"}},
        graphs.leave("result", "data", columns=graphs.NUMBERS),
    ],
}


def begin(place, **body):
    return place.wire.call("POST", f"/_emulator/workspaces/{place.workspace.id}/deployments", body)


def show(place, errand):
    return place.wire.call("GET", f"/_emulator/deployments/{errand}").json


def ended(place, **body):
    answer = begin(place, **body)
    assert 202 == answer.status, answer.json
    return until(lambda: (shown := show(place, answer.json["id"]))["state"] != "Running" and shown)


def names(place):
    return [one.name for one in place.emulator.directory.services(place.workspace.id)]


def test_a_deployment_is_begun_and_watched(place):
    """What came of it is listed as the endpoints file lists services."""
    shown = ended(place, experiment=graphs.ECHO, name="Mine")
    assert ("Done", True, []) == (shown["state"], shown["created"], shown["stayed"])
    assert ("Mine", "scoring", ["default"]) == (
        shown["service"]["name"],
        shown["service"]["kind"],
        [one["name"] for one in shown["service"]["endpoints"]],
    )
    assert ["Mine"] == names(place)


def test_an_update_names_the_endpoints_that_stay(place):
    """The added ones do until they are refreshed."""
    ended(place, experiment=graphs.ECHO)
    place.target(place.emulator.directory.services(place.workspace.id)[0]).add("added")
    shown = ended(place, experiment=graphs.ECHO_TEXTS, update=True)
    assert (False, ["added"]) == (shown["created"], shown["stayed"])


def test_data_come_along_by_reference_and_staged_ones_are_swept(place):
    """From the container of deployments, whose blobs go; what lies elsewhere stays."""
    emulator, account = place.emulator, place.workspace.storage_account
    connection = f"DefaultEndpointsProtocol=https;AccountName={account};AccountKey={emulator.blobs.key(account)}"
    for container, kept in (("amlclassic-deploy", []), ("rows", ["rows.csv"])):
        with open_bytes(DATA) as content:
            emulator.storage.write(StoredOutput(account, container, "rows.csv", "container"), content, "text/csv")
        reference = {"ConnectionString": connection, "RelativeLocation": f"{container}/rows.csv"}
        shown = ended(place, experiment=DATASET, name=container, datasets={"rows.csv": reference})
        assert "Done" == shown["state"], shown
        assert kept == list(emulator.blobs.names(account, container))


def open_bytes(text):
    from io import BytesIO

    return BytesIO(text.encode())


def test_a_run_that_fails_is_told(place):
    """With the module that failed; nothing has been deployed."""
    script = {**SLOW["nodes"][1], "parameters": {"Python script": "def azureml_main(frame):\n    return 1 / 0\n"}}
    shown = ended(place, experiment={**SLOW, "nodes": [SLOW["nodes"][0], script, SLOW["nodes"][2]]})
    assert "Failed" == shown["state"]
    assert shown["error"].startswith("Execute Python Script: Error 0085")
    assert [] == names(place)


def test_a_deployment_is_stopped(place):
    """Its worker is killed and nothing is deployed."""
    errand = begin(place, experiment=SLOW).json["id"]
    until(lambda: show(place, errand)["progress"].get("module") == "Execute Python Script")
    assert 204 == place.wire.call("DELETE", f"/_emulator/deployments/{errand}").status
    until(lambda: show(place, errand)["state"] == "Stopped")
    assert [] == names(place)


def test_a_reset_stops_deployments(place):
    """What is under way in the workspace comes to nothing."""
    errand = begin(place, experiment=SLOW).json["id"]
    place.emulator.reset(place.workspace.id)
    until(lambda: show(place, errand)["state"] == "Stopped")
    assert [] == names(place)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, 'Send an object with "experiment"'),
        ({"experiment": graphs.ECHO, "more": 1}, 'Send an object with "experiment"'),
        ({"experiment": graphs.ECHO, "update": "yes"}, "Of another kind than they must be: update."),
        ({"experiment": graphs.ECHO, "models": [], "name": 3}, "Of another kind than they must be: models, name."),
        ({"experiment": {"experiment": "A", "nodes": []}}, "The experiment has no modules."),
        (
            {"experiment": graphs.ECHO, "models": {"a": {"RelativeLocation": "c/x"}}},
            "What was to be read is not there.",
        ),
        ({"experiment": graphs.ECHO, "datasets": {"a": 5}}, "hold references to blobs"),
    ],
)
def test_what_cannot_be_deployed_is_refused_at_once(place, body, words):
    """400 with the sentence; nothing is begun."""
    answer = begin(place, **body)
    assert (400, "BadRequest") == answer.refusal[:2]
    assert words in answer.message
    assert [] == names(place)


def test_what_is_not_there(place):
    """404 for an unknown workspace and an unknown deployment."""
    unknown = place.wire.call("POST", f"/_emulator/workspaces/{'0' * 32}/deployments", {"experiment": graphs.ECHO})
    answers = [unknown, *(place.wire.call(method, "/_emulator/deployments/none") for method in ("GET", "DELETE"))]
    assert [404] * 3 == [answer.status for answer in answers]


def test_strangers_deploy_nothing(place):
    """The control plane's guard stands before it: no cross-site request."""
    path = f"/_emulator/workspaces/{place.workspace.id}/deployments"
    assert 403 == place.wire.call("POST", path, {"experiment": graphs.ECHO}, headers={"Origin": "http://evil"}).status
