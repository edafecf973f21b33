"""Models that a PATCH brings: fetched, checked in a worker, kept in the emulator's own storage.

The model is copied, not referenced: deleting the blob afterwards changes nothing (documents.md 10.2).
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from amlemulator.core.errors import failure
from amlemulator.core.patching import Update
from amlemulator.core.records import BlobReference, Endpoint
from amlemulator.engine.directory import Directory
from amlemulator.engine.storage import Storage, StorageRefused
from amlemulator.experiments.catalogue_functions import SCORE_FUNCTION
from amlemulator.ports.runner import Runner, Task
from amlemulator.ports.store import Store

LOG = logging.getLogger(__name__)
LARGEST_MODEL = 256 * 1024 * 1024  # bytes; ours
CHECK_SECONDS = 120.0
REMEMBERED = 10_000


class Models:
    """Admits models into endpoints."""

    def __init__(
        self, store: Store, storage: Storage, directory: Directory, runner: Runner, folder: Callable[[], Path]
    ) -> None:
        self._store = store
        self._storage = storage
        self._directory = directory
        self._runner = runner
        self._folder = folder
        self.trusting = False  # take any file; one that is no model shows at the first score (errors.md section 15)
        self._lock = threading.Lock()
        self._sound: set[tuple[str, ...]] = set()  # content, graph, resource, model replaced: a worker has passed it

    def admit(self, update: Update, endpoint: Endpoint) -> tuple[str, BlobReference]:
        """Fetch and check the model of one update; return its key in the store and where it came from.

        Raises the flat 400s of errors.md section 15: InvalidBlob for what the storage refuses, Error 0082's text for a
        file that is no model or not one for this resource.
        """
        try:
            content = self._storage.read(update.location, LARGEST_MODEL)
        except StorageRefused as error:
            relative = (update.location.relative_location or "").lstrip("/")
            raise failure("management/InvalidBlob", relative, evidence="patch.invalid-blob") from error
        replaced = self._replaced(endpoint, update.name)
        checked = (hashlib.sha256(content).hexdigest(), endpoint.experiment, update.name, replaced)
        if checked not in self._sound and not self.trusting:
            self._check(content, endpoint, update.name, replaced)
            with self._lock:
                if len(self._sound) >= REMEMBERED:
                    self._sound.clear()
                self._sound.add(checked)
        return self._store.save_content(content), update.location

    def _replaced(self, endpoint: Endpoint, resource: str) -> str:
        """Return the key of the model that the update replaces where the check needs it, for a function; else ''."""
        if all(node["module"] != SCORE_FUNCTION for node in self._directory.graph(endpoint.experiment)["nodes"]):
            return ""
        return next(one.model for one in endpoint.resources if one.name == resource)

    def _check(self, content: bytes, endpoint: Endpoint, resource: str, replaced: str) -> None:
        """Let a worker look at the file: a hostile one may crash it, and is refused then."""
        with tempfile.TemporaryDirectory(prefix="model-", dir=self._folder()) as folder:
            path, other = Path(folder) / "model.ilearner", Path(folder) / "replaced.ilearner"
            path.write_bytes(content)
            graph = self._directory.graph(endpoint.experiment)
            body = {"path": str(path), "experiment": graph, "resource": resource}
            if replaced:
                other.write_bytes(self._store.load_content(replaced))
                body["replaced"] = str(other)
            outcome = self._runner.run(Task("check_model", body, time_limit=CHECK_SECONDS))
        if outcome.status != "done":
            reason = (outcome.error.get("inner") or outcome.error).get("Message") or outcome.error.get("message")
            LOG.warning("the model for '%s' of %s is refused: %s", resource, endpoint.name, reason or outcome.status)
            raise failure("management/UnableToDeserializeModel", evidence="patch.not-a-model")
