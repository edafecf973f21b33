"""Published functions: stored and listed as they came; scored only where the user mapped them to a local callable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from amlemulator.core.cells import parse
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
        """Store a code service under the id that the client chose; the same id again replaces it, its keys stay.

        Raises BadArgument/WebServiceIdInvalid for an id that is not 32 lower-case hex digits, as clients write guids,
        and InvalidOperation for that of a service made from an experiment.
        """
        if len(service_id) != 32 or set(service_id) - set("0123456789abcdef"):
            raise failure("BadArgument/WebServiceIdInvalid")
        name, bundle = read_code_bundle(body)
        graph = self._store.save_content(json.dumps({"code": bundle}, sort_keys=True).encode())
        now = self._clock.now()
        with self._store.transaction() as transaction:
            found = transaction.get(WebService, service_id)
            if found is not None and found.workspace_id != workspace.id:
                raise failure("NotFound/WebServiceIdNotFoundInWorkspace")
            if found is not None and found.type != "Code":
                raise failure("management/InvalidOperation", evidence="services.put-over-experiment")
            if found is None:
                ordinal = transaction.next_ordinal(f"service/{workspace.id}")
                found = WebService(service_id, ordinal, workspace.id, name, created=now, updated=now, type="Code")
                number = transaction.next_ordinal(f"endpoint/{service_id}")
                transaction.put(new_endpoint(found, "default", number, self._identity, now, origin=None))
            service = replace(found, name=name or found.name, updated=now, experiment=graph)
            transaction.put(service)
            for endpoint in transaction.list(Endpoint, service_id):
                if endpoint.is_default and not endpoint.prevent_update:
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
        rows = [_answer(function, dict(zip(names, row, strict=True)), columns) for row in table.rows]
        return {
            "output1": Table(columns, rows),
            "output2": Table((Column("Script output"),), [("data:text/plain,Execution OK\r\n",)]),
        }

    def refuse_jobs(self, service: WebService) -> None:
        """Raise 501 for a job on a published function: a worker process has no callable of the user's."""
        if service.type == "Code":
            raise failure(
                "scoring/NotEmulated",
                f"The published function '{service.name}' answers the Request-Response Service only; no job runs it.",
                evidence="services.code-not-run",
            )


def _answer(function: Function, row: Mapping[str, Any], columns: Sequence[Column]) -> Row:
    """Call the user's function for one row. Raises ModuleExecutionError, as for a failing script (errors.md O32)."""
    try:
        result = function(**row)
        values = tuple(result) if len(columns) > 1 else (result,)
        pairs = zip(values, columns, strict=True)
        # What numpy returns has an item() that is the plain value.
        return tuple(parse(getattr(value, "item", lambda value=value: value)(), column.type) for value, column in pairs)
    except Exception as error:
        from amlemulator.experiments.errors import module_error, service_error

        failed = module_error("0085", "Python", f"{type(error).__name__}: {error}")
        failed.module = "Execute Python Script RRS"
        raise service_error(failed.to_dict()) from error
