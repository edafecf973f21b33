"""Graphs between our form and Studio's: what goes to the wire comes back as the same experiment."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.errors import ServiceError
from amlemulator.engine.studio_graph import (
    SAVED_TRANSFORM,
    Asset,
    Assets,
    id_of_module,
    modules,
    read_wire,
    safe_id,
    write_wire,
)
from amlemulator.experiments.catalogue_data import DATASET
from amlemulator.experiments.catalogue_models import SAVED_MODEL
from amlemulator.experiments.graph import interface_of, load_graph
from amlemulator.samples import workspaces
from support.graphs import NO_INPUT, REQUIRED, TRAINING, leave
from support.records import refusal_of

SAMPLES = {service.name: service.experiment for service in workspaces()[0].services}
GRAPHS = {**SAMPLES, "No Input": NO_INPUT, "Line": TRAINING}


def assets_of(document):
    """Return assets for whatever a graph points at."""
    assets = Assets()
    for number, node in enumerate(document["nodes"]):
        if node["module"] in (DATASET, SAVED_MODEL, SAVED_TRANSFORM):
            assets.add(Asset(f"ws.f.{number}", node["module"], node["parameters"], content=f"key-{number}"))
    return assets


def meaning(document):
    """Return what a graph says, apart from the ids of its saved assets and the order of its nodes."""
    graph = load_graph(document)

    def source(wire):
        node = graph.nodes[wire.node]
        saved = node.module.name in (DATASET, SAVED_MODEL, SAVED_TRANSFORM)
        return (str(dict(node.parameters)) if saved else wire.node, wire.port)

    nodes = {
        node.id: (
            node.module.name,
            {spec.name: spec.value(node.parameters.get(spec.name)) for spec in node.module.parameters},
            {port: sorted(map(source, wires)) for port, wires in node.inputs.items()},
        )
        for node in graph.nodes.values()
        if node.module.name not in (DATASET, SAVED_MODEL, SAVED_TRANSFORM)
    }
    return graph.name, nodes, interface_of(document)


@pytest.mark.parametrize("name", sorted(GRAPHS))
def test_a_graph_comes_back_as_it_went(name):
    """Modules, parameters, wires, web service ports with their schemas and parameters are the same again."""
    document = GRAPHS[name]
    assets = assets_of(document)
    back, models = read_wire(document["experiment"], write_wire(document, assets), assets)
    assert meaning(document) == meaning(back)
    assert {asset.name: asset.content for asset in assets.by_id.values() if asset.module == SAVED_MODEL} == models


@pytest.mark.parametrize("name", sorted(GRAPHS))
def test_writing_again_gives_the_same_wire(name):
    """What was read writes the same modules and edges."""
    document = GRAPHS[name]
    assets = assets_of(document)
    wire = write_wire(document, assets)
    back, _ = read_wire(document["experiment"], wire, assets)
    again = write_wire(back, assets)
    assert wire["Graph"]["ModuleNodes"] == again["Graph"]["ModuleNodes"]
    assert sorted(map(str, wire["Graph"]["EdgesInternal"])) == sorted(map(str, again["Graph"]["EdgesInternal"]))
    assert wire["WebService"] == again["WebService"]


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "Fraction of rows in the first output dataset": st.floats(0, 1),
        "Randomized split": st.booleans(),
        "Random seed": st.integers(0, 2**31),
        "Stratification key column": st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=3),
    },
)


@given(VALUES)
def test_parameter_values_survive_as_text(values):
    """Numbers, switches and column selections mean the same after they have been text."""
    nodes = [
        {"id": "data", "module": "Enter Data Manually", "parameters": {"Data": "a\n1\n"}},
        {"id": "split", "module": "Split Data", "parameters": values, "inputs": {"Dataset": "data"}},
        leave("result", "split.Results dataset2"),
    ]
    document = {"experiment": "Split", "nodes": nodes}
    back, _ = read_wire("Split", write_wire(document, Assets()), Assets())
    assert meaning(document) == meaning(back)


def test_a_web_service_input_between_two_ports_is_not_lost():
    """The wire of a Web Service Input that feeds a module comes back beside the data set's."""
    document = {
        "experiment": "Beside",
        "nodes": [
            *(node for node in REQUIRED["nodes"] if node["module"] == "Web Service Input"),
            {"id": "data", "module": "Enter Data Manually", "parameters": {"Data": "x\n1\n"}},
            {
                "id": "select",
                "module": "Select Columns in Dataset",
                "parameters": {
                    "Select columns": {"begin with": "all columns", "rules": [{"exclude": {"names": ["x"]}}]}
                },
                "inputs": {"Dataset": ["data", "request"]},
            },
            leave("result", "select"),
        ],
    }
    back, _ = read_wire("Beside", write_wire(document, Assets()), Assets())
    assert meaning(document) == meaning(back)


def test_a_saved_transform_is_an_id_at_a_port():
    """A saved transform goes by TransformModuleId and comes back with what it holds."""
    transform = {"Name": "Cleaned", "Transform": {"replace": {"x": 0}}}
    document = {
        "experiment": "Clean",
        "nodes": [
            {"id": "data", "module": "Enter Data Manually", "parameters": {"Data": "x\n1\n"}},
            {"id": "saved", "module": SAVED_TRANSFORM, "parameters": transform},
            {
                "id": "apply",
                "module": "Apply Transformation",
                "inputs": {"Transformation": "saved", "Dataset": "data"},
            },
            leave("result", "apply"),
        ],
    }
    assets = assets_of(document)
    wire = write_wire(document, assets)
    ports = {port["Name"]: port for port in wire["Graph"]["ModuleNodes"][1]["InputPortsInternal"]}
    assert "ws.f.1" == ports["Transformation"]["TransformModuleId"]
    back, _ = read_wire("Clean", wire, assets)
    assert transform == next(node["parameters"] for node in back["nodes"] if node["module"] == SAVED_TRANSFORM)


def test_an_asset_that_is_gone_shows_its_name():
    """A graph whose model was deleted can still be shown."""
    document = SAMPLES["Census Model [Predictive Exp.]"]
    (node,) = write_wire(document, Assets())["Graph"]["ModuleNodes"]
    names = {port["Name"]: port["TrainedModelId"] for port in node["InputPortsInternal"]}
    assert "Census Model [trained model]" == names["Trained model"]


def test_every_module_can_be_read_by_its_id():
    """The id of each module leads back to it, whatever its version."""
    for module in modules():
        node = {"Id": "n", "ModuleId": id_of_module(module.name).rpartition(".")[0] + ".v1-default-9"}
        back, _ = read_wire("One", {"Graph": {"ModuleNodes": [node]}}, Assets())
        assert module.name == back["nodes"][0]["module"]


@given(st.text(max_size=20))
def test_node_ids_never_hold_a_full_stop(text):
    """Ids from elsewhere are made fit for our form."""
    assert "." not in safe_id(text)


SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["Id", "ModuleId", "ModuleParameters", "InputPortsInternal", "PortId", "Name", "Value", "Columns"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["ModuleNodes", "EdgesInternal"]), SHAPES), SHAPES)
def test_whatever_comes_is_read_or_refused(graph, service):
    """A graph of any shape is an experiment or a 400, never a fault of ours."""
    wire = {"Graph": graph, "WebService": service}
    read = refused = None
    with suppress(ServiceError):
        read = read_wire("Any", wire, Assets())
    if read is None:
        refused = refusal_of(read_wire, "Any", wire, Assets())
    assert ("Any", None) == (read[0]["experiment"], refused) if read else 400 == refused.entry.status
