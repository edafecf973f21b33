"""Where the PATCH goes: to an endpoint that was added to the scoring service, that is scored, in its own region."""

from __future__ import annotations

import re
from functools import partial

from amlclient._addresses import ServiceAddress
from amlclient._exceptions import NotFound, TransportError
from amlcontracts import load

from .result import CheckResult, ok, unknown, wrong
from .sightings import Seen, quoted, refused, seen
from .survey import Place, Survey, attempt_elsewhere

__all__ = ["default", "patch_url", "region", "scored", "service"]

OF_KIND = {"training": "training-service", "scoring": "scoring-service", "": "service-of-no-kind"}
_GUID = re.compile(r"[0-9a-fA-F]{32}")


def patch_url(survey: Survey) -> CheckResult:
    """Check that the PATCH URL is that of an endpoint that was added."""
    misaddressed = _misaddressed(survey)
    if misaddressed is not None:
        return misaddressed
    services, error = survey.listing
    if services is None:
        why = refused(error) if error is not None else seen("nothing-to-read-with")
        return unknown("patch-url", seen("services-not-listed", why=why))
    listed = tuple(seen(OF_KIND[survey.kind(one)], name=one.name) for one in services)
    if all(survey.kind(one) == "training" for one in services):
        return wrong("patch-url", "predictive-not-deployed", seen("services-are", services=listed))
    return _none_given(survey) if survey.patch is None else _listed(survey, survey.patch, listed)


def _misaddressed(survey: Survey) -> CheckResult | None:
    """Say what the address itself shows to be wrong; None when it may be right, or when none is given."""
    given, address = survey.setup.patch_url, survey.patch
    if not given:
        return None
    if address is None or not address.service or not address.endpoint:
        return _no_patch_url(survey, given, address)
    if address.workspace != survey.workspace_id:
        return wrong("patch-url", (), seen("other-workspace", given=address.workspace, known=survey.workspace_id))
    if not survey.services and _GUID.fullmatch(address.endpoint):
        return wrong("patch-url", "guid-for-endpoint-name", seen("guid-for-name", given=address.endpoint))
    return None


def _no_patch_url(survey: Survey, given: str, address: ServiceAddress | None) -> CheckResult:
    if address is None or address.role != "services":
        return wrong("patch-url", (), seen("no-patch-url", url=given))
    place = survey.place_of(address)
    right = (seen("patch-url-of", place=place.named, url=_url(survey, place)),) if place else ()
    return wrong("patch-url", "guid-for-endpoint-name", seen("scoring-address", url=given), *right)


def _none_given(survey: Survey) -> CheckResult:
    target = survey.target
    if target is not None:
        return ok("patch-url", seen("none-given", place=target.named, url=_url(survey, target)))
    services = survey.meant_services()
    wanted = survey.setup.endpoint_name
    added = [place.named for one in services for place in survey.places(one) if not place.is_default]
    names = quoted(one.name for one in services)
    if wanted is None and added:
        return unknown("patch-url", seen("several-added", places=added))
    told = seen("named-not-added", name=wanted, services=names) if wanted else seen("none-added", services=names)
    return wrong("patch-url", "endpoint-never-added", told)


def _listed(survey: Survey, address: ServiceAddress, listed: tuple[Seen, ...]) -> CheckResult:
    found = next((one for one in survey.services if one.id == address.service), None)
    if found is None:
        return wrong("patch-url", (), seen("no-such-service", id=address.service, services=listed))
    places = survey.places(found)
    named = next((one for one in places if one.endpoint.name == address.endpoint), None)
    if named is not None:
        return ok("patch-url", seen("url-of", place=named.named))
    of_guid = next((one for one in places if one.guid == address.endpoint), None)
    if of_guid is not None or _GUID.fullmatch(address.endpoint):
        right = (seen("guid-of", place=of_guid.named, url=_url(survey, of_guid)),) if of_guid else ()
        return wrong("patch-url", "guid-for-endpoint-name", seen("guid-for-name", given=address.endpoint), *right)
    where = {"service": found.name, "name": address.endpoint}
    if survey.kind(found) == "training":  # the next check says what is wrong with that
        return unknown("patch-url", seen("trainer-without-endpoint", **where))
    names = [one.endpoint.name for one in places]
    return wrong("patch-url", "endpoint-never-added", seen("no-such-endpoint", **where, names=names))


def _url(survey: Survey, place: Place) -> str:
    return survey.management.endpoint_url(place.service.id, place.endpoint.name)


