"""The schemas of an experiment's ports, found by one run in a worker, as Studio wanted before it deployed one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from amlemulator.engine.storage import Storage, StorageRefused
from amlemulator.ports.runner import Runner, Task

Document = Mapping[str, Any]


class ExperimentFailed(Exception):  # noqa: N818 - named for what happened
    """The experiment could not be run. ``module`` names the module that failed; the message is its own."""

    def __init__(self, module: str, message: str) -> None:
        self.module = module
        super().__init__(message)


def lacks_schemas(document: Document) -> bool:
    """Whether a port of the graph has no schema, so that a run could tell one. Raises GraphError."""
    from amlemulator.experiments.graph import interface_of

    interface = interface_of(document)
    unknown = [port for port in interface.inputs if not port.columns]
    return bool(unknown or [port for port in interface.outputs if port.kind == "dataset" and not port.columns])


class Schemas:
    """Runs experiments for their schemas."""

    def __init__(self, runner: Runner, storage: Storage, folder: Callable[[], Path], time_limit: float) -> None:
        self._runner = runner
        self._storage = storage
        self._folder = folder
        self._time_limit = time_limit

    def filled(self, document: Document, models: Mapping[str, bytes], datasets: Mapping[str, Path]) -> Document:
        """Return the graph with the columns of its ports. ``datasets`` are the files of its data sets, by name.

        A graph that has them all is returned as it is. Raises ExperimentFailed and GraphError.
        """
        if not lacks_schemas(document):
            return document
        with tempfile.TemporaryDirectory(prefix="schemas-", dir=self._folder(), ignore_cleanup_errors=True) as name:
            body = self._body(document, models, datasets, Path(name))
            outcome = self._runner.run(Task("schemas", body, self._time_limit or None))
        if outcome.status != "done":
            reason = outcome.error.get("message") or f"The run ended: {outcome.status}."
            raise ExperimentFailed(str(outcome.error.get("module") or "experiment"), reason)
        filled: Document = outcome.result["experiment"]
        return filled

    def _body(
        self, document: Document, models: Mapping[str, bytes], datasets: Mapping[str, Path], folder: Path
    ) -> dict[str, Any]:
        from amlemulator.experiments.errors import ModuleError
        from amlemulator.experiments.graph import staged_sources

        sources, paths = {}, {}
        try:
            for number, (node, url) in enumerate(staged_sources(document, {}).items()):
                sources[node] = self._storage.stage_url(url, folder, f"source{number}")
        except (StorageRefused, ModuleError) as error:
            raise ExperimentFailed("Import Data", str(error)) from error
        for number, (name, content) in enumerate(models.items()):
            path = folder / f"model{number}.ilearner"
            path.write_bytes(content)
            paths[name] = str(path)
        return {
            "experiment": dict(document),
            "models": paths,
            "sources": sources,
            "datasets": {name: str(path) for name, path in datasets.items()},
        }
