"""Studio's pages: workspaces with their regions, experiments drawn, rewired, run, set up and deployed."""

import pytest

from support import graphs
from support.runner import until
from support.visitor import Visitor, fields
from support.wire import Place

TRAINED = "train.Trained model"
QUERY = {"SQL Query Script": "select * from nowhere"}
FAILING = {
    "experiment": "Failing",
    "nodes": [
        graphs.NO_INPUT["nodes"][0],
        {"id": "sql", "module": "Apply SQL Transformation", "parameters": QUERY, "inputs": {"Table1": "data"}},
        graphs.leave("result", "sql"),
    ],
}


@pytest.fixture
def visitor(wire):
    return Visitor(wire)


@pytest.fixture
def training(place):
    return place.sample("census-model")


def at(place, rest=""):
    return f"/studio/workspaces/{place.workspace.id}{rest}"


def page_of(visitor, place, name):
    """Return the address of an experiment's page."""
    return visitor.get(at(place)).links()[name]


def tags(page):
    return [one.get("data-state") for one in page.root.iter("span") if one.get("data-state")]


def ids(page):
    return {one.get("id") for one in page.root.iter() if one.get("id")}


def test_the_drop_down_shows_each_workspace_with_its_region(visitor, place_with):
    """The document's region check: the list at the top of every page."""
    us = place_with()
    eu = Place(us.wire, us.emulator.add_workspace("Europeans", "West Europe"))
    visitor = Visitor(us.wire)
    for path in ("/studio/", at(us), at(eu)):
        chooser = visitor.get(path).by_id("workspaces")
        shown = ["".join(one.itertext()) for one in chooser.iter("a")]
        assert ["TestSouth Central US", "EuropeansWest Europe"] == shown
    rows = [row[:2] for row in visitor.get("/studio/").rows()]
    assert [["Test", "South Central US"], ["Europeans", "West Europe"]] == rows[1:]


def test_experiments_are_those_that_were_deployed(visitor, place, training):
    """Each web service's experiment stands in the list, finished."""
    place.sample("census-model-predictive")
    page = visitor.get(at(place))
    assert ["Census Model", "Census Model [Predictive Exp.]"] == [row[0] for row in page.rows()][1:]
    assert ["Finished", "Finished"] == tags(page)


def test_an_experiment_is_drawn_and_told_in_a_table(visitor, place, training):
    """The drawing names every module, and the table says the same for those who cannot see it."""
    address = page_of(visitor, place, "Census Model")
    page = visitor.get(address)
    answer = visitor.raw(page.by_id("graph").get("src"))
    assert (200, "image/svg+xml") == (answer.status, answer.header("Content-Type").partition(";")[0])
    assert "default-src 'none'" in answer.header("Content-Security-Policy")
    table = [row[1] for row in page.rows() if len(row) == 3][1:]
    assert {"Train Model", "Evaluate Model", "Web Service Output: output1"} <= set(table)
    for module in ("Train Model", "Web Service Output"):
        assert module in answer.body.decode()


def test_connected_and_not_connected(visitor, place, training):
    """The document's first picture, and the same unconnected with the warning; the web service stays as it is."""
    address = page_of(visitor, place, "Census Model")
    page = visitor.get(address)
    assert ("connected" in ids(page), "unconnected" in ids(page)) == (True, False)
    output = fields(page, "/wires")["output"]
    loose = visitor.submit(address + "/wires", output=output, source="")
    assert {"unconnected", "findings"} <= ids(loose)
    assert "No Web Service Output is connected to the output of Train Model." in loose.text("unconnected")
    svg = visitor.raw(loose.by_id("graph").get("src")).body.decode()
    assert "Data not connected" in svg
    refused = visitor.submit(address + "/run", status=400)
    assert "'Data' of 'Web Service Output' is not connected" in refused.all_text
    elsewhere = visitor.submit(address + "/wires", output=output, source="score.Scored dataset")
    assert ("unconnected" in ids(elsewhere), "findings" in ids(elsewhere)) == (True, False)
    again = visitor.submit(address + "/wires", output=output, source=TRAINED)
    assert "connected" in ids(again)
    kept = place.emulator.directory.interface(training.fresh())
    assert ["model", "dataset"] == [port.kind for port in kept.outputs]


@pytest.mark.parametrize("wrong", [{"output": "nowhere"}, {"source": "nowhere.Port"}, {"source": "request"}])
def test_a_wire_to_nowhere_is_refused(visitor, place, training, wrong):
    """What the graph does not have cannot be connected, and nothing changes."""
    address = page_of(visitor, place, "Census Model")
    sent = {**fields(visitor.get(address), "/wires"), **wrong}
    page = visitor.submit(address + "/wires", sent, status=404)
    assert "There is no port" in page.all_text
    assert ["Finished"] == tags(visitor.get(address))


