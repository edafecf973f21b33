"""Experiments run once before they are deployed, in a worker, as Studio wanted it: for their schemas, or to set up.

A run can take long, so it can be watched and stopped from another thread.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amlemulator.engine.storage import Storage, StorageRefused
from amlemulator.ports.runner import Outcome, Runner, Task, TaskKind

Document = Mapping[str, Any]


class ExperimentFailed(Exception):  # noqa: N818 - named for what happened
    """The experiment could not be run. ``module`` names the module that failed; the message is its own."""

    def __init__(self, module: str, message: str) -> None:
        self.module = module
        super().__init__(message)


class Stopped(Exception):  # noqa: N818 - named for what happened
    """Somebody stopped the run."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An experiment to run. ``datasets`` are the files of its data sets, by name; ``parameters`` those of a call."""

    document: Document
    models: Mapping[str, bytes] = field(default_factory=dict)
    datasets: Mapping[str, Path] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


class Watch:
    """How far a run is, and the way to stop it."""

    def __init__(self) -> None:
        self.progress: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._cancel: Callable[[], None] | None = None
        self.stopped = False

    def stop(self) -> None:
        """Stop the run, which may not have begun yet."""
        with self._lock:
            self.stopped, cancel = True, self._cancel
        if cancel is not None:
            cancel()

    def run(self, runner: Runner, task: Task) -> Outcome:
        """Have a task done and wait for its end. Raises Stopped."""
        ended = threading.Event()
        outcomes: list[Outcome] = []

        def done(outcome: Outcome) -> None:
            outcomes.append(outcome)
            ended.set()

        handle = runner.submit(task, done, self.progress.update)
        with self._lock:
            self._cancel = lambda: runner.cancel(handle)
            stopped = self.stopped
        if stopped:
            runner.cancel(handle)
        ended.wait()
        if self.stopped or outcomes[0].status == "cancelled":
            raise Stopped
        return outcomes[0]


def lacks_schemas(document: Document) -> bool:
    """Whether a port of the graph has no schema, so that a run could tell one. Raises GraphError."""
    from amlemulator.experiments.graph import interface_of

    interface = interface_of(document)
    unknown = [port for port in interface.inputs if not port.columns]
    return bool(unknown or [port for port in interface.outputs if port.kind == "dataset" and not port.columns])


class Trials:
    """Runs experiments that are about to be deployed."""

    def __init__(self, runner: Runner, storage: Storage, folder: Callable[[], Path], time_limit: float) -> None:
        self._runner = runner
        self._storage = storage
        self.folder = folder
        self._time_limit = time_limit

    def filled(self, trial: Trial, watch: Watch | None = None) -> Document:
        """Return the graph with the columns of its ports; one that has them all comes back as it is.

        Raises ExperimentFailed, Stopped and GraphError.
        """
        if not lacks_schemas(trial.document):
            return trial.document
        with self._workplace() as folder:
            found: Document = self._run("schemas", trial, Path(folder), watch)["experiment"]
            return found

    def predictive(self, trial: Trial, watch: Watch | None = None) -> tuple[Document, dict[str, bytes]]:
        """Run a training experiment and set up the predictive one: its graph, and its models by resource.

        Raises ExperimentFailed, Stopped and GraphError.
        """
        with self._workplace() as folder:
            made = self._run("predictive", trial, Path(folder), watch)
            models = {name: (Path(folder) / file).read_bytes() for name, file in made["models"].items()}
            return made["experiment"], models

    def _workplace(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="trial-", dir=self.folder(), ignore_cleanup_errors=True)

    def _run(self, kind: TaskKind, trial: Trial, folder: Path, watch: Watch | None) -> dict[str, Any]:
        task = Task(kind, self._body(trial, folder), self._time_limit or None)
        outcome = (watch or Watch()).run(self._runner, task)
        if outcome.status != "done":
            reason = outcome.error.get("message") or f"The run ended: {outcome.status}."
            raise ExperimentFailed(str(outcome.error.get("module") or "experiment"), reason)
        return outcome.result

    def _body(self, trial: Trial, folder: Path) -> dict[str, Any]:
        from amlemulator.experiments.errors import ModuleError
        from amlemulator.experiments.transfers import staged_sources

        sources, paths = {}, {}
        try:
            blobs = staged_sources(trial.document, trial.parameters, called=False)
            for number, (node, blob) in enumerate(blobs.items()):
                sources[node] = self._storage.stage(blob, folder, f"source{number}")
        except (StorageRefused, ModuleError) as error:
            raise ExperimentFailed("Import Data", str(error)) from error
        for number, (name, content) in enumerate(trial.models.items()):
            path = folder / f"model{number}.ilearner"
            path.write_bytes(content)
            paths[name] = str(path)
        return {
            "experiment": dict(trial.document),
            "models": paths,
            "sources": sources,
            "datasets": {name: str(path) for name, path in trial.datasets.items()},
            "parameters": dict(trial.parameters),
            "folder": str(folder),
        }
