"""Columns that cannot be there, found before anything runs: the modules are tried on data sets without rows.

What a module makes of its columns follows from its parameters for most modules, so those run for real, on nothing.
Where it does not (SQL, scripts, a data set nobody has seen), what follows is left unchecked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from amlemulator.core.interface import Column
from amlemulator.experiments.catalogue_data import DATASET, WEB_SERVICE_INPUT
from amlemulator.experiments.columns import select
from amlemulator.experiments.errors import ModuleError, module_error
from amlemulator.experiments.execute import Environment, NodeCall
from amlemulator.experiments.frame import Frame, Series
from amlemulator.experiments.graph import Finding, Graph, Node
from amlemulator.experiments.mends import mend_columns
from amlemulator.experiments.modules import implementation
from amlemulator.experiments.splitting import parts

# Modules whose columns follow from their parameters alone, and that import nothing heavy.
TRIED = {
    "Enter Data Manually",
    "Select Columns in Dataset",
    "Edit Metadata",
    "Clean Missing Data",
    "Normalize Data",
    "Join Data",
    "Add Rows",
    "Saved Transform",
    "Apply Transformation",
}
_ROWS = {"0021"}  # errors that only the missing rows are to blame for
Values = dict[tuple[str, str], Any]


def check_columns(
    graph: Graph, schemas: Mapping[str, Sequence[Column]] | None = None, wrong: Collection[str] = ()
) -> list[Finding]:
    """Return a finding for each module that names a column which cannot be there.

    ``schemas`` has the columns of saved data sets by name; without, those that are kept at a Web Service Input beside
    the data set count. ``wrong`` are nodes that something else is wrong with: what they give is not known.
    """
    values: Values = {}
    findings = []
    for node in graph.order(called=False):
        if node.id in wrong:
            continue
        try:
            _try(graph, node, values, schemas or {})
        except ModuleError as error:
            if error.code not in _ROWS:
                inputs = {port: values.get(_place(graph, node, port)) for port in node.inputs}
                mend = mend_columns(error, node.module.name, inputs)
                findings.append(Finding(node.id, error.message, mend, _at(node, error)))
    return findings


def _at(node: Node, error: ModuleError) -> tuple[str, ...]:
    """Return the parameter that the error is about: the one in which stands what its message quotes."""
    quoted = error.message.split('"')[1::2]
    for name, value in node.parameters.items():
        if name in quoted or any(word in str(value) for word in quoted):
            return ("parameters", name)
    return ()


def _try(graph: Graph, node: Node, values: Values, schemas: Mapping[str, Sequence[Column]]) -> None:
    """Put what is known of a node's outputs into ``values``; what is not known is left out."""
    if node.module.name == DATASET:
        columns = schemas.get(str(node.parameters.get("Dataset"))) or _beside(graph, node)
        if columns:
            values[node.id, "dataset"] = _empty(columns)
        return
    inputs = {port: values.get(_place(graph, node, port)) for port in node.inputs}
    if any(value is None for port, value in inputs.items() if port != "Untrained model"):
        return
    if node.module.name in TRIED:
        parameters = graph.parameters_of(node, {})
        call = NodeCall(node, graph.name, _without_rows(inputs), parameters, Environment())
        made = implementation(node.module.run)(call)
        values |= {(node.id, port.name): value for port, value in zip(node.module.outputs, made, strict=True)}
    elif node.module.name in _SPECIAL:
        values |= _SPECIAL[node.module.name](graph, node, inputs)


def _place(graph: Graph, node: Node, port: str) -> tuple[str, str]:
    source = graph.source_of(node, port, called=False) or graph.source_of(node, port)
    return (source.node, source.port) if source else ("", "")


def _beside(graph: Graph, node: Node) -> Sequence[Column]:
    """Return the schema kept at a Web Service Input that stands beside the data set."""
    for other in graph.nodes.values():
        for wires in other.inputs.values():
            if any(wire.node == node.id for wire in wires):
                for wire in wires:
                    if graph.nodes[wire.node].module.name == WEB_SERVICE_INPUT:
                        return graph.nodes[wire.node].columns
    return ()


def _empty(columns: Sequence[Column]) -> Frame:
    return Frame(tuple(Series(column.name, column.type, (), column.categories or None) for column in columns), 0)


def _without_rows(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {port: value.take([]) if isinstance(value, Frame) else value for port, value in inputs.items()}


def _split(graph: Graph, node: Node, inputs: Mapping[str, Any]) -> Values:
    parts(inputs["Dataset"], graph.parameters_of(node, {}))
    return {(node.id, port.name): inputs["Dataset"] for port in node.module.outputs}


def _train(graph: Graph, node: Node, inputs: Mapping[str, Any]) -> Values:
    frame: Frame = inputs.get("Dataset") or inputs["Training dataset"]
    selection = graph.parameters_of(node, {})["Label column"]
    label = select(frame, selection) if selection else [series for series in frame.series if series.role == "label"]
    if len(label) != 1:
        raise module_error("0037") if label else module_error("0024", "Dataset")
    features = [series.name for series in frame.series if series.role == "feature" and series is not label[0]]
    if not features:
        raise module_error("0140")
    port = next(port.name for port in node.module.outputs if port.kind == "model")
    return {(node.id, port): features}


def _indicators(graph: Graph, node: Node, inputs: Mapping[str, Any]) -> Values:
    call = NodeCall(node, graph.name, _without_rows(inputs), graph.parameters_of(node, {}), Environment())
    implementation(node.module.run)(call)
    return {}  # the columns that it appends depend on the levels of the data


def _cluster(graph: Graph, node: Node, inputs: Mapping[str, Any]) -> Values:
    chosen = select(inputs["Dataset"], graph.parameters_of(node, {})["Column Set"])
    if not chosen:
        raise module_error("0011", "Column Set")
    return {(node.id, "Trained model"): [series.name for series in chosen]}


def _score(graph: Graph, node: Node, inputs: Mapping[str, Any]) -> Values:
    frame: Frame = inputs["Dataset"]
    for name in inputs["Trained model"]:
        if frame.find(name) is None:
            raise module_error("0001", name)
    return {}  # the score columns depend on the learner; what follows goes unchecked


_SPECIAL: dict[str, Callable[[Graph, Node, Mapping[str, Any]], Values]] = {
    "Split Data": _split,
    "Train Model": _train,
    "Tune Model Hyperparameters": _train,
    "Train Clustering Model": _cluster,
    "Convert to Indicator Values": _indicators,
    "Score Model": _score,
    "Assign Data to Clusters": _score,
}
