"""The Swagger 2.0 document of an endpoint, in the form that generated clients and the R package were made from.

Names of definitions, operationIds, summaries, the body parameter's name and the literal paths are recorded through a
client that swagger-codegen made from a real document (clients.md section 5, source SM), the head through an article
(documents.md 11.2). The order of paths and of columns is part of the contract: R reads both by position.
"""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from amlcontracts import load
from amlemulator.core.cells import CellError, parse, render_span
from amlemulator.core.interface import Column, ColumnType, InputPort, OutputPort, Parameter, ServiceInterface
from amlemulator.core.records import JobState

NO_DESCRIPTION: str = load("help")["no_description"]

# Boolean, DateTime and categorical columns as the web-app templates read them; TimeSpan is ours (clients.md section 5).
TYPES: dict[ColumnType, dict[str, str]] = {
    "String": {"type": "string"},
    "Double": {"type": "number", "format": "double"},
    "Int32": {"type": "integer", "format": "int32"},
    "Int64": {"type": "integer", "format": "int64"},
    "Boolean": {"type": "boolean"},
    "DateTime": {"type": "string", "format": "date-time"},
    "TimeSpan": {"type": "string", "format": "time-span"},
}
BLOB_REFERENCE = "AzureBlobDataReference"


def swagger_document(
    interface: ServiceInterface,
    *,
    title: str,
    description: str | None,
    endpoint_name: str,
    host: str,
    scheme: str,
    base_path: str,
) -> dict[str, Any]:
    """Return the document. ``host`` holds the port, ``base_path`` the endpoint's path without a trailing slash.

    Serialise it with ``swagger_text``, which keeps the order of members.
    """
    return {
        "swagger": "2.0",
        "info": _info(title, description, endpoint_name),
        "host": host,
        "basePath": base_path,
        "schemes": [scheme],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": _paths(),
        "securityDefinitions": {"api_key": {"type": "apiKey", "name": "Authorization", "in": "header"}},
        # Stated once, not per operation: an old version of the R package cannot walk an operation that holds it.
        "security": [{"api_key": []}],
        "definitions": _definitions(interface),
    }


def swagger_text(document: dict[str, Any]) -> str:
    """Return the document as JSON without a literal ``<`` or ``>``.

    R strips everything between angle brackets before it parses (clients.md section 5), which would tear a category such
    as ``<=50K`` out of the document; JSON's own escapes survive that.
    """
    return json.dumps(document, indent=2).replace("<", "\\u003c").replace(">", "\\u003e")


def _info(title: str, description: str | None, endpoint_name: str) -> dict[str, str]:
    head = {"version": "2.0", "title": title, "description": description or NO_DESCRIPTION}
    return head | {"x-endpoint-name": endpoint_name}


def _paths() -> dict[str, Any]:
    # First /swagger.json, then execute: R takes the second path's first key for the HTTP method (clients.md section 5).
    return {
        "/swagger.json": {"get": _swagger_operation()},
        "/execute?api-version=2.0&format=swagger": {
            "post": _operation(
                "Execute the web service and get a response synchronously",
                "execute",
                [_body("Execution request", "ExecutionRequest")],
                _response("Execution response", _reference("ExecutionResults")),
            )
        },
        **_job_paths(),
    }


def _job_paths() -> dict[str, Any]:
    return {
        "/jobs?api-version=2.0": {
            "post": _operation(
                "Submit an asynchronous job to execute the web service",
                "submitjob",
                [_body("Batch execution request", "BatchExecutionRequest")],
                _response("Job id", {"type": "string"}),
            )
        },
        "/jobs/{jobId}?api-version=2.0": {
            "get": _operation(
                "Get the status for a give job",  # the slip is the service's
                "getjobstatus",
                [_job_id()],
                _response("Job status", _reference("BatchExecutionStatus")),
            ),
            "delete": _operation("Cancel a job", "canceljob", [_job_id()], _response("Job cancelled")),
        },
        "/jobs/{jobId}/start?api-version=2.0": {
            "post": _operation("Start running a job", "startjob", [_job_id()], _response("Job started"))
        },
    }


def _operation(summary: str, name: str, parameters: list[dict[str, Any]], responses: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "operationId": name, "parameters": parameters, "responses": responses}


def _swagger_operation() -> dict[str, Any]:
    version = {"name": "api-version", "in": "query", "description": "API version", "type": "string", "default": "2.0"}
    operation = _operation(
        "Get swagger API document for the web service",
        "getSwaggerDocument",
        [version],
        _response("Swagger API document for this service"),
    )
    return operation | {"security": []}


def _job_id() -> dict[str, Any]:
    return {"name": "jobId", "in": "path", "description": "job id", "required": True, "type": "string"}


def _body(description: str, definition: str) -> dict[str, Any]:
    return {"name": "body", "in": "body", "description": description, "schema": _reference(definition)}


def _response(description: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"200": {"description": description} | ({"schema": schema} if schema else {})}


