"""The things the service remembers, as immutable records.

Times are seconds since the epoch (UTC, float); faces format them. Ids are 32 lower-case hex digits. A record refers to
its parent by id (``parent``). ``ordinal`` is the order of creation within its kind, which lists follow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """State of a batch job; the spelling is the wire's (documents.md 5.4), the order that of the v1 integers."""

    NOT_STARTED = "NotStarted"
    RUNNING = "Running"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    FINISHED = "Finished"

    @property
    def ended(self) -> bool:
        """Whether no further change of state can come."""
        return self in (JobState.FAILED, JobState.CANCELLED, JobState.FINISHED)


@dataclass(frozen=True, slots=True)
class BlobReference:
    """AzureBlobDataReference: where a blob lies, in either of the two legal forms (documents.md section 6)."""

    connection_string: str | None = None
    relative_location: str | None = None
    base_location: str | None = None
    sas_blob_token: str | None = None


@dataclass(frozen=True, slots=True)
class Workspace:
    """A Studio workspace: it lives in one region and owns web services, tokens and a storage account."""

    id: str
    ordinal: int
    name: str
    region: str  # display name, a key of contracts/regions.yaml: "South Central US"
    primary_token: str
    secondary_token: str
    created: float
    tier: str = "standard"  # or "free": Low throttle only, 3 endpoints (errors.md section 5)
    storage_account: str = "devstoreaccount1"

    @property
    def parent(self) -> str:
        """Nothing: a workspace belongs to no other record."""
        return ""


@dataclass(frozen=True, slots=True)
class Resource:
    """An updatable resource of an endpoint: a trained model under its name in the predictive experiment."""

    name: str
    model: str  # key of the model's bytes in the store
    location: BlobReference = field(default_factory=BlobReference)  # where it was patched from; empty: as deployed
    kind: str = "TrainedModel"
    updated: float | None = None  # when a PATCH last replaced it; None: as deployed
    previous: str | None = None  # key of the model before that, which answers until the change has propagated


@dataclass(frozen=True, slots=True)
class WebService:
    """A deployed experiment. Its kind (training or scoring) follows from the experiment, never from the name."""

    id: str
    ordinal: int
    workspace_id: str
    name: str
    created: float
    updated: float
    description: str | None = None
    type: str = "Graph"  # or "Code": a published function, stored as it came (clients.md section 8)
    default_endpoint_name: str = "default"
    experiment: str = ""  # key of the module graph in the store
    resources: tuple[Resource, ...] = ()  # as deployed, for an endpoint that is made when the default one is gone
    code_bundle: dict[str, Any] | None = None

    @property
    def parent(self) -> str:
        """The workspace."""
        return self.workspace_id


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of a web service, with its own keys, throttle and copy of graph and models."""

    id: str
    ordinal: int
    workspace_id: str
    service_id: str
    name: str
    created: float
    primary_key: str
    secondary_key: str
    description: str | None = None
    throttle_level: str = "Low"
    max_concurrent_calls: int = 4
    prevent_update: bool = False
    diagnostics_trace_level: str = "None"
    sample_data_enabled: bool = False
    experiment: str = ""  # key of the graph as of the last publish or refresh
    resources: tuple[Resource, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether this is the endpoint that publishing made."""
        return self.name == "default"

    @property
    def parent(self) -> str:
        """The web service."""
        return self.service_id


@dataclass(frozen=True, slots=True)
class StoredOutput:
    """Where an output of a finished job lies. Its SAS is minted afresh at each status call (documents.md 5.4)."""

    account: str
    container: str
    name: str
    shared: str = (
        "blob"  # what the SAS opens: "blob" for an override, "container" for a default output (section 20 no. 9)
    )
    outside: BlobReference | None = None  # the reference as it came, when it leads to somebody else's storage


@dataclass(frozen=True, slots=True)
class Job:
    """One batch execution."""

    id: str
    ordinal: int
    workspace_id: str
    endpoint_id: str
    created: float
    state: JobState = JobState.NOT_STARTED
    queued: bool = False  # start was called; waits for one of the endpoint's places
    place: int = 0  # in the queue: jobs run in the order in which they were started (BP: first in, first out)
    legacy: bool = False  # submitted through API version 1: starts by itself, integer status codes
    started: float | None = None
    ended: float | None = None
    inputs: dict[str, BlobReference] = field(default_factory=dict)
    outputs: dict[str, BlobReference] = field(default_factory=dict)  # overrides only
    parameters: dict[str, str] = field(default_factory=dict)
    results: dict[str, StoredOutput] = field(default_factory=dict)
    details: str | None = None
    experiment: str = ""  # key of the endpoint's graph when the job was submitted
    models: dict[str, str] = field(default_factory=dict)  # resource name to the key of its model, as of then
    exporting: bool = False  # it has begun to write what its Export Data modules write: what is there may be its own

    @property
    def parent(self) -> str:
        """The endpoint."""
        return self.endpoint_id
