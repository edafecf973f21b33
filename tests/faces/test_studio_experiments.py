"""Experiments on the wire: listed, copied, run and deployed as azuremlps and the Python client do."""

import time

import pytest

from amlemulator.samples import workspaces
from support.graphs import NO_INPUT, TRAINING
from support.state import unchanged
from support.studio import Studio, refusal
from support.wire import Place

MEMBERS = [
    "ExperimentId",
    "Description",
    "Etag",
    "Creator",
    "IsArchived",
    "JobId",
    "VersionId",
    "RunId",
    "OriginalExperimentDocumentationLink",
    "Summary",
    "Category",
    "Tags",
    "Status",
]
STATUS = ["StatusCode", "StatusDetail", "CreationTime", "StartTime", "EndTime", "Metadata"]


@pytest.fixture
def studio(place):
    return Studio(place)


def only(studio):
    """Return the one experiment of the list."""
    (found,) = studio.get("/experiments")
    return found


def saving(experiment, *, draft, name="Copy", **changes):
    """Return the body that azuremlps makes from what it read."""
    return {
        "Description": name,
        "Summary": "",
        "IsDraft": draft,
        "ParentExperimentId": None,
        "DisableNodeUpdate": False,
        "Category": "user",
        "ExperimentGraph": experiment["Graph"],
        "WebService": experiment["WebService"],
        **changes,
    }


def read(studio, experiment_id):
    return studio.get(f"/experiments/{experiment_id}")


def finished(studio, experiment_id):
    """Poll as azuremlps does, until the run has ended; return the experiment."""
    deadline = time.monotonic() + 60
    while (found := read(studio, experiment_id))["Status"]["StatusCode"] == "Running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def copy(studio, *, draft=False, edit=None, **changes):
    """Copy the workspace's one experiment, edited, and run it unless it is a draft; return it when it has ended."""
    experiment = read(studio, only(studio)["ExperimentId"])
    if edit:
        edit(experiment)
    answer = studio.call("POST", "/experiments/", saving(experiment, draft=draft, **changes))
    assert answer.status == 200, answer
    return finished(studio, answer.json["ExperimentId"])


def parameter(experiment, node, name):
    """Return a module parameter of a graph on the wire."""
    (found,) = [one for one in experiment["Graph"]["ModuleNodes"] if one["Id"] == node]
    return next(one for one in found["ModuleParameters"] if one["Name"] == name)


# Looking


def test_deployed_experiments_are_listed(studio):
    """What was deployed here is an experiment of the workspace, with the recorded members."""
    studio.place.deploy(NO_INPUT)
    studio.place.deploy(TRAINING)
    listed = studio.get("/experiments")
    assert ["No Input", "Line"] == [one["Description"] for one in listed]
    assert (MEMBERS, STATUS) == (list(listed[0]), list(listed[0]["Status"]))
    assert ["Finished"] * 2 == [one["Status"]["StatusCode"] for one in listed]
    assert all(one["ExperimentId"].startswith(f"{studio.place.workspace.id}.f-id.") for one in listed)


def test_the_endpoint_names_its_experiment(studio):
    """ExperimentLocation of the single endpoint leads to an experiment that is there."""
    target = studio.place.deploy(NO_INPUT)
    location = studio.place.manage("GET", target.managed).json["ExperimentLocation"]
    assert only(studio)["ExperimentId"] == location.split("/")[-2]


def test_code_services_are_no_experiments(studio):
    """A published function has no experiment."""
    bundle = {"InputSchema": {}, "OutputSchema": {}, "Language": "python-2.7-64", "SourceCode": ""}
    body = {"Name": "add", "Type": "Code", "CodeBundle": bundle}
    assert 200 == studio.place.manage("PUT", f"/webservices/{'a' * 32}", body).status
    assert [] == studio.get("/experiments")


def test_one_experiment_has_its_graph(studio):
    """Modules with parameters and ports, edges by port, web service ports and parameters apart (modules.md 1.7)."""
    studio.place.deploy(TRAINING)
    shown = read(studio, only(studio)["ExperimentId"])
    graph, service = shown["Graph"], shown["WebService"]
    assert ["data", "learner", "train", "score", "evaluate"] == [node["Id"] for node in graph["ModuleNodes"]]
    edge = {"SourceOutputPortId": "train:Trained model", "DestinationInputPortId": "score:Trained model"}
    assert edge in graph["EdgesInternal"]
    assert [("input1", "train:Dataset")] == [(port["Name"], port["PortId"]) for port in service["Inputs"]]
    assert [("output1", "train:Trained model"), ("output2", "evaluate:Evaluation results")] == [
        (port["Name"], port["PortId"]) for port in service["Outputs"]
    ]
    assert "L2 weight" == parameter(shown, "learner", "L2 regularization term weight")["LinkedGlobalParameter"]
    assert ["L2 weight"] == [one["Name"] for one in service["Parameters"]]


