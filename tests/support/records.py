"""Records for tests: each maker takes only what the test is about."""

from __future__ import annotations

from typing import Any

from amlemulator.core.errors import ServiceError
from amlemulator.core.records import Endpoint, Job, Resource, WebService, Workspace

WORKSPACE_ID = "11111111111111111111111111111111"
SERVICE_ID = "22222222222222222222222222222222"
ENDPOINT_ID = "33333333333333333333333333333333"
JOB_ID = "44444444444444444444444444444444"


def make_workspace(**changes: Any) -> Workspace:
    """Return a workspace in South Central US."""
    facts: dict[str, Any] = {
        "id": WORKSPACE_ID,
        "ordinal": 1,
        "name": "Census",
        "region": "South Central US",
        "primary_token": "token-one",
        "secondary_token": "token-two",
        "created": 1000.0,
    }
    return Workspace(**{**facts, **changes})


def make_service(**changes: Any) -> WebService:
    """Return a web service of that workspace."""
    facts: dict[str, Any] = {
        "id": SERVICE_ID,
        "ordinal": 1,
        "workspace_id": WORKSPACE_ID,
        "name": "Census Model [Predictive Exp.]",
        "created": 1000.0,
        "updated": 1000.0,
        "experiment": "graph-1",
    }
    return WebService(**{**facts, **changes})


def make_endpoint(name: str = "ep2", **changes: Any) -> Endpoint:
    """Return an endpoint of that service; "default" makes the default one."""
    facts: dict[str, Any] = {
        "id": ENDPOINT_ID,
        "ordinal": 2,
        "workspace_id": WORKSPACE_ID,
        "service_id": SERVICE_ID,
        "name": name,
        "created": 1000.0,
        "primary_key": "key-one",
        "secondary_key": "key-two",
        "experiment": "graph-1",
    }
    return Endpoint(**{**facts, **changes})


def make_resource(name: str = "Census Model [trained model]", model: str = "model-1", **changes: Any) -> Resource:
    """Return an updatable resource."""
    return Resource(name=name, model=model, **changes)


def make_job(ordinal: int = 1, **changes: Any) -> Job:
    """Return a job of that endpoint."""
    facts: dict[str, Any] = {
        "id": f"{ordinal:032x}",
        "ordinal": ordinal,
        "workspace_id": WORKSPACE_ID,
        "endpoint_id": ENDPOINT_ID,
        "created": 1000.0,
    }
    return Job(**{**facts, **changes})


def refusal_of(action: Any, *arguments: Any, **named: Any) -> ServiceError:
    """Return the refusal that a call ends in; fails when there is none."""
    try:
        action(*arguments, **named)
    except ServiceError as error:
        return error
    raise AssertionError("nothing was refused")
