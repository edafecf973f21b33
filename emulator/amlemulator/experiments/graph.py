"""Experiments as graphs of modules, read from plain dictionaries (what YAML and JSON hold).

::

    experiment: Census Model
    nodes:
      - id: census
        module: Dataset
        parameters: {Dataset: census-train}
      - id: request
        module: Web Service Input
        parameters: {Name: input1}
        columns: [{name: age, type: Int32}, ...]   # the schema at that port, kept with the graph
      - id: train
        module: Train Model
        parameters: {Label column: income}
        inputs: {Untrained model: learner, Dataset: [census, request]}
      - id: model
        module: Web Service Output
        parameters: {Name: output1}
        inputs: {Data: train.Trained model}
    web service parameters:
      - {name: URI, sets: [import.URI]}            # no default: required

A source is ``node`` (its first output) or ``node.Port name``. A Web Service Input stands beside the data set that feeds
the same port and takes its place in a call (modules.md section 10). Reading a graph is pure and imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from graphlib import CycleError, TopologicalSorter
from math import isfinite
from typing import Any, Literal, get_args

from amlemulator.core.cells import render
from amlemulator.core.interface import Column, ColumnType, InputPort, OutputPort, ServiceInterface
from amlemulator.core.interface import Parameter as ServiceParameter
from amlemulator.experiments.catalogue_data import WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT
from amlemulator.experiments.catalogue_models import SAVED_MODEL
from amlemulator.experiments.errors import ModuleError
from amlemulator.experiments.mends import mend_value
from amlemulator.experiments.modules import Module, Parameter, nearest
from amlemulator.experiments.palette import registry

TYPES: tuple[ColumnType, ...] = get_args(ColumnType)
MODEL_KINDS = ("model", "clusters")  # what an .ilearner may hold


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a graph: where, what, and how to mend it. ``at`` leads to the place within the node."""

    node: str
    message: str
    mend: str
    at: tuple[str, ...] = ()

    def __str__(self) -> str:
        stop = "" if self.message.endswith(".") else "."  # not all of Studio's sentences have one
        return f"{self.node}: {self.message}{stop} {self.mend}"