def service(survey: Survey) -> CheckResult:
    """Check that it is an endpoint of the scoring service, and not of the training one."""
    target = survey.target
    owner = target.service if target is not None else None
    if owner is None and survey.patch is not None:
        owner = next((one for one in survey.services if one.id == survey.patch.service), None)
    if owner is None:
        return unknown("service", seen("patched-service-not-known"))
    kind = survey.kind(owner)
    if kind == "scoring":
        return ok("service", seen("updatable", service=owner.name))
    if not kind:
        return unknown("service", seen("kind-not-shown", service=owner.name))
    fits = [one.name for one in survey.services if survey.kind(one) == "scoring"]
    right = (seen("scoring-services", services=quoted(fits)),) if fits else ()
    on_default = target is not None and target.is_default
    cause = "patch-on-training-service" if on_default else "endpoint-on-training-service"
    return wrong("service", cause, seen("is-training", service=owner.name), *right)


def default(survey: Survey) -> CheckResult:
    """Check that it is another endpoint than the default one."""
    target = survey.target
    if target is None and survey.patch is not None and survey.patch.endpoint == "default":
        return wrong("default", "patch-on-default", seen("default-address", url=survey.setup.patch_url))
    if target is None:
        return unknown("default", seen("patched-endpoint-not-known"))
    if survey.kind(target.service) == "training":
        return unknown("default", seen("to-training-service"))
    if not target.is_default:
        return ok("default", seen("was-added", name=target.endpoint.name))
    added = [one.endpoint.name for one in survey.places(target.service) if not one.is_default]
    return wrong("default", "patch-on-default", seen("to-default", place=target.named, names=added))


def scored(survey: Survey) -> CheckResult:
    """Check that the endpoint that is scored is the one that is updated."""
    given, address = survey.setup.scoring_url, survey.scoring
    if not given:
        return unknown("scored", seen("no-scoring-address"))
    if address is None or not address.endpoint or address.service:
        return wrong("scored", (), seen("not-a-scoring-address", url=given))
    found = survey.scored
    if not _GUID.fullmatch(address.endpoint):
        place = (seen("scored-at", place=found.named, url=found.endpoint.api_location),) if found is not None else ()
        return wrong("scored", "name-for-endpoint-guid", seen("name-for-guid", given=address.endpoint), *place)
    if found is None:
        return unknown("scored", seen("guid-not-found", guid=address.endpoint))
    return _held_against(survey, found)


def _held_against(survey: Survey, found: Place) -> CheckResult:
    """Hold the endpoint that is scored against the one that is updated."""
    target = survey.target
    if survey.kind(found.service) == "training":
        return wrong("scored", "rrs-on-training", seen("trainer-through-rrs", place=found.named))
    if target is None or survey.kind(target.service) == "training":
        return unknown("scored", seen("meant-endpoint-not-known"))
    if target.guid == found.guid or target.is_default:  # a PATCH of the default one is the check before
        return ok("scored", seen("is-scored", place=found.named))
    cause = "another-endpoint-scored" if found.is_default else "another-endpoint-patched"
    return wrong("scored", cause, seen("another-is-scored", patched=target.named, scored=found.named))


def region(survey: Survey) -> CheckResult:
    """Check that the addresses lead to the workspace's own region."""
    told = []
    patch, right = survey.patch, survey.region
    if patch is not None and patch.role == "management" and patch.region:
        if not survey.root:
            return unknown("region", seen("region-not-found"))
        if right and patch.region != right:
            away = seen("patch-to-other-region", given=patch.region, home=right, root=survey.root)
            return wrong("region", "region-management", away)
        told.append(seen("management-region", region=patch.region))
    for address in (survey.scoring, survey.training):
        if address is None or not address.region or address.role != "services":
            continue
        home = _home(survey, address)
        if home and home != address.region:
            where = {"root": address.root, "given": address.region, "home": home, "right": address.root_in(home)}
            return wrong("region", "region-scoring", seen("call-to-other-region", **where))
        given, trains = address.region, address is survey.training
        told.append(seen("training-region", region=given) if trains else seen("scoring-region", region=given))
    return ok("region", *told) if told else unknown("region", seen("no-region-told"))


def _home(survey: Survey, address: ServiceAddress) -> str:
    """Return the region of the workspace: known, or the one whose host knows the endpoint's swagger document.

    Swagger documents need no key, and a host that does not have the endpoint answers 404 (errors.md section 7, O16).
    """
    if survey.region and survey.services:
        return survey.region
    for region_name in sorted(load("regions"), key=lambda one: one != address.region):
        url = f"{address.root_in(region_name)}/workspaces/{address.workspace}/services/{address.endpoint}"
        ask = partial(survey.swagger, url)
        document, error = ask() if region_name == address.region else attempt_elsewhere(ask)
        if document is not None:
            return str(region_name)
        if not isinstance(error, NotFound | TransportError):
            return ""
    return ""
