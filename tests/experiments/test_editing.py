"""Changes of a graph as Studio's pages make them."""

from copy import deepcopy

import pytest

from amlemulator.experiments.editing import (
    lacks_trained_output,
    output_wires,
    possible_sources,
    rewire,
    set_up_retraining,
)
from amlemulator.experiments.graph import check_graph, interface_of, read_graph
from support import graphs

PLACE = "train.Trained model"


def without(document, *modules):
    """Return the graph without the nodes of some modules, and without the wires from them."""
    gone = {node["id"] for node in document["nodes"] if node["module"] in modules}

    def kept(wires):
        listed = [wires] if isinstance(wires, str) else wires
        return [wire for wire in listed if wire.partition(".")[0] not in gone]

    nodes = [
        {**node, "inputs": {port: kept(wires) for port, wires in node.get("inputs", {}).items()}}
        for node in document["nodes"]
        if node["id"] not in gone
    ]
    return {**document, "nodes": nodes}


def graph_of(document):
    return read_graph(document)[0]


def test_wires_tell_whether_they_stand_on_what_trains():
    """The output on Train Model is one, that on Evaluate Model is not."""
    wires = [(wire.name, wire.source, wire.on_trainer) for wire in output_wires(graph_of(graphs.TRAINING))]
    assert [("output1", PLACE, True), ("output2", "evaluate.Evaluation results", False)] == wires


@pytest.mark.parametrize("source", ["", "score.Scored dataset"])
def test_rewired_elsewhere_a_training_graph_trains_for_nobody(source):
    """Connected to another module or to none, no output is on Train Model; the graph that was given stays as it was."""
    before = deepcopy(graphs.TRAINING)
    changed = rewire(graphs.TRAINING, "model", source)
    assert lacks_trained_output(graph_of(changed))
    assert not lacks_trained_output(graph_of(graphs.TRAINING))
    assert before == graphs.TRAINING
    assert bool(check_graph(changed)) == (source == "")


def test_rewired_back_it_is_the_same_graph():
    """Every possible source can be connected, and the way back leads to the same service."""
    for source in possible_sources(graph_of(graphs.TRAINING)):
        changed = rewire(graphs.TRAINING, "model", source)
        assert [] == check_graph(changed)
        assert interface_of(graphs.TRAINING) == interface_of(rewire(changed, "model", PLACE))


def test_what_is_not_there_cannot_be_wired():
    """An unknown output is a KeyError, an unknown source a ValueError."""
    with pytest.raises(KeyError):
        rewire(graphs.TRAINING, "train", PLACE)
    with pytest.raises(ValueError, match="learner"):
        rewire(graphs.TRAINING, "model", "learner.Untrained model")


@pytest.mark.parametrize(
    "gone", [(), ("Web Service Output",), ("Web Service Input",), ("Web Service Input", "Web Service Output")]
)
def test_set_up_puts_in_what_is_missing(gone):
    """Afterwards the graph is sound and a web service of it gives the trained model; done twice it changes nothing."""
    made = set_up_retraining(without(graphs.TRAINING, *gone))
    assert [] == check_graph(made)
    assert not lacks_trained_output(graph_of(made))
    assert ["input1"] == [port.name for port in interface_of(made).inputs]
    assert "model" in [port.kind for port in interface_of(made).outputs]
    assert made == set_up_retraining(made)


def test_set_up_connects_a_loose_output_first():
    """An output that stands nowhere is taken, not a second one made."""
    made = set_up_retraining(rewire(graphs.TRAINING, "model", ""))
    assert ["output1", "output2"] == [wire.name for wire in output_wires(graph_of(made))]


def test_a_scoring_graph_lacks_nothing():
    """Only what trains needs an output on a trainer."""
    assert not lacks_trained_output(graph_of(graphs.ECHO))
