"""Web services and their endpoints: the rules of adding, changing, refreshing and deleting, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from amlcontracts import load
from amlemulator.core.addresses import Addresses
from amlemulator.core.bodies import text_member
from amlemulator.core.errors import ServiceError, failure
from amlemulator.core.identity import Identity
from amlemulator.core.records import Endpoint, Resource, WebService, Workspace
from amlemulator.core.references import render_reference

LIMITS = load("limits")
NAME = re.compile(LIMITS["endpoint_name_pattern"])
LOW_CALLS: int = LIMITS["throttle_low_calls"]
WHOLE = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")
TRACE_LEVELS = ("None", "Error", "All")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a caller may set of an endpoint. None: not mentioned."""

    description: str | None = None
    throttle_level: str | None = None
    max_concurrent_calls: int | None = None
    prevent_update: bool | None = None
    diagnostics_trace_level: str | None = None
    sample_data_enabled: bool | None = None


def _refused(sentence: str, evidence: str) -> Exception:
    return failure("management/BadArgument", message=sentence, evidence=evidence)


def check_name(name: str) -> None:
    """Refuse a name that breaks the documented rule (CE 2016). The sentence is ours (errors.md U7)."""
    if not NAME.fullmatch(name):  # not match: its $ lets a line end pass
        raise _refused(
            f"The endpoint name '{name[:64]}' is invalid. Endpoint names must be 24 characters or less in length and "
            "made up of lower-case letters and numbers only.",
            "endpoints.name-rule",
        )


def read_settings(body: dict[str, Any]) -> Settings:
    """Read the settings of a PUT or PATCH body as clients send them (clients.md 6.2: MaxConcurrentCalls as a string).

    Raises the flat 400 when the request cannot be deserialised into them.
    """
    calls = body.get("MaxConcurrentCalls")
    return Settings(
        description=_text(body, "Description"),
        throttle_level=_choice(body, "ThrottleLevel", ("Low", "High")),
        max_concurrent_calls=None if calls in (None, "") else _whole_number(calls),
        prevent_update=flag(body, "PreventUpdate"),
        diagnostics_trace_level=_choice(body, "DiagnosticsTraceLevel", TRACE_LEVELS),
        sample_data_enabled=flag(body, "SampleDataEnabled"),
    )


def _text(body: dict[str, Any], name: str) -> str | None:
    try:
        return text_member(body, name)
    except ServiceError as error:
        raise failure("management/RequestBodyInvalid") from error


def _choice(body: dict[str, Any], name: str, allowed: Sequence[str]) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    for choice in allowed:
        if isinstance(value, str) and value.lower() == choice.lower():
            return choice
    raise _refused(f"{name} must be one of {', '.join(allowed)}.", "endpoints.settings-values")


