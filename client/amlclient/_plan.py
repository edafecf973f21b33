"""What a retraining is to do, what it tells on the way, and what it did."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ._acceptance import Condition
from ._clock import Clock, SystemClock
from ._exceptions import WrongCall
from ._models import BlobLocation, Cell, JobStatus
from ._retry import RetryPolicy
from ._transport import Transport
from ._upload import upload_file

__all__ = ["FlowOptions", "LocalFile", "Observer", "RetrainingPlan", "RetrainingResult"]

Upload = Callable[..., BlobLocation]


@dataclass(frozen=True, slots=True)
class LocalFile:
    """Training rows on this machine, and the storage to upload them to."""

    path: Path
    connection_string: str = field(repr=False)
    container: str = "retraining"

    def identity(self) -> dict[str, str]:
        """Return the file's name and what it holds, as a hash."""
        try:
            with self.path.open("rb") as file:
                return {"file": self.path.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
        except OSError as error:
            raise WrongCall(f"the input {self.path} cannot be read: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class RetrainingPlan:
    """Which training endpoint trains on what, and which endpoint of which scoring service gets the model.

    ``token`` is the workspace's. ``resource_name``, ``model_output`` and ``evaluation_output`` are found out when they
    are None: from the endpoint or its help page, and from the extensions of the results. ``preflight=False`` sends what
    would be refused here.
    """

    training_url: str
    training_key: str = field(repr=False)
    management_url: str
    token: str = field(repr=False)
    scoring_service_id: str
    endpoint_name: str
    input: LocalFile | BlobLocation | None = None
    input_name: str = "input1"
    parameters: Mapping[str, Cell] = field(default_factory=dict, repr=False)
    workspace_id: str | None = None
    resource_name: str | None = None
    model_output: str | None = None
    evaluation_output: str | None = None
    accept: Condition | None = None
    preflight: bool = True

    @property
    def workspace(self) -> str:
        """The workspace's id: given, or read from the training address. Raises WrongCall when it stands in neither."""
        if self.workspace_id:
            return self.workspace_id
        found = re.search(r"/workspaces/([^/]+)/services/", self.training_url)
        if found is None:
            raise WrongCall("the training address has no /workspaces/{id}/services/{id}; give the workspace's id")
        return found.group(1)

    def identity(self) -> dict[str, Any]:
        """Return what makes two retrainings the same one, without secrets. Host names are left out: they may change."""
        path = urlsplit(self.training_url).path.rstrip("/")
        parameters = json.dumps(dict(self.parameters), sort_keys=True, default=str).encode()
        return {
            "training": path[path.find("/workspaces/") :],
            "scoring_service": self.scoring_service_id,
            "endpoint": self.endpoint_name,
            "input": _input_identity(self.input),
            "parameters_sha256": hashlib.sha256(parameters).hexdigest() if self.parameters else None,
        }


def _input_identity(source: LocalFile | BlobLocation | None) -> dict[str, str] | None:
    if isinstance(source, BlobLocation):
        return {"blob": source.address}
    return source.identity() if source is not None else None


@dataclass(frozen=True, slots=True)
class RetrainingResult:
    """What was done. ``verified`` is False where the service does not show what its endpoint serves."""

    job_id: str
    seconds: float | None
    evaluation: tuple[Mapping[str, str], ...]
    model: str
    endpoint_name: str
    api_location: str | None
    help_location: str | None
    patch_url: str
    resource_name: str
    verified: bool
    done_before: bool = False


class Observer:
    """Told what happens; override what is of interest. Nothing it is told carries a secret."""

    def step(self, name: str, text: str) -> None:
        """Hear that a step was done (or found done)."""

    def uploading(self, sent: int, total: int) -> None:
        """Hear how far the upload is, in bytes."""

    def waiting(self, status: JobStatus, seconds: float) -> None:
        """Hear the job's status and how long the wait has been."""

    def evaluation(self, rows: tuple[Mapping[str, str], ...]) -> None:
        """Hear the new model's evaluation, before anything is patched."""


@dataclass(frozen=True, slots=True)
class FlowOptions:
    """How a retraining goes about it; times in seconds.

    ``timeout`` bounds the wait for the job, ``call_timeout`` every other operation, ``settle`` the wait for the update
    to show. A ``transport`` that is given stays open.
    """

    observer: Observer = field(default_factory=Observer)
    timeout: float = 3600.0
    call_timeout: float = 120.0
    poll: float = 1.0
    settle: float = 60.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    clock: Clock = field(default_factory=SystemClock)
    transport: Transport | None = None
    upload: Upload = upload_file