class GraphError(ValueError):
    """A graph that cannot be deployed. ``findings`` has all that was found wrong."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in findings))


@dataclass(frozen=True, slots=True)
class Source:
    """The output port that a wire comes from."""

    node: str
    port: str


@dataclass(frozen=True, slots=True)
class Node:
    """A module in a graph. ``inputs`` has the wires of each connected input port; ``columns`` a kept schema."""

    id: str
    module: Module
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()

    @property
    def name(self) -> str:
        """The parameter ``Name`` of a web service port or a saved model."""
        return str(self.parameters.get("Name", ""))


@dataclass(frozen=True, slots=True)
class Link:
    """A web service parameter and the module parameters that it drives: pairs of node id and parameter name."""

    parameter: ServiceParameter
    targets: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """An experiment: its nodes in the order they were written, and its web service parameters."""

    name: str
    nodes: Mapping[str, Node]
    links: tuple[Link, ...] = ()

    def having(self, module: str) -> list[Node]:
        """Return the nodes of a module, in order."""
        return [node for node in self.nodes.values() if node.module.name == module]

    @property
    def kind(self) -> Literal["training", "scoring"]:
        """What the graph is: training when something in it trains (design, decision 14)."""
        return "training" if any(node.module.trains for node in self.nodes.values()) else "scoring"

    def source_of(self, node: Node, port: str, *, called: bool = True) -> Source | None:
        """Return what feeds a port: in a call the Web Service Input, else the data set beside it."""
        sources = node.inputs.get(port, ())
        requests = [source for source in sources if self.nodes[source.node].module.name == WEB_SERVICE_INPUT]
        others = [source for source in sources if source not in requests]
        chosen = (requests or others) if called else others
        return chosen[0] if chosen else None

    def order(self, *, called: bool = True) -> list[Node]:
        """Return the nodes that run, each after what it needs.

        Everything runs, as in Studio, but for what only fed a port whose place a Web Service Input takes.
        """
        consumed = {source.node for node in self.nodes.values() for wires in node.inputs.values() for source in wires}
        wanted: dict[str, set[str]] = {}
        ends = [node.id for node in self.nodes.values() if node.id not in consumed]
        while ends:
            node = self.nodes[ends.pop()]
            if node.id not in wanted:
                wanted[node.id] = set(self._needs(node, called=called))
                ends += wanted[node.id]
        sorted_ids = TopologicalSorter({node: sorted(wanted[node]) for node in self.nodes if node in wanted})
        return [self.nodes[node] for node in sorted_ids.static_order()]

    def _needs(self, node: Node, *, called: bool) -> Iterator[str]:
        for port in node.inputs:
            source = self.source_of(node, port, called=called)
            if source:
                yield source.node

    def parameters_of(self, node: Node, values: Mapping[str, str]) -> dict[str, Any]:
        """Return a node's parameters for a call with these web service parameters, converted, defaults filled in.

        Raises ModuleError 0002, 0008 and 0039 for values that do not fit; it names the module.
        """
        given = dict(node.parameters)
        for link in self.links:
            value = values.get(link.parameter.name, link.parameter.default)
            for target, name in link.targets:
                if target == node.id and value is not None:
                    given[name] = value
        try:
            return {spec.name: spec.value(given.get(spec.name)) for spec in node.module.parameters}
        except ModuleError as error:
            error.module = node.module.name
            raise

    def is_driven(self, node: Node) -> bool:
        """Whether a web service parameter drives any parameter of the node."""
        return any(target == node.id for link in self.links for target, _ in link.targets)


# Reading


def load_graph(document: Mapping[str, Any]) -> Graph:
    """Read a graph. Raises GraphError with every finding."""
    reader = _Reader(document)
    if reader.findings:
        raise GraphError(reader.findings)
    return reader.graph


def check_graph(document: Mapping[str, Any]) -> list[Finding]:
    """Return everything wrong with a graph, all at once; empty when it can be deployed."""
    return _Reader(document).findings


def read_graph(document: Mapping[str, Any]) -> tuple[Graph, list[Finding]]:
    """Return what can be read of a graph, to look at or to change, and everything wrong with it."""
    reader = _Reader(document)
    return reader.graph, reader.findings


class _Reader:
    """Reads a document once, collecting findings instead of stopping at the first."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.findings: list[Finding] = []
        entries = [entry for entry in _list(document.get("nodes")) if isinstance(entry, Mapping)]
        self._modules = self._read_modules(entries)
        nodes = {node.id: node for node in map(self._read_node, entries) if node}
        name = str(document.get("experiment") or "")
        if not name:
            self._find("experiment", "The experiment has no name.", "Add 'experiment: <name>'.")
        if not entries:
            self._find("nodes", "The experiment has no modules.", "List them under 'nodes'.")
        links = tuple(self._read_link(entry, nodes) for entry in _list(document.get("web service parameters")))
        self.graph = Graph(name, nodes, links)
        self.findings += _structure(self.graph)

    def _find(self, node: str, message: str, mend: str, *at: str) -> None:
        self.findings.append(Finding(node, message, mend, at))

    def _read_modules(self, entries: Iterable[Mapping[str, Any]]) -> dict[str, Module]:
        known, found = registry(), {}
        for entry in entries:
            node, name = str(entry.get("id") or ""), str(entry.get("module") or "")
            if not node or "." in node:
                self._find(node or "node", "A node needs an id without a full stop.", "Add 'id: <name>'.")
            elif node in found:
                self._find(node, "Two nodes have this id.", "Rename one of them.", "id")
            elif name in known:
                found[node] = known[name]
            else:
                near = ", ".join(nearest(name, sorted(known)) or sorted(known))
                self._find(node, f"There is no module '{name}' here.", f"Nearest: {near}.", "module")
        return found

    def _read_node(self, entry: Mapping[str, Any]) -> Node | None:
        node = str(entry.get("id") or "")
        module = self._modules.get(node)
        if not module:
            return None
        parameters = self._read_parameters(node, module, _mapping(entry.get("parameters")))
        inputs: dict[str, tuple[Source, ...]] = {}
        for port, wires in _mapping(entry.get("inputs")).items():
            if not module.input(port):
                names = ", ".join(known.name for known in module.inputs) or "none"
                self._find(node, f"'{module.name}' has no input port '{port}'.", f"It has: {names}.", "inputs", port)
                continue
            listed = wires if isinstance(wires, (list, tuple)) else [wires]
            sources = (self._read_source(node, port, str(wire)) for wire in listed)
            inputs[port] = tuple(source for source in sources if source)
        columns = _list(entry.get("columns"))
        if fault := _columns_fault(columns):
            mend = f"Write {{name: age, type: Int32}}; types are: {', '.join(TYPES)}."
            self._find(node, fault, mend, "columns")
            columns = []
        return Node(node, module, parameters, inputs, tuple(map(read_column, columns)))

    def _read_parameters(self, node: str, module: Module, given: Mapping[str, Any]) -> dict[str, Any]:
        parameters: dict[str, Any] = {}
        for name, value in given.items():
            spec = module.parameter(name)
            if spec is None:
                there = [known.name for known in module.parameters]
                mend = f"Nearest: {', '.join(nearest(name, there) or there)}." if there else "It has none: take it out."
                self._find(node, f"'{module.name}' has no parameter '{name}'.", mend, "parameters", name)
            else:
                self._check_value(node, spec, value, name)
                parameters[spec.name] = value
        for spec in module.parameters:
            if spec.required and parameters.get(spec.name) in (None, ""):
                self._find(
                    node, f"The parameter '{spec.name}' of '{module.name}' has no value.", "Give it one.", "parameters"
                )
        return parameters

    def _settable(self, node: str, parameter: str, nodes: Mapping[str, Node]) -> str:
        """Return the mend for a target that is none: the nearest nodes, or the nearest parameters of its node."""
        there = [spec.name for spec in nodes[node].module.parameters] if node in nodes else list(nodes)
        near = nearest(parameter if node in nodes else node, there) or there
        return f"Write node.Parameter name; nearest: {', '.join(near) or 'none, it has no parameters'}."

    def _check_value(
        self, node: str, spec: Parameter, value: Any, written: str, under: tuple[str, ...] = ("parameters",)
    ) -> None:
        try:
            spec.value(value)
        except ModuleError as error:
            self._find(node, error.message, mend_value(spec, value), *under, written)

    def _read_source(self, node: str, into: str, wire: str) -> Source | None:
        source, _, port = wire.partition(".")
        module = self._modules.get(source)
        if not module:
            self._find(node, f"The wire '{wire}' comes from no node.", "Name a node's id, or id.port.", "inputs", into)
            return None
        if not module.outputs or (port and not module.output(port)):
            names = ", ".join(known.name for known in module.outputs) or "none"
            message = f"The wire '{wire}' comes from no output port of '{module.name}'."
            self._find(node, message, f"It has: {names}.", "inputs", into)
            return None
        return Source(source, port or module.outputs[0].name)

    def _read_link(self, entry: Any, nodes: Mapping[str, Node]) -> Link:
        facts = _mapping(entry)
        name, targets, specs = str(facts.get("name") or ""), [], []
        default = facts.get("default")
        for target in _list(facts.get("sets")):
            node, _, parameter = str(target).partition(".")
            spec = nodes[node].module.parameter(parameter) if node in nodes else None
            if spec is None:
                message = f"The web service parameter sets '{target}', which is no parameter of a node."
                self._find(name, message, self._settable(node, parameter, nodes), "sets")
            else:
                if default is not None:
                    self._check_value(name, spec, default, "default", under=())
                targets.append((node, spec.name))
                specs.append(spec)
        if not name or not targets:
            message = "A web service parameter needs a name and what it sets."
            self._find(
                name or "web service parameters", message, "Write {name: Trees, sets: [node.Parameter name]}.", "sets"
            )
        kind = facts.get("type") or (specs[0].column_type if specs else "String")
        if kind not in TYPES:
            self._find(name, f"There is no type '{kind}'.", f"There is: {', '.join(TYPES)}.", "type")
        text = None if default is None else str(default)
        driven = ServiceParameter(name, kind, text, default is None, facts.get("description"))
        return Link(driven, tuple(targets))


