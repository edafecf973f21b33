"""From what an emulator holds to descriptions: the way back from ``planting``. Written to a folder, that is a snapshot.

In it is what a folder can say: workspaces, web services, endpoints with their models as they are now, saved data sets,
blobs. Not in it: jobs, the journal, faults, experiments that Studio's own pages hold, published functions.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from amlemulator.core import studio as rules
from amlemulator.core.connection import DEVELOPMENT_ACCOUNT
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.core.studio_records import Dataset
from amlemulator.engine.data_files import data_type_of
from amlemulator.workspaces.description import (
    BlobPlace,
    Content,
    EndpointDescription,
    ServiceDescription,
    StorageDescription,
    WorkspaceDescription,
)
from amlemulator.workspaces.planting import with_datasets
from amlemulator.workspaces.writing import dataset_paths, write_workspaces

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

Datasets = dict[str, Dataset]  # by the path at which a description holds it


def describe(emulator: Emulator, folder: Path) -> list[WorkspaceDescription]:
    """Describe everything that an emulator holds; contents of blobs are copied into ``folder``.

    Requests wait meanwhile, so it is the state of one moment.
    """
    with emulator.gate.closed():
        workspaces = emulator.directory.workspaces()
        owners: dict[str, Workspace] = {}
        for workspace in workspaces:
            owners.setdefault(workspace.storage_account, workspace)
        return [
            _Describer(emulator, workspace, folder / workspace.id).describe(
                [account for account in emulator.blobs.accounts() if owners.get(account, workspaces[0]) is workspace]
            )
            for workspace in workspaces
        ]


def write_snapshot(emulator: Emulator, folder: Path) -> None:
    """Write everything that an emulator holds as a workspace folder: whole, or not at all.

    Raises FileExistsError when the folder is there and not empty, OSError when it cannot be written.
    """
    with tempfile.TemporaryDirectory(dir=emulator.folder(), prefix="snapshot-") as contents:
        write_workspaces(folder, describe(emulator, Path(contents)))


class _Describer:
    def __init__(self, emulator: Emulator, workspace: Workspace, folder: Path) -> None:
        self._emulator = emulator
        self._workspace = workspace
        self._folder = folder
        self._datasets = self._known_datasets()

    def describe(self, accounts: list[str]) -> WorkspaceDescription:
        emulator, workspace = self._emulator, self._workspace
        account = workspace.storage_account
        storage = None if account == DEVELOPMENT_ACCOUNT else StorageDescription(account, emulator.blobs.key(account))
        blobs, empty = self._blobs(accounts)
        return WorkspaceDescription(
            name=workspace.name,
            region=workspace.region,
            id=workspace.id,
            token=workspace.primary_token,
            secondary_token=workspace.secondary_token,
            tier=workspace.tier,
            storage=storage,
            services=tuple(
                self._service(service)
                for service in emulator.directory.services(workspace.id)
                if service.type == "Graph"
            ),
            datasets={path: self._copied(one.content) for path, one in self._datasets.items()},
            containers=empty,
            blobs=blobs,
        )

    def _service(self, service: WebService) -> ServiceDescription:
        models = self._models(service.resources)
        endpoints = self._emulator.directory.endpoints(service.id)
        return ServiceDescription(
            name=service.name,
            experiment=self._graph(service.experiment),
            models=models,
            id=service.id,
            description=service.description or None,
            endpoints=tuple(self._endpoint(endpoint, service) for endpoint in endpoints),
        )

    def _endpoint(self, endpoint: Endpoint, service: WebService) -> EndpointDescription:
        deployed = {one.name: one.model for one in service.resources}
        changed = [one for one in endpoint.resources if deployed.get(one.name) != one.model]
        return EndpointDescription(
            name=endpoint.name,
            id=endpoint.id,
            primary_key=endpoint.primary_key,
            secondary_key=endpoint.secondary_key,
            description=endpoint.description or None,
            throttle_level=endpoint.throttle_level,
            max_concurrent_calls=endpoint.max_concurrent_calls,
            prevent_update=endpoint.prevent_update or None,
            diagnostics_trace_level=_unless(endpoint.diagnostics_trace_level, "None"),
            sample_data_enabled=endpoint.sample_data_enabled or None,
            models=self._models(changed),
            experiment=None if endpoint.experiment == service.experiment else self._graph(endpoint.experiment),
        )

    def _models(self, resources: Any) -> dict[str, Content]:
        return {one.name: self._emulator.store.load_content(one.model) for one in resources}

    def _graph(self, key: str) -> dict[str, Any]:
        names = {dataset.id: path for path, dataset in self._datasets.items()}
        return with_datasets(self._emulator.directory.graph(key), names)

    def _known_datasets(self) -> Datasets:
        """Return the saved data sets under the paths of their files: one of each version, for graphs name versions."""
        with self._emulator.store.transaction() as transaction:
            found = transaction.list(Dataset, self._workspace.id)
        names = {_file_name(one): one for one in found if one.is_latest or not one.deleted}
        return {path: names[name] for name, path in dataset_paths(names).items()}

    def _blobs(self, accounts: list[str]) -> tuple[dict[BlobPlace, Content], tuple[tuple[str, str], ...]]:
        """Copy the blobs of some accounts; returns them, and the containers that hold none."""
        found: dict[BlobPlace, Content] = {}
        empty: list[tuple[str, str]] = []
        kept = {(one.content.account, one.content.container, one.content.name) for one in self._datasets.values()}
        for account, container in self._containers(accounts):
            places = [(account, container, name) for name in self._emulator.blobs.names(account, container)]
            found |= {place: self._copy(*place) for place in places if place not in kept}
            if not places:
                empty.append((account, container))
        return found, tuple(empty)

    def _containers(self, accounts: list[str]) -> Iterator[tuple[str, str]]:
        for account in accounts:
            start: str | None = ""
            while start is not None:
                page = self._emulator.blobs.containers.page(account, start=start)
                yield from ((account, one.name) for one in page.entries)
                start = page.next

    def _copied(self, place: Any) -> Path:
        return self._copy(place.account, place.container, place.name)

    def _copy(self, account: str, container: str, name: str) -> Path:
        path = self._folder / account / container / name.encode().hex()[:200]
        path.parent.mkdir(parents=True, exist_ok=True)
        number = 0
        while path.exists():  # two long names may begin alike
            path, number = path.with_suffix(f".{number}"), number + 1
        with self._emulator.blobs.open(account, container, name) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        return path


def _unless(value: str, usual: str) -> str | None:
    return None if value == usual else value


def _file_name(dataset: Dataset) -> str:
    """Return a name for a data set's file: its own, with what tells version and type where the name does not."""
    path = PurePosixPath(dataset.name)
    name = dataset.name if dataset.is_latest else f"{path.stem} v{dataset.version}{path.suffix}"
    extension = "csv"
    with suppress(KeyError):
        extension = str(rules.DATA_TYPES[dataset.data_type_id]["extension"])
    return name if data_type_of(name) == dataset.data_type_id and "." in name else f"{name}.{extension}"
