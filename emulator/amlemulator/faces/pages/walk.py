"""A walk through the retraining flow: how far a visitor is, and the call that each step makes.

How far he is stands in the address (``training``, ``data``, ``job``, ``service``, ``endpoint``: ids, no secret), so a
walk can be left, shown to somebody else and taken up again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amlemulator.core.addresses import Addresses
from amlemulator.core.batch import render_status
from amlemulator.core.interface import ServiceInterface
from amlemulator.core.records import Endpoint, Job, JobState, StoredOutput, WebService, Workspace
from amlemulator.core.references import render_reference
from amlemulator.core.trial import fill_in, request_of
from amlemulator.faces.pages.trial import PLAIN, Exchange, Plan, plan
from amlemulator.ports.blobs import BlobMissing

if TYPE_CHECKING:
    from amlemulator.core.studio_records import Dataset
    from amlemulator.emulator import Emulator

CONTAINER = "retraining"  # for uploaded training data
UPLOAD = re.compile(r"[A-Za-z0-9_-]{1,60}\.(?:csv|tsv|arff)")
JOBS_QUERY = "api-version=2.0"


def upload_name(given: str) -> str | None:
    """Return the name under which a file is stored, None for one whose extension says that it is no table."""
    stem, _, extension = given.replace("\\", "/").rpartition("/")[2].rpartition(".")
    name = f"{re.sub(r'[^A-Za-z0-9_-]', '_', stem)[:60]}.{extension.lower()}"
    return name if UPLOAD.fullmatch(name) else None


@dataclass(frozen=True, slots=True)
class Walk:
    """How far somebody is. What the address names wrongly counts as not chosen yet."""

    emulator: Emulator
    addresses: Addresses
    workspace: Workspace
    training: Endpoint
    scoring: tuple[WebService, ...]  # the scoring services of the workspace, the likeliest first
    data: StoredOutput | None
    data_name: str
    job: Job | None
    service: WebService | None
    endpoint: Endpoint | None

    @property
    def interface(self) -> ServiceInterface:
        """What the training service takes."""
        return self.emulator.directory.interface(self.training)

    @property
    def needs_data(self) -> bool:
        """Whether the service reads data that the caller brings: through an input, or named by a parameter."""
        return bool(self.interface.inputs or any(one.default is None for one in self.interface.parameters))

    @property
    def state(self) -> dict[str, str]:
        """What stands in the address."""
        known: dict[str, Any] = {"job": self.job, "service": self.service, "endpoint": self.endpoint}
        chosen = {name: one.id for name, one in known.items() if one is not None}
        return {"training": self.training.id, **({"data": self.data_name} if self.data else {}), **chosen}

    @property
    def finished(self) -> bool:
        """Whether the training job has ended well."""
        return self.job is not None and self.job.state is JobState.FINISHED

    @property
    def patched(self) -> bool:
        """Whether the endpoint has a model other than the one it was deployed with."""
        return self.endpoint is not None and any(one.updated is not None for one in self.endpoint.resources)

    # --- the calls ---------------------------------------------------------------------------------------------------

    def _api(self, endpoint: Endpoint, rest: str, method: str, query: str, body: Any = None) -> Plan:
        real, plain = (f"{where.api_location(self.workspace, endpoint)}{rest}" for where in (self.addresses, PLAIN))
        return plan(method, real, plain, query, body)

    def submit(self, parameters: Mapping[str, str]) -> Plan:
        """Plan step 2's first call: submit the job."""
        reference = self.reference
        body = {
            "Inputs": {port.name: reference for port in self.interface.inputs} if reference else {},
            "GlobalParameters": dict(parameters),
        }
        return self._api(self.training, "/jobs", "POST", JOBS_QUERY, body)

    def start(self, job_id: str) -> Plan:
        """Plan step 2's second call: start the job."""
        return self._api(self.training, f"/jobs/{job_id}/start", "POST", JOBS_QUERY)

    def follow(self, job_id: str) -> Plan:
        """Plan step 3: ask how far the job is."""
        return self._api(self.training, f"/jobs/{job_id}", "GET", JOBS_QUERY)

    def manage(self, method: str, service: WebService, name: str, body: Any) -> Plan:
        """Plan steps 4 (PUT) and 5 (PATCH) on an endpoint of a scoring service."""
        path = f"/workspaces/{self.workspace.id}/webservices/{service.id}/endpoints/{name}"
        real, plain = (f"{where.management_url(self.workspace)}{path}" for where in (self.addresses, PLAIN))
        return plan(method, real, plain, "", body)

    @property
    def patch_body(self) -> dict[str, Any]:
        """The body of step 5: the three values of the trained model for each resource of the endpoint."""
        assert self.endpoint is not None
        model = next(
            (one for one in self.results.values() if (one["RelativeLocation"] or "").endswith(".ilearner")), {}
        )
        location = {name: model.get(name) for name in ("BaseLocation", "RelativeLocation", "SasBlobToken")}
        return {"Resources": [{"Name": one.name, "Location": location} for one in self.endpoint.resources]}

    def score(self, endpoint: Endpoint) -> Plan:
        """Plan step 6: score the sample row."""
        body = request_of(fill_in(self.emulator.directory.interface(endpoint), {}))
        return self._api(endpoint, "/execute", "POST", "api-version=2.0&details=true", body)

    # --- what the steps show -----------------------------------------------------------------------------------------

    @property
    def reference(self) -> dict[str, str | None] | None:
        """Where the training data lie, as the request says it."""
        if self.data is None:
            return None
        return render_reference(self.emulator.storage.shared(self.data, self.addresses))

    @property
    def data_url(self) -> str:
        """The address of the training data with its signature, for a service that reads it itself."""
        found = self.reference
        return (
            "".join(found[part] or "" for part in ("BaseLocation", "RelativeLocation", "SasBlobToken")) if found else ""
        )

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The web service parameters with what they are set to: the data's address where there is no default."""
        return [(one.name, self.data_url if one.default is None else one.default) for one in self.interface.parameters]

    @property
    def results(self) -> dict[str, dict[str, str | None]]:
        """The results of the job."""
        return self.emulator.batch.results(self.job, self.addresses) if self.job else {}

    @property
    def status(self) -> dict[str, Any]:
        """The answer to step 3, as it is now."""
        assert self.job is not None
        return render_status(self.job, self.results, legacy=False)

    @property
    def evaluation(self) -> tuple[list[str], list[list[str]]] | None:
        """The head of the evaluation among the job's results, when there is one: columns and rows."""
        import csv
        import io

        for output in self.job.results.values() if self.job else ():
            if output.name.endswith(".csv"):
                with self.emulator.blobs.open(output.account, output.container, output.name) as content:
                    text = content.read(4096).decode("utf-8", "replace")
                rows = list(csv.reader(io.StringIO(text)))[:2]
                return (rows[0], rows[1:]) if rows else None
        return None


