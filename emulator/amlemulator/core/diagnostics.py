"""Diagnostics logs: where they go is documented (documents.md section 12), what stands in them is ours (chosen).

One blob for each execution of RRS or BES and for each start of an RRS container, in the container ``ml-diagnostics`` of
the workspace's storage account. A log holds no data, no key and no token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from amlemulator.core.endpoints import iso_time
from amlemulator.core.errors import ServiceError
from amlemulator.core.records import BlobReference, Endpoint, Job, JobState

CONTAINER = "ml-diagnostics"
LogType = Literal["batch", "score/requests", "score/init"]


def wanted(endpoint: Endpoint, *, failed: bool) -> bool:
    """Whether the endpoint's trace level asks for this log: Error for failures only, All for everything."""
    level = endpoint.diagnostics_trace_level
    return level == "All" or (level == "Error" and failed)


def blob_name(endpoint: Endpoint, log_type: LogType, moment: float, which: str) -> str:
    """Return a log's name: the documented prefix, then its time and what it is about."""
    prefix = f"{endpoint.workspace_id}-{endpoint.service_id}-{endpoint.id}/{log_type}"
    return f"{prefix}/{datetime.fromtimestamp(moment, UTC):%Y%m%dT%H%M%S.%fZ}-{which}.json"


def log(endpoint: Endpoint, log_type: LogType, facts: Mapping[str, Any]) -> bytes:
    """Return a log: one JSON object."""
    head = {
        "LogType": log_type,
        "WorkspaceId": endpoint.workspace_id,
        "WebServiceId": endpoint.service_id,
        "EndpointId": endpoint.id,
        "EndpointName": endpoint.name,
    }
    return json.dumps({**head, **facts}, ensure_ascii=False, indent=1).encode() + b"\n"


def request_facts(request_id: str, started: float, ended: float, error: ServiceError | None) -> dict[str, Any]:
    """Return what is logged of one RRS call."""
    facts: dict[str, Any] = {
        "RequestId": request_id,
        "StartTime": iso_time(started),
        "EndTime": iso_time(ended),
        "StatusCode": 200,
    }
    if error is not None:
        shown = {"Code": error.entry.group or error.code, "Detail": error.code, "Message": error.message}
        facts.update(StatusCode=error.entry.status, Error=shown)
    return facts


def start_facts(endpoint: Endpoint, moment: float) -> dict[str, Any]:
    """Return what is logged when an endpoint's graph and models have been loaded for scoring."""
    return {"Time": iso_time(moment), "Resources": [resource.name for resource in endpoint.resources]}


def job_facts(job: Job) -> dict[str, Any]:
    """Return what is logged of one batch job."""
    return {
        "JobId": job.id,
        "StatusCode": job.state.value,
        "CreationTime": iso_time(job.created),
        "StartTime": None if job.started is None else iso_time(job.started),
        "EndTime": None if job.ended is None else iso_time(job.ended),
        "Inputs": {name: _place(reference) for name, reference in job.inputs.items()},
        "Outputs": {name: f"{output.container}/{output.name}" for name, output in job.results.items()},
        "Details": job.details,
    }


def has_failed(job: Job) -> bool:
    """Whether a job counts as a failure for the level Error."""
    return job.state is JobState.FAILED


def _place(reference: BlobReference) -> str | None:
    # RelativeLocation alone: the other members hold keys and signatures.
    return (reference.relative_location or "").partition("?")[0] or None