def _structure(graph: Graph) -> Iterator[Finding]:
    """Find what only the whole graph shows: ports, kinds, names used twice, circles."""
    for node in graph.nodes.values():
        for port in node.module.inputs:
            wires = node.inputs.get(port.name, ())
            requests = sum(
                graph.nodes[wire.node].module.name == WEB_SERVICE_INPUT for wire in wires if wire.node in graph.nodes
            )
            if not wires and not port.optional and port.name not in node.inputs:  # else its wires have been found wrong
                message = f"The port '{port.name}' of '{node.module.name}' is not connected."
                yield Finding(node.id, message, f"Wire it under 'inputs': '{port.name}: <node>'.", ("inputs",))
            if requests > 1 or len(wires) - requests > 1:
                message = f"The port '{port.name}' takes one wire, and one Web Service Input beside it."
                yield Finding(node.id, message, "Leave one.", ("inputs", port.name))
            yield from _kinds(graph, node, port.name)
    for module in (WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT):
        names = [node.name for node in graph.having(module)]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Finding(name, f"Two nodes of '{module}' have this name.", "Rename one of them.")
    try:
        # All wires, those of what leads to no output too: a call or a run follows some of them only.
        TopologicalSorter(
            {node.id: [wire.node for wires in node.inputs.values() for wire in wires] for node in graph.nodes.values()}
        ).prepare()
    except CycleError as error:
        circle = " -> ".join(map(str, error.args[1]))
        yield Finding(
            str(error.args[1][0]), f"The wires run in a circle: {circle}.", "Take one of them out.", ("inputs",)
        )


