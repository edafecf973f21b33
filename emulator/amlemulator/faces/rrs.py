"""The Request-Response Service: score now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from amlemulator.core.errors import failure
from amlemulator.core.request_response import (
    Execution,
    check_version,
    read_execution,
    read_legacy_score,
    read_query,
    render_execution,
    render_legacy_score,
)
from amlemulator.core.tables import Table
from amlemulator.faces.calls import answer, current, json_body, operation

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

ROOT = "/services/workspaces/<workspace_id>/services/<endpoint_id>"


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of RRS."""
    routes = Blueprint("rrs", __name__)

    def score(execution: Execution) -> dict[str, Table]:
        _, service, endpoint = current().here
        with emulator.throttle.place(endpoint):
            if service.type == "Code":
                return emulator.code_services.score(service, execution)
            return emulator.scoring.score(endpoint, execution.tables, execution.parameters)

    @routes.post(f"{ROOT}/execute")
    @operation("rrs.execute", "scoring")
    def execute(workspace_id: str, endpoint_id: str) -> Response:
        query = read_query(request.args)
        interface = emulator.directory.interface(current().here[2])
        if interface.kind == "training" and emulator.settings.training_rrs == "500":
            port = interface.outputs[0].name if interface.outputs else ""
            raise failure("InternalError/PortDataTypeNotSupported", port, "ILearner", evidence="rrs.training-service")
        return answer(render_execution(score(read_execution(json_body(), interface)), query))

    @routes.post(f"{ROOT}/score")
    @operation("rrs.score-v1", "scoring")
    def score_v1(workspace_id: str, endpoint_id: str) -> Response:
        check_version(request.args.get("api-version"), ("1.0",))
        interface = emulator.directory.interface(current().here[2])
        return answer(render_legacy_score(score(read_legacy_score(json_body(), interface))))

    return routes
