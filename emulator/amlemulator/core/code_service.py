"""Code services: functions that the Python and R clients published (clients.md section 8).

The bundle (a pickled function, an R image) is stored as it came and never run. The schema makes the service known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amlemulator.core.bodies import object_member, text_member
from amlemulator.core.errors import failure
from amlemulator.core.interface import Column, ColumnType, InputPort, OutputPort, ServiceInterface

TYPES: dict[tuple[str, str], ColumnType] = {
    ("integer", "int64"): "Int64",
    ("integer", "int32"): "Int32",
    ("number", "double"): "Double",
    ("boolean", ""): "Boolean",
    ("string", ""): "String",
    ("string", "date-time"): "DateTime",
}


def read_code_bundle(body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return name and bundle of a PUT webservices request.

    Raises BadArgument/WebServiceTypeInvalid for another type than Code, WebServicePackageError/FormatError for a bundle
    that is none.
    """
    if (body.get("Type") or "Code") != "Code":
        raise failure("BadArgument/WebServiceTypeInvalid", "Code")
    bundle = body.get("CodeBundle")
    if not isinstance(bundle, dict):
        raise failure("BadArgument/MissingWebServicePackage")
    for name in ("InputSchema", "OutputSchema"):
        for column, schema in object_member(bundle, name).items():
            if not isinstance(schema, dict) or not isinstance(schema.get("enum") or [], list):
                raise failure("WebServicePackageError/FormatError", f"{name} of '{column}' is no schema")
    return text_member(body, "Name") or "", bundle


def _columns(schema: Mapping[str, Mapping[str, Any]]) -> tuple[Column, ...]:
    return tuple(Column(name, _type(facts), tuple(facts.get("enum") or ())) for name, facts in schema.items())


def _type(facts: Mapping[str, Any]) -> ColumnType:
    # The Python client writes "Boolean" with a capital (clients.md section 5).
    kind, form = str(facts.get("type", "string")).lower(), str(facts.get("format", "")).lower()
    return TYPES.get((kind, form)) or TYPES.get((kind, "")) or ("Double" if kind == "number" else "String")


def code_interface(bundle: Mapping[str, Any]) -> ServiceInterface:
    """Return what a code service takes and gives: one input, and besides its result the output of the script."""
    inputs = _columns(object_member(bundle, "InputSchema"))
    outputs = _columns(object_member(bundle, "OutputSchema"))
    script_output = Column("Script output")
    return ServiceInterface(
        kind="scoring",
        inputs=(InputPort("input1", inputs),),
        outputs=(OutputPort("output1", columns=outputs), OutputPort("output2", columns=(script_output,))),
    )
