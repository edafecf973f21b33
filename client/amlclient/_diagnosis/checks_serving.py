"""Whether the endpoint serves what was patched. It is held against the default endpoint, which cannot be patched."""

from __future__ import annotations

from typing import Any

from amlclient._models import BlobLocation, Endpoint, Resource

from .result import CheckResult, ok, unknown, wrong
from .survey import Place, Survey

__all__ = ["serves"]

NEVER = ("endpoint-never-patched", "refresh-discards-model")
ALIKE = ("not-propagated", "same-model")
NOT_SHOWN = ("endpoint-never-patched", "refresh-discards-model", "not-propagated", "same-model")


def serves(survey: Survey) -> CheckResult:
    """Check that the endpoint answers with the new model."""
    target = survey.target
    detail = survey.detail(target) if target is not None else None
    if target is None or detail is None:
        return unknown("serves", "it is not known which endpoint is updated")
    default = next((one for one in survey.places(target.service) if one.is_default), None)
    if default is not None and _is_stale(survey, target, default):
        told = f"the {default} was deployed anew: its inputs and outputs are others than those of the {target}"
        return wrong("serves", "republished-endpoint-stale", told)
    resource = _resource(survey, detail)
    if resource is None:
        return _by_answers(survey, target, default, NOT_SHOWN, "the service does not show where its model comes from")
    return _by_location(survey, target, default, resource)


def _resource(survey: Survey, detail: Endpoint) -> Resource | None:
    name = survey.setup.resource_name
    if name is not None:
        return detail.resource(name)
    return detail.resources[0] if detail.resources is not None and len(detail.resources) == 1 else None


def _is_stale(survey: Survey, target: Place, default: Place) -> bool:
    documents = [survey.swagger(one.endpoint.api_location or "")[0] for one in (target, default)]
    return None not in documents and _described(documents[0]) != _described(documents[1])


def _described(document: dict[str, Any] | None) -> Any:
    return (document or {}).get("definitions")


def _by_location(survey: Survey, target: Place, default: Place | None, resource: Resource) -> CheckResult:
    """Judge by where the endpoint's model comes from, then by its answers."""
    shown, wanted = resource.location, survey.model
    if not shown.relative_location:
        return _never(survey, target, resource, wanted)
    if wanted is not None and not shown.is_same_blob(wanted):
        told = f"its model comes from {shown.address}, not from {wanted.address}"
        elsewhere = _holder(survey, target, resource, wanted)
        if elsewhere is not None:
            return wrong("serves", "another-endpoint-patched", told, f"the {elsewhere} has that model")
        return wrong("serves", "endpoint-never-patched", told)
    return _by_answers(survey, target, default, ALIKE, f"its model comes from {shown.address}")


def _never(survey: Survey, target: Place, resource: Resource, wanted: BlobLocation | None) -> CheckResult:
    told = f"the model of the {target} is as deployed"
    elsewhere = _holder(survey, target, resource, wanted) if wanted is not None else None
    if elsewhere is not None:
        return wrong("serves", "another-endpoint-patched", told, f"the {elsewhere} has the new model")
    return wrong("serves", NEVER, told)


def _holder(survey: Survey, target: Place, resource: Resource, wanted: BlobLocation) -> Place | None:
    """Return another endpoint of the service that has the wanted model."""
    for place in survey.places(target.service):
        detail = survey.detail(place) if place.guid != target.guid and not place.is_default else None
        found = detail.resource(resource.name) if detail is not None else None
        if found is not None and found.location.is_same_blob(wanted):
            return place
    return None


def _by_answers(survey: Survey, target: Place, default: Place | None, alike: tuple[str, ...], told: str) -> CheckResult:
    """Ask both endpoints for the same rows: different answers come from different models."""
    answers = []
    for place in (target, default):
        if place is None or not place.endpoint.api_location or not place.endpoint.primary_key:
            return unknown("serves", told, "there is no default endpoint to hold it against")
        result, error = survey.score(place.endpoint.api_location, place.endpoint.primary_key)
        if result is None:
            return unknown("serves", told, f"the {place} cannot be scored: {error}")
        answers.append(result)
    if answers[0] == answers[1]:
        return wrong("serves", alike, told, f"{len(answers[0].table)} rows are answered as the default endpoint does")
    return ok("serves", told, "the same rows are answered otherwise than by the default endpoint")