def test_set_up_connects_what_is_loose(visitor, place, training):
    """Set Up Web Service puts a Web Service Output on Train Model."""
    address = page_of(visitor, place, "Census Model")
    output = fields(visitor.get(address), "/wires")["output"]
    visitor.submit(address + "/wires", output=output, source="")
    page = visitor.submit(address + "/setup")
    assert "connected" in ids(page)
    assert TRAINED == fields(page, "/wires")["source"]


def test_a_predictive_experiment_is_set_up_and_deployed(place_with):
    """Studio's way to the pair: the training experiment's predictive one is drawn, run, deployed, and scores."""
    place = place_with()
    visitor, training = Visitor(place.wire), place.deploy(graphs.TRAINING)
    address = page_of(visitor, place, training.service.name)
    name = f"{training.service.name} [Predictive Exp.]"
    page = set_up(visitor, address, name)
    assert ([name], ["InDraft"]) == (page.headings()[:1], tags(page))
    drawn = visitor.raw(page.by_id("graph").get("src")).body.decode()
    assert ("Saved Model" in drawn, "Train Model" in drawn) == (True, False)
    made = visitor.get(address).links()[name]
    visitor.submit(made + "/run")
    until(lambda: tags(visitor.get(made)) == ["Finished"])
    assert "Deployed." in visitor.submit(made + "/deploy", {"as": "new"}).all_text
    service = place.emulator.directory.services(place.workspace.id)[-1]
    assert (name, "scoring") == (service.name, place.emulator.directory.kind(service.experiment))
    assert [f"{training.service.name} [trained model]"] == [one.name for one in service.resources]
    rows = {"ColumnNames": ["n", "x"], "Values": [["0", "2"]]}
    assert 200 == place.target(service).score({"Inputs": {"input1": rows}, "GlobalParameters": {}}).status


def set_up(visitor, address, name):
    """Set up the predictive experiment, look again until it is there, and go there."""
    visitor.submit(address + "/predictive")
    until(lambda: "setting-up" not in ids(visitor.get(address)))
    return visitor.get(visitor.get(address).links()[name])


def test_setting_up_says_how_far_it_is_and_can_be_stopped(staged):
    """The module that runs, a button that stops it, a link for who has no script; asked twice it is one run."""
    visitor, training = Visitor(staged.wire), staged.deploy(graphs.TRAINING)
    address = page_of(visitor, staged, training.service.name)
    visitor.submit(address + "/predictive")
    running = until(lambda: next(iter(staged.emulator.staged.tasks.values()), None))
    running.progress({"module": "Train Model", "done": 2, "of": 7})
    page = visitor.submit(address + "/predictive")
    assert 1 == len(staged.emulator.staged.tasks)
    assert {"setting-up", "stop", "look-again"} <= set(ids(page))
    assert "Train Model (2 of 7 modules done)" in page.all_text
    assert ("2", "7") == (page.by_id("progress").get("value"), page.by_id("progress").get("max"))
    assert "data-live" in page.by_id("state").attrib
    assert "disabled" in page.by_id("predictive").attrib
    visitor.submit(address + "/predictive/stop")
    until(lambda: "setting-up" not in ids(visitor.get(address)))
    assert "was stopped. Nothing was changed." in visitor.get(address).all_text
    assert 1 == len(staged.emulator.experiments.all(staged.workspace))


def test_setting_up_that_fails_says_why(place_with):
    """The module's own error stands on the training experiment's page, and no experiment is added."""
    place = place_with()
    bare = {**graphs.TRAINING, "nodes": [dict(node) for node in graphs.TRAINING["nodes"]]}
    train = next(node for node in bare["nodes"] if node["id"] == "train")
    train["parameters"] = {"Label column": "nowhere"}
    visitor, training = Visitor(place.wire), place.deploy(bare)
    address = page_of(visitor, place, training.service.name)
    visitor.submit(address + "/predictive")
    until(lambda: "setting-up" not in ids(visitor.get(address)))
    page = visitor.get(address)
    assert "could not be set up. Nothing was changed." in page.all_text
    assert 'Train Model: Error 0001: Column with name or index "nowhere" not found' in page.all_text
    assert 1 == len(place.emulator.experiments.all(place.workspace))


