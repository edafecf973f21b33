"""Published functions: stored and listed as they came; scored only where the user mapped them to a local callable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from amlemulator.core.code_service import read_code_bundle
from amlemulator.core.endpoints import new_endpoint
from amlemulator.core.errors import failure
from amlemulator.core.identity import Identity
from amlemulator.core.interface import Column
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.core.request_response import Execution
from amlemulator.core.tables import Row, Table
from amlemulator.engine.directory import Directory
from amlemulator.ports.clock import Clock
from amlemulator.ports.store import Store

Function = Callable[..., Any]


class CodeServices:
    """What PUT webservices/{id} does, and the local callables that stand in for the published functions."""

    def __init__(self, store: Store, directory: Directory, clock: Clock, identity: Identity) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._identity = identity
        self._functions: dict[str, Function] = {}

    def map(self, name: str, function: Function) -> None:
        """Let the service of that name or id answer with ``function(**row)``: a value, or one per output column."""
        self._functions[name] = function

    def publish(self, workspace: Workspace, service_id: str, body: Mapping[str, Any]) -> WebService:
        """Store a code service under the id that the client chose; the same id again replaces it, its keys stay."""
        if len(service_id) != 32 or set(service_id.lower()) - set("0123456789abcdef"):
            raise failure("BadArgument/WebServiceIdInvalid")
        name, bundle = read_code_bundle(body)
        graph = self._store.save_content(json.dumps({"code": bundle}, sort_keys=True).encode())
        now = self._clock.now()
        with self._store.transaction() as transaction:
            found = transaction.get(WebService, service_id)
            if found is not None and found.workspace_id != workspace.id:
                raise failure("NotFound/WebServiceIdNotFoundInWorkspace")
            if found is None:
                ordinal = transaction.next_ordinal(f"service/{workspace.id}")
                found = WebService(service_id, ordinal, workspace.id, name, created=now, updated=now, type="Code")
                number = transaction.next_ordinal(f"endpoint/{service_id}")
                transaction.put(new_endpoint(found, "default", number, self._identity, now, origin=None))
            service = replace(found, name=name or found.name, updated=now, experiment=graph)
            transaction.put(service)
            for endpoint in transaction.list(Endpoint, service_id):
                if endpoint.is_default:
                    transaction.put(replace(endpoint, experiment=graph))
        return service

    def score(self, service: WebService, execution: Execution) -> dict[str, Table]:
        """Answer with the mapped callable. Raises 501 with the reason when there is none."""
        function = self._functions.get(service.id) or self._functions.get(service.name)
        if function is None:
            raise failure(
                "scoring/NotEmulated",
                f"The published function '{service.name}' is stored but not run: it is a pickle of Python 2.7 or an R "
                "image. Map it to a local callable with Emulator.code_services.map(name, function).",
                evidence="services.code-not-run",
            )
        table = execution.tables["input1"]
        names = [column.name for column in table.columns]
        interface = self._directory.interface_of_graph(service.experiment)
        columns = interface.outputs[0].columns or (Column("result"),)
        rows: list[Row] = [_row(function(**dict(zip(names, row, strict=True))), len(columns)) for row in table.rows]
        return {
            "output1": Table(columns, rows),
            "output2": Table((Column("Script output"),), [("data:text/plain,Execution OK\r\n",)]),
        }


def _row(result: Any, width: int) -> tuple[Any, ...]:
    return tuple(result) if width > 1 else (result,)
