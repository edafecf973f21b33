"""The schemas of a graph's inputs and outputs, found by running it as Studio did before it could be deployed.

An input's schema is that of the data set beside it, an output's that of what comes out (modules.md section 10). They
are kept with the graph, so that describing a service costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from amlemulator.core.cells import Cell
from amlemulator.core.interface import Column
from amlemulator.experiments.catalogue_data import EXPORT_DATA, WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT
from amlemulator.experiments.execute import Environment, File, Values, run_node
from amlemulator.experiments.frame import Frame
from amlemulator.experiments.graph import Graph, Node, load_graph, write_column
from amlemulator.experiments.scorer import load_model


def fill_schemas(
    document: Mapping[str, Any], models: Mapping[str, bytes], datasets: Callable[[str], File]
) -> dict[str, Any]:
    """Return the graph with ``columns`` at its Web Service Inputs and Outputs.

    What cannot be run without a call (an Import Data whose address is a parameter, and what follows it) leaves its
    output without a schema. ``models`` are the contents of saved models by resource. Raises ModuleError.
    """
    graph = load_graph(document)
    loaded = {name: load_model(content) for name, content in models.items()}
    return with_schemas(document, graph, run_uncalled(graph, Environment(models=loaded, datasets=datasets)))


def with_schemas(document: Mapping[str, Any], graph: Graph, values: Values) -> dict[str, Any]:
    """Return the graph with the schemas of what stands on its ports in ``values``."""
    found: dict[str, tuple[Column, ...]] = {}
    for node in graph.nodes.values():
        for port in node.inputs:
            source = graph.source_of(node, port, called=False)
            value = values.get((source.node, source.port)) if source else None
            if not isinstance(value, Frame):
                continue
            if node.module.name == WEB_SERVICE_OUTPUT:
                found[node.id] = _columns(value)
            if node.parameters.get("Categorical") == "Make categorical":
                found[node.id] = _columns(values[node.id, node.module.outputs[0].name])
            for wire in node.inputs[port]:
                if graph.nodes[wire.node].module.name == WEB_SERVICE_INPUT:
                    found[wire.node] = _columns(value)
    filled = deepcopy(dict(document))
    for entry in filled["nodes"]:
        if entry["id"] in found:
            entry["columns"] = [write_column(column) for column in found[entry["id"]]]
    return filled


def run_uncalled(graph: Graph, environment: Environment) -> Values:
    """Run a graph as Studio did, without a call: return what stands on every output port. Raises ModuleError.

    What needs a call (an Import Data whose address is a parameter, and what follows it) is left out, and so is an
    Export Data without a file to write: a run that only looks for schemas leaves nothing behind.
    """
    values: Values = {}
    order = graph.order(called=False)
    for done, node in enumerate(order):
        if node.module.name in (WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT):
            continue
        if node.module.name == EXPORT_DATA and node.id not in environment.sinks:
            continue
        if environment.progress:
            environment.progress({"module": node.module.name, "done": done, "of": len(order)})
        sources = [graph.source_of(node, port, called=False) for port in node.inputs]
        ready = all(source and (source.node, source.port) in values for source in sources)
        if ready and not (node.module.name == "Import Data" and _waits_for_call(graph, node, environment)):
            run_node(graph, node, values, environment, called=False)
    return values


def _waits_for_call(graph: Graph, node: Node, environment: Environment) -> bool:
    links = [link for link in graph.links if any(target == node.id for target, _ in link.targets)]
    return any(link.parameter.name not in environment.parameters for link in links)


def _present(cell: Cell) -> bool:
    return cell is not None


def _columns(frame: Frame) -> tuple[Column, ...]:
    return tuple(
        Column(series.name, series.type, series.categories or (), next(filter(_present, series.cells), None))
        for series in frame.series
    )
