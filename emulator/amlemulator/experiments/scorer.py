"""Scoring in the server: a graph and its models, put together once, then run for each request.

What does not depend on the request (a saved model, a saved transform) is made once. Imports numpy and onnxruntime, and
only when a model is loaded; never pandas or scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from amlemulator.core.errors import failure
from amlemulator.core.tables import Table
from amlemulator.experiments.catalogue_data import WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT
from amlemulator.experiments.errors import ModuleError, service_error
from amlemulator.experiments.execute import Environment, Values, outputs_of, run_node
from amlemulator.experiments.frame import frame_of_table, table_of_frame
from amlemulator.experiments.graph import Graph, Node, load_graph
from amlemulator.experiments.model_file import ModelFileError, read_model_file
from amlemulator.experiments.worker_scorer import Workers, WorkerScorer


def needs_worker(experiment: Mapping[str, Any]) -> bool:
    """Tell whether a call of the graph must run in a worker: something in it is not a row-wise module of ours."""
    return not all(node.module.in_server for node in load_graph(experiment).order())


class Scorer(Protocol):
    """A scoring service ready to answer. Calls may come from any thread."""

    def score(self, tables: Mapping[str, Table], parameters: Mapping[str, str]) -> dict[str, Table]:
        """Return the output tables by Web Service Output.

        ``tables`` are the inputs by Web Service Input, ``parameters`` the web service parameters. Raises ServiceError
        when a module refuses its data.
        """
        ...

    def warm(self) -> None:
        """Do now what the first call would wait for."""
        ...


class ServerScorer:
    """A scorer of row-wise modules, in this process."""

    def warm(self) -> None:
        """Have everything at hand already: models are opened when they are given."""

    def __init__(self, graph: Graph, models: Mapping[str, Any]) -> None:
        from amlemulator.experiments.row_lane import row_lane  # brings numpy; needs_worker does not want it

        self._graph = graph
        self._models = models
        self._fixed: Values = {}
        self._steps: list[Node] = []
        self._lane = row_lane(graph, models)
        for node in graph.order():
            if node.module.name == WEB_SERVICE_OUTPUT:
                continue
            if self._is_fixed(node):
                run_node(graph, node, self._fixed, Environment(models=models))
            else:
                self._steps.append(node)

    def _is_fixed(self, node: Node) -> bool:
        if node.module.name == WEB_SERVICE_INPUT or self._graph.is_driven(node):
            return False
        sources = [self._graph.source_of(node, port) for port in node.inputs]
        return all(source is None or (source.node, source.port) in self._fixed for source in sources)

    def score(self, tables: Mapping[str, Table], parameters: Mapping[str, str]) -> dict[str, Table]:
        """Return the output tables. See Scorer."""
        if self._lane is not None and self._lane.input in tables:
            scored = self._lane.score(tables[self._lane.input])
            if scored is not None:
                return {self._lane.output: scored}
        inputs = {name: frame_of_table(table) for name, table in tables.items()}
        environment = Environment(inputs, parameters, self._models)
        values = dict(self._fixed)
        try:
            for node in self._steps:
                run_node(self._graph, node, values, environment)
        except ModuleError as error:
            raise service_error(error.to_dict()) from error
        return {name: table_of_frame(frame) for name, frame in outputs_of(self._graph, values).items()}


def build_scorer(experiment: Mapping[str, Any], models: Mapping[str, bytes], workers: Workers | None = None) -> Scorer:
    """Put a graph and the content of its models (by resource name) together; the models are loaded here.

    A graph that must not run in the server gets a scorer that hands each call to ``workers``. Raises GraphError, and
    ServiceError: ModelPackageFormatError when a model cannot be loaded, NotEmulated when a worker is needed and there
    is none.
    """
    graph = load_graph(experiment)
    if needs_worker(experiment):
        if workers is None:
            raise failure(
                "scoring/NotEmulated", f"The experiment '{graph.name}' runs code that needs a worker process."
            )
        return WorkerScorer(graph, experiment, models, workers)
    try:
        return ServerScorer(graph, {name: load_model(content) for name, content in models.items()})
    except ModelFileError as error:
        raise failure("ModelPackageFormatError") from error


def load_model(content: bytes) -> Any:
    """Read a model file and open it. Raises ModelFileError."""
    from amlemulator.experiments.trained import model_of

    model = model_of(read_model_file(content))
    try:
        model.load()
    except Exception as error:  # onnxruntime's own, many kinds
        raise ModelFileError(f"its ONNX cannot be loaded: {type(error).__name__}") from error
    return model
