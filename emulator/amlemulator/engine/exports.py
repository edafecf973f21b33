"""Export Data: its right to write is checked before anything runs, the blob is written when all has gone well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemulator.core.records import StoredOutput
from amlemulator.engine.storage import Storage, StorageRefused
from amlemulator.experiments.catalogue_data import EXPORT_DATA
from amlemulator.experiments.errors import ModuleError, module_error
from amlemulator.experiments.transfers import staged_sinks

CONTENT_TYPES = {".csv": "text/csv", ".tsv": "text/tab-separated-values", ".arff": "text/plain"}


@dataclass(frozen=True, slots=True)
class Sink:
    """One Export Data module: the file that the worker writes, and the blob that it becomes."""

    node: str
    path: Path
    output: StoredOutput
    overwrite: bool

    @property
    def file(self) -> dict[str, str]:
        """The file as a worker is told of it; its format is the module's own affair."""
        return {"path": str(self.path), "format": "csv"}


class Exports:
    """The exports of jobs, scores and runs. What goes wrong is a ModuleError of Export Data."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def stage(self, graph: Mapping[str, Any], parameters: Mapping[str, str], folder: Path) -> list[Sink]:
        """Find out where every module writes, and that it may. Raises ModuleError 0065 where the storage refuses."""
        sinks = []
        for number, (node, export) in enumerate(staged_sinks(graph, parameters).items()):
            try:
                output = self._storage.output(export.reference)
            except (StorageRefused, ValueError) as error:
                raise _refused(error) from error
            sinks.append(Sink(node, folder / f"export{number}", output, export.overwrite))
        return sinks

    def check(self, sinks: Iterable[Sink]) -> None:
        """Refuse to write over what is there where the module says so. Raises ModuleError 0057 (modules.md 9)."""
        for sink in sinks:
            if not sink.overwrite and self._exists(sink):
                error = module_error("0057", f"{sink.output.container}/{sink.output.name}")
                error.module = EXPORT_DATA
                raise error

    def store(self, sinks: Iterable[Sink]) -> None:
        """Write every blob. Raises ModuleError 0065."""
        for sink in sinks:
            kind = CONTENT_TYPES.get(Path(sink.output.name).suffix.lower(), "application/octet-stream")
            try:
                with sink.path.open("rb") as content:
                    self._storage.write(sink.output, content, kind)
            except StorageRefused as error:
                raise _refused(error) from error

    def _exists(self, sink: Sink) -> bool:
        try:
            return self._storage.exists(sink.output)
        except StorageRefused as error:
            raise _refused(error) from error


def _refused(error: Exception) -> ModuleError:
    failed = ModuleError("0065", f"The Azure storage blob is incorrect. {error}")
    failed.module = EXPORT_DATA
    return failed
