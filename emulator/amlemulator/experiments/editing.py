"""Small changes to a graph as Studio's canvas allowed them: where a Web Service Output stands, and setting one up.

A change makes a new document; whether it is sound, ``graph.check_graph`` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from amlemulator.experiments.catalogue_data import WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT
from amlemulator.experiments.graph import MODEL_KINDS, Graph, Node, read_graph

Document = Mapping[str, Any]
PORT_KINDS = ("dataset", *MODEL_KINDS)  # what a Web Service Output takes


@dataclass(frozen=True, slots=True)
class OutputWire:
    """A Web Service Output: node, name, the ``node.port`` it stands on ("" for none), and whether that one trains."""

    node: str
    name: str
    source: str
    on_trainer: bool


def output_wires(graph: Graph) -> list[OutputWire]:
    """Return where each Web Service Output of a graph stands."""
    found = []
    for node in graph.having(WEB_SERVICE_OUTPUT):
        source = graph.source_of(node, "Data")
        place = f"{source.node}.{source.port}" if source else ""
        trains = source is not None and _is_trained(graph.nodes[source.node], source.port)
        found.append(OutputWire(node.id, node.name, place, trains))
    return found


def possible_sources(graph: Graph) -> list[str]:
    """Return every ``node.port`` on which a Web Service Output may stand."""
    return [
        f"{node.id}.{port.name}"
        for node in graph.nodes.values()
        if node.module.name != WEB_SERVICE_INPUT
        for port in node.module.outputs
        if port.kind in PORT_KINDS
    ]


def lacks_trained_output(graph: Graph) -> bool:
    """Whether a training graph has no Web Service Output on a module that trains (seed document, first picture)."""
    return graph.kind == "training" and not any(wire.on_trainer for wire in output_wires(graph))


def rewire(document: Document, output: str, source: str) -> dict[str, Any]:
    """Return the graph with a Web Service Output on another port, or on none (``source`` empty).

    Raises KeyError for an output, and ValueError for a source, that the graph does not have.
    """
    graph, _ = read_graph(document)
    if output not in {node.id for node in graph.having(WEB_SERVICE_OUTPUT)}:
        raise KeyError(output)
    if source and source not in possible_sources(graph):
        raise ValueError(source)

    def changed(node: Mapping[str, Any]) -> dict[str, Any]:
        if node.get("id") != output:
            return dict(node)
        kept = {name: value for name, value in node.items() if name not in ("inputs", "columns")}
        return {**kept, "inputs": {"Data": source}} if source else kept

    return {**document, "nodes": [changed(node) for node in document["nodes"]]}


def set_up_retraining(document: Document) -> dict[str, Any]:
    """Return a training graph with what "Set Up Web Service, Retraining" put in, where it is missing.

    A Web Service Output on each module that trains, and a Web Service Input beside the data that the first one reads.
    """
    graph, _ = read_graph(document)
    nodes = [dict(node) for node in document["nodes"]]
    standing = {wire.source for wire in output_wires(graph)}
    loose = [wire.node for wire in output_wires(graph) if not wire.source]
    for place in _trained_ports(graph):
        if place not in standing:
            _put_output(nodes, graph, loose, place)
    if not graph.having(WEB_SERVICE_INPUT):
        _put_input(nodes, graph)
    return {**document, "nodes": nodes}


def _trained_ports(graph: Graph) -> Iterator[str]:
    for node in graph.nodes.values():
        yield from (f"{node.id}.{port.name}" for port in node.module.outputs if _is_trained(node, port.name))


def _is_trained(node: Node, port: str) -> bool:
    found = node.module.output(port)
    return node.module.trains and found is not None and found.kind in MODEL_KINDS


def _put_output(nodes: list[dict[str, Any]], graph: Graph, loose: list[str], place: str) -> None:
    """Connect an output that stands nowhere, else add one."""
    if loose:
        node = next(node for node in nodes if node["id"] == loose[0])
        node["inputs"] = {"Data": place}
        loose.pop(0)
        return
    names = {node.name for node in graph.having(WEB_SERVICE_OUTPUT)}
    name = next(name for number in range(1, len(nodes) + 2) if (name := f"output{number}") not in names)
    identity = _free_id(nodes, "web-service-output")
    nodes.append(
        {"id": identity, "module": WEB_SERVICE_OUTPUT, "parameters": {"Name": name}, "inputs": {"Data": place}}
    )


def _put_input(nodes: list[dict[str, Any]], graph: Graph) -> None:
    """Put a Web Service Input beside the first data set that another module reads."""
    for node in nodes:
        for port, wires in (node.get("inputs") or {}).items():
            source = wires if isinstance(wires, str) else wires[0] if wires else ""
            feeding = graph.nodes.get(source.partition(".")[0])
            if feeding is not None and not feeding.module.inputs and _kind(feeding, source) == "dataset":
                identity = _free_id(nodes, "web-service-input")
                node["inputs"] = {**node["inputs"], port: [source, identity]}
                nodes.append({"id": identity, "module": WEB_SERVICE_INPUT, "parameters": {"Name": "input1"}})
                return


def _kind(node: Node, source: str) -> str:
    port = source.partition(".")[2]
    found = node.module.output(port) if port else node.module.outputs[0] if node.module.outputs else None
    return found.kind if found else ""


def _free_id(nodes: list[dict[str, Any]], wanted: str) -> str:
    taken = {node.get("id") for node in nodes}
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(nodes) + 3)))
    return next(name for name in names if name not in taken)
