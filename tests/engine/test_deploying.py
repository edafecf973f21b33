"""Deploying what somebody brings: checked at once, run once, put in place whole or not at all."""

import re
from dataclasses import replace

import pytest

from amlemulator.core.endpoints import Settings
from amlemulator.core.records import BlobReference
from amlemulator.engine.deploying import Deployed, DeployRefused, Wish
from amlemulator.engine.deployment import Plan
from amlemulator.engine.trials import ExperimentFailed, Stopped, Watch
from amlemulator.experiments.bringing import bring
from amlemulator.experiments.graph import GraphError
from amlemulator.experiments.model_file import ModelFile, read_model_file
from support import graphs
from support.folders import LINE, MODEL, RESOURCE, census, make_folder
from support.wire import Target


@pytest.fixture
def folder(tmp_path):
    """Lay out experiment files with their data."""
    return make_folder(tmp_path)


@pytest.fixture
def line(folder):
    """Name the file of a training experiment that takes a data file along."""
    return folder / "experiments" / "line.yaml"


def deploy(place, path, **wish):
    return place.target(place.emulator.deploy_file(place.workspace, path, **wish))


def refused(place, experiment, **wish):
    with pytest.raises(DeployRefused) as caught:
        place.emulator.deploying.deploy(place.workspace, Wish(experiment, **wish))
    assert () == place.emulator.directory.services(place.workspace.id)
    return str(caught.value)


def test_an_experiment_file_becomes_a_service(place, line):
    """Its data file is a saved data set, and its input has the columns that the run has shown."""
    target = deploy(place, line)
    (port,) = place.emulator.directory.interface_of_graph(target.service.experiment).inputs
    assert ("Line", ["x", "n"]) == (target.service.name, [column.name for column in port.columns])
    assert "line.csv" in [one.name for one in place.emulator.studio.datasets(place.workspace)]


def test_everything_that_is_wrong_is_told_at_once(place, folder, line):
    """By file and line, before anything is sent or run."""
    line.write_text(LINE.replace("Linear", "Lineal").replace("Label column", "Labell column"))
    with pytest.raises(GraphError) as caught:
        place.emulator.deploy_file(place.workspace, line)
    told = str(caught.value).splitlines()
    assert [True] * len(told) == [one.startswith(f"{line}:") for one in told]
    assert [1, 1] == [sum(words in one for one in told) for words in ("Lineal Regression", "Labell column")]


def test_predictive_is_set_up_from_the_training_file(place, line):
    """It scores at once, under the name that Studio gave, with the trained model as its resource."""
    target = deploy(place, line, predictive=True)
    assert "Line [Predictive Exp.]" == target.service.name
    assert ["Line [trained model]"] == [resource.name for resource in target.endpoint.resources]
    body = {"Inputs": {"input1": {"ColumnNames": ["x", "n"], "Values": [["10", "0"]]}}}
    table = target.score(body).json["Results"]["output1"]["value"]
    assert 20.0 == pytest.approx(float(table["Values"][0][-1]), rel=0.01)


def test_what_trains_nothing_cannot_be_set_up(place):
    """There is no model to save."""
    assert "'Echo' trains nothing." in refused(place, graphs.ECHO, predictive=True)


def test_what_trains_on_requests_alone_cannot_be_set_up(place):
    """Nobody has called yet, so there is nothing to train on: the mend says what to wire."""
    nodes = [dict(node) for node in graphs.TRAINING["nodes"] if node["id"] not in ("score", "evaluate", "evaluation")]
    train = next(node for node in nodes if node["id"] == "train")
    train["inputs"] = {**train["inputs"], "Dataset": "request"}
    wish = Wish({"experiment": "Bare", "nodes": nodes}, predictive=True)
    with pytest.raises(ExperimentFailed, match="train: What it trains on comes only with a call"):
        place.emulator.deploying.deploy(place.workspace, wish)


def test_a_parameter_feeds_the_run(place):
    """An Import Data whose address is a web service parameter is run where the parameter is given."""
    experiment = {
        "experiment": "Imported",
        "nodes": [
            {
                "id": "import",
                "module": "Import Data",
                "parameters": {"Data source": "Azure Blob Storage", "Authentication type": "PublicOrSas"},
            },
            graphs.leave("result", "import"),
        ],
        "web service parameters": [{"name": "URI", "sets": ["import.URI"]}],
    }
    wish = Wish(experiment, parameters={"URI": "https://devstoreaccount1.blob.core.windows.net/no/rows.csv"})
    with pytest.raises(ExperimentFailed) as caught:
        place.emulator.deploying.deploy(place.workspace, wish)
    assert "Import Data" == caught.value.module
    service = place.emulator.deploying.deploy(place.workspace, Wish(experiment)).service
    (port,) = place.emulator.directory.interface_of_graph(service.experiment).outputs
    assert () == port.columns


