"""Scoring in the server: which model answers now, and a bounded cache of loaded ones."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemulator.core.errors import ServiceError
from amlemulator.core.patching import effective_models
from amlemulator.core.records import BlobReference, Endpoint
from amlemulator.core.tables import Table
from amlemulator.engine.directory import Directory
from amlemulator.engine.propagation import Propagation
from amlemulator.engine.storage import Storage, StorageRefused
from amlemulator.ports.clock import Clock
from amlemulator.ports.runner import Runner
from amlemulator.ports.store import Store

if TYPE_CHECKING:  # the scorer brings onnxruntime, which the server loads only when somebody scores
    from amlemulator.experiments.scorer import Scorer
    from amlemulator.experiments.worker_scorer import Workers

MEMORY_PER_BYTE = 8  # bytes that a loaded model takes for each of its file, about (benchmarks/many.py)


def worker_scoring(
    runner: Runner,
    folder: Callable[[], Path],
    storage: Storage,
    datasets: Callable[[Mapping[str, Any], Path], Mapping[str, str]],
    memory: int = 0,
) -> Callable[[], Workers]:
    """Return what says where graphs run that the server must not run itself; it imports when it is called.

    ``datasets`` copies the saved data sets of a graph into a folder and returns name to path.
    """

    def workers() -> Workers:
        from amlemulator.experiments.worker_scorer import Workers

        stage, export = partial(_imported, storage), partial(_exported, storage)
        return Workers(runner, folder, stage, export, datasets, memory=memory)

    return workers


def _imported(storage: Storage, sources: Mapping[str, BlobReference], into: Path) -> dict[str, dict[str, str]]:
    """Fetch what Import Data modules read. Raises ModuleError 0065 where the storage refuses."""
    from amlemulator.experiments.errors import module_error

    try:
        return {
            node: storage.stage(blob, into, f"source{number}") for number, (node, blob) in enumerate(sources.items())
        }
    except StorageRefused as error:
        failed = module_error("0065", str(error))
        failed.module = "Import Data"
        raise failed from error


def _exported(
    storage: Storage, graph: Mapping[str, Any], parameters: Mapping[str, str], into: Path
) -> tuple[dict[str, dict[str, str]], Callable[[], None]]:
    """Make ready what Export Data modules write; return the files by node, and what stores them in the end."""
    from amlemulator.engine.exports import Exports

    exports = Exports(storage)
    sinks = exports.stage(graph, parameters, into)

    def store() -> None:
        exports.check(sinks)
        exports.store(sinks)

    return {sink.node: sink.file for sink in sinks}, store


class Scoring:
    """Scores tables through an endpoint's graph and its models of this moment.

    An endpoint record is immutable and is read once per request, so under a concurrent PATCH an answer comes wholly
    from the old model or wholly from the new one.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        clock: Clock,
        propagation: Propagation,
        workers: Callable[[], Workers],
        memory: int = 768 << 20,
    ) -> None:
        """``memory`` bounds what loaded models take together, in bytes; the one that is used is always kept."""
        self._store = store
        self._directory = directory
        self._clock = clock
        self._propagation = propagation
        self._workers = workers
        self._lock = threading.Lock()
        self._memory = memory
        self._taken = 0
        # By graph and models, the least used first; with what each takes.
        self._scorers: OrderedDict[tuple[str, tuple[tuple[str, str], ...]], tuple[Scorer, int]] = OrderedDict()

    def score(self, endpoint: Endpoint, tables: Mapping[str, Table], parameters: Mapping[str, str]) -> dict[str, Table]:
        """Return the output tables by port name. Raises ServiceError when a module refuses its data."""
        return self.scorer(endpoint).score(tables, parameters)

    def scorer(self, endpoint: Endpoint) -> Scorer:
        """Return the loaded scorer of the endpoint as it answers now, loading it when it is not at hand."""
        delay = self._propagation.of(endpoint.id)
        return self._loaded(endpoint.experiment, effective_models(endpoint, self._clock.now(), delay))

    def _loaded(self, graph: str, models: Mapping[str, str]) -> Scorer:
        key = (graph, tuple(models.items()))
        with self._lock:
            found = self._scorers.get(key)
            if found is not None:
                self._scorers.move_to_end(key)
                return found[0]
        loaded = self._load(graph, models)
        with self._lock:
            # Two threads may have loaded the same one; both are right, one is kept.
            kept = self._scorers.setdefault(key, loaded)
            self._taken += kept[1] if kept is loaded else 0
            while self._taken > self._memory and len(self._scorers) > 1:
                self._taken -= self._scorers.popitem(last=False)[1][1]
        return kept[0]

    def warm(self, endpoint: Endpoint) -> None:
        """Load the endpoint's models now, so that the first score after a PATCH is as quick as the later ones.

        That is those of the moment in which the change has propagated. What is wrong with them shows at the score: by
        now the change has been made.
        """
        with suppress(ServiceError):
            self._loaded(endpoint.experiment, effective_models(endpoint, self._clock.now(), 0.0)).warm()

    def _load(self, graph: str, models: Mapping[str, str]) -> tuple[Scorer, int]:
        from amlemulator.experiments.scorer import build_scorer

        contents = {name: self._store.load_content(key) for name, key in models.items()}
        size = sum(map(len, contents.values())) * MEMORY_PER_BYTE
        return build_scorer(self._directory.graph(graph), contents, self._workers()), size

    def forget(self) -> None:
        """Drop every loaded model."""
        with self._lock:
            self._scorers.clear()
            self._taken = 0