def test_node_positions_name_every_node(studio):
    """SerializedClientData holds a place for each node, data sets by their ids, as azuremlps' layout reads them."""
    sample = workspaces()[0].services[1]
    studio.place.deploy(sample.experiment, sample.models)
    graph = read(studio, only(studio)["ExperimentId"])["Graph"]
    ports = {port["Name"]: port for port in graph["ModuleNodes"][0]["InputPortsInternal"]}
    for name in (ports["Dataset"]["DataSourceId"], ports["Trained model"]["TrainedModelId"], "score"):
        assert f"<NodePosition Node='{name}' " in graph["SerializedClientData"]


def test_the_graph_points_at_listed_assets(studio):
    """Ids of data sets, trained models and modules in a graph are those of the lists."""
    sample = workspaces()[0].services[1]
    studio.place.deploy(sample.experiment, sample.models)
    (node,) = read(studio, only(studio)["ExperimentId"])["Graph"]["ModuleNodes"]
    ports = {port["Name"]: port for port in node["InputPortsInternal"]}
    assert ports["Dataset"]["DataSourceId"] in [one["Id"] for one in studio.get("/datasources")]
    (model,) = studio.get("/trainedmodels")
    assert (model["Id"], model["Name"]) == (ports["Trained model"]["TrainedModelId"], "Census Model [trained model]")
    assert ("iLearnerDotNet", model["Id"].split(".")[1]) == (model["DataTypeId"], model["FamilyId"])
    modules = {one["Id"]: one["Name"] for one in studio.get("/modules")}
    assert "Score Model" == modules[node["ModuleId"]]


def test_module_ids_that_are_known_are_the_real_ones(studio):
    """Modules whose ids public exports show have those ids."""
    ids = {one["Name"]: one["Id"] for one in studio.get("/modules")}
    real = "506153734175476c4f62416c57734963.401b4f92e7244d5abe81d5b0ff9bdb33.v1-default-1751"
    assert real == ids["Score Model"]
    assert len(ids) == len(set(ids.values()))


def test_experiments_of_others_are_not_there(studio, wire):
    """Another workspace's experiment is 404, and so is one that nobody has."""
    studio.place.deploy(NO_INPUT)
    theirs = only(studio)["ExperimentId"]
    other = Studio(Place(wire, wire.emulator.add_workspace("Other")))
    for path in (f"/experiments/{theirs}", "/experiments/nothing", f"/experiments/{theirs}/annotations"):
        assert 404 == refusal(other.call("GET", path))[0]
    assert [] == other.get("/experiments")


def test_there_are_no_annotations(studio):
    """An experiment's comments are an empty array."""
    studio.place.deploy(NO_INPUT)
    assert [] == studio.get(f"/experiments/{only(studio)['ExperimentId']}/annotations")


# Saving and running


def test_a_copy_is_a_draft_that_reads_as_it_was_saved(studio):
    """Save As makes a new experiment, InDraft, with the graph that was sent."""
    studio.place.deploy(TRAINING)
    shown = read(studio, only(studio)["ExperimentId"])
    copied = copy(studio, draft=True)
    assert shown["ExperimentId"] != copied["ExperimentId"]
    assert ("InDraft", "Copy") == (copied["Status"]["StatusCode"], copied["Description"])
    assert shown["Graph"] == copied["Graph"]
    assert [] == copied["NodeStatuses"]


def test_a_run_ends_finished_with_the_outputs_of_every_module(studio):
    """Run means really run: each data set and trained model can be fetched from where NodeStatuses say."""
    studio.place.deploy(TRAINING)
    ran = copy(studio)
    assert "Finished" == ran["Status"]["StatusCode"]
    places = {node["NodeId"]: {one["Name"]: one for one in node["OutputEndpoints"]} for node in ran["NodeStatuses"]}
    assert {"data", "train", "score", "evaluate"} == set(places)
    place = places["evaluate"]["Evaluation results"]
    content = studio.place.wire.call("GET", place["BaseUri"] + place["Location"] + place["AccessCredential"])
    assert b"Mean Absolute Error" in content.body.splitlines()[0]


