"""The portal's page that puts the models of a service's endpoints side by side, and lets each score the same row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from amlemulator.core.records import Endpoint
from amlemulator.core.trial import fill_in, request_of
from amlemulator.faces.calls import current, route
from amlemulator.faces.pages import trial
from amlemulator.faces.pages.dress import missing, mount_pages, page
from amlemulator.faces.pages.languages import gettext as _
from amlemulator.faces.pages.paging import part_of
from amlemulator.faces.pages.walk import scored
from amlemulator.faces.portal import SERVICE, address_of, service_here

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

SHOWN = 10  # endpoints at a time: each is called


@dataclass(frozen=True, slots=True)
class Row:
    """An endpoint, its answer to the row once it was asked, and what of it is other than the default endpoint's."""

    endpoint: Endpoint
    status: int | None = None
    scored: dict[str, str] = field(default_factory=dict)


class PortalModels:
    """The views of models side by side."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("GET", f"{SERVICE}/models", "portal.models", "page")
    def models(self, workspace_id: str, service_id: str) -> Response:
        """Show the model of each endpoint: where it comes from, since when."""
        return self._show(service_id, made=False)

    @route("POST", f"{SERVICE}/models", "portal.compare", "page")
    def compare(self, workspace_id: str, service_id: str) -> Response:
        """Score one row with every endpoint that is shown, for real, the deployed model first."""
        return self._show(service_id, made=True)

    def _show(self, service_id: str, *, made: bool) -> Response:
        workspace, service = service_here(self._emulator, service_id)
        directory, problem = self._emulator.directory, ""
        endpoints = directory.endpoints(service.id)
        if not endpoints:  # the default one can be deleted when it is the last
            raise missing("endpoint", "default")
        part = part_of(endpoints, lambda endpoint: endpoint.name, SHOWN)
        # "Before" is the model as deployed, which the default endpoint keeps; it stands above every page of the list.
        shown = [*endpoints[:1], *(one for one in part.items if one not in endpoints[:1])]
        interface = directory.interface(endpoints[0])
        form = fill_in(interface, request.form)
        rows = [Row(endpoint) for endpoint in shown]
        try:
            body = request_of(form)
        except ValueError as error:
            made, problem = False, _("The table of %s is no JSON.") % error
        if made:
            rows = [self._scored(endpoint, body) for endpoint in shown]
        return page(
            self._emulator,
            "pages/models.html",
            evidence="portal.models",
            section="classic",
            workspace=workspace,
            service=service,
            here=address_of(service),
            part=part,
            rows=rows,
            names=list(dict.fromkeys(name for row in rows for name in row.scored)),
            made=made,
            form=form,
            problem=problem,
        )

    def _scored(self, endpoint: Endpoint, body: object) -> Row:
        workspace = current().workspace
        assert workspace is not None  # service_here has looked
        real, plain = (f"{one.api_location(workspace, endpoint)}/execute" for one in (current().addresses, trial.PLAIN))
        planned = trial.plan("POST", real, plain, "api-version=2.0&details=true", body)
        exchange = trial.make(self._emulator, planned, endpoint.primary_key)
        return Row(endpoint, exchange.status, dict(scored(exchange, self._emulator.directory.interface(endpoint))))


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of models side by side."""
    return mount_pages("portal-models", PortalModels(emulator), emulator)
