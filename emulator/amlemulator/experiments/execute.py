"""Running an experiment: each module after what it needs, its failure named after it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amlemulator.experiments.catalogue_data import WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT
from amlemulator.experiments.errors import ModuleError, module_error
from amlemulator.experiments.frame import Frame
from amlemulator.experiments.graph import Graph, Node
from amlemulator.experiments.modules import implementation

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class File:
    """A file that stands ready for a module, and its format (``csv``, ``nh.csv``, ``tsv``, ``nh.tsv``, ``arff``)."""

    path: Path
    format: str


def no_datasets(name: str) -> File:
    """Know no saved data set. Raises ModuleError 0003."""
    raise module_error("0003", name)


@dataclass(frozen=True, slots=True)
class Environment:
    """What an experiment finds around it.

    Request data by Web Service Input, models by resource, files to read and files to write by node.
    """

    inputs: Mapping[str, Frame] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, Any] = field(default_factory=dict)  # of TrainedModel
    sources: Mapping[str, File] = field(default_factory=dict)
    sinks: Mapping[str, File] = field(default_factory=dict)
    datasets: Callable[[str], File] = no_datasets
    progress: Callable[[dict[str, Any]], None] | None = None


@dataclass(slots=True)
class NodeCall:
    """One run of one module: its inputs by port, its parameters, and what is around it."""

    node: Node
    experiment: str
    inputs: Mapping[str, Any]
    parameters: Mapping[str, Any]
    environment: Environment


Values = dict[tuple[str, str], Any]  # by node and output port


def run_node(graph: Graph, node: Node, values: Values, environment: Environment, *, called: bool = True) -> None:
    """Run one node on what stands in ``values`` and put its outputs there. Raises ModuleError, its module named."""
    try:
        parameters = graph.parameters_of(node, environment.parameters)
        call = NodeCall(node, graph.name, _inputs(graph, node, values, called), parameters, environment)
        outputs: Sequence[Any] = implementation(node.module.run)(call)
    except ModuleError as error:
        error.module = error.module or node.module.name
        raise
    except Exception as error:
        raise _unexpected(node, error) from error
    for port, value in zip(node.module.outputs, outputs, strict=True):
        values[node.id, port.name] = value


def _unexpected(node: Node, error: Exception) -> ModuleError:
    """Name the module in which something happened that it did not foresee: a fault of ours, or of a library."""
    LOG.exception("the module %s (%s) failed unexpectedly", node.id, node.module.name)
    failed = module_error("0138") if isinstance(error, MemoryError) else module_error("1000", error)
    failed.module = node.module.name
    return failed


def _inputs(graph: Graph, node: Node, values: Values, called: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for port in node.inputs:
        source = graph.source_of(node, port, called=called)
        if source is not None:
            found[port] = values[source.node, source.port]
    return found


def run_graph(graph: Graph, environment: Environment, *, called: bool = True) -> dict[str, Any]:
    """Run an experiment; return what stands on its Web Service Outputs, by their names.

    With ``called`` it is a service's call, and the Web Service Inputs take the places of the data sets beside them;
    without, it is a run in Studio. Raises ModuleError of the first module that fails.
    """
    order = graph.order(called=called)
    steps = [node for node in order if node.module.name != WEB_SERVICE_OUTPUT]
    if not called:
        steps = [node for node in steps if node.module.name != WEB_SERVICE_INPUT]
    values: Values = {}
    for done, node in enumerate(steps):
        if environment.progress:
            environment.progress({"module": node.module.name, "done": done, "of": len(steps)})
        run_node(graph, node, values, environment, called=called)
    return outputs_of(graph, values, called=called)


def outputs_of(graph: Graph, values: Values, *, called: bool = True) -> dict[str, Any]:
    """Return what stands on the Web Service Outputs, by their names."""
    found: dict[str, Any] = {}
    for node in graph.having(WEB_SERVICE_OUTPUT):
        source = graph.source_of(node, "Data", called=called)
        if source is not None:
            found[node.name] = values[source.node, source.port]
    return found
