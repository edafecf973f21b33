"""Records as JSON text and back, for the store.

The Studio API's records are imported when one of them is read: a program that scores has none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from amlemulator.core.records import (
    BlobReference,
    Endpoint,
    Job,
    JobState,
    Resource,
    StoredOutput,
    WebService,
    Workspace,
)

Body = dict[str, Any]


def encode(record: object) -> str:
    """Return a record as JSON."""
    # Frozen slotted dataclasses list their fields in __slots__; enums and tuples are JSON already.
    return json.dumps(record, default=lambda value: {name: getattr(value, name) for name in value.__slots__})


def decode(kind: str, text: str) -> Any:
    """Return the record of a kind, by its class's name. KeyError for a kind that is none."""
    return _DECODERS[kind](json.loads(text))


def _output(body: Body) -> StoredOutput:
    outside = body.get("outside")
    return StoredOutput(**{**body, "outside": BlobReference(**outside) if outside else None})


def _resource(body: Body) -> Resource:
    return Resource(**{**body, "location": BlobReference(**body["location"])})


def _service(body: Body) -> WebService:
    return WebService(**{**body, "resources": tuple(_resource(item) for item in body.get("resources", ()))})


def _endpoint(body: Body) -> Endpoint:
    return Endpoint(**{**body, "resources": tuple(_resource(item) for item in body["resources"])})


def _job(body: Body) -> Job:
    return Job(
        **{
            **body,
            "state": JobState(body["state"]),
            "inputs": {name: BlobReference(**item) for name, item in body["inputs"].items()},
            "outputs": {name: BlobReference(**item) for name, item in body["outputs"].items()},
            "results": {name: _output(item) for name, item in body["results"].items()},
        }
    )


def _upload(body: Body) -> Any:
    from amlemulator.core.studio_records import Upload

    return Upload(**{**body, "received": tuple(body["received"])})


def _dataset(body: Body) -> Any:
    from amlemulator.core.studio_records import Dataset, SchemaStatus

    status = SchemaStatus(body["schema_status"])
    return Dataset(**{**body, "content": _output(body["content"]), "schema_status": status})


def _experiment(body: Body) -> Any:
    from amlemulator.core.studio_records import Experiment, ExperimentState

    outputs = {name: _output(item) for name, item in body["outputs"].items()}
    return Experiment(**{**body, "state": ExperimentState(body["state"]), "outputs": outputs})


def _activity(body: Body) -> Any:
    from amlemulator.core.studio_records import WebServiceActivity

    return WebServiceActivity(**body)


def _user(body: Body) -> Any:
    from amlemulator.core.studio_records import WorkspaceUser

    return WorkspaceUser(**body)


_DECODERS: dict[str, Callable[[Body], Any]] = {
    "Workspace": lambda body: Workspace(**body),
    "WebService": _service,
    "Endpoint": _endpoint,
    "Job": _job,
    "Upload": _upload,
    "Dataset": _dataset,
    "Experiment": _experiment,
    "WebServiceActivity": _activity,
    "WorkspaceUser": _user,
}
KINDS = tuple(_DECODERS)  # by the class's name
