"""Management of web services and endpoints, and Update Resource (PATCH)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from amlemulator.core.endpoints import flag, read_settings, render_endpoint, render_service
from amlemulator.core.patching import flat_body, read_updates
from amlemulator.core.records import Endpoint, WebService
from amlemulator.faces.calls import answer, current, mount, nothing, raw_body, route

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

SERVICES = "/management/workspaces/<workspace_id>/webservices"
SERVICE = f"{SERVICES}/<service_id>"
ENDPOINTS = f"{SERVICE}/endpoints"
ENDPOINT = f"{ENDPOINTS}/<endpoint_name>"


class Management:
    """The views of the management host."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def _service(self, service: WebService) -> dict[str, object]:
        return render_service(service, len(self._emulator.directory.endpoints(service.id)))

    def _endpoint(self, endpoint: Endpoint, *, full: bool) -> dict[str, object]:
        call = current()
        assert call.workspace is not None
        assert call.service is not None
        return render_endpoint(call.workspace, call.service, endpoint, call.addresses, full=full)

    @route("GET", SERVICES, "services.list", "workspace")
    def list_services(self, workspace_id: str) -> Response:
        """List the workspace's services."""
        found = self._emulator.directory.services(workspace_id)
        shown = [service for service in found if not (current().without_scoring and service.resources)]
        return answer([self._service(service) for service in shown])

    @route("GET", SERVICE, "services.get", "workspace")
    def get_service(self, workspace_id: str, service_id: str) -> Response:
        """Show one service."""
        service = current().service
        assert service is not None
        return answer(self._service(service))

    @route("PUT", SERVICE, "services.put", "workspace")
    def put_service(self, workspace_id: str, service_id: str) -> Response:
        """Publish a code service under the id that the client chose."""
        workspace = current().workspace
        assert workspace is not None
        return answer(self._service(self._emulator.code_services.publish(workspace, service_id, flat_body(raw_body()))))

    @route("DELETE", SERVICE, "services.delete", "workspace")
    def delete_service(self, workspace_id: str, service_id: str) -> Response:
        """Delete a service and its endpoints."""
        self._emulator.batch.abandon(self._emulator.administration.delete_service(service_id))
        return nothing()

    @route("GET", ENDPOINTS, "endpoints.list", "endpoint")
    def list_endpoints(self, workspace_id: str, service_id: str) -> Response:
        """List a service's endpoints, the default one first."""
        return answer(
            [self._endpoint(endpoint, full=False) for endpoint in self._emulator.directory.endpoints(service_id)]
        )

    @route("GET", ENDPOINT, "endpoints.get", "endpoint")
    def get_endpoint(self, workspace_id: str, service_id: str, endpoint_name: str) -> Response:
        """Show one endpoint with its resources."""
        return answer(self._endpoint(current().here[2], full=True))

    @route("PUT", ENDPOINT, "endpoints.put", "endpoint")
    def put_endpoint(self, workspace_id: str, service_id: str, endpoint_name: str) -> Response:
        """Add an endpoint, or change one."""
        settings = read_settings(flat_body(raw_body()) if request.content_length else {})
        endpoint = self._emulator.administration.put_endpoint(service_id, endpoint_name, settings)
        return answer(self._endpoint(endpoint, full=True))

    @route("PATCH", ENDPOINT, "endpoints.patch", "endpoint")
    def patch_endpoint(self, workspace_id: str, service_id: str, endpoint_name: str) -> Response:
        """Update Resource: replace models, change settings, all of it or nothing."""
        body = flat_body(raw_body())
        endpoint = current().here[2]
        settings, updates = read_settings(body), read_updates(body, endpoint)
        models = {update.name: self._emulator.models.admit(update, endpoint) for update in updates or ()}
        patched = self._emulator.administration.patch_endpoint(endpoint, settings, models)
        if models:
            self._emulator.scoring.warm(patched)
        return answer(self._endpoint(patched, full=True))

    @route("POST", f"{ENDPOINT}/refresh", "endpoints.refresh", "endpoint")
    def refresh_endpoint(self, workspace_id: str, service_id: str, endpoint_name: str) -> Response:
        """Bring an endpoint up to the default endpoint's state; 304 when there is nothing to do."""
        body = flat_body(raw_body()) if request.content_length else {}
        overwrite = flag(body, "OverwriteResources") or False
        changed = self._emulator.administration.refresh_endpoint(current().here[2], overwrite=overwrite)
        return nothing() if changed else nothing(304)

    @route("DELETE", ENDPOINT, "endpoints.delete", "endpoint")
    def delete_endpoint(self, workspace_id: str, service_id: str, endpoint_name: str) -> Response:
        """Delete an endpoint."""
        self._emulator.batch.abandon(self._emulator.administration.delete_endpoint(current().here[2]))
        return nothing()


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the management host."""
    return mount("management", Management(emulator))