def _whole_number(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and WHOLE.fullmatch(value):
        return int(value)
    raise _refused("MaxConcurrentCalls must be a whole number.", "endpoints.settings-values")


def flag(body: dict[str, Any], name: str) -> bool | None:
    """Read a JSON boolean, or .NET's "True" and "False" as strings (clients.md 6.3). None when absent."""
    value = body.get(name)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _refused(f"{name} must be true or false.", "endpoints.settings-values")


def apply_settings(
    endpoint: Endpoint, settings: Settings, tier: str, service_name: str, low_calls: int = LOW_CALLS
) -> Endpoint:
    """Return the endpoint with the settings that were mentioned.

    Low means 4 calls whatever was asked (azuremlps README 646; an older article has 20); High takes 1 to 200, 20 when
    nothing was said. A free workspace has Low only.
    """
    level = settings.throttle_level or endpoint.throttle_level
    asked = settings.max_concurrent_calls
    if level == "High" and tier == "free":
        raise failure("BadArgument/WebServiceConcurrentRequestRequirementInvalid", service_name)
    if level == "Low":
        calls = low_calls
    elif asked is None:
        unchanged = level == endpoint.throttle_level
        calls = endpoint.max_concurrent_calls if unchanged else int(LIMITS["throttle_high_calls_default"])
    else:
        calls = asked
        if calls > LIMITS["throttle_high_calls_most"]:
            most = str(LIMITS["throttle_high_calls_most"])
            raise failure("BadArgument/WebServiceTooManyConcurrentRequestRequirement", most)
        if calls < 1:
            raise _refused("MaxConcurrentCalls must be 1 or more.", "endpoints.settings-values")
    return replace(
        endpoint,
        description=endpoint.description if settings.description is None else settings.description,
        throttle_level=level,
        max_concurrent_calls=calls,
        prevent_update=_kept(settings.prevent_update, endpoint.prevent_update),
        diagnostics_trace_level=settings.diagnostics_trace_level or endpoint.diagnostics_trace_level,
        sample_data_enabled=_kept(settings.sample_data_enabled, endpoint.sample_data_enabled),
    )


def _kept(new: bool | None, old: bool) -> bool:
    return old if new is None else new


def new_endpoint(
    service: WebService, name: str, ordinal: int, identity: Identity, now: float, *, origin: Endpoint | None
) -> Endpoint:
    """Make an endpoint with keys of its own, as a copy of the default endpoint's graph and models (PS article).

    Without ``origin`` (the first endpoint, or the default one is gone) it is as the service was deployed.
    """
    unique = f"{service.id}/{name}/{ordinal}"
    return Endpoint(
        id=identity.new_id("endpoint", unique),
        ordinal=ordinal,
        workspace_id=service.workspace_id,
        service_id=service.id,
        name=name,
        created=now,
        primary_key=identity.new_key("primary-key", unique),
        secondary_key=identity.new_key("secondary-key", unique),
        experiment=origin.experiment if origin else service.experiment,
        resources=origin.resources if origin else service.resources,
    )


def check_room(count: int, tier: str) -> None:
    """Refuse one more to a service of ``count`` endpoints: 3 in a free workspace (PS), else 10,000 (FAQ17).

    The sentence is ours.
    """
    most = int(LIMITS["free_workspace_endpoints"] if tier == "free" else LIMITS["endpoints_per_service"])
    if count >= most:
        raise _refused(f"The web service already has {most} endpoints, the most there can be.", "endpoints.count-limit")


def check_deletable(endpoint: Endpoint, count: int) -> None:
    """Refuse to delete the default endpoint while its service has others, ``count`` in all (CE).

    400 InvalidOperation is inferred.
    """
    if endpoint.is_default and count > 1:
        raise failure("management/InvalidOperation", evidence="endpoints.delete-default")


def refresh(endpoint: Endpoint, default: Endpoint, *, overwrite: bool) -> Endpoint:
    """Return the endpoint with the default's graph, and with its models only when they are to be overwritten.

    A resource that the new graph no longer has goes; one that it newly has comes. The same endpoint comes back when
    nothing changes, which the wire shows as 304. Raises InvalidOperation for the default endpoint itself.
    """
    if endpoint.is_default:
        raise failure("management/InvalidOperation", evidence="endpoints.refresh-default")
    own = {} if overwrite else {resource.name: resource for resource in endpoint.resources}
    resources = tuple(own.get(resource.name, resource) for resource in default.resources)
    return replace(endpoint, experiment=default.experiment, resources=resources)


def republish(endpoint: Endpoint, service: WebService, resources: tuple[Resource, ...]) -> Endpoint:
    """Return the default endpoint after its service was deployed anew: new graph, new models, same keys."""
    return replace(endpoint, experiment=service.experiment, resources=resources)


def iso_time(seconds: float) -> str:
    """Format a time as the management API does: ISO 8601 with milliseconds and Z (clients.md 6.1)."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def render_service(service: WebService, endpoint_count: int) -> dict[str, Any]:
    """Return the WebService object: 7 members in the observed order (clients.md 6.1)."""
    return {
        "Id": service.id,
        "Name": service.name,
        "Description": service.description,
        "CreationTime": iso_time(service.created),
        "WorkspaceId": service.workspace_id,
        "DefaultEndpointName": service.default_endpoint_name,
        "EndpointCount": endpoint_count,
    }


def render_endpoint(
    workspace: Workspace, service: WebService, endpoint: Endpoint, addresses: Addresses, *, full: bool
) -> dict[str, Any]:
    """Return the endpoint object: 13 members in the observed order; with ``full`` those of the single GET besides.

    The single GET's extra members come from the PowerShell client's contract (clients.md 6.2, inferred).
    """
    shown: dict[str, Any] = {
        "Name": endpoint.name,
        "Description": endpoint.description,
        "CreationTime": iso_time(endpoint.created),
        "WorkspaceId": endpoint.workspace_id,
        "WebServiceId": endpoint.service_id,
        "HelpLocation": addresses.help_location(workspace, service, endpoint),
        "PrimaryKey": endpoint.primary_key,
        "SecondaryKey": endpoint.secondary_key,
        "ApiLocation": addresses.api_location(workspace, endpoint),
        "PreventUpdate": endpoint.prevent_update,
        "MaxConcurrentCalls": endpoint.max_concurrent_calls,
        "DiagnosticsTraceLevel": endpoint.diagnostics_trace_level,
        "ThrottleLevel": endpoint.throttle_level,
    }
    if full:
        studio = addresses.host("studio", workspace.region)
        experiment = f"{workspace.id}.f-id.{endpoint.experiment[:32]}"
        shown["Version"] = None
        shown["SampleDataEnabled"] = endpoint.sample_data_enabled
        shown["ExperimentLocation"] = f"{studio}/#Workspaces/Experiments/Experiment/{experiment}/ViewExperiment"
        shown["Resources"] = [render_resource(resource) for resource in endpoint.resources]
    return shown


def render_resource(resource: Resource) -> dict[str, Any]:
    """Return one updatable resource; its SAS is not given back (a secret of whoever patched it)."""
    location = render_reference(replace(resource.location, sas_blob_token=None))
    del location["ConnectionString"]
    return {"Name": resource.name, "Kind": resource.kind, "Location": location}
