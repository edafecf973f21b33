"""Where the PATCH goes: to an endpoint that was added to the scoring service, that is scored, in its own region."""

from __future__ import annotations

import re
from functools import partial

from amlclient._addresses import ServiceAddress
from amlclient._exceptions import NotFound, TransportError
from amlcontracts import load

from .result import CheckResult, ok, unknown, wrong
from .survey import Place, Survey, attempt_elsewhere

__all__ = ["default", "patch_url", "region", "scored", "service"]

_GUID = re.compile(r"[0-9a-fA-F]{32}")


def patch_url(survey: Survey) -> CheckResult:
    """Check that the PATCH URL is that of an endpoint that was added."""
    misaddressed = _misaddressed(survey)
    if misaddressed is not None:
        return misaddressed
    services, error = survey.listing
    if services is None:
        return unknown("patch-url", f"the web services cannot be listed: {error}")
    kinds = {one.id: survey.kind(one) for one in services}
    listed = ", ".join(f"{one.name!r} ({kinds[one.id] or 'kind not shown'})" for one in services) or "none"
    if not any(kind != "training" for kind in kinds.values()):
        return wrong("patch-url", "predictive-not-deployed", f"the web services of the workspace are: {listed}")
    return _none_given(survey) if survey.patch is None else _listed(survey, survey.patch, listed)


def _misaddressed(survey: Survey) -> CheckResult | None:
    """Say what the address itself shows to be wrong; None when it may be right, or when none is given."""
    given, address = survey.setup.patch_url, survey.patch
    if not given:
        return None
    if address is None or not address.service or not address.endpoint:
        return _no_patch_url(survey, given, address)
    if address.workspace != survey.workspace_id:
        told = f"it is of workspace {address.workspace}; the one that is known is {survey.workspace_id}"
        return wrong("patch-url", (), told)
    if not survey.services and _GUID.fullmatch(address.endpoint):
        return wrong("patch-url", "guid-for-endpoint-name", f"{address.endpoint} stands where the name belongs")
    return None


def _no_patch_url(survey: Survey, given: str, address: ServiceAddress | None) -> CheckResult:
    seen = f"{given} is no management address of an endpoint (.../webservices/{{id}}/endpoints/{{name}})"
    if address is None or address.role != "services":
        return wrong("patch-url", (), seen)
    place = survey.place_of(address)
    right = (f"the PATCH URL of the {place} is {_url(survey, place.service.id, place.endpoint.name)}",) if place else ()
    return wrong("patch-url", "guid-for-endpoint-name", f"{seen}, but a scoring address", *right)


def _none_given(survey: Survey) -> CheckResult:
    target = survey.target
    if target is not None:
        url = _url(survey, target.service.id, target.endpoint.name)
        return ok("patch-url", f"none is given; that of the {target} is {url}")
    services = survey.meant_services()
    wanted = survey.setup.endpoint_name
    added = [str(place) for one in services for place in survey.places(one) if not place.is_default]
    names = " and ".join(repr(one.name) for one in services)
    if wanted is None and added:
        return unknown("patch-url", f"no PATCH URL is given, and there are several: {', '.join(added)}; name one")
    seen = f"no endpoint {wanted!r} was" if wanted is not None else "no endpoint was"
    return wrong("patch-url", "endpoint-never-added", f"{seen} added to {names}")


def _listed(survey: Survey, address: ServiceAddress, listed: str) -> CheckResult:
    found = next((one for one in survey.services if one.id == address.service), None)
    if found is None:
        return wrong("patch-url", (), f"no web service of the workspace has the id {address.service}; it has {listed}")
    places = survey.places(found)
    named = next((one for one in places if one.endpoint.name == address.endpoint), None)
    if named is not None:
        return ok("patch-url", f"it is that of the {named}")
    of_guid = next((one for one in places if one.guid == address.endpoint), None)
    if of_guid is not None or _GUID.fullmatch(address.endpoint):
        seen = f"{address.endpoint} stands where the endpoint's name belongs"
        right = (f"it is the GUID of {of_guid}: {_url(survey, found.id, of_guid.endpoint.name)}",) if of_guid else ()
        return wrong("patch-url", "guid-for-endpoint-name", seen, *right)
    names = ", ".join(one.endpoint.name for one in places) or "none"
    if survey.kind(found) == "training":  # the next check says what is wrong with that
        return unknown("patch-url", f"{found.name!r} has no endpoint {address.endpoint!r}, and trains")
    return wrong(
        "patch-url", "endpoint-never-added", f"{found.name!r} has no endpoint {address.endpoint!r}; it has: {names}"
    )


