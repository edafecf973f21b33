"""Update Resource: what a PATCH must hold, and the one step in which an endpoint takes its new models.

Nothing here changes anything until every resource of the request has been checked (issue: all or nothing).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from amlemulator.core.bodies import parse_json, require_object
from amlemulator.core.errors import ServiceError, failure
from amlemulator.core.records import BlobReference, Endpoint, Resource
from amlemulator.core.references import EXTENSIONS, check_extension, read_reference


@dataclass(frozen=True, slots=True)
class Update:
    """One resource to replace, and where its new model lies."""

    name: str
    location: BlobReference


def flat_body(raw: bytes) -> dict[str, Any]:
    """Return the object of a management request's body, or refuse in the management host's own envelope."""
    try:
        return require_object(parse_json(raw))
    except ServiceError as error:
        raise failure("management/RequestBodyInvalid") from error


def read_updates(body: Mapping[str, Any], endpoint: Endpoint) -> list[Update] | None:
    """Check ``Resources`` of a PATCH against the endpoint; None when the request names none (settings only).

    Order of refusal: default or training endpoint (InvalidOperation, inferred from the documented rules), the name
    (empty: the observed sentence, errors.md O22; unknown: our sentence, listing the names there are), the location.
    """
    given = body.get("Resources")
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise failure("management/RequestBodyInvalid")
    if endpoint.is_default:
        raise failure("management/InvalidOperation", evidence="patch.default-endpoint")
    if not endpoint.resources:
        raise failure("management/InvalidOperation", evidence="patch.no-resources")
    return [_read_update(item, endpoint) for item in given]


def _read_update(item: Mapping[str, Any], endpoint: Endpoint) -> Update:
    name = item.get("Name")
    if name is None or name == "":
        raise failure("management/ResourceNameEmpty")
    names = [resource.name for resource in endpoint.resources]
    if name not in names:
        listed = "', '".join(names)
        raise failure(
            "management/BadArgument",
            message=f"The endpoint has no updatable resource of that name. Its updatable resources: '{listed}'.",
            evidence="patch.unknown-resource",
        )
    location = _read_location(item.get("Location"))
    relative = location.relative_location or ""
    if not relative or not location.base_location:
        raise failure("management/InvalidBlob", relative, evidence="patch.invalid-blob")
    check_extension(relative, EXTENSIONS["model"], flat=True)
    return Update(name, location)


def _read_location(value: Any) -> BlobReference:
    try:
        return BlobReference() if value is None else read_reference(value)
    except ServiceError as error:
        raise failure("management/RequestBodyInvalid") from error


def apply_updates(
    endpoint: Endpoint, models: Mapping[str, tuple[str, BlobReference]], now: float, delay: float
) -> Endpoint:
    """Return the endpoint with each named resource replaced: ``models`` is name to (key of the model, its location).

    The model that answers now stays beside the new one for as long as the change takes to propagate.
    """

    def updated(resource: Resource) -> Resource:
        if resource.name not in models:
            return resource
        model, location = models[resource.name]
        previous = _effective(resource, now, delay)
        return replace(resource, model=model, location=location, updated=now, previous=previous)

    return replace(endpoint, resources=tuple(updated(resource) for resource in endpoint.resources))


def effective_models(endpoint: Endpoint, now: float, delay: float) -> dict[str, str]:
    """Return resource name to the key of the model that answers now: a PATCH takes ``delay`` seconds to propagate."""
    return {resource.name: _effective(resource, now, delay) for resource in endpoint.resources}


def _effective(resource: Resource, now: float, delay: float) -> str:
    if resource.previous is None or resource.updated is None:
        return resource.model
    # An age below zero is no delay: somebody turned the clock back.
    return resource.previous if 0 <= now - resource.updated < delay else resource.model
