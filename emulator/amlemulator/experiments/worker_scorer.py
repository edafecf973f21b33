"""Scoring what the server must not run itself (user code, SQL): each call is a task of a worker."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemulator.core.errors import ServiceError, failure
from amlemulator.core.records import BlobReference
from amlemulator.core.tables import Table
from amlemulator.experiments.catalogue_data import DATASET, EXPORT_DATA
from amlemulator.experiments.errors import ModuleError, service_error
from amlemulator.experiments.exchange import FORMAT, load_table, save_table
from amlemulator.experiments.graph import Graph
from amlemulator.experiments.transfers import staged_sources
from amlemulator.ports.runner import Runner, Task

SECONDS = 100.0  # RRS answers within these or not at all (documents.md 4.4)

# Fetches what Import Data modules read: node id to blob, and a folder; returns node id to {"path", "format"}.
Stage = Callable[[Mapping[str, BlobReference], Path], Mapping[str, Mapping[str, str]]]
# Makes ready what Export Data modules write, for a graph, its parameters and a folder: node id to {"path", "format"},
# and what stores the files when the graph has run.
Export = Callable[
    [Mapping[str, Any], Mapping[str, str], Path], tuple[Mapping[str, Mapping[str, str]], Callable[[], None]]
]
# Copies the saved data sets of a graph into a folder; returns name to path.
StageDatasets = Callable[[Mapping[str, Any], Path], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Workers:
    """Where scoring tasks run: a runner, and a function that gives the folder for their files.

    ``memory`` is what a worker may take, in MiB, for the error that says so.
    """

    runner: Runner
    folder: Callable[[], Path]
    stage: Stage | None = None
    export: Export | None = None
    datasets: StageDatasets = lambda document, folder: {}
    seconds: float = SECONDS
    memory: int = 0


class WorkerScorer:
    """A scorer whose graph runs in a worker.

    Graph and models lie in files that are named by what they hold, so a worker that has read them once knows them.
    """

    def __init__(
        self, graph: Graph, experiment: Mapping[str, Any], models: Mapping[str, bytes], workers: Workers
    ) -> None:
        read = {node.id for node in graph.order() if node.module.name == DATASET}
        # Without the data sets whose place the request takes.
        self._reads = {"nodes": [node for node in experiment["nodes"] if node["id"] in read]}
        self._exports = any(node.module.name == EXPORT_DATA for node in graph.order())
        self._outputs = [node.name for node in graph.having("Web Service Output")]
        self._experiment = experiment
        self._workers = workers
        document = json.dumps(experiment, sort_keys=True).encode()
        self._kept = {
            "experiment": self._keep(document, "json"),
            "models": {name: self._keep(content, "ilearner") for name, content in models.items()},
        }

    def _keep(self, content: bytes, extension: str) -> str:
        path = self._workers.folder() / f"{hashlib.sha256(content).hexdigest()}.{extension}"
        if not path.exists():
            part = path.with_suffix(f".{threading.get_ident()}")
            part.write_bytes(content)
            part.replace(path)  # whole or not at all: others may look for it now
        return str(path)

    def warm(self) -> None:
        """Have a worker import what the graph needs, and read it and its models, so that the first call need not."""
        self._workers.runner.run(Task("warm", self._kept, self._workers.seconds))

    def score(self, tables: Mapping[str, Table], parameters: Mapping[str, str]) -> dict[str, Table]:
        """Return the output tables. See ``scorer.Scorer``."""
        with tempfile.TemporaryDirectory(prefix="score-", dir=self._workers.folder()) as name:
            folder = Path(name)
            body = self._body(tables, parameters, folder)
            body["sinks"], store = self._exported(parameters, folder)
            outcome = self._workers.runner.run(Task("score", body, self._workers.seconds))
            if outcome.status == "cancelled":
                raise failure("ServiceUnavailable/NoMoreResources")
            if outcome.status != "done":
                raise self._refusal(outcome.error)
            with _as_service_errors():
                store()
            return {output: load_table(Path(body["outputs"][output]["path"])) for output in self._outputs}

    def _refusal(self, error: Mapping[str, Any]) -> ServiceError:
        if error["error_code"] == "0138":
            limit = str(self._workers.memory)
            return failure("MemoryQuotaViolation/OutOfMemoryLimit", limit, evidence="rrs.memory")
        return service_error(error)

    def _body(self, tables: Mapping[str, Table], parameters: Mapping[str, str], folder: Path) -> dict[str, Any]:
        """Lay what this call brings into the folder."""
        inputs = {}
        for number, (name, table) in enumerate(tables.items()):
            inputs[name] = {"path": str(folder / f"input{number}"), "format": FORMAT}
            save_table(table, folder / f"input{number}")
        outputs = {
            name: {"path": str(folder / f"output{number}"), "format": FORMAT}
            for number, name in enumerate(self._outputs)
        }
        return {
            **self._kept,
            "inputs": inputs,
            "sources": self._staged(parameters, folder),
            "outputs": outputs,
            "parameters": dict(parameters),
            "datasets": dict(self._workers.datasets(self._reads, folder)) if self._reads["nodes"] else {},
        }

    def _staged(self, parameters: Mapping[str, str], folder: Path) -> dict[str, Any]:
        if self._workers.stage is None:
            return {}
        with _as_service_errors():
            return dict(self._workers.stage(staged_sources(self._experiment, parameters), folder))

    def _exported(self, parameters: Mapping[str, str], folder: Path) -> tuple[dict[str, Any], Callable[[], None]]:
        if self._workers.export is None or not self._exports:
            return {}, lambda: None
        with _as_service_errors():
            files, store = self._workers.export(self._experiment, parameters, folder)
        return dict(files), store


@contextmanager
def _as_service_errors() -> Iterator[None]:
    try:
        yield
    except ModuleError as error:
        raise service_error(error.to_dict()) from error
