"""From descriptions to what is served: blobs, data sets, workspaces, services and endpoints with their own ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from amlemulator.core.connection import DEVELOPMENT_ACCOUNT
from amlemulator.core.endpoints import apply_settings
from amlemulator.core.records import Endpoint, Resource, WebService, Workspace
from amlemulator.engine.data_files import DataFiles, opened, store_file
from amlemulator.engine.deployment import Deployment, Given
from amlemulator.engine.trials import ExperimentFailed, Trial, Trials, lacks_schemas
from amlemulator.experiments.catalogue_data import DATASET
from amlemulator.experiments.graph import interface_of
from amlemulator.ports.blobs import Blobs
from amlemulator.settings import SettingsError
from amlemulator.workspaces.description import (
    Content,
    EndpointDescription,
    ServiceDescription,
    WorkspaceDescription,
    content_bytes,
)
from amlemulator.workspaces.rules import settings_of

CONTENT_TYPES = {".csv": "text/csv", ".tsv": "text/tab-separated-values", ".json": "application/json"}
AT_A_TIME = 8  # experiments handed to the workers, of which there may be fewer
Tell = Callable[[str], None]
Document = Mapping[str, Any]


def put_blobs(blobs: Blobs, workspaces: Sequence[WorkspaceDescription]) -> None:
    """Put the containers, blobs and data files of the descriptions into storage."""
    for workspace in workspaces:
        account = workspace.storage.account if workspace.storage else DEVELOPMENT_ACCOUNT
        for name, content in workspace.datasets.items():
            store_file(blobs, account, name, content)
        for account, container in workspace.containers:
            blobs.create_container(account, container)
        for (account, container, name), content in workspace.blobs.items():
            blobs.create_container(account, container)
            kind = CONTENT_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")
            with opened(content) as stream:
                blobs.put(account, container, name, stream, content_type=kind)


def fill_all(trials: Trials, workspaces: Sequence[WorkspaceDescription], tell: Tell) -> list[WorkspaceDescription]:
    """Return the descriptions with the schemas of every experiment, which those are run for that have none.

    Raises SettingsError naming each that cannot be run.
    """
    pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="amlclassic-schemas")
    wrong: list[str] = []

    def fill(workspace: WorkspaceDescription, service: ServiceDescription) -> ServiceDescription:
        try:
            return _filled(trials, workspace, service, tell)
        except ExperimentFailed as error:
            where = f"The experiment of '{service.name}' in the workspace '{workspace.name}' cannot be run"
            wrong.append(
                f"{where}: {error.module}: {error} Mend the module, or its data; a service needs one sound run."
            )
            return service

    running = [[pool.submit(fill, one, service) for service in one.services] for one in workspaces]
    try:
        # In small steps, so that a signal interrupts the wait even where another thread got it.
        while wait([each for services in running for each in services], timeout=0.2).not_done:
            pass
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    filled = [
        replace(workspace, services=tuple(each.result() for each in services))
        for workspace, services in zip(workspaces, running, strict=True)
    ]
    if wrong:
        raise SettingsError("\n".join(sorted(wrong)))
    return filled


def _filled(
    trials: Trials, workspace: WorkspaceDescription, service: ServiceDescription, tell: Tell
) -> ServiceDescription:
    files = {name: content for name, content in workspace.datasets.items() if isinstance(content, Path)}

    def filled(document: Document, models: Mapping[str, Content]) -> Document:
        if not lacks_schemas(document):
            return document
        tell(f"running the experiment of '{service.name}' once, for the columns of its ports")
        return trials.filled(Trial(document, {name: content_bytes(one) for name, one in models.items()}, files))

    endpoints = (
        replace(one, experiment=filled(one.experiment, {**service.models, **one.models})) if one.experiment else one
        for one in service.endpoints
    )
    return replace(service, experiment=filled(service.experiment, service.models), endpoints=tuple(endpoints))


@dataclass(frozen=True, slots=True)
class Planting:
    """What makes the records."""

    deployment: Deployment
    data_files: DataFiles

    def plant(self, description: WorkspaceDescription) -> Workspace:
        """Make a workspace and everything in it."""
        storage = description.storage
        workspace = self.deployment.add_workspace(
            description.name,
            description.region,
            tier=description.tier,
            given=Given(description.id, description.token, description.secondary_token),
            **({"storage_account": storage.account} if storage else {}),
        )
        names = self.data_files.bring(workspace, description.datasets)
        for service in description.services:
            self._service(workspace, service, names)
        return workspace

    def _service(self, workspace: Workspace, description: ServiceDescription, names: Mapping[str, str]) -> None:
        graph = with_datasets(description.experiment, names)
        models = {name: content_bytes(content) for name, content in description.models.items()}
        given = Given(description.id, description=description.description)
        service = self.deployment.deploy(workspace, description.name, graph, models, given=given)
        for endpoint in description.endpoints:
            own = with_datasets(endpoint.experiment, names) if endpoint.experiment is not None else None
            self._endpoint(workspace, service, endpoint, own)

    def _endpoint(
        self, workspace: Workspace, service: WebService, description: EndpointDescription, own: Document | None
    ) -> None:
        given = Given(description.id, description.primary_key, description.secondary_key)
        models = {name: self.deployment.keep(content_bytes(one)) for name, one in description.models.items()}

        def settled(endpoint: Endpoint) -> Endpoint:
            changed = apply_settings(endpoint, settings_of(description), workspace.tier, service.name)
            resources = {one.name: one.model for one in changed.resources} | models
            if own is not None:
                resources = {name: resources[name] for name in interface_of(own).resources}
            return replace(changed, resources=tuple(Resource(name, model) for name, model in resources.items()))

        self.deployment.settle_endpoint(service, description.name, given, settled, own)


def with_datasets(document: Document, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a graph whose data sets are named otherwise, where ``names`` has them."""
    changed = deepcopy(dict(document))
    for node in changed["nodes"]:
        if node["module"] == DATASET:
            name = str(node["parameters"]["Dataset"])
            node["parameters"]["Dataset"] = names.get(name, name)
    return changed