def walk_of(emulator: Emulator, addresses: Addresses, given: Mapping[str, str]) -> Walk | None:
    """Return the walk that an address means; None when no workspace has a training service."""
    directory = emulator.directory
    endpoint = directory.endpoint(given.get("training", ""))
    if endpoint is None or directory.kind(endpoint.experiment) != "training":
        endpoint = next(iter(trainers(emulator)), None)
    workspace = directory.workspace(endpoint.workspace_id) if endpoint else None
    trained = directory.service(endpoint.service_id) if endpoint else None
    if endpoint is None or workspace is None or trained is None:
        return None
    scoring = _scorers(emulator, workspace, trained)
    service = next((one for one in scoring if one.id == given.get("service")), None)
    added = directory.endpoint(given.get("endpoint", ""))
    job = emulator.jobs.find(given.get("job", ""))
    data_name = given.get("data", "")
    return Walk(
        emulator,
        addresses,
        workspace,
        endpoint,
        scoring,
        _data(emulator, workspace, data_name),
        data_name,
        job if job and job.endpoint_id == endpoint.id else None,
        service,
        added if added and service and added.service_id == service.id else None,
    )


def trainers(emulator: Emulator) -> list[Endpoint]:
    """Return the default endpoint of every training service."""
    directory = emulator.directory
    services = [one for place in directory.workspaces() for one in directory.services(place.id)]
    found = (directory.endpoints(one.id) for one in services if directory.kind(one.experiment) == "training")
    return [endpoints[0] for endpoints in found if endpoints]


def _scorers(emulator: Emulator, workspace: Workspace, trained: WebService) -> tuple[WebService, ...]:
    """Return the scoring services, those first whose names are most like the training service's."""
    directory = emulator.directory
    found = [
        one
        for one in directory.services(workspace.id)
        if one.type == "Graph" and directory.kind(one.experiment) == "scoring" and one.resources
    ]
    return tuple(sorted(found, key=lambda service: likeness(service, trained), reverse=True))


def likeness(service: WebService, other: WebService) -> int:
    """Return how many characters the names of two services begin with alike: Studio names a pair so."""
    pairs = zip(service.name, other.name, strict=False)
    return next((place for place, (one, two) in enumerate(pairs) if one != two), len(other.name))


def _data(emulator: Emulator, workspace: Workspace, name: str) -> StoredOutput | None:
    """Return the data that ``upload:{name}`` or ``dataset:{id}`` means, None when there are none."""
    kind, _, which = name.partition(":")
    if kind == "upload" and UPLOAD.fullmatch(which):
        place = StoredOutput(workspace.storage_account, CONTAINER, which, shared="container")
        with suppress(BlobMissing):
            emulator.blobs.properties(place.account, place.container, place.name)
            return place
        return None
    if kind == "dataset":
        return next((one.content for one in emulator.studio.datasets(workspace) if one.id == which), None)
    return None


def datasets(emulator: Emulator, workspace: Workspace) -> Sequence[Dataset]:
    """Return the saved data sets with which one may train."""
    return emulator.studio.list_datasets(workspace)


def scored(exchange: Exchange, interface: ServiceInterface) -> list[tuple[str, str]]:
    """Return what a score has added to the row: name and value of each column that the request did not have."""
    given = {column.name for port in interface.inputs for column in port.columns}
    found: list[tuple[str, str]] = []
    results = (exchange.json or {}).get("Results", {}) if exchange.ok else {}
    for output in results.values():
        table = output.get("value", output)
        pairs = zip(table["ColumnNames"], (table["Values"] or [[]])[0], strict=False)
        found += [(str(name), "" if value is None else str(value)) for name, value in pairs if name not in given]
    return found
