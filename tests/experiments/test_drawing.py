"""Drawings of graphs."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from amlemulator import samples
from amlemulator.experiments.drawing import draw_svg, draw_text, layers
from amlemulator.experiments.graph import load_graph
from support.graphs import TRAINING

SVG = "{http://www.w3.org/2000/svg}"


def test_a_text_drawing():
    """Layer by layer: each module with its name and the wires that come in, then the web service parameters."""
    assert (
        "Line  (training)\n\n"
        "  1  [Enter Data Manually]  data\n"
        "     [Web Service Input: input1]  request\n"
        "     [Linear Regression]  learner\n\n"
        "  2  [Train Model]  train\n"
        "      ├─ Untrained model ← learner\n"
        "      └─ Dataset ← data, request (in a call)\n\n"
        "  3  [Score Model]  score\n"
        "      ├─ Trained model ← train\n"
        "      └─ Dataset ← data\n"
        "     [Web Service Output: output1]  model\n"
        "      └─ Data ← train\n\n"
        "  4  [Evaluate Model]  evaluate\n"
        "      └─ Scored dataset ← score\n\n"
        "  5  [Web Service Output: output2]  evaluation\n"
        "      └─ Data ← evaluate\n\n"
        "  @  L2 weight (Double, default 0.001) sets learner.L2 regularization weight\n"
    ) == draw_text(load_graph(TRAINING))


def test_every_module_and_wire_is_drawn():
    """The SVG is well-formed XML with a box for each module, a curve for each wire, and nothing outside its frame."""
    for service in samples.workspaces()[0].services:
        graph = load_graph(service.experiment)
        image = ElementTree.fromstring(draw_svg(graph))
        boxes = image.findall(f".//{SVG}rect")
        assert len(graph.nodes) == len(boxes)
        wires = sum(len(wires) for node in graph.nodes.values() for wires in node.inputs.values())
        assert wires == len(image.findall(f"{SVG}path"))
        for box in boxes:
            assert int(box.get("x")) + int(box.get("width")) <= int(image.get("width"))
            assert int(box.get("y")) + int(box.get("height")) <= int(image.get("height"))


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1))
def test_names_are_text(name):
    """Whatever an experiment is called, the SVG stays well-formed and shows it."""
    if name.isprintable():
        image = ElementTree.fromstring(draw_svg(load_graph({**TRAINING, "experiment": name})))
        assert name == image.find(f"{SVG}title").text


def test_a_module_stands_below_what_it_needs():
    """Every wire leads to a later layer."""
    graph = load_graph(TRAINING)
    depth = {node.id: number for number, layer in enumerate(layers(graph)) for node in layer}
    for node in graph.nodes.values():
        for wires in node.inputs.values():
            assert all(depth[wire.node] < depth[node.id] for wire in wires)
