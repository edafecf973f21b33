"""Whether the endpoint serves what was patched. It is held against the default endpoint, which cannot be patched."""

from __future__ import annotations

from amlclient._models import BlobLocation, Endpoint, Resource

from .result import CheckResult, ok, unknown, wrong
from .sightings import Seen, refused, seen
from .survey import Place, Survey

__all__ = ["serves"]

NEVER = ("endpoint-never-patched", "refresh-discards-model")
ALIKE = ("not-propagated", "same-model")
NOT_SHOWN = ("endpoint-never-patched", "refresh-discards-model", "not-propagated", "same-model")


def serves(survey: Survey) -> CheckResult:
    """Check that the endpoint answers with the new model, and that publishing will reach the default one."""
    told = _serves(survey)
    target = survey.target
    default = _default_beside(survey, target) if target is not None else None
    if told.outcome == "wrong" or default is None or not default.endpoint.prevent_update:
        return told
    return wrong("serves", "prevent-update", *told.seen, seen("publishing-prevented", place=default.named))


def _default_beside(survey: Survey, target: Place) -> Place | None:
    return next((one for one in survey.places(target.service) if one.is_default), None)


def _serves(survey: Survey) -> CheckResult:
    target = survey.target
    detail = survey.detail(target) if target is not None else None
    if target is None or detail is None:
        return unknown("serves", seen("updated-endpoint-not-known"))
    default = _default_beside(survey, target)
    if default is not None and _is_stale(survey, target, default):
        told = seen("deployed-anew", default=default.named, added=target.named)
        return wrong("serves", "republished-endpoint-stale", told)
    resource = _resource(survey, detail)
    if resource is None:
        return _by_answers(survey, target, default, NOT_SHOWN, seen("origin-not-shown"))
    return _by_location(survey, target, default, resource)


def _resource(survey: Survey, detail: Endpoint) -> Resource | None:
    name = survey.setup.resource_name
    if name is not None:
        return detail.resource(name)
    return detail.resources[0] if detail.resources is not None and len(detail.resources) == 1 else None


def _is_stale(survey: Survey, target: Place, default: Place) -> bool:
    """Whether two endpoints describe other inputs and outputs; what cannot be read tells nothing."""
    addresses = [one.endpoint.api_location for one in (target, default) if one.endpoint.api_location]
    described = [document.get("definitions") for document, _ in map(survey.swagger, addresses) if document is not None]
    return len(described) == 2 and described[0] != described[1]


def _by_location(survey: Survey, target: Place, default: Place | None, resource: Resource) -> CheckResult:
    """Judge by where the endpoint's model comes from, then by its answers."""
    shown, wanted = resource.location, survey.model
    if not shown.relative_location:
        return _never(survey, target, resource, wanted)
    if wanted is not None and not shown.is_same_blob(wanted):
        told = seen("model-from-elsewhere", address=shown.address, wanted=wanted.address)
        elsewhere = _holder(survey, target, resource, wanted)
        if elsewhere is not None:
            return wrong("serves", "another-endpoint-patched", told, seen("has-that-model", place=elsewhere.named))
        return wrong("serves", "endpoint-never-patched", told)
    return _by_answers(survey, target, default, ALIKE, seen("model-from", address=shown.address))


def _never(survey: Survey, target: Place, resource: Resource, wanted: BlobLocation | None) -> CheckResult:
    told = seen("as-deployed", place=target.named)
    elsewhere = _holder(survey, target, resource, wanted) if wanted is not None else None
    if elsewhere is not None:
        return wrong("serves", "another-endpoint-patched", told, seen("has-that-model", place=elsewhere.named))
    return wrong("serves", NEVER, told)


def _holder(survey: Survey, target: Place, resource: Resource, wanted: BlobLocation) -> Place | None:
    """Return another endpoint of the service that has the wanted model."""
    for place in survey.places(target.service):
        detail = survey.detail(place) if place.guid != target.guid and not place.is_default else None
        found = detail.resource(resource.name) if detail is not None else None
        if found is not None and found.location.is_same_blob(wanted):
            return place
    return None


def _by_answers(
    survey: Survey, target: Place, default: Place | None, alike: tuple[str, ...], told: Seen
) -> CheckResult:
    """Ask both endpoints for the same rows: different answers come from different models."""
    answers = []
    for place in (target, default):
        if place is None or not place.endpoint.api_location or not place.endpoint.primary_key:
            return unknown("serves", told, seen("no-default-endpoint"))
        result, error = survey.score(place.endpoint.api_location, place.endpoint.primary_key)
        if result is None:
            return unknown("serves", told, seen("not-scored", place=place.named, why=refused(error)))
        answers.append(result)
    if answers[0] == answers[1]:
        return wrong("serves", alike, told, seen("answers-alike", rows=len(answers[0].table)))
    return ok("serves", told, seen("answers-differ"))
