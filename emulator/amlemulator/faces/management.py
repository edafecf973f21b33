"""Management of web services and endpoints, and Update Resource (PATCH)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from amlemulator.core.endpoints import flag, read_settings, render_endpoint, render_service
from amlemulator.core.patching import flat_body, read_updates
from amlemulator.core.records import Endpoint, WebService
from amlemulator.faces.calls import answer, current, json_body, nothing, operation

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

SERVICES = "/management/workspaces/<workspace_id>/webservices"
SERVICE = f"{SERVICES}/<service_id>"
ENDPOINTS = f"{SERVICE}/endpoints"
ENDPOINT = f"{ENDPOINTS}/<endpoint_name>"


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the management host."""
    routes = Blueprint("management", __name__)

    def shown_service(service: WebService) -> dict[str, object]:
        return render_service(service, len(emulator.directory.endpoints(service.id)))

    def shown_endpoint(endpoint: Endpoint, *, full: bool) -> dict[str, object]:
        call = current()
        assert call.workspace is not None
        assert call.service is not None
        return render_endpoint(call.workspace, call.service, endpoint, call.addresses, full=full)

    @routes.get(SERVICES)
    @operation("services.list", "workspace")
    def list_services(workspace_id: str) -> Response:
        return answer([shown_service(service) for service in emulator.directory.services(workspace_id)])

    @routes.get(SERVICE)
    @operation("services.get", "workspace")
    def get_service(workspace_id: str, service_id: str) -> Response:
        service = current().service
        assert service is not None
        return answer(shown_service(service))

    @routes.put(SERVICE)
    @operation("services.put", "workspace")
    def put_service(workspace_id: str, service_id: str) -> Response:
        workspace = current().workspace
        assert workspace is not None
        return answer(shown_service(emulator.code_services.publish(workspace, service_id, flat_body(json_body()))))

    @routes.delete(SERVICE)
    @operation("services.delete", "workspace")
    def delete_service(workspace_id: str, service_id: str) -> Response:
        emulator.administration.delete_service(service_id)
        return nothing()

    @routes.get(ENDPOINTS)
    @operation("endpoints.list", "endpoint")
    def list_endpoints(workspace_id: str, service_id: str) -> Response:
        return answer([shown_endpoint(endpoint, full=False) for endpoint in emulator.directory.endpoints(service_id)])

    @routes.get(ENDPOINT)
    @operation("endpoints.get", "endpoint")
    def get_endpoint(workspace_id: str, service_id: str, endpoint_name: str) -> Response:
        return answer(shown_endpoint(current().here[2], full=True))

    @routes.put(ENDPOINT)
    @operation("endpoints.put", "endpoint")
    def put_endpoint(workspace_id: str, service_id: str, endpoint_name: str) -> Response:
        settings = read_settings(flat_body(json_body()) if request.content_length else {})
        endpoint = emulator.administration.put_endpoint(service_id, endpoint_name, settings)
        return answer(shown_endpoint(endpoint, full=True))

    @routes.patch(ENDPOINT)
    @operation("endpoints.patch", "endpoint")
    def patch_endpoint(workspace_id: str, service_id: str, endpoint_name: str) -> Response:
        body = flat_body(json_body())
        endpoint = current().here[2]
        settings, updates = read_settings(body), read_updates(body, endpoint)
        models = {update.name: emulator.models.admit(update, endpoint) for update in updates or ()}
        patched = emulator.administration.patch_endpoint(endpoint, settings, models)
        if models:
            emulator.scoring.warm(patched)
        return answer(shown_endpoint(patched, full=True))

    @routes.post(f"{ENDPOINT}/refresh")
    @operation("endpoints.refresh", "endpoint")
    def refresh_endpoint(workspace_id: str, service_id: str, endpoint_name: str) -> Response:
        body = flat_body(json_body()) if request.content_length else {}
        overwrite = flag(body, "OverwriteResources") or False
        changed = emulator.administration.refresh_endpoint(current().here[2], overwrite=overwrite)
        return nothing() if changed else nothing(304)

    @routes.delete(ENDPOINT)
    @operation("endpoints.delete", "endpoint")
    def delete_endpoint(workspace_id: str, service_id: str, endpoint_name: str) -> Response:
        emulator.administration.delete_endpoint(current().here[2])
        return nothing()

    return routes
