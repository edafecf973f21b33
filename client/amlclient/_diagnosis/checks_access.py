"""Who is calling: the token that the PATCH is sent with, the keys that scoring and training are called with."""

from __future__ import annotations

from amlclient._exceptions import ServiceError, Unauthorized

from .result import CheckResult, ok, unknown, wrong
from .sightings import refused, seen
from .survey import Place, Survey

__all__ = ["key", "key_of", "token"]

KEYS = ("token-for-key", "key-of-another-endpoint", "key-regenerated", "fresh-endpoint")


def token(survey: Survey) -> CheckResult:
    """Check that the token opens the endpoint on the management host."""
    given = survey.setup.token
    if not given:
        return unknown("token", seen("no-token"))
    if not survey.root:
        return unknown("token", seen("region-not-found"))
    target = survey.target
    service_id = target.service.id if target is not None else survey.patch.service if survey.patch is not None else ""
    url = f"{survey.root}/workspaces/{survey.workspace_id}/webservices"
    if service_id:
        url += f"/{service_id}/endpoints" + (f"/{target.endpoint.name}" if target is not None else "")
    error = survey.opens(url, given)
    if error is None:
        return ok("token", seen("token-opens", url=url))
    if not isinstance(error, Unauthorized):
        return unknown("token", refused(error))
    owner = next((one for one in survey.every_place() if _has(one, given)), None)
    whose = (seen("key-of", place=owner.named),) if owner is not None else ()
    return wrong("token", "wrong-token", refused(error), *whose)


def key(survey: Survey) -> CheckResult:
    """Check that the key opens the endpoint that is scored, and that it answers."""
    place, address = survey.scored, survey.scoring
    url = place.endpoint.api_location if place is not None else None
    if url is None and address is not None and address.endpoint:
        url = f"{address.root}/workspaces/{address.workspace}/services/{address.endpoint}"
    if url is None:
        return unknown("key", seen("scored-endpoint-not-known"))
    if place is not None and survey.kind(place.service) == "training":
        return unknown("key", seen("not-through-rrs"))
    given = survey.setup.scoring_key or (place.endpoint.primary_key if place is not None else None)
    if not given:
        return unknown("key", seen("no-key"))
    result, error = survey.score(url, given)
    if result is not None:
        return ok("key", seen("key-opens", url=url, rows=len(result.table)))
    if isinstance(error, Unauthorized):
        return wrong("key", key_of(survey, place, given), refused(error))
    looks = _looks_like(error)
    return wrong("key", looks, refused(error)) if looks else unknown("key", refused(error))


def _looks_like(error: object) -> tuple[str, ...]:
    """Return the failures that a refused score looks like; none for a swagger document that could not be read."""
    return error.failures if isinstance(error, ServiceError) and error.method == "POST" else ()


def key_of(survey: Survey, place: Place | None, given: str) -> tuple[str, ...]:
    """Return what is wrong with a key that an endpoint refuses: all that it can be, where the keys are not known."""
    if survey.is_token(given):
        return ("token-for-key",)
    if place is None:
        return KEYS
    if _has(place, given):
        return ("fresh-endpoint",)
    if any(_has(other, given) for other in survey.every_place()):
        return ("key-of-another-endpoint",)
    return ("key-regenerated",)


def _has(place: Place, given: str) -> bool:
    return given.strip() in (place.endpoint.primary_key, place.endpoint.secondary_key)
