"""Running experiments as Studio did: everything in the graph, in a worker, every output kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amlemulator.core.batch import DEFAULT_CONTAINER
from amlemulator.core.records import StoredOutput, Workspace
from amlemulator.engine.exports import Exports, Sink
from amlemulator.engine.storage import Storage, StorageRefused
from amlemulator.engine.studio import Studio
from amlemulator.engine.trials import Stopped, Watch
from amlemulator.experiments.errors import ModuleError
from amlemulator.experiments.transfers import staged_sources
from amlemulator.ports.runner import Outcome, Runner, Task, TaskKind
from amlemulator.ports.store import Store

CONTENT_TYPES = {".csv": "text/csv", ".ilearner": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class Run:
    """An experiment to run: its graph, the keys of its trained models, and where its outputs are to go."""

    workspace: Workspace
    prefix: str  # of the outputs' names
    document: Mapping[str, Any]
    models: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended. ``document``: the graph with the schemas it has shown. ``error`` is None when it went well.

    Of a set-up ``document`` is the predictive graph, and ``models`` the keys of its trained models' content by name.
    """

    outputs: dict[str, StoredOutput] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    module: str | None = None  # the name of the one that failed
    cancelled: bool = False


class StudioRuns:
    """Brings an experiment and a worker together."""

    def __init__(
        self,
        store: Store,
        studio: Studio,
        storage: Storage,
        runner: Runner,
        folder: Callable[[], Path],
        time_limit: float,
    ) -> None:
        self._store = store
        self.studio = studio
        self._storage = storage
        self._runner = runner
        self._folder = folder
        self._time_limit = time_limit

    def run(self, run: Run, watch: Watch | None = None, *, exporting: bool = True) -> Result:
        """Run an experiment and wait for its end. Without ``exporting`` its Export Data modules are passed by."""
        exports = Exports(self._storage)
        with self._workplace() as name:
            try:
                sinks = exports.stage(run.document, {}, Path(name)) if exporting else []
                outcome = self._carry_out("studio", run, Path(name), watch, sinks)
                if outcome.status != "done":
                    return _failed(outcome)
                exports.check(sinks)
                exports.store(sinks)
            except ModuleError as error:
                return Result(error=error.message, module=error.module)
            return Result(self._keep(run, Path(name), outcome.result["outputs"]), outcome.result["experiment"])

    def set_up(self, run: Run, watch: Watch | None = None) -> Result:
        """Run a training experiment, make the predictive one of it, and wait for the end."""
        with self._workplace() as name:
            outcome = self._carry_out("predictive", run, Path(name), watch)
            if outcome.status != "done":
                return _failed(outcome)
            made = Path(name) / "outputs"
            contents = {model: (made / file).read_bytes() for model, file in outcome.result["models"].items()}
            models = {model: self._store.save_content(content) for model, content in contents.items()}
            return Result(document=outcome.result["experiment"], models=models)

    def _workplace(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="run-", dir=self._folder(), ignore_cleanup_errors=True)

    def _carry_out(
        self, kind: TaskKind, run: Run, folder: Path, watch: Watch | None, sinks: Sequence[Sink] = ()
    ) -> Outcome:
        try:
            body = {**self._stage(run, folder), "sinks": {sink.node: sink.file for sink in sinks}}
        except (StorageRefused, ModuleError) as error:
            return Outcome("failed", error={"message": str(error), "module": "Import Data"})
        try:
            return (watch or Watch()).run(self._runner, Task(kind, body, self._time_limit or None))
        except Stopped:
            return Outcome("cancelled")

    def _stage(self, run: Run, folder: Path) -> dict[str, Any]:
        sources, models = {}, {}
        for number, (node, blob) in enumerate(staged_sources(run.document, {}, called=False).items()):
            sources[node] = self._storage.stage(blob, folder, f"source{number}")
        for number, (name, key) in enumerate(run.models.items()):
            path = folder / f"model{number}.ilearner"
            path.write_bytes(self._store.load_content(key))
            models[name] = str(path)
        outputs = folder / "outputs"
        outputs.mkdir()
        datasets = self.studio.stage(run.document, folder)
        return {
            "experiment": dict(run.document),
            "models": models,
            "sources": sources,
            "datasets": datasets,
            "folder": str(outputs),
        }

    def _keep(self, run: Run, folder: Path, written: Mapping[str, str]) -> dict[str, StoredOutput]:
        kept = {}
        for place, name in written.items():
            path = folder / "outputs" / name
            account = run.workspace.storage_account
            output = StoredOutput(account, DEFAULT_CONTAINER, f"{run.prefix}/{name}", shared="container")
            with path.open("rb") as content:
                self._storage.write(output, content, CONTENT_TYPES[path.suffix])
            kept[place] = output
        return kept


def _failed(outcome: Outcome) -> Result:
    reason = outcome.error.get("message") or f"The run ended: {outcome.status}."
    return Result(error=reason, module=outcome.error.get("module"), cancelled=outcome.status == "cancelled")