def _kinds(graph: Graph, node: Node, port: str) -> Iterator[Finding]:
    target = node.module.input(port)
    assert target is not None  # the reader keeps only ports that are there
    for wire in node.inputs.get(port, ()):
        source = graph.nodes[wire.node].module.output(wire.port) if wire.node in graph.nodes else None
        if source is None:
            continue
        saved = graph.nodes[wire.node].module.name == SAVED_MODEL and target.kind in MODEL_KINDS
        fits = {target.kind, *MODEL_KINDS} if node.module.name == WEB_SERVICE_OUTPUT else {target.kind}
        if source.kind not in fits and not saved:
            yield Finding(
                node.id,
                f"The port '{port}' of '{node.module.name}' takes {_a(target.kind)},"
                f" '{wire.node}.{wire.port}' gives {_a(source.kind)}.",
                _wireable(graph, node, fits),
                ("inputs", port),
            )


def _a(kind: str) -> str:
    """Return a kind of port in words: ``untrained`` is what an initialise-model module gives."""
    return {"untrained": "an untrained model", "model": "a trained model"}.get(kind, f"a {kind}")


def _wireable(graph: Graph, node: Node, kinds: Collection[str]) -> str:
    """Return the mend for a wire of another kind: the outputs in the graph that would do."""
    there = [
        f"{other.id}.{port.name}"
        for other in graph.nodes.values()
        for port in other.module.outputs
        if other is not node and port.kind in kinds
    ]
    return (
        f"Wire one of: {', '.join(there)}." if there else "Nothing in the experiment gives one: add a module that does."
    )


def _columns_fault(columns: Sequence[Any]) -> str:
    """Return in a sentence what is wrong with the form of a kept schema; empty when nothing is."""
    for facts in columns:
        if not isinstance(facts, Mapping) or "name" not in facts:
            return f"{facts!r} is no column."
        if (facts.get("type") or "String") not in TYPES:
            return f"There is no type '{facts['type']}'."
    return ""


def read_column(facts: Mapping[str, Any]) -> Column:
    """Read one column of a kept schema: ``{name, type, categories, sample}``."""
    categories = tuple(map(str, facts.get("categories") or ()))
    return Column(str(facts["name"]), facts.get("type") or "String", categories, facts.get("sample"))


def write_column(column: Column) -> dict[str, Any]:
    """Return a column as it is kept in a graph; what is empty is left out."""
    sample = column.sample
    if isinstance(sample, (datetime, timedelta)) or (isinstance(sample, float) and not isfinite(sample)):
        sample = render(sample, column.type)  # JSON has no dates and no NaN
    facts = {"name": column.name, "type": column.type, "categories": list(column.categories), "sample": sample}
    return {name: value for name, value in facts.items() if value not in (None, [])}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


# What a service of the graph takes and gives


def interface_of(experiment: Mapping[str, Any]) -> ServiceInterface:
    """Return ports, columns, parameters and updatable resources of a graph. Raises GraphError.

    An output is a model only when its Web Service Output stands on a trained model (documents.md 10.3); a training
    service has no updatable resources.
    """
    graph = load_graph(experiment)
    inputs = (InputPort(node.name, node.columns) for node in graph.having(WEB_SERVICE_INPUT))
    outputs = (_output(graph, node) for node in graph.having(WEB_SERVICE_OUTPUT))
    saved = () if graph.kind == "training" else tuple(dict.fromkeys(node.name for node in graph.having(SAVED_MODEL)))
    parameters = tuple(link.parameter for link in graph.links)
    return ServiceInterface(graph.kind, tuple(inputs), tuple(outputs), parameters, saved)


def _output(graph: Graph, node: Node) -> OutputPort:
    source = graph.source_of(node, "Data")
    port = graph.nodes[source.node].module.output(source.port) if source else None
    return OutputPort(node.name, "model" if port and port.kind in MODEL_KINDS else "dataset", node.columns)
