"""Data files that come along with an experiment: each becomes a saved data set of the workspace."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from amlemulator.core import studio as rules
from amlemulator.core.identity import Identity
from amlemulator.core.records import StoredOutput, Workspace
from amlemulator.core.studio_records import Dataset
from amlemulator.ports.blobs import Blobs
from amlemulator.ports.clock import Clock
from amlemulator.ports.store import Store

HEAD_BYTES = 256 * 1024
_TYPES = {facts["extension"]: name for name, facts in rules.DATA_TYPES.items()}


def opened(content: bytes | Path) -> AbstractContextManager[BinaryIO]:
    """Open a content for reading."""
    return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def _digest(content: bytes | Path) -> str:
    with opened(content) as stream:
        # A BinaryIO of the standard library is more than its type says.
        return hashlib.file_digest(cast(io.BufferedReader, stream), "sha256").hexdigest()[:32]


class DataFiles:
    """Makes data files data sets. One that is there already, to the byte, is not made again."""

    def __init__(self, store: Store, blobs: Blobs, clock: Clock, identity: Identity) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._identity = identity

    def bring(self, workspace: Workspace, files: Mapping[str, bytes | Path]) -> dict[str, str]:
        """Make each file a data set, or a new version of the one of its name. Returns names to the data sets' ids."""
        return {name: self._bring(workspace, name, content).id for name, content in files.items()}

    def _bring(self, workspace: Workspace, name: str, content: bytes | Path) -> Dataset:
        place, size, head = store_file(self._blobs, workspace.storage_account, name, content)
        data_type = data_type_of(name)
        known = _shown(name)
        with self._store.transaction() as transaction:
            versions = [one for one in transaction.list(Dataset, workspace.id) if one.name == known and not one.deleted]
            same = next((one for one in versions if one.content == place), None)
            if same is not None:
                return same
            ordinal = transaction.next_ordinal(f"dataset/{workspace.id}")
            family = versions[0].family_id if versions else self._new_id("family", workspace, ordinal)
            registration = rules.Registration("", known, data_type, "", family, "", "FromResourceUpload", name)
            ids = (family, self._new_id("dataset", workspace, ordinal))
            made = rules.new_dataset(workspace, registration, place, size, ordinal, ids, self._clock.now())
            made = replace(made, version=len(versions) + 1, schema_status=rules.schema_status(data_type, head))
            for older in versions:
                transaction.put(replace(older, is_latest=False))
            transaction.put(made)
        return made

    def _new_id(self, kind: str, workspace: Workspace, ordinal: int) -> str:
        return self._identity.new_id(kind, f"{workspace.id}/{ordinal}")


def store_file(blobs: Blobs, account: str, name: str, content: bytes | Path) -> tuple[StoredOutput, int, bytes]:
    """Store a file's content under a name that is made of it; return where, its size and its beginning."""
    digest = _digest(content)
    facts: Any = rules.DATA_TYPES[data_type_of(name)]
    place = StoredOutput(account, rules.CONTAINER, f"{digest}.{facts['extension']}")
    blobs.create_container(place.account, place.container)
    with opened(content) as stream:
        size = blobs.put(place.account, place.container, place.name, stream, content_type=facts["content_type"]).size
    with opened(content) as stream:
        return place, size, stream.read(HEAD_BYTES)


def data_type_of(name: str) -> str:
    """Return the data type that a file's name tells; CSV for one that tells none."""
    lower = name.lower()
    fitting = [extension for extension in _TYPES if lower.endswith(f".{extension.lower()}")]
    return _TYPES[max(fitting, key=len)] if fitting else "GenericCSV"


def _shown(name: str) -> str:
    """Return a data set's name: the file's path with what may not stand in one replaced."""
    path = PurePosixPath(name)
    return "".join("_" if letter in rules.FORBIDDEN else letter for letter in str(path))