def _url(survey: Survey, service_id: str, name: str) -> str:
    return survey.management.endpoint_url(service_id, name)


def service(survey: Survey) -> CheckResult:
    """Check that it is an endpoint of the scoring service, and not of the training one."""
    target = survey.target
    owner = target.service if target is not None else None
    if owner is None and survey.patch is not None:
        owner = next((one for one in survey.services if one.id == survey.patch.service), None)
    if owner is None:
        return unknown("service", "it is not known which web service the PATCH goes to")
    kind = survey.kind(owner)
    if kind == "scoring":
        return ok("service", f"{owner.name!r} has a trained model that can be updated")
    if not kind:
        return unknown("service", f"{owner.name!r} does not show whether it has updatable resources")
    seen = f"{owner.name!r} has no updatable resources: it is a training service"
    fits = [one.name for one in survey.services if survey.kind(one) == "scoring"]
    right = (f"web services that score: {', '.join(map(repr, fits))}",) if fits else ()
    on_default = target is not None and target.is_default
    return wrong("service", "patch-on-training-service" if on_default else "endpoint-on-training-service", seen, *right)


def default(survey: Survey) -> CheckResult:
    """Check that it is another endpoint than the default one."""
    target = survey.target
    if target is None and survey.patch is not None and survey.patch.endpoint == "default":
        return wrong("default", "patch-on-default", f"{survey.setup.patch_url} is the address of a default endpoint")
    if target is None:
        return unknown("default", "it is not known which endpoint the PATCH goes to")
    if survey.kind(target.service) == "training":
        return unknown("default", "the PATCH goes to a training service; mend that first")
    if not target.is_default:
        return ok("default", f"{target.endpoint.name!r} was added")
    added = ", ".join(one.endpoint.name for one in survey.places(target.service) if not one.is_default)
    return wrong("default", "patch-on-default", f"the PATCH goes to the {target}; added endpoints: {added or 'none'}")


def scored(survey: Survey) -> CheckResult:
    """Check that the endpoint that is scored is the one that is updated."""
    given, address = survey.setup.scoring_url, survey.scoring
    if not given:
        return unknown("scored", "no scoring address is given")
    if address is None or not address.endpoint or address.service:
        return wrong("scored", (), f"{given} is no scoring address (.../workspaces/{{id}}/services/{{guid}})")
    found = survey.scored
    if not _GUID.fullmatch(address.endpoint):
        right = (f"the {found} is scored at {found.endpoint.api_location}",) if found is not None else ()
        seen = f"{address.endpoint!r} stands where the endpoint's GUID belongs"
        return wrong("scored", "name-for-endpoint-guid", seen, *right)
    if found is None:
        return unknown("scored", f"no endpoint with the GUID {address.endpoint} can be found")
    return _held_against(survey, found)


def _held_against(survey: Survey, found: Place) -> CheckResult:
    """Hold the endpoint that is scored against the one that is updated."""
    target = survey.target
    if survey.kind(found.service) == "training":
        return wrong("scored", "rrs-on-training", f"the {found} is called through RRS; it trains, which is for BES")
    if target is None or survey.kind(target.service) == "training":
        return unknown("scored", "it is not known which endpoint the PATCH is meant for")
    if target.guid == found.guid or target.is_default:  # a PATCH of the default one is the check before
        return ok("scored", f"the {found} is scored")
    seen = f"the PATCH goes to the {target}, and the {found} is scored"
    return wrong("scored", "another-endpoint-scored" if found.is_default else "another-endpoint-patched", seen)


def region(survey: Survey) -> CheckResult:
    """Check that the addresses lead to the workspace's own region."""
    seen = []
    patch, right = survey.patch, survey.region
    if patch is not None and patch.role == "management" and patch.region:
        if not survey.root:
            return unknown("region", "no region's management host knows the workspace")
        if right and patch.region != right:
            told = f"the PATCH URL leads to {patch.region}; the workspace is in {right}: {survey.root}"
            return wrong("region", "region-management", told)
        seen.append(f"management: {patch.region}")
    for address in (survey.scoring, survey.training):
        if address is None or not address.region or address.role != "services":
            continue
        home = _home(survey, address)
        if home and home != address.region:
            told = f"{address.root} is of {address.region}; the workspace is in {home}: {address.root_in(home)}"
            return wrong("region", "region-scoring", told)
        seen.append(f"scoring: {address.region}")
    return ok("region", *seen) if seen else unknown("region", "no address is given that tells its region")


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