def test_saving_a_deployed_experiment_keeps_its_id(studio):
    """A client's change to a deployed experiment is saved in its place; its web service is left alone."""
    target = studio.place.deploy(NO_INPUT)
    shown = read(studio, only(studio)["ExperimentId"])
    body = saving(shown, draft=True, name="Renamed")
    answer = studio.call("POST", f"/experiments/{shown['ExperimentId']}", body)
    assert shown["ExperimentId"] == answer.json["ExperimentId"]
    assert shown["Etag"] != answer.json["Etag"]
    assert ("Renamed", "InDraft") == (only(studio)["Description"], only(studio)["Status"]["StatusCode"])
    assert 200 == target.score({"Inputs": {}, "GlobalParameters": {}}).status


def test_a_changed_parameter_changes_the_run(studio):
    """What a client edits in the graph is what runs."""
    studio.place.deploy(NO_INPUT)

    def edit(experiment):
        parameter(experiment, "data", "Data")["Value"] = "p\n5\n"

    ran = copy(studio, edit=edit)
    answer = studio.call("GET", f"/experiments/{ran['ExperimentId']}/outputdata/data/dataset")
    assert (200, b"p\r\n5\r\n") == (answer.status, answer.body)


def test_a_failed_run_names_the_module_and_the_error(studio):
    """The error's text is the experiment's StatusDetail, and the failed module's state says Failed."""
    studio.place.deploy(TRAINING)

    def edit(experiment):
        parameter(experiment, "train", "Name or numerical index of the label column")["Value"] = "absent"

    ran = copy(studio, edit=edit)
    assert "Failed" == ran["Status"]["StatusCode"]
    assert "absent" in ran["Status"]["StatusDetail"]
    assert [("train", "Failed")] == [(one["NodeId"], one["Status"]["StatusCode"]) for one in ran["NodeStatuses"]]


def test_an_experiment_reads_an_uploaded_data_set(studio):
    """A graph that points at a data set of the workspace is run with its content."""
    dataset = studio.add(b"x,n\n1,10\n2,20\n3,30\n")
    studio.place.deploy(TRAINING)

    def edit(experiment):
        for node in experiment["Graph"]["ModuleNodes"]:
            for port in node["InputPortsInternal"]:
                if port["Name"] == "Dataset":
                    port["DataSourceId"] = dataset["Id"]
        edges = experiment["Graph"]["EdgesInternal"]
        experiment["Graph"]["EdgesInternal"] = [
            one for one in edges if not one["SourceOutputPortId"].startswith("data")
        ]
        nodes = experiment["Graph"]["ModuleNodes"]
        experiment["Graph"]["ModuleNodes"] = [node for node in nodes if node["Id"] != "data"]

    ran = copy(studio, edit=edit)
    assert "Finished" == ran["Status"]["StatusCode"]
    scored = studio.call("GET", f"/experiments/{ran['ExperimentId']}/outputdata/score/Scored dataset").body
    assert (b"x,n,Scored Labels", b"1,10,") == (scored.splitlines()[0], scored.splitlines()[1][:5])


@pytest.mark.parametrize(
    "change",
    [
        {"ExperimentGraph": None},
        {"ExperimentGraph": {}},
        {"ExperimentGraph": {"ModuleNodes": {}}},
        {"IsDraft": "yes"},
        {"WebService": 3},
        {"Description": 3},
    ],
)
def test_a_body_that_is_no_experiment_is_400(studio, change):
    """Without a graph nothing is saved."""
    studio.place.deploy(NO_INPUT)
    body = {**saving(read(studio, only(studio)["ExperimentId"]), draft=True), **change}
    with unchanged(studio.place.emulator):
        assert 400 == refusal(studio.call("POST", "/experiments", body))[0]


def broken_module(graph):
    graph["ModuleNodes"][0]["ModuleId"] = "506153734175476c4f62416c57734963.0.v1-default-1"


def broken_edge(graph):
    graph["EdgesInternal"].append({"SourceOutputPortId": "data:dataset", "DestinationInputPortId": "nowhere:Dataset"})


def broken_asset(graph):
    graph["ModuleNodes"][2]["InputPortsInternal"][0]["TrainedModelId"] = "gone"


def broken_parameter(graph):
    graph["ModuleNodes"][0]["ModuleParameters"].append({"Name": "Nonsense", "Value": "1"})


def broken_shape(graph):
    graph["ModuleNodes"].append("not a node")


