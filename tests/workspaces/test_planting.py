"""A workspace folder is served as it says."""

import pytest

from amlemulator import Emulator
from amlemulator.commands.serve import endpoints
from amlemulator.settings import SettingsError
from amlemulator.workspaces.reading import read_workspaces
from support.census import plain
from support.folders import DATA, KEY, LINE, RESOURCE, WORKSPACE, make_folder
from support.runner import until
from support.wire import BASE, BLOB, Place, Wire

COMMON = {"seed": "tests", "public_url": BASE, "public_blob_url": BLOB, "workers": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Lay out the folder of the tests."""
    return make_folder(tmp_path_factory.mktemp("folder"))


@pytest.fixture(scope="module")
def told():
    """Keep what was told while the emulator was made."""
    return []


@pytest.fixture(scope="module")
def served(folder, told):
    """Serve the folder."""
    made = Emulator(workspace=str(folder), tell=told.append, **COMMON)
    yield made
    made.close()


@pytest.fixture
def place(served):
    """Call what is served in the folder's workspace."""
    (workspace,) = served.directory.workspaces()
    return Place(Wire(served), workspace)


def test_ids_keys_and_settings_are_those_of_the_folder(place):
    """And what it does not say is derived from the seed."""
    listed = place.manage("GET", "/webservices").json
    assert [("Line", 1), ("Census", 2)] == [(one["Name"], one["EndpointCount"]) for one in listed]
    assert ["1" * 32, "2" * 32] == [place.workspace.id, listed[1]["Id"]]
    default, retrained = place.manage("GET", f"/webservices/{'2' * 32}/endpoints").json
    assert KEY == default["PrimaryKey"]
    assert default["ApiLocation"].endswith("3" * 32)
    assert 88 == len(default["SecondaryKey"])
    shown = [retrained[name] for name in ("Name", "Description", "ThrottleLevel", "MaxConcurrentCalls")]
    assert ["retrained", "retrained on Mondays", "High", 7] == shown


def test_the_endpoints_score(place):
    """With the models that the folder names."""
    service = place.emulator.directory.services(place.workspace.id)[1]
    for name in ("default", "retrained"):
        answer = place.target(service, name).score(plain())
        assert 200 == answer.status
        assert answer.json["Results"]["output1"]["value"]["Values"]


def test_the_training_service_trains_on_the_data_file(place):
    """The file is a data set of the workspace, and an input like it is taken."""
    target = place.target(place.emulator.directory.services(place.workspace.id)[0])
    (shown,) = endpoints(place.emulator)["workspaces"]
    rows = {"ConnectionString": shown["storage"]["connection_string"], "RelativeLocation": "rows/line.csv"}
    job = target.jobs("POST", "", {"Input": rows}).json
    target.jobs("POST", f"/{job}/start")
    ended = until(lambda: (state := target.jobs("GET", f"/{job}").json)["StatusCode"] != "Running" and state)
    assert ("Finished", ["output1"]) == (ended["StatusCode"], list(ended["Results"]))
    assert ["data_line.csv"] == [
        one.name for one in place.emulator.studio.datasets(place.workspace) if one.workspace_id == place.workspace.id
    ]


def test_the_columns_of_a_port_are_found_by_a_run(place, told):
    """Only for the experiment that does not say them; it was told that this takes place."""
    line, _ = place.emulator.directory.services(place.workspace.id)
    (port,) = place.emulator.directory.interface_of_graph(line.experiment).inputs
    assert [("x", "Int32"), ("n", "Int32")] == [(column.name, column.type) for column in port.columns]
    assert ["running the experiment of 'Line' once, for the columns of its ports"] == told


def test_blobs_are_in_storage_with_the_account_of_the_folder(place):
    """Its key is derived from the seed; the endpoints file has it."""
    with place.emulator.blobs.open("ourstore", "rows", "line.csv") as content:
        assert DATA == content.read().decode()
    (shown,) = endpoints(place.emulator)["workspaces"]
    assert ("ourstore", place.emulator.blobs.key("ourstore")) == (shown["storage"]["account"], shown["storage"]["key"])
    assert f"BlobEndpoint={BLOB}/ourstore;" in shown["storage"]["connection_string"]


def test_a_reset_brings_the_folder_back(folder):
    """Records, blobs and data files, without another run."""
    told = []
    made = Emulator(workspace=str(folder), tell=told.append, **COMMON)
    try:
        before = made.store.snapshot()
        (workspace,) = made.directory.workspaces()
        made.administration.delete_service(made.directory.services(workspace.id)[0].id)
        made.blobs.delete("ourstore", "rows", "line.csv")
        made.reset()
        assert before == made.store.snapshot()
        assert ["line.csv"] == list(made.blobs.names("ourstore", "rows"))
        assert 1 == len(list(made.blobs.names("ourstore", "uploadedresources")))
        assert 1 == len(told)
    finally:
        made.close()


def test_a_state_that_is_there_wins_over_the_folder(folder, tmp_path):
    """The folder is planted into a new state only; its accounts are known all the same."""
    state = str(tmp_path / "state")
    first = Emulator(workspace=str(folder), state=state, **COMMON)
    first.add_workspace("More")
    first.close()
    told = []
    second = Emulator(workspace=str(folder), state=state, tell=told.append, **COMMON)
    assert ["Ours", "More"] == [one.name for one in second.directory.workspaces()]
    assert second.blobs.key("ourstore") is not None
    assert [] == told
    second.close()


def test_an_experiment_that_cannot_be_run_is_not_served(tmp_path):
    """Studio deployed none either before it had run; the module's own error is told."""
    broken = LINE.replace("line.csv", "text.csv")
    make_folder(tmp_path, {**WORKSPACE, "services": WORKSPACE["services"][:1]}, line=broken)
    (tmp_path / "data" / "text.csv").write_text("x,n\na,b\nc,d\n")
    with pytest.raises(SettingsError, match="The experiment of 'Line' in the workspace 'Ours' cannot be run: Train"):
        Emulator(workspace=str(tmp_path), **COMMON)


def test_an_endpoint_with_an_experiment_of_its_own(tmp_path):
    """As after a deployment that it has not been refreshed with."""
    (tmp_path / "w").mkdir()
    own = {"name": "older", "experiment": "experiments/line.yaml"}
    services = [{**WORKSPACE["services"][1], "endpoints": [own]}]
    made = Emulator(workspace=str(make_folder(tmp_path / "w", {**WORKSPACE, "services": services})), **COMMON)
    try:
        service = made.directory.services("1" * 32)[0]
        default, older = made.directory.endpoints(service.id)
        assert ["scoring", "training"] == [made.directory.kind(one.experiment) for one in (default, older)]
        assert ([RESOURCE], []) == ([one.name for one in default.resources], [one.name for one in older.resources])
        assert [True] == [bool(port.columns) for port in made.directory.interface(older).inputs]
    finally:
        made.close()


def test_reading_twice_gives_the_same(folder):
    """So that somebody who watches the folder sees what changed."""
    assert read_workspaces(folder) == read_workspaces(folder)
