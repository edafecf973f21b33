"""The Web Services portal: its door, the lists of web services, a web service and its endpoints.

The user's document sends its readers here for the PATCH URL (seed document, option 2): sign in, Classic Web Services,
the scoring service, +New, the endpoint, API help below its Patch URL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from amlemulator.core.errors import ServiceError
from amlemulator.core.records import WebService, Workspace
from amlemulator.faces.calls import route
from amlemulator.faces.pages.dress import go, missing, mount_pages, page, root, static_file, workspace_here
from amlemulator.faces.pages.languages import gettext as _
from amlemulator.faces.pages.paging import part_of

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

SERVICE = "/portal/workspaces/<workspace_id>/webservices/<service_id>"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list of web services."""

    workspace: Workspace
    service: WebService
    kind: str
    endpoints: int


class Portal:
    """The views of the portal's lists."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("GET", "/portal", "portal.home", "visitor")
    def home(self) -> Response:
        """Show the door, and how everything fits together."""
        return self._home(None, 200)

    def _home(self, error: ServiceError | None, status: int) -> Response:
        asks = self._emulator.sessions.asks_for_token
        return page(
            self._emulator, "pages/home.html", evidence="portal.home", status=status, error=error, asks_for_token=asks
        )

    @route("POST", "/portal/signin", "portal.sign-in", "visitor")
    def sign_in(self) -> Response:
        """Sign in: one button; off loopback with the control token."""
        try:
            session = self._emulator.sessions.sign_in(request)
        except ServiceError as error:
            return self._home(error, error.entry.status)
        response = go(root("portal") + "/classic")
        self._emulator.sessions.keep(session, request, response)
        return response

    @route("POST", "/portal/signout", "portal.sign-out", "visitor")
    def sign_out(self) -> Response:
        """Forget who signed in."""
        response = go(root("portal") + "/")
        self._emulator.sessions.drop(request, response)
        return response

    @route("GET", "/portal/static/<name>", "portal.static", "visitor")
    def static(self, name: str) -> Response:
        """Give the pages' style, script or icon."""
        return static_file(name)

    @route("GET", "/portal/webservices", "portal.services", "page")
    def web_services(self) -> Response:
        """List the web services, under the bar's first name for them."""
        return self._services("webservices", _("Web Services"))

    @route("GET", "/portal/classic", "portal.services", "page")
    def classic(self) -> Response:
        """List the classic web services, which are all there are."""
        return self._services("classic", _("Classic Web Services"))

    def _services(self, section: str, heading: str) -> Response:
        directory = self._emulator.directory
        pairs = [(place, service) for place in directory.workspaces() for service in directory.services(place.id)]
        found = part_of(pairs, lambda pair: f"{pair[1].name}\n{pair[0].name}\n{pair[0].region}\n{pair[0].id}")
        rows = [
            Row(place, service, directory.kind(service.experiment), len(directory.endpoints(service.id)))
            for place, service in found.items
        ]
        return page(
            self._emulator,
            "pages/services.html",
            evidence="portal.services",
            section=section,
            heading=heading,
            part=found.of(rows),
        )

    @route("GET", SERVICE, "portal.service", "page")
    def service(self, workspace_id: str, service_id: str) -> Response:
        """Show a web service with its endpoints."""
        workspace, service = service_here(self._emulator, service_id)
        endpoints = self._emulator.directory.endpoints(service.id)
        part = part_of(endpoints, lambda endpoint: endpoint.name)
        added = next((one.name for one in endpoints if one.name == request.args.get("added")), None)
        return page(
            self._emulator,
            "pages/service.html",
            evidence="portal.service",
            section="classic",
            workspace=workspace,
            service=service,
            kind=self._emulator.directory.kind(service.experiment),
            here=address_of(service),
            part=part,
            added=added,
        )


def service_here(emulator: Emulator, service_id: str) -> tuple[Workspace, WebService]:
    """Return the workspace and the web service that the address names. Raises 404."""
    workspace, service = workspace_here(emulator), emulator.directory.service(service_id)
    if service is None or service.workspace_id != workspace.id:
        raise missing("web service", service_id)
    return workspace, service


def address_of(service: WebService) -> str:
    """Return the address of a web service's page."""
    return f"{root('portal')}/workspaces/{service.workspace_id}/webservices/{service.id}"


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the portal's lists."""
    return mount_pages("portal", Portal(emulator), emulator)