def test_a_run_says_how_far_it_is(staged):
    """The module that runs stands on the page of an experiment that runs, too."""
    visitor, training = Visitor(staged.wire), staged.deploy(graphs.TRAINING)
    address = page_of(visitor, staged, training.service.name)
    visitor.submit(address + "/run")
    running = until(lambda: next(iter(staged.emulator.staged.tasks.values()), None))
    running.progress({"module": "Train Model", "done": 2, "of": 7})
    page = visitor.get(address)
    assert (["Running"], True) == (tags(page), "Train Model (2 of 7 modules done)" in page.all_text)


def test_a_predictive_experiment_is_set_up_again(place_with):
    """The same experiment is brought up to date, a draft again; the web service waits for it to be deployed."""
    place = place_with()
    visitor, training = Visitor(place.wire), place.deploy(graphs.TRAINING)
    address = page_of(visitor, place, training.service.name)
    name = f"{training.service.name} [Predictive Exp.]"
    set_up(visitor, address, name)
    assert ["InDraft"] == tags(set_up(visitor, address, name))
    assert 2 == len(place.emulator.experiments.all(place.workspace))
    assert "Update Predictive Experiment" == visitor.get(address).text("predictive")


def test_a_predictive_experiment_needs_a_run_that_trains(visitor, place, training):
    """A draft, and one that does not train, are refused; no experiment is added."""
    scoring = place.deploy(graphs.ECHO)
    echo = page_of(visitor, place, scoring.service.name)
    assert "0 modules that train" in visitor.submit(echo + "/predictive", status=400).all_text
    address = page_of(visitor, place, "Census Model")
    page = visitor.submit(address + "/setup")
    assert "disabled" in page.by_id("predictive").attrib
    refused = visitor.submit(address + "/predictive", status=400).all_text
    assert "Run it before setting up its predictive experiment." in refused
    assert 2 == len(place.emulator.experiments.all(place.workspace))


def test_run_and_deploy(place_with):
    """A changed experiment runs, and its web service is updated in its place with what was changed."""
    place = place_with()
    visitor, target = Visitor(place.wire), place.deploy(graphs.TRAINING)
    address = page_of(visitor, place, target.service.name)
    assert "disabled" not in visitor.get(address).by_id("deploy").attrib
    page = visitor.submit(address + "/setup")
    assert (["InDraft"], True) == (tags(page), "disabled" in page.by_id("deploy").attrib)
    assert "Run it before deploying" in visitor.submit(address + "/deploy", {"as": "update"}, status=400).all_text
    visitor.submit(address + "/run")
    until(lambda: tags(visitor.get(address)) == ["Finished"])
    before = place.emulator.directory.service(target.service.id).updated
    page = visitor.submit(address + "/deploy", {"as": "update"})
    assert "Deployed." in page.all_text
    assert before < place.emulator.directory.service(target.service.id).updated
    visitor.submit(address + "/deploy", {"as": "new"})
    assert 2 == len(place.emulator.directory.services(place.workspace.id))


def test_a_run_that_fails_says_why(place_with):
    """The reason stands on the page."""
    place = place_with()
    visitor = Visitor(place.wire)
    target = place.deploy(FAILING)
    address = page_of(visitor, place, target.service.name)
    visitor.submit(address + "/run")
    until(lambda: tags(visitor.get(address)) != ["Running"])
    page = visitor.get(address)
    assert ["Failed"] == tags(page)
    assert "Error" in "".join(page.by_id("state").itertext())


def test_data_sets_and_trained_models(visitor, place):
    """The samples' data sets and the models of the experiments have their lists."""
    place.sample("census-model-predictive")
    datasets = [row[0] for row in visitor.get(at(place, "/datasets")).rows()]
    assert ["bikeshare", "census-test", "census-train"] == datasets[1:]
    models = [row[0] for row in visitor.get(at(place, "/models")).rows()]
    assert ["Census Model [trained model]"] == models[1:]


@pytest.mark.parametrize("rest", ["", "/datasets", "/models", "/experiments/x", "/experiments/x/graph.svg"])
def test_what_is_not_there_is_a_404_page(visitor, place, rest):
    """An unknown workspace or experiment leads to a page that says so."""
    unknown = at(place, rest) if "experiments" in rest else f"/studio/workspaces/{'f' * 32}{rest}"
    visitor.get(unknown, 404)


def test_names_with_markup_stay_names(visitor, place):
    """An experiment's name and a module's id are shown, never obeyed, in the drawing too."""
    nasty = '<script>alert("x")</script>'
    place.deploy({**graphs.ECHO, "experiment": nasty})
    address = page_of(visitor, place, nasty)
    for path in (at(place), address, address + "/graph.svg"):
        assert b"<script>" not in visitor.raw(path).body