def unconnected(graph):
    graph["EdgesInternal"].clear()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (broken_module, "is not emulated"),
        (broken_edge, "nowhere"),
        (broken_asset, "gone"),
        (broken_parameter, "Nonsense"),
        (broken_shape, "not of the form"),
        (unconnected, "is not connected"),
    ],
)
def test_a_graph_that_cannot_run_is_saved_but_not_run(studio, spoil, said):
    """A draft may hold anything, as in Studio; running it is refused with what is wrong, and changes nothing."""
    studio.place.deploy(TRAINING)
    experiment = read(studio, only(studio)["ExperimentId"])
    spoil(experiment["Graph"])
    with unchanged(studio.place.emulator):
        status, _, message = refusal(studio.call("POST", "/experiments", saving(experiment, draft=False)))
    assert 400 == status
    assert said in message
    assert 200 == studio.call("POST", "/experiments", saving(experiment, draft=True)).status


def test_a_deleted_experiment_is_gone_its_web_service_stays(studio):
    """DELETE takes a deployed experiment off the list for good, and leaves what was deployed from it."""
    target = studio.place.deploy(NO_INPUT)
    path = f"/experiments/{only(studio)['ExperimentId']}?deleteAncestors=true"
    answer = studio.call("DELETE", path)
    assert (200, b"") == (answer.status, answer.body)
    assert [] == studio.get("/experiments")
    assert 404 == refusal(studio.call("GET", path))[0]
    assert 200 == target.score({"Inputs": {}, "GlobalParameters": {}}).status


# Outputs


def test_output_data_of_a_deployed_experiment_is_made_when_asked_for(studio):
    """The Python client's call gives the raw bytes of a node's output, as CSV with a header row."""
    studio.place.deploy(NO_INPUT)
    path = f"/experiments/{only(studio)['ExperimentId']}/outputdata/data/dataset"
    first, second = studio.call("GET", path), studio.call("GET", path)
    assert (200, b"x,n\r\n1,2\r\n") == (first.status, first.body[:10])
    assert "text/csv; charset=utf-8" == first.header("Content-Type")
    assert first.body == second.body


@pytest.mark.parametrize("place_asked", ["data/other", "other/dataset"])
def test_an_output_that_is_not_there_is_404(studio, place_asked):
    """The refusal names the outputs there are."""
    studio.place.deploy(NO_INPUT)
    path = f"/experiments/{only(studio)['ExperimentId']}/outputdata/{place_asked}"
    status, _, message = refusal(studio.call("GET", path))
    assert 404 == status
    assert "'data/dataset'" in message


def test_a_draft_has_no_outputs(studio):
    """An experiment that was not run has none."""
    studio.place.deploy(NO_INPUT)
    draft = copy(studio, draft=True)
    assert 404 == studio.call("GET", f"/experiments/{draft['ExperimentId']}/outputdata/data/dataset").status


# Deploying


def deploy(studio, experiment_id, *, update=False):
    query = "?generateNewPortNames=false" + ("&updateExistingWebService=true" if update else "")
    return studio.call("POST", f"/experiments/{experiment_id}/webservice{query}")


def test_a_run_experiment_is_deployed_as_a_web_service(studio):
    """The four members lead to a service that answers; the activity's own address says the same."""
    studio.place.deploy(NO_INPUT)
    ran = copy(studio)
    status = deploy(studio, ran["ExperimentId"]).json
    assert ["ActivityId", "WebServiceGroupId", "EndpointId", "Status"] == list(status)
    assert "Completed" == status["Status"]
    assert status == studio.get(f"/experiments/{status['ActivityId']}/webservice")
    service = studio.place.manage("GET", f"/webservices/{status['WebServiceGroupId']}").json
    assert "Copy" == service["Name"]
    found = studio.place.emulator.directory.service(service["Id"])
    target = studio.place.target(found)
    assert status["EndpointId"] == target.endpoint.id
    assert 200 == target.score({"Inputs": {}, "GlobalParameters": {}}).status
    assert service["Id"] == read(studio, ran["ExperimentId"])["WebService"]["WebServiceGroupId"]


