"""The Request-Response Service: score now."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
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
from amlemulator.faces.calls import answer, current, json_body, mount, route

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

ROOT = "/services/workspaces/<workspace_id>/services/<endpoint_id>"


class RequestResponse:
    """The views of RRS."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def _logged(self) -> AbstractContextManager[None]:
        call = current()
        _, _, endpoint = call.here
        if endpoint.diagnostics_trace_level == "None":
            return nullcontext()
        return self._emulator.diagnostics.request(endpoint, call.request_id)

    def _score(self, execution: Execution) -> dict[str, Table]:
        _, service, endpoint = current().here
        with self._emulator.throttle.place(endpoint):
            if service.type == "Code":
                return self._emulator.code_services.score(service, execution)
            return self._emulator.scoring.score(endpoint, execution.tables, execution.parameters)

    @route("POST", f"{ROOT}/execute", "rrs.execute", "scoring")
    def execute(self, workspace_id: str, endpoint_id: str) -> Response:
        """Score the rows of the request."""
        with self._logged():
            return self._execute()

    def _execute(self) -> Response:
        query = read_query(request.args, names=self._emulator.settings.details == "types")
        interface = self._emulator.directory.interface(current().here[2])
        if interface.kind == "training" and self._emulator.settings.training_rrs == "500":
            port = interface.outputs[0].name if interface.outputs else ""
            raise failure("InternalError/PortDataTypeNotSupported", port, "ILearner", evidence="rrs.training-service")
        return answer(render_execution(self._score(read_execution(json_body(), interface)), query))

    @route("POST", f"{ROOT}/score", "rrs.score-v1", "scoring")
    def score_v1(self, workspace_id: str, endpoint_id: str) -> Response:
        """Score one row, in the form of API version 1."""
        with self._logged():
            check_version(request.args.get("api-version"), ("1.0",))
            interface = self._emulator.directory.interface(current().here[2])
            return answer(render_legacy_score(self._score(read_legacy_score(json_body(), interface))))


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of RRS."""
    return mount("rrs", RequestResponse(emulator))
