"""Reading graphs: what is found wrong, what a service of the graph takes and gives, in which order it runs."""

import copy
import json
import subprocess
import sys

import pytest

from amlemulator import samples
from amlemulator.core.interface import Column, OutputPort, Parameter
from amlemulator.experiments.graph import (
    GraphError,
    check_graph,
    interface_of,
    load_graph,
    read_column,
    write_column,
)

CENSUS, PREDICTIVE, BIKES, BIKES_SCORING = (service.experiment for service in samples.workspaces()[0].services)


def node_of(document, node):
    return next(entry for entry in document["nodes"] if entry["id"] == node)


def changed(document, node, **facts):
    """Return a copy of the graph with some facts of one node changed."""
    copied = copy.deepcopy(document)
    node_of(copied, node).update(facts)
    return copied


def test_the_kind_of_a_service_is_what_its_graph_does():
    """A graph with a trainer is a training service, whatever it is called."""
    renamed = {**CENSUS, "experiment": "Census Model [Predictive Exp.]"}
    assert ["training", "scoring", "training"] == [interface_of(each).kind for each in (CENSUS, PREDICTIVE, renamed)]


def test_the_census_service_takes_and_gives_what_the_interface_says():
    """The training service has one input and two outputs, the first of them a model, and no resource to update."""
    interface = interface_of(CENSUS)
    assert ["input1"] == [port.name for port in interface.inputs]
    assert [("output1", "model"), ("output2", "dataset")] == [(port.name, port.kind) for port in interface.outputs]
    assert () == interface.resources
    assert "AUC" in [column.name for column in interface.outputs[1].columns]


def test_the_predictive_service_has_a_resource_and_passes_its_input_on():
    """Its one resource has Studio's name; its output is the input's columns and the two score columns."""
    interface = interface_of(PREDICTIVE)
    names = [column.name for column in interface.inputs[0].columns]
    assert ("Census Model [trained model]",) == interface.resources
    assert [*names, "Scored Labels", "Scored Probabilities"] == [c.name for c in interface.outputs[0].columns]
    assert Column("age", "Int32", (), 39) == interface.inputs[0].columns[0]


def test_a_web_service_parameter_without_default_is_required():
    """Bike Rental Training has no input and the required parameter URI."""
    interface = interface_of(BIKES)
    expected = Parameter("URI", "String", None, True, "Where the training data lie")
    assert ((), (expected,)) == (interface.inputs, interface.parameters)


def test_a_parameter_with_a_default_takes_the_type_of_what_it_drives():
    """A default makes a parameter optional; its type is the module parameter's."""
    document = {
        **CENSUS,
        "web service parameters": [{"name": "Trees", "default": 50, "sets": ["learner.Number of trees constructed"]}],
    }
    assert (Parameter("Trees", "Int32", "50", False),) == interface_of(document).parameters


def test_an_output_that_is_not_on_a_trained_model_is_a_data_set():
    """The documented obstacle: with output1 moved off Train Model the service gives no model any more."""
    document = changed(CENSUS, "model", inputs={"Data": "score.Scored dataset"})
    assert "dataset" == interface_of(document).outputs[0].kind


def test_what_a_web_service_input_replaces_does_not_run():
    """In a call the data set beside the input is not read; in Studio's own run it is."""
    graph = load_graph(CENSUS)
    called = [node.id for node in graph.order()]
    assert ("request" in called, "people" in called) == (True, False)
    assert "people" in [node.id for node in graph.order(called=False)]
    assert called.index("learner") < called.index("train") < called.index("score") < called.index("evaluate")


def test_the_order_of_nodes_does_not_matter():
    """A graph whose nodes are written backwards runs in the same dependencies and gives the same interface."""
    backwards = {**PREDICTIVE, "nodes": PREDICTIVE["nodes"][::-1]}
    assert interface_of(PREDICTIVE) == interface_of(backwards)


def test_json_with_sorted_keys_keeps_the_graph():
    """A graph survives being stored as JSON with its keys sorted."""
    assert interface_of(CENSUS) == interface_of(json.loads(json.dumps(CENSUS, sort_keys=True)))