def _reference(definition: str) -> dict[str, str]:
    # A port may be called anything: JSON Pointer escapes first, then those of a URI fragment.
    return {"$ref": "#/definitions/" + quote(definition.replace("~", "~0").replace("/", "~1"))}


def _definitions(interface: ServiceInterface) -> dict[str, Any]:
    inputs, outputs = interface.inputs, [port for port in interface.outputs if port.kind == "dataset"]
    names = _item_names(inputs, outputs)
    return {
        "ExecutionRequest": _object(
            {"Inputs": _reference("ExecutionInputs"), "GlobalParameters": _reference("GlobalParameters")}
        )
        | {"example": _example(interface)},
        "ExecutionInputs": _object({port.name: _rows(names["input", port.name]) for port in inputs}),
        **{names["input", port.name]: _item(port.columns) for port in inputs},
        "ExecutionResults": _object({"Results": _reference("ExecutionOutputs")}),
        "ExecutionOutputs": _object({port.name: _rows(names["output", port.name]) for port in outputs}),
        **{names["output", port.name]: _item(port.columns) for port in outputs},
        **_batch_definitions(interface),
        "GlobalParameters": _object({one.name: _parameter(one) for one in interface.parameters}),
    }


def _batch_definitions(interface: ServiceInterface) -> dict[str, Any]:
    text = {"type": "string"}
    status = text | {"description": "job status code", "enum": [str(state) for state in WIRE_STATES]}
    return {
        "BatchExecutionRequest": _object(
            {
                "GlobalParameters": _reference("GlobalParameters"),
                "Inputs": _reference("BatchInputs"),
                "Outputs": _reference("BatchOutputs"),
            }
        ),
        "BatchInputs": _object({port.name: _reference(BLOB_REFERENCE) for port in interface.inputs}),
        "BatchOutputs": _object({port.name: _reference(BLOB_REFERENCE) for port in interface.outputs}),
        BLOB_REFERENCE: _object(
            dict.fromkeys(("BaseLocation", "ConnectionString", "RelativeLocation", "SasBlobToken"), text)
        ),
        "BatchExecutionStatus": _object(
            {
                "StatusCode": status | {"default": str(JobState.NOT_STARTED)},
                "Results": {"type": "object"},
                "Details": text,
            }
        ),
    }


WIRE_STATES = (JobState.NOT_STARTED, JobState.RUNNING, JobState.FAILED, JobState.CANCELLED, JobState.FINISHED)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _rows(item: str) -> dict[str, Any]:
    return {"type": "array", "items": _reference(item)}


def _item_names(inputs: tuple[InputPort, ...], outputs: list[OutputPort]) -> dict[tuple[str, str], str]:
    """Name the row definitions ``<port>Item``; an output that shares its name with an input gives way."""
    names = {("input", port.name): port.name + "Item" for port in inputs}
    for port in outputs:
        name = port.name + "Item"
        while name in names.values():
            name = name.removesuffix("Item") + "OutputItem"
        names["output", port.name] = name
    return names


def _item(columns: tuple[Column, ...]) -> dict[str, Any]:
    # All columns are required, as recorded (clients.md section 5); JSON Schema wants no empty list.
    required = {"required": [column.name for column in columns]} if columns else {}
    return {"type": "object", **required, "properties": {column.name: _column(column) for column in columns}}


def _column(column: Column) -> dict[str, Any]:
    known = [value for value in (_typed(text, column.type) for text in column.categories) if value is not None]
    return TYPES[column.type] | ({"enum": list(dict.fromkeys(known))} if known else {})


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = dict(TYPES[parameter.type])
    if parameter.description:
        schema["description"] = parameter.description
    default = _typed(parameter.default, parameter.type)
    return schema if default is None else schema | {"default": default}


def _example(interface: ServiceInterface) -> dict[str, Any]:
    return {
        "Inputs": {port.name: [{column.name: _sample(column) for column in port.columns}] for port in interface.inputs},
        "GlobalParameters": {one.name: _value(one.default, one.type) for one in interface.parameters},
    }


def _sample(column: Column) -> Any:
    if column.sample is None and column.categories:
        return _value(column.categories[0], column.type)
    return _value(column.sample, column.type)


def _value(given: Any, kind: ColumnType) -> Any:
    """Return the value in the JSON type of ``kind``, or where there is none 1, false or "" as the service had it."""
    value = _typed(given, kind)
    if value is not None:
        return value
    return {"number": 1, "integer": 1, "boolean": False}.get(TYPES[kind]["type"], "")


def _typed(given: Any, kind: ColumnType) -> Any:
    """Convert to the JSON type of ``kind``; None for what is missing, not finite or of another type.

    A date is written as Swagger's date-time demands, not as the wire has it; RRS reads both.
    """
    try:
        value = parse(given, kind)
    except CellError:
        return None
    if isinstance(value, datetime):
        return value.isoformat() + "Z"
    if isinstance(value, timedelta):
        return render_span(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
