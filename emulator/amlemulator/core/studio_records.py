"""What the Studio API remembers beside web services: uploads, data sets, experiments, people.

Ids are ``{workspace}.{family}.{instance}``, as the declarations of Studio's front end say and azuremlps splits them. An
experiment's family is the literal ``f-id`` (clients.md section 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from amlemulator.core.records import StoredOutput


class ExperimentState(StrEnum):
    """State of an experiment: InDraft, Finished and Failed as azuremlps names them, Running between them."""

    DRAFT = "InDraft"
    RUNNING = "Running"
    FINISHED = "Finished"
    FAILED = "Failed"


class SchemaStatus(StrEnum):
    """How far the schema of a data set is: the three words on which azuremlps stops polling."""

    COMPLETE = "Complete"
    FAILED = "Failed"
    NOT_SUPPORTED = "NotSupported"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in (a resource upload). ``received`` holds the numbers of the blocks that have come."""

    id: str
    ordinal: int
    workspace_id: str
    data_type_id: str
    created: float
    blocks: int = 0  # how many there will be, as the client says with each
    received: tuple[int, ...] = ()
    committed: bool = False

    @property
    def parent(self) -> str:
        """The workspace."""
        return self.workspace_id

    @property
    def whole(self) -> bool:
        """Whether every block has come."""
        return set(self.received) >= set(range(self.blocks))


@dataclass(frozen=True, slots=True)
class Dataset:
    """One version of a saved data set. The versions of a family have its ``family_id`` in common."""

    id: str
    ordinal: int
    workspace_id: str
    family_id: str
    name: str
    data_type_id: str
    created: float
    content: StoredOutput
    size: int
    description: str = ""
    owner: str = ""
    upload_id: str = ""
    file_name: str = ""
    source_origin: str = "FromResourceUpload"
    schema_status: SchemaStatus = SchemaStatus.NOT_SUPPORTED
    version: int = 1
    is_latest: bool = True
    deleted: bool = False  # kept only because a web service reads it

    @property
    def parent(self) -> str:
        """The workspace."""
        return self.workspace_id


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment of a workspace.

    ``graph`` is the key of its module graph as it was deployed or last run; ``saved`` that of the ``Graph`` and
    ``WebService`` that a client saved, as they came.
    """

    id: str
    ordinal: int
    workspace_id: str
    name: str  # Studio calls it Description
    created: float
    updated: float
    creator: str = ""
    summary: str = ""
    category: str = "user"
    parent_id: str | None = None  # the experiment it was copied from
    graph: str = ""
    saved: str = ""
    state: ExperimentState = ExperimentState.DRAFT
    detail: str | None = None
    failed_node: str | None = None
    started: float | None = None
    ended: float | None = None
    runs: int = 0
    outputs: dict[str, StoredOutput] = field(default_factory=dict)  # of the last run, by "node:port"
    models: dict[str, str] = field(default_factory=dict)  # saved trained models: name to the key of its content
    service_id: str | None = None  # the web service that was last deployed from it
    deleted: bool = False  # kept, so that a deployed one does not come back with its web service

    @property
    def parent(self) -> str:
        """The workspace."""
        return self.workspace_id


@dataclass(frozen=True, slots=True)
class WebServiceActivity:
    """A deployment that a client asked for, for it to look up."""

    id: str
    ordinal: int
    workspace_id: str
    service_id: str
    endpoint_id: str
    status: str = "Completed"

    @property
    def parent(self) -> str:
        """The workspace."""
        return self.workspace_id


@dataclass(frozen=True, slots=True)
class WorkspaceUser:
    """Somebody who may use a workspace, or was invited to."""

    id: str
    ordinal: int
    workspace_id: str
    email: str
    role: str
    status: str = "Invited"

    @property
    def parent(self) -> str:
        """The workspace."""
        return self.workspace_id