def test_a_name_that_is_taken(place, line):
    """It is refused, and what to do is said; with ``update`` the service keeps its id and its keys."""
    first = deploy(place, line)
    with pytest.raises(DeployRefused, match="There is a web service 'Line' already"):
        deploy(place, line)
    again = deploy(place, line, update=True)
    assert (first.service.id, first.endpoint.primary_key) == (again.service.id, again.endpoint.primary_key)
    assert "Other" == deploy(place, line, name="Other").service.name


def census_file(folder):
    return folder / "experiments" / "census.yaml"


def test_added_endpoints_and_their_models_stay_until_they_are_refreshed(place, folder):
    """A redeployment changes the default endpoint; a refresh takes the graph over, and the model only when asked."""
    first = deploy(place, census_file(folder), name="Census", models={RESOURCE: MODEL.read_bytes()})
    added = first.add("added")
    other = census().replace('"module": "Score Model"', '"module": "Score Model", "parameters": {}', 1)
    census_file(folder).write_text(other)
    wish = {"name": "Census", "update": True, "models": {RESOURCE: MODEL.read_bytes()}}
    second = deploy(place, census_file(folder), **wish)
    assert first.service.experiment != second.service.experiment
    assert [second.service.experiment, first.service.experiment] == [first.fresh().experiment, added.fresh().experiment]
    assert 200 == place.manage("POST", f"{added.managed}/refresh", {"OverwriteResources": "false"}).status
    assert second.service.experiment == added.fresh().experiment


def test_a_patched_model_outlives_the_refresh_after_an_update(place, folder):
    """The graph follows and the model of the PATCH stays; with OverwriteResources the deployed one is there again."""
    first = deploy(place, census_file(folder), name="Census", models={RESOURCE: MODEL.read_bytes()})
    added = first.add("added")
    file = read_model_file(MODEL.read_bytes())
    other = place.emulator.store.save_content(ModelFile(replace(file.header, facts={}), file.onnx).pack())
    update = {RESOURCE: (other, BlobReference())}
    place.emulator.administration.patch_endpoint(added.fresh(), Settings(), update)
    census_file(folder).write_text(
        census().replace('"module": "Score Model"', '"module": "Score Model", "parameters": {}')
    )
    second = deploy(place, census_file(folder), name="Census", update=True)
    (deployed,) = second.service.resources
    assert other == added.fresh().resources[0].model != deployed.model
    for overwrite, expected in (("false", other), ("true", deployed.model)):
        place.manage("POST", f"{added.managed}/refresh", {"OverwriteResources": overwrite})
        found = added.fresh()
        assert (second.service.experiment, expected) == (found.experiment, found.resources[0].model)


def test_two_services_or_none(place, line):
    """A training experiment and its predictive one are deployed together; where one cannot be, neither is."""
    brought = bring(line)
    datasets = place.emulator.data_files.bring(place.workspace, brought.files)
    wish = Wish(brought.document, datasets=datasets, predictive=True, trainer="Line")
    place.deploy(graphs.ECHO)
    for taken in ("Line", "Line [Predictive Exp.]"):
        other = place.emulator.add_service(place.workspace, taken, graphs.ECHO)
        with pytest.raises(DeployRefused, match=re.escape(f"There is a web service '{taken}' already")):
            place.emulator.deploying.deploy(place.workspace, wish)
        assert [taken] == names(place)[1:]
        place.emulator.administration.delete_service(other.id)
    made = place.emulator.deploying.deploy(place.workspace, wish)
    assert ["Line", "Line [Predictive Exp.]"] == names(place)[1:]
    assert ("Line", True) == (made.trainer.name, made.created)


def names(place):
    return [one.name for one in place.emulator.directory.services(place.workspace.id)]


def test_a_name_that_is_taken_while_the_experiment_runs(place):
    """Of two deployments of one name at the same time one is refused, and what the other deployed stays."""
    first, second = ([Plan(name, graphs.ECHO, {}) for name in both] for both in (["Line"], ["Else", "Line"]))
    made = place.emulator.deploying.put(place.workspace, first)
    with pytest.raises(DeployRefused, match="There is a web service 'Line' already"):
        place.emulator.deploying.put(place.workspace, second)
    assert ["Line"] == names(place)
    assert made == place.emulator.directory.service(made.id)


