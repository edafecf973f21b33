"""RRS: from a request body to the tables a graph takes, and from the tables it gives to the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amlemulator.core.bodies import object_member, parameters, require_object
from amlemulator.core.errors import failure
from amlemulator.core.interface import InputPort, ServiceInterface
from amlemulator.core.tables import Table, from_plain, from_swagger, rendered, to_plain, to_swagger


@dataclass(frozen=True, slots=True)
class Query:
    """What the query string says of the form of the answer. Unknown parameters are ignored (clients.md section 3)."""

    swagger: bool = False  # format=swagger: rows as objects, both ways
    details: bool = False  # details=true: ColumnNames and ColumnTypes besides Values (documents.md 4.2)
    names: bool = False  # ColumnNames in any case: the help page's reading (documents.md section 20 no. 26)


def read_query(arguments: Mapping[str, str], *, names: bool = False) -> Query:
    """Read the query string of an execute call; ``names`` is the other reading of what details adds.

    A missing api-version is 2.0 here: Stream Analytics is configured without any query (documents.md section 17).
    Raises BadVersionCall and InvalidQueryParameter of the BadArgument group.
    """
    check_version(arguments.get("api-version"))
    form, details = arguments.get("format", ""), arguments.get("details", "")
    if form.lower() not in ("", "swagger"):
        raise failure("BadArgument/InvalidQueryParameter", "format", f"The value '{form[:40]}' is not supported.")
    if details.lower() not in ("", "true", "false"):
        raise failure("BadArgument/InvalidQueryParameter", "details", f"The value '{details[:40]}' is not supported.")
    return Query(form.lower() == "swagger", details.lower() == "true", names)


def check_version(version: str | None, allowed: tuple[str, ...] = ("2.0",)) -> None:
    """Refuse an api-version that this operation does not know; a missing one passes."""
    if version and version.strip() not in allowed:
        raise failure("BadArgument/BadVersionCall", version.strip()[:40])


@dataclass(frozen=True, slots=True)
class Execution:
    """An RRS request that passed every check."""

    tables: dict[str, Table]
    parameters: dict[str, str]


def read_execution(body: Any, interface: ServiceInterface) -> Execution:
    """Check an RRS request against the service and read its tables.

    Plain and swagger rows are told apart by their own form, for clients send either whatever the query says.
    Raises the 400s of errors.md sections 1 and 15.
    """
    request = require_object(body)
    if interface.kind == "training":
        # RRS cannot produce a trained model (documents.md section 1); the wording is not known, errors.md section 15.
        raise failure("InvalidOperation/IncompatibleModel", evidence="rrs.training-service")
    given = object_member(request, "Inputs")
    values = parameters(interface.parameters, object_member(request, "GlobalParameters"))
    expected = {port.name for port in interface.inputs}
    # Clients of a service without inputs send some all the same (clients.md section 3, R).
    unknown = [name for name in given if name not in expected] if expected else []
    if unknown:
        raise failure("BadArgument/InvalidInputNames", ", ".join(unknown))
    if any(given.get(name) is None for name in expected):
        raise failure("BadArgument/MissingRequestInput")
    return Execution({port.name: _read_table(given[port.name], port) for port in interface.inputs}, values)


def _read_table(value: Any, port: InputPort) -> Table:
    if isinstance(value, list):
        return from_swagger(value, port.columns)
    if isinstance(value, dict):
        return from_plain(value, port.columns)
    raise failure("BadArgument/RequestBodyInvalid", target=port.name)


def render_execution(tables: Mapping[str, Table], query: Query) -> dict[str, Any]:
    """Return the answer: every cell a string or null, in both forms (clients.md section 3)."""
    if query.swagger:
        return {"Results": {name: to_swagger(table) for name, table in tables.items()}}
    return {"Results": {name: {"type": "table", "value": _value(table, query)} for name, table in tables.items()}}


def _value(table: Table, query: Query) -> dict[str, Any]:
    value = to_plain(table, details=query.details or query.names)
    if query.names and not query.details:
        del value["ColumnTypes"]
    return value


def read_legacy_score(body: Any, interface: ServiceInterface) -> Execution:
    """Read a v1 ``/score`` request: one row, ``{"Id", "Instance": {"FeatureVector", "GlobalParameters"}}``.

    Raises InvalidOperation/MultipleInputsNotAllowed and IncompatibleModel where v1 cannot express the service
    (documents.md 4.3, inferred).
    """
    request = require_object(body)
    if len(interface.inputs) > 1:
        raise failure("InvalidOperation/MultipleInputsNotAllowed")
    if len(interface.outputs) != 1:
        raise failure("InvalidOperation/IncompatibleModel")
    instance = object_member(request, "Instance")
    vector = object_member(instance, "FeatureVector")
    inputs = {port.name: [vector] for port in interface.inputs}
    translated = {"Inputs": inputs, "GlobalParameters": instance.get("GlobalParameters")}
    return read_execution(translated, interface)


def render_legacy_score(tables: Mapping[str, Table]) -> list[str | None]:
    """Return a v1 answer: the one row of the one output as a flat list of strings."""
    (table,) = tables.values()
    return next(rendered(table), [])
