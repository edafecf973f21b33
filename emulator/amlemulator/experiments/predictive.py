"""Set Up Web Service, Predictive: from a training experiment that was run to the scoring one (modules.md section 12).

What Studio did: learner and Train Model became one saved model, Split Data went, Clean Missing Data and Normalize Data
became the transforms that they had learned, the other preparation stayed, Web Service Input and Output were put in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amlemulator.experiments.catalogue_data import WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT
from amlemulator.experiments.catalogue_functions import SCORE_FUNCTION, TRAIN_FUNCTION
from amlemulator.experiments.catalogue_models import SAVED_MODEL
from amlemulator.experiments.execute import Values
from amlemulator.experiments.graph import Finding, Graph, GraphError, Node, Source

SUFFIX = " [Predictive Exp.]"
MODEL_SUFFIX = " [trained model]"
SCORERS = {"model": "Score Model", "function": SCORE_FUNCTION, "clusters": "Assign Data to Clusters"}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Predictive:
    """A scoring experiment, and the content of its saved model by resource name."""

    document: Document
    models: Mapping[str, bytes]


def set_up_predictive(graph: Graph, values: Values) -> Predictive:
    """Make the predictive experiment of a training one; ``values`` is what stood on its ports when it was run.

    Raises GraphError when the graph has no trainer or several: Studio's articles tell people to delete all but one.
    """
    trainers = [node for node in graph.nodes.values() if node.module.trains]
    if len(trainers) != 1:
        raise GraphError([Finding(graph.name, f"It has {len(trainers)} modules that train.", "Leave exactly one.")])
    if not any(node == trainers[0].id for node, _ in values):
        names = ", ".join(link.parameter.name for link in graph.links)
        mend = f"Give a value for {names}" if names else "Wire a data set beside each Web Service Input"
        raise GraphError([Finding(trainers[0].id, "What it trains on comes only with a call.", mend)])
    return _Setup(graph, trainers[0], values).made()


class _Setup:
    def __init__(self, graph: Graph, trainer: Node, values: Values) -> None:
        self._graph = graph
        self._trainer = trainer
        self._values = values
        self._entries: dict[str, Document] = {}
        self._entry_port: tuple[str, str] | None = None  # where the request comes in: the first port that data reach

    def made(self) -> Predictive:
        model_port = next(port for port in self._trainer.module.outputs if port.kind in SCORERS)
        resource = self._graph.name + MODEL_SUFFIX
        data_port = next(port for port in self._trainer.module.inputs if port.kind == "dataset")
        data = self._keep(self._source(self._trainer, data_port.name))
        kind = "function" if self._trainer.module.name == TRAIN_FUNCTION else model_port.kind
        score = self._score(SCORERS[kind])
        model = {"id": "trained-model", "module": SAVED_MODEL, "parameters": {"Name": resource}}
        score["inputs"] = {"Trained model": "trained-model", "Dataset": data}
        request = {"id": "web-service-input", "module": WEB_SERVICE_INPUT, "parameters": {"Name": "input1"}}
        result = {
            "id": "web-service-output",
            "module": WEB_SERVICE_OUTPUT,
            "parameters": {"Name": "output1"},
            "inputs": {"Data": score["id"]},
        }
        nodes = [*self._entries.values(), model, score]
        self._put_in_request(nodes, score["id"])
        document = {"experiment": self._graph.name + SUFFIX, "nodes": [*nodes, request, result]}
        if parameters := self._parameters():
            document["web service parameters"] = parameters
        trained = self._values[self._trainer.id, model_port.name]
        return Predictive(document, {resource: trained.file.pack()})

    def _source(self, node: Node, port: str) -> Source:
        source = self._graph.source_of(node, port, called=False)
        if source is None:
            raise GraphError([Finding(node.id, f"Nothing but a request feeds its port '{port}'.", "Wire a data set.")])
        if self._graph.nodes[source.node].module.name == "Split Data":
            return self._source(self._graph.nodes[source.node], "Dataset")
        return source

    def _keep(self, source: Source) -> str:
        """Keep a node and what it needs; return the wire from its port."""
        node = self._graph.nodes[source.node]
        if node.id not in self._entries:
            inputs = {port: self._keep(self._source(node, port)) for port in node.inputs}
            if inputs and self._entry_port is None:
                self._entry_port = (node.id, next(iter(inputs)))
            self._entries |= self._kept(node, inputs)
        if "transform" in {port.kind for port in node.module.outputs}:
            return node.id
        return f"{source.node}.{source.port}"

    def _kept(self, node: Node, inputs: Mapping[str, str]) -> dict[str, Document]:
        learned = next((port.name for port in node.module.outputs if port.kind == "transform"), None)
        if learned is None or not inputs:
            return {node.id: _entry(node, inputs)}
        saved = f"{node.id}-transform"
        parameters = {"Name": f"{self._graph.name} [{node.module.name}]", "Transform": self._values[node.id, learned]}
        wires = {"Transformation": saved, "Dataset": inputs["Dataset"]}
        return {
            saved: {"id": saved, "module": "Saved Transform", "parameters": parameters},
            node.id: {"id": node.id, "module": "Apply Transformation", "inputs": wires},
        }

    def _score(self, module: str) -> Document:
        """Return the module that scores: the training experiment's own, or a new one."""
        for node in self._graph.having(module):
            source = self._graph.source_of(node, "Trained model", called=False)
            if source is not None and source.node == self._trainer.id:
                return _entry(node, {})
        return {"id": "score", "module": module}

    def _put_in_request(self, nodes: list[Document], score: str) -> None:
        """Put the Web Service Input beside the data set of the first module that is no source."""
        target, port = self._entry_port or (score, "Dataset")
        for entry in nodes:
            if entry["id"] == target:
                port = "Dataset" if "Transformation" in entry["inputs"] else port
                entry["inputs"][port] = [entry["inputs"][port], "web-service-input"]

    def _parameters(self) -> list[Document]:
        kept = []
        for link in self._graph.links:
            sets = [f"{node}.{name}" for node, name in link.targets if self._is_kept(node)]
            if sets:
                facts = {"name": link.parameter.name, "sets": sets, "default": link.parameter.default}
                kept.append({name: value for name, value in facts.items() if value is not None})
        return kept

    def _is_kept(self, node: str) -> bool:
        return self._entries.get(node, {}).get("module") == self._graph.nodes[node].module.name


def _entry(node: Node, inputs: Mapping[str, str]) -> Document:
    facts = {"id": node.id, "module": node.module.name, "parameters": dict(node.parameters), "inputs": dict(inputs)}
    return {name: value for name, value in facts.items() if value or name == "inputs"}