def test_prevent_update_keeps_the_default_endpoint(place, line):
    """It stays as it is, and is named among those that do."""
    first = deploy(place, line)
    assert 200 == place.manage("PATCH", first.managed, {"PreventUpdate": "true"}).status
    line.write_text(LINE.replace("Linear Regression", "Boosted Decision Tree Regression"))
    names = {"line.csv": next(one.id for one in place.emulator.studio.datasets(place.workspace))}
    document = {**graphs.TRAINING, "experiment": "Line"}
    found = place.emulator.deploying.deploy(place.workspace, Wish(document, datasets=names, update=True))
    assert (False, ("default",)) == (found.created, found.stayed)
    assert first.endpoint.experiment == first.fresh().experiment


def test_models_that_are_not_given_stay(place, folder):
    """An updated service keeps the models that it has; a new one must be given all."""
    wish = {"name": "Census", "models": {RESOURCE: MODEL.read_bytes()}}
    deploy(place, census_file(folder), **wish)
    again = deploy(place, census_file(folder), name="Census", update=True)
    assert [RESOURCE] == [resource.name for resource in again.endpoint.resources]
    with pytest.raises(DeployRefused, match="has no model"):
        deploy(place, census_file(folder), name="Another")


def test_models_that_fit_nothing(place):
    """A file that is none, and a resource that nothing takes, are told together."""
    told = refused(place, graphs.ECHO, models={"Nobody": b"nothing"})
    assert ["No Saved Model of the experiment is called 'Nobody'. There is: none.", "no model file"] == [
        told.splitlines()[0],
        "no model file" if "no model file" in told else told,
    ]


def test_a_data_set_that_is_not_there(place):
    """What there is, is named."""
    experiment = {
        "experiment": "Lost",
        "nodes": [
            {"id": "data", "module": "Dataset", "parameters": {"Dataset": "lost"}},
            graphs.leave("result", "data"),
        ],
    }
    assert "data: There is no data set 'lost' in the workspace. There is: bikeshare" in refused(place, experiment)


def test_a_data_set_of_the_workspace_is_found_by_its_name(place, line):
    """As Studio's palette listed it."""
    deploy(place, line)
    experiment = {
        "experiment": "Again",
        "nodes": [
            {"id": "data", "module": "Dataset", "parameters": {"Dataset": "line.csv"}},
            graphs.leave("result", "data"),
        ],
    }
    deployed = place.emulator.deploying.deploy(place.workspace, Wish(experiment))
    assert isinstance(deployed, Deployed)
    target = Target(place, deployed.service, place.target(deployed.service).endpoint)
    values = target.score({}).json["Results"]["output1"]["value"]["Values"]
    assert [["1", "2"], ["2", "4"], ["3", "6"], ["4", "8"]] == values


def test_a_run_that_fails_changes_nothing(place):
    """The module that failed is named, with its own error."""
    nodes = [
        {"id": "data", "module": "Enter Data Manually", "parameters": graphs.MANUAL},
        {
            "id": "script",
            "module": "Execute Python Script",
            "parameters": {"Python script": "def azureml_main(frame):\n    return 1 / 0\n"},
            "inputs": {"Dataset1": "data"},
        },
        graphs.leave("result", "script"),
    ]
    with pytest.raises(ExperimentFailed, match="Error 0085") as caught:
        place.emulator.deploying.deploy(place.workspace, Wish({"experiment": "Broken", "nodes": nodes}))
    assert "Execute Python Script" == caught.value.module
    assert () == place.emulator.directory.services(place.workspace.id)


def test_a_run_that_is_stopped_changes_nothing(place):
    """Whether it has begun or not."""
    watch = Watch()
    watch.stop()
    experiment = {"experiment": "Stopped", "nodes": [*graphs.NO_INPUT["nodes"][:1], graphs.leave("result", "data")]}
    with pytest.raises(Stopped):
        place.emulator.deploying.deploy(place.workspace, Wish(experiment), watch)
    assert () == place.emulator.directory.services(place.workspace.id)


def test_the_same_file_is_one_data_set(place, line):
    """Brought twice it is the same; changed it is a new version of it."""

    def versions():
        found = [one for one in place.emulator.studio._versions(place.workspace) if one.name == "line.csv"]
        return [(one.version, one.is_latest) for one in found]

    deploy(place, line)
    deploy(place, line, update=True)
    assert [(1, True)] == versions()
    (line.parent.parent / "data" / "line.csv").write_text("x,n\n5,10\n6,12\n")
    deploy(place, line, update=True)
    assert [(1, False), (2, True)] == versions()
