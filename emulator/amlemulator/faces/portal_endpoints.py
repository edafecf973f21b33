"""The portal's pages of one endpoint: adding it, its keys, its addresses with their help."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from amlcontracts import load
from amlemulator.core.endpoints import LOW_CALLS, TRACE_LEVELS, read_settings
from amlemulator.core.errors import ServiceError
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.faces.calls import current, route
from amlemulator.faces.pages.dress import go, help_page, missing, mount_pages, page
from amlemulator.faces.pages.languages import gettext as _
from amlemulator.faces.portal import SERVICE, address_of, service_here

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

LIMITS = load("limits")
ENDPOINT = f"{SERVICE}/endpoints/<endpoint_id>"
EMPTY = {"name": "", "description": "", "logging": "None", "sample_data": "", "throttle": "Low", "calls": ""}


class PortalEndpoints:
    """The views of endpoints."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("GET", f"{SERVICE}/newendpoint", "portal.new-endpoint", "page")
    def new_endpoint(self, workspace_id: str, service_id: str) -> Response:
        """Show the form for a new endpoint."""
        _place, service = service_here(self._emulator, service_id)
        return self._form(service, EMPTY, None)

    @route("POST", f"{SERVICE}/newendpoint", "portal.add-endpoint", "page")
    def add_endpoint(self, workspace_id: str, service_id: str) -> Response:
        """Add an endpoint; what the service refuses comes back with the form as it was filled in."""
        _place, service = service_here(self._emulator, service_id)
        # Browsers send an empty checkbox not at all.
        form = {name: request.form.get(name, "").strip() for name in EMPTY}
        try:
            settings = read_settings(_body(form))
            self._emulator.administration.put_endpoint(service.id, form["name"], settings, new=True)
        except ServiceError as error:
            return self._form(service, form, error)
        return go(f"{address_of(service)}?added={form['name']}")

    def _form(self, service: WebService, form: dict[str, str], error: ServiceError | None) -> Response:
        taken = " ".join(endpoint.name for endpoint in self._emulator.directory.endpoints(service.id))
        return page(
            self._emulator,
            "pages/new_endpoint.html",
            evidence="portal.new-endpoint",
            status=error.entry.status if error else 200,
            section="classic",
            service=service,
            kind=self._emulator.directory.kind(service.experiment),
            here=address_of(service),
            form=form,
            error=error,
            rule=LIMITS["endpoint_name_pattern"],
            length=LIMITS["endpoint_name_length"],
            taken=taken,
            levels=TRACE_LEVELS,
            low_calls=self._emulator.settings.low_throttle_calls or LOW_CALLS,
            most_calls=LIMITS["throttle_high_calls_most"],
        )

    @route("GET", ENDPOINT, "portal.endpoint", "page")
    def endpoint(self, workspace_id: str, service_id: str, endpoint_id: str) -> Response:
        """Show an endpoint: its keys hidden, its three addresses, the help of each."""
        renewed = request.args.get("renewed")
        return self._endpoint(endpoint_id, renewed=renewed if renewed in ("primary", "secondary") else "")

    @route("POST", f"{ENDPOINT}/keys", "portal.keys", "page")
    def keys(self, workspace_id: str, service_id: str, endpoint_id: str) -> Response:
        """Show or hide the keys, or make one of them new. By a form, so that no key stands in an address."""
        _workspace, service, endpoint = endpoint_here(self._emulator, service_id, endpoint_id)
        asked, which = request.form.get("do"), request.form.get("which", "")
        if asked == "show":
            return self._endpoint(endpoint_id, shown=True)
        address = f"{address_of(service)}/endpoints/{endpoint.id}"
        if asked == "regenerate" and which in ("primary", "secondary"):
            self._emulator.administration.replace_keys(endpoint, which)
            return go(f"{address}?renewed={which}")
        return go(address)

    def _endpoint(self, endpoint_id: str, *, shown: bool = False, renewed: str = "") -> Response:
        service_id = current().arguments["service_id"]
        workspace, service, endpoint = endpoint_here(self._emulator, service_id, endpoint_id)
        addresses, here = current().addresses, address_of(service)
        api = addresses.api_location(workspace, endpoint)
        patch_url = addresses.patch_url(workspace, service, endpoint)
        keys = [
            ("primary", _("Primary key"), endpoint.primary_key),
            ("secondary", _("Secondary key"), endpoint.secondary_key),
        ]
        return page(
            self._emulator,
            "pages/endpoint.html",
            evidence="portal.endpoint",
            section="classic",
            workspace=workspace,
            service=service,
            endpoint=endpoint,
            kind=self._emulator.directory.kind(endpoint.experiment),
            here=here,
            address=f"{here}/endpoints/{endpoint.id}",
            keys=keys,
            shown=shown,
            renewed=renewed,
            score_url=f"{api}/execute?api-version=2.0&details=true",
            jobs_url=f"{api}/jobs",
            diagnose=shlex.join(["amlclassic", "diagnose", "--patch-url", patch_url, "--scoring-url", api]),
            diagnoses=self._emulator.diagnose is not None,
            patch_url=patch_url,
            help_location=addresses.help_location(workspace, service, endpoint),
            help_url=help_page(workspace, service, endpoint),
        )


def endpoint_here(emulator: Emulator, service_id: str, endpoint_id: str) -> tuple[Workspace, WebService, Endpoint]:
    """Return the three records that the address names. Raises 404."""
    workspace, service = service_here(emulator, service_id)
    endpoint = emulator.directory.endpoint(endpoint_id)
    if endpoint is None or endpoint.service_id != service.id:
        raise missing("endpoint", endpoint_id)
    return workspace, service, endpoint


def _body(form: dict[str, str]) -> dict[str, Any]:
    """Return the form as the body of the PUT that a program would send."""
    return {
        "Description": form["description"] or None,
        "DiagnosticsTraceLevel": form["logging"] or None,
        "SampleDataEnabled": form["sample_data"] == "true",
        "ThrottleLevel": form["throttle"] or None,
        "MaxConcurrentCalls": form["calls"] if form["throttle"] == "High" else None,
    }


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of endpoints."""
    return mount_pages("portal-endpoints", PortalEndpoints(emulator), emulator)