def test_deploying_again_makes_another_service_unless_told_to_update(studio):
    """With updateExistingWebService the service stays and its default endpoint follows, keys and all."""
    target = studio.place.deploy(NO_INPUT)
    experiment = only(studio)["ExperimentId"]

    def edit(shown):
        parameter(shown, "data", "Data")["Value"] = "x,n\n7,8\n"

    shown = read(studio, experiment)
    edit(shown)
    studio.call("POST", f"/experiments/{experiment}", saving(shown, draft=False, name="No Input"))
    finished(studio, experiment)
    updated = deploy(studio, experiment, update=True).json
    assert (target.service.id, target.endpoint.id) == (updated["WebServiceGroupId"], updated["EndpointId"])
    answer = target.score({"Inputs": {}, "GlobalParameters": {}})
    assert [["7", "8"]] == answer.json["Results"]["output1"]["value"]["Values"]
    another = deploy(studio, experiment).json
    assert target.service.id != another["WebServiceGroupId"]
    assert 2 == len(studio.place.manage("GET", "/webservices").json)


def test_a_predictive_experiment_takes_its_trained_model_along(studio):
    """A copy of the census scoring experiment is deployed with the model that its graph points at."""
    sample = workspaces()[0].services[1]
    studio.place.deploy(sample.experiment, sample.models)
    status = deploy(studio, copy(studio)["ExperimentId"]).json
    service = studio.place.emulator.directory.service(status["WebServiceGroupId"])
    endpoint = studio.place.target(service).fresh()
    assert ["Census Model [trained model]"] == [resource.name for resource in endpoint.resources]
    assert ("scoring", 15) == (
        studio.place.emulator.directory.interface(endpoint).kind,
        len(studio.place.emulator.directory.interface(endpoint).inputs[0].columns),
    )


def test_the_schema_of_a_new_web_service_input_comes_from_the_run(studio):
    """An input that a client drew has the columns of the data set beside it, once the experiment has run."""
    studio.place.deploy(TRAINING)

    def edit(experiment):
        for port in experiment["WebService"]["Inputs"]:
            del port["Columns"]

    status = deploy(studio, copy(studio, edit=edit)["ExperimentId"]).json
    service = studio.place.emulator.directory.service(status["WebServiceGroupId"])
    interface = studio.place.emulator.directory.interface(studio.place.target(service).endpoint)
    assert ["x", "n"] == [column.name for column in interface.inputs[0].columns]


def test_a_deployed_experiment_keeps_its_data_set(studio):
    """A batch job reads the uploaded data set of its graph, also after the data set was deleted."""
    dataset = studio.add(b"p\n5\n", "kept")
    studio.place.deploy(NO_INPUT)

    def edit(experiment):
        experiment["Graph"]["ModuleNodes"] = []
        experiment["WebService"]["Outputs"][0]["PortId"] = f"{dataset['Id']}:dataset"

    status = deploy(studio, copy(studio, edit=edit)["ExperimentId"]).json
    assert 204 == studio.call("DELETE", f"/datasources/family/{dataset['FamilyId']}").status
    assert "kept" not in [one["Name"] for one in studio.get("/datasources")]
    target = studio.place.target(studio.place.emulator.directory.service(status["WebServiceGroupId"]))
    job = target.jobs("POST", "", {}).json
    assert 200 == target.jobs("POST", f"/{job}/start").status
    deadline = time.monotonic() + 60
    while (found := target.jobs("GET", f"/{job}").json)["StatusCode"] not in ("Finished", "Failed"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "Finished" == found["StatusCode"], found
    place = found["Results"]["output1"]
    url = place["BaseLocation"] + place["RelativeLocation"] + place["SasBlobToken"]
    assert b"p\r\n5\r\n" == studio.place.wire.call("GET", url).body


def test_a_draft_cannot_be_deployed(studio):
    """An experiment has to have run: 400 in our words."""
    studio.place.deploy(NO_INPUT)
    draft = copy(studio, draft=True)
    with unchanged(studio.place.emulator):
        status, _, message = refusal(deploy(studio, draft["ExperimentId"]))
    assert 400 == status
    assert "InDraft" in message


def test_unknown_experiments_and_activities_are_404(studio):
    """Deploying or asking for what is not there is 404."""
    with unchanged(studio.place.emulator):
        assert 404 == refusal(deploy(studio, "nothing"))[0]
        assert 404 == refusal(studio.call("GET", "/experiments/nothing/webservice"))[0]


def test_definitions_of_new_web_services_are_not_emulated(studio):
    """A definition of a New web service is 501 with the way to a classic one."""
    studio.place.deploy(NO_INPUT)
    path = f"/experiments/{only(studio)['ExperimentId']}/webservicedefinition"
    assert (501, "NotEmulated") == refusal(studio.call("GET", path))[:2]
