"""The graphs of services that are made of two functions, train and score, in place of an experiment drawn in Studio."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemulator.experiments.catalogue_data import DATASET, WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT
from amlemulator.experiments.catalogue_functions import SCORE_FUNCTION, TRAIN_FUNCTION
from amlemulator.experiments.catalogue_models import SAVED_MODEL
from amlemulator.experiments.graph import Finding, GraphError

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a function is: its name, and the script that defines it; without one it is held in this process."""

    name: str
    script: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """The function as the parameters of its module."""
        return {"Function": self.name, **({"Python script": self.script} if self.script else {})}


@dataclass(frozen=True, slots=True)
class Rows:
    """What a request's rows look like: columns by name and type, or a data set to take them from and to train on."""

    columns: Mapping[str, str] | None = None
    dataset: str | None = None

    def nodes(self) -> tuple[list[Document], list[str]]:
        """Return the nodes that bring rows in, and the wires from them."""
        request: Document = {"id": "request", "module": WEB_SERVICE_INPUT, "parameters": {"Name": "input1"}}
        if self.columns:
            request["columns"] = [{"name": name, "type": kind} for name, kind in self.columns.items()]
        if self.dataset is None:
            return [request], ["request"]
        return [_node("data", DATASET, {"Dataset": self.dataset}), request], ["data", "request"]


def training_graph(name: str, train: Source, score: Source | None, rows: Rows, label: str = "") -> Document:
    """Return the graph that trains: the model on output1; with ``score`` and ``label`` its evaluation on output2.

    Evaluated are always the rows of the data set where there is one, so that two trainings can be compared.
    """
    nodes, wires = rows.nodes()
    nodes += [_node("train", TRAIN_FUNCTION, train.parameters, {"Dataset": wires}), _output("model", 1, "train")]
    if score is not None:
        inputs = {"Trained model": "train", "Dataset": wires[0]}
        nodes.append(_node("score", SCORE_FUNCTION, {**score.parameters, "Label column": label}, inputs))
        if label:
            nodes.append(_node("evaluate", "Evaluate Model", {}, {"Scored dataset": "score"}))
            nodes.append(_output("evaluation", 2, "evaluate"))
    return {"experiment": name, "nodes": nodes}


def scoring_graph(name: str, score: Source, rows: Rows, resource: str | None = None) -> Document:
    """Return the graph that scores; with ``resource`` a saved model of that name, which a PATCH can replace."""
    nodes, wires = rows.nodes()
    inputs: Document = {"Dataset": wires}
    if resource is not None:
        nodes.append(_node("trained-model", SAVED_MODEL, {"Name": resource}))
        inputs["Trained model"] = "trained-model"
    nodes += [_node("score", SCORE_FUNCTION, score.parameters, inputs), _output("result", 1, "score")]
    return {"experiment": name, "nodes": nodes}


def with_scripts(document: Mapping[str, Any], folder: Path) -> Document:
    """Return a graph whose references ``module:function`` have become the text of ``module.py`` in the folder.

    The text goes where the graph goes, so that a worker needs neither the folder nor a path to it. Raises GraphError
    with every reference that leads nowhere.
    """
    changed, wrong = deepcopy(dict(document)), []
    nodes = changed.get("nodes")
    for node in nodes if isinstance(nodes, list) else ():
        parameters = node.get("parameters") if isinstance(node, dict) else None
        if not isinstance(parameters, dict) or node.get("module") not in (TRAIN_FUNCTION, SCORE_FUNCTION):
            continue
        module, _, function = str(parameters.get("Function") or "").partition(":")
        if parameters.get("Python script"):
            continue
        path = (
            folder.joinpath(*module.split(".")).with_suffix(".py") if module.replace(".", "").isidentifier() else None
        )
        try:
            if path is None or not function.isidentifier():
                raise FileNotFoundError
            parameters |= {"Function": function, "Python script": path.read_text("utf-8")}
        except (OSError, ValueError):
            message = f"'{module}:{function}' is no module:function; its file is looked for in {folder}."
            at = ("parameters", "Function")
            wrong.append(Finding(str(node.get("id")), message, "Write rows:train for train in rows.py.", at))
    if wrong:
        raise GraphError(wrong)
    return changed


def _node(name: str, module: str, parameters: Mapping[str, Any], inputs: Mapping[str, Any] | None = None) -> Document:
    return {"id": name, "module": module, "parameters": dict(parameters), "inputs": dict(inputs or {})}


def _output(name: str, number: int, wire: str) -> Document:
    return _node(name, WEB_SERVICE_OUTPUT, {"Name": f"output{number}"}, {"Data": wire})