WRONG = {
    "There is no module 'Two-Class Boosted Tree' here. Nearest: Two-Class Boosted Decision Tree": {
        "learner": {"module": "Two-Class Boosted Tree"}
    },
    "has no parameter 'Learning rat'. Nearest: Learning rate": {"learner": {"parameters": {"Learning rat": 1}}},
    'Error 0008: Parameter "Learning rate" value should be in the range of': {
        "learner": {"parameters": {"Learning rate": 2}}
    },
    'Error 0002: Failed to parse (convert) "Number of trees constructed" parameter to "Integer"': {
        "learner": {"parameters": {"Number of trees constructed": "many"}}
    },
    "has no input port 'Data'. It has: Untrained model, Dataset.": {
        "train": {"inputs": {"Data": "people", "Untrained model": "learner", "Dataset": "people"}}
    },
    "The port 'Untrained model' of 'Train Model' is not connected.": {"train": {"inputs": {"Dataset": "people"}}},
    "The wire 'nobody' comes from no node.": {"train": {"inputs": {"Untrained model": "learner", "Dataset": "nobody"}}},
    "comes from no output port of 'Dataset'. It has: dataset.": {
        "train": {"inputs": {"Untrained model": "learner", "Dataset": "people.other"}}
    },
    "The port 'Dataset' of 'Train Model' takes a dataset, 'learner.Untrained model' gives an untrained model.": {
        "train": {"inputs": {"Untrained model": "learner", "Dataset": "learner"}}
    },
    "takes one wire, and one Web Service Input beside it": {
        "train": {"inputs": {"Untrained model": "learner", "Dataset": ["people", "test"]}}
    },
    "The wires run in a circle": {"score": {"inputs": {"Trained model": "train", "Dataset": "score"}}},
    "The parameter 'Name' of 'Web Service Output' has no value.": {"model": {"parameters": {}}},
    "Two nodes of 'Web Service Output' have this name.": {"model": {"parameters": {"Name": "output2"}}},
}


@pytest.mark.parametrize("message", WRONG)
def test_each_mistake_is_found_and_explained(message):
    """A wrong graph is refused with a sentence that names the node and, where it can, the mend."""
    document = CENSUS
    for node, facts in WRONG[message].items():
        document = changed(document, node, **facts)
    assert message in "\n".join(map(str, check_graph(document)))
    with pytest.raises(GraphError):
        load_graph(document)


def test_all_mistakes_are_reported_at_once():
    """Two mistakes give two findings."""
    document = changed(changed(CENSUS, "learner", parameters={"Trees": 5}), "people", module="Data Set")
    assert {"learner", "people"} <= {finding.node for finding in check_graph(document)}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"experiment": "x", "nodes": 5},
        {"experiment": "x", "nodes": [{"id": "a.b", "module": "Dataset"}, {"module": "Dataset"}, 3]},
        {"experiment": "x", "nodes": [{"id": "a", "module": "Score Model"}, {"id": "a", "module": "Score Model"}]},
        {"experiment": "x", "nodes": [], "web service parameters": [{"name": "p", "sets": ["a.b"]}, 7]},
    ],
)
def test_nonsense_is_refused_and_not_crashed_on(document):
    """Whatever stands in a document, reading ends in findings."""
    assert check_graph(document)


def test_the_samples_have_nothing_wrong():
    """Every sample graph can be deployed."""
    assert [] == [finding for each in (CENSUS, PREDICTIVE, BIKES, BIKES_SCORING) for finding in check_graph(each)]


def test_older_names_of_modules_and_parameters_are_understood():
    """Reader is Import Data, and a parameter may have its name from Studio's own graphs."""
    nodes = [{"id": "a", "module": "Reader", "parameters": {"Please Specify Data Source": "Web URL via HTTP"}}]
    graph = load_graph({"experiment": "x", "nodes": nodes})
    assert ("Import Data", {"Data source": "Web URL via HTTP"}) == (
        graph.nodes["a"].module.name,
        graph.nodes["a"].parameters,
    )


def test_a_column_survives_being_kept_in_a_graph():
    """What is written of a column reads back."""
    column = Column("income", "String", ("<=50K", ">50K"), "<=50K")
    assert column == read_column(json.loads(json.dumps(write_column(column))))
    assert Column("x") == read_column(write_column(Column("x")))


def test_a_model_port_makes_a_model_output():
    """An output on a saved model's port gives a model, too."""
    document = changed(PREDICTIVE, "result", inputs={"Data": "model"}, columns=[])
    assert (OutputPort("output1", "model"),) == interface_of(document).outputs


def test_describing_a_service_imports_nothing_heavy():
    """Graphs, tables and text data are read without numpy, pandas, scikit-learn or onnx."""
    program = (
        "import sys; from amlemulator import samples; from amlemulator.experiments.graph import interface_of\n"
        "from amlemulator.experiments.scorer import needs_worker\n"
        "import amlemulator.core.textdata, amlemulator.experiments.execute\n"
        "[interface_of(s.experiment) for s in samples.workspaces()[0].services]\n"
        "assert not needs_worker(samples.workspaces()[0].services[1].experiment)\n"
        "print([m for m in ('numpy', 'pandas', 'sklearn', 'onnx', 'onnxruntime', 'yaml') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "[]" == found.stdout.strip()
