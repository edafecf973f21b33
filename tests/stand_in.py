"""A service without an engine: records and an interface, for the faces that only describe a service."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import ModuleType, SimpleNamespace
from typing import Any

from flask import Flask, Response, g, request

from amlemulator.core.addresses import Addresses
from amlemulator.core.errors import ServiceError
from amlemulator.core.interface import ServiceInterface
from amlemulator.core.records import Endpoint, Resource, WebService, Workspace
from amlemulator.core.regions import Host
from amlemulator.faces.calls import Call
from amlemulator.faces.guard import Guard
from amlemulator.faces.pages.sessions import Sessions
from amlemulator.faces.render import render_error
from amlemulator.settings import Settings
from interfaces import SCORING

WORKSPACE = Workspace("a" * 32, 1, "Census", "South Central US", "token", "token2", created=0.0)
SERVICE = WebService("b" * 32, 1, WORKSPACE.id, "Census Model [Predictive Exp.]", created=0.0, updated=1484038200.0)
DEFAULT = Endpoint("c" * 32, 1, WORKSPACE.id, SERVICE.id, "default", 0.0, "key", "key2")
ADDED = Endpoint("d" * 32, 2, WORKSPACE.id, SERVICE.id, "retrained", 0.0, "key3", "key4")


def refusing(error: ServiceError) -> Response:
    """Answer a refusal as the pipeline does."""
    refusal = render_error(error)
    return Response(refusal.body, refusal.status, refusal.headers)


@dataclass
class StandIn:
    """What the faces read of an emulator, and a Flask app with one of them."""

    interface: ServiceInterface = SCORING
    service: WebService = SERVICE
    workspace: Workspace = WORKSPACE
    addresses: Addresses = field(default_factory=Addresses)
    now: float = 1000.0
    fresh_endpoint_seconds: float = 0.0

    def __post_init__(self) -> None:
        resources = tuple(Resource(name, "key") for name in self.interface.resources)
        self.endpoints = {one.id: replace(one, resources=resources) for one in (DEFAULT, ADDED)}
        self.settings = Settings(fresh_endpoint_seconds=self.fresh_endpoint_seconds)
        self.sessions = Sessions(Guard(self.settings))
        self.faults = SimpleNamespace(interfere=lambda moment, workspace_id: None)
        self.directory = SimpleNamespace(
            workspaces=lambda: (self.workspace,),
            workspace={self.workspace.id: self.workspace}.get,
            service={self.service.id: self.service}.get,
            endpoint=self.endpoints.get,
            interface=lambda endpoint: self.interface,
        )

    def client(self, face: ModuleType) -> Any:
        """Return a test client of an app that has only this face, with the pipeline's part done by hand."""
        app = Flask(__name__, static_folder=None)
        app.url_map.strict_slashes = False
        app.register_blueprint(face.blueprint(self))
        app.register_error_handler(ServiceError, refusing)

        @app.before_request
        def begin() -> None:

            given = (request.view_args or {}).get("workspace_id", "")
            workspace = self.directory.workspace(given)
            g.call = Call("id", Host("services"), self.addresses, self.now, request.environ, workspace=workspace)

        return app.test_client()
