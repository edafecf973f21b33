"""The Request-Response Service, without Flask: what a request says, and the body of the answer."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from amlemulator.core.bodies import parse_json
from amlemulator.core.errors import failure
from amlemulator.core.request_response import (
    Execution,
    Query,
    check_version,
    read_execution,
    read_legacy_score,
    read_query,
    render_execution,
    render_legacy_score,
)
from amlemulator.core.tables import Table
from amlemulator.faces.call import Call, Operation, operation, to_json

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator


@lru_cache(maxsize=256)
def _query(text: str, names: bool) -> Query:
    """Read a query string; of a parameter that comes twice the first counts."""
    return read_query(dict(reversed(parse_qsl(text, keep_blank_values=True))), names=names)


def _parameters(call: Call) -> dict[str, str]:
    return dict(reversed(parse_qsl(call.environ.get("QUERY_STRING", ""), keep_blank_values=True)))


class RequestResponse:
    """What RRS answers."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @operation("rrs.execute", "scoring")
    def answer(self, call: Call) -> bytes:
        """Score the rows of the request and return the answer's body. Raises ServiceError."""
        with self._logged(call):
            settings, endpoint = self._emulator.settings, call.here[2]
            query = _query(call.environ.get("QUERY_STRING", ""), settings.details == "types")
            interface = self._emulator.directory.interface(endpoint)
            if interface.kind == "training" and settings.training_rrs == "500":
                port = interface.outputs[0].name if interface.outputs else ""
                raise failure(
                    "InternalError/PortDataTypeNotSupported", port, "ILearner", evidence="rrs.training-service"
                )
            execution = read_execution(parse_json(call.body), interface)
            return to_json(render_execution(self._score(call, execution), query))

    def _logged(self, call: Call) -> AbstractContextManager[None]:
        endpoint = call.here[2]
        if endpoint.diagnostics_trace_level == "None":
            return nullcontext()
        return self._emulator.diagnostics.request(endpoint, call.request_id)

    def _score(self, call: Call, execution: Execution) -> dict[str, Table]:
        _, service, endpoint = call.here
        with self._emulator.throttle.place(endpoint):
            if service.type == "Code":
                return self._emulator.code_services.score(service, execution)
            return self._emulator.scoring.score(endpoint, execution.tables, execution.parameters)

    def answer_legacy(self, call: Call) -> bytes:
        """Score the one row of a request of API version 1 and return the answer's body. Raises ServiceError."""
        with self._logged(call):
            check_version(_parameters(call).get("api-version"), ("1.0",))
            interface = self._emulator.directory.interface(call.here[2])
            execution = read_legacy_score(parse_json(call.body), interface)
            return to_json(render_legacy_score(self._score(call, execution)))


EXECUTE: Operation = RequestResponse.answer.__dict__["operation"]
