"""swagger.json on the scoring host and the same document as apidocument on the management host; both need no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from amlemulator.core.errors import failure
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.faces.calls import JSON, current, mount, route

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator
    from amlemulator.engine.directory import Directory

SWAGGER = "/services/workspaces/<workspace_id>/services/<endpoint_id>/swagger.json"
API_DOCUMENT = "workspaces/<workspace_id>/webservices/<service_id>/endpoints/<endpoint_id>/apidocument"


class Swagger:
    """The views of the API document."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("GET", SWAGGER, "swagger.get", "anonymous")
    def swagger_json(self, workspace_id: str, endpoint_id: str) -> Response:
        """Answer the document on the scoring host."""
        # An endpoint that the front end does not know yet answers 404 here, while its RRS answers 401 (errors.md O16).
        workspace = current().workspace
        if workspace is None:
            raise failure("NotFound/WorkspaceNotFound")
        endpoint = self._emulator.directory.endpoint(endpoint_id)
        if endpoint is None or self._is_fresh(endpoint):
            raise failure("NotFound/WebServiceNotFound")
        if endpoint.workspace_id != workspace.id:
            raise failure("NotFound/WebServiceIdNotFoundInWorkspace")
        return self._document(workspace, endpoint)

    def _is_fresh(self, endpoint: Endpoint) -> bool:
        return 0 <= current().arrived - endpoint.created < self._emulator.settings.fresh_endpoint_seconds

    # R derives the address from HelpLocation; where that is not on Microsoft's host, it asks for the second form
    # (clients.md section 5).
    @route("GET", f"/management/{API_DOCUMENT}", "swagger.api-document", "anonymous")
    @route("GET", f"/studio/apihelp/{API_DOCUMENT}", "swagger.api-document", "anonymous")
    def api_document(self, workspace_id: str, service_id: str, endpoint_id: str) -> Response:
        """Answer the same document by the ids of service and endpoint."""
        found = locate(self._emulator.directory, current().workspace, service_id, endpoint_id)
        if found is None:
            raise failure("management/NotFound")
        return self._document(found[0], found[2])

    def _document(self, workspace: Workspace, endpoint: Endpoint) -> Response:
        from amlemulator.core.swagger import swagger_document, swagger_text  # few programs read it

        service = self._emulator.directory.service(endpoint.service_id)
        assert service is not None  # an endpoint goes with its service
        scheme, host, prefix = current().addresses.swagger_host(workspace)
        document = swagger_document(
            self._emulator.directory.interface(endpoint),
            title=service.name,
            description=service.description,
            endpoint_name=endpoint.name,
            host=host,
            scheme=scheme,
            base_path=f"{prefix}/workspaces/{workspace.id}/services/{endpoint.id}",
        )
        return Response(swagger_text(document), content_type=JSON)


def locate(
    directory: Directory, workspace: Workspace | None, service_id: str, endpoint_id: str
) -> tuple[Workspace, WebService, Endpoint] | None:
    """Return the three records that an address by ids means, or None where they do not belong together."""
    service, endpoint = directory.service(service_id), directory.endpoint(endpoint_id)
    if workspace is None or service is None or endpoint is None:
        return None
    together = service.workspace_id == workspace.id and endpoint.service_id == service.id
    return (workspace, service, endpoint) if together else None


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the API document."""
    return mount("swagger", Swagger(emulator))
