"""The JSON Schema of experiment files, made from the modules: editors complete and check by it.

``contracts/schemas/experiment.schema.json`` is what :func:`experiment_schema` returns; a test holds both equal.
"""

from __future__ import annotations

from typing import Any, get_args

from amlemulator.core.interface import ColumnType
from amlemulator.experiments import columns
from amlemulator.experiments.modules import Module, Parameter, Port
from amlemulator.experiments.palette import registry

# The members of each kind of mapping in an experiment file, with what each must be.
MEMBERS: dict[str, dict[str, Any]] = {
    "top": {"experiment": (str, int, float), "nodes": list, "web service parameters": list},
    "node": {"id": (str, int), "module": str, "parameters": dict, "inputs": dict, "columns": list},
    "parameter": {"name": (str, int), "sets": list, "default": object, "type": str, "description": str},
}
_WIRE = {"type": "string", "description": "A node's id (its first output), or id.Port name"}
_COLUMNS = {"type": "array", "items": {"$ref": "#/$defs/column"}}


def experiment_schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12) of an experiment file."""
    modules = registry()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "experiment.schema.json",
        "title": "An experiment: a graph of Studio (classic) modules",
        "type": "object",
        "required": ["experiment", "nodes"],
        "additionalProperties": False,
        "properties": {
            "experiment": {"type": "string", "minLength": 1, "description": "The name of the experiment"},
            "nodes": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/node"}},
            "web service parameters": {"type": "array", "items": {"$ref": "#/$defs/parameter"}},
        },
        "$defs": {"node": _node(modules), "parameter": _parameter(), "column": _column(), "selection": _selection()},
    }


def _node(modules: dict[str, Module]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "module"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "pattern": "^[^.]+$", "description": "What wires call the node"},
            "module": {"enum": list(modules)},
            "parameters": {"type": "object"},
            "inputs": {"type": "object"},
            "columns": {**_COLUMNS, "description": "The schema kept at a web service port"},
        },
        "allOf": [
            {
                "if": {"properties": {"module": {"const": name}}, "required": ["module"]},
                "then": {"properties": {"parameters": _parameters(module), "inputs": _inputs(module)}},
            }
            for name, module in modules.items()
        ],
    }


def _parameters(module: Module) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for spec in module.parameters:
        properties[spec.name] = _value(spec)
        if spec.wire:
            properties.setdefault(spec.wire, {**_value(spec), "description": f"As in Studio's graphs: {spec.name}"})
    return {"additionalProperties": False, "properties": properties}


def _value(spec: Parameter) -> dict[str, Any]:
    """Describe a parameter's value; words in another case and numbers as text are taken too, so no more is said."""
    kinds: dict[str, dict[str, Any]] = {
        "text": {"type": ["string", "number", "boolean", "null"]},
        "integer": {"type": ["integer", "string", "null"]},
        "real": {"type": ["number", "string", "null"]},
        "boolean": {"type": ["boolean", "string", "null"]},
        "choice": {"anyOf": [{"enum": list(spec.choices)}, {"type": ["string", "number", "boolean", "null"]}]},
        "columns": {"anyOf": [{"$ref": "#/$defs/selection"}, {"type": "null"}]},
        "data": {"type": "object"},
    }
    schema = dict(kinds[spec.kind])
    if not spec.name or spec.kind == "text":
        schema.pop("type")  # YAML makes dates, too, of what people write
    for member, bound in (("minimum", spec.minimum), ("maximum", spec.maximum)):
        if bound is not None:
            schema[member] = bound
    if spec.default is not None:
        schema["default"] = spec.default
    return schema


def _inputs(module: Module) -> dict[str, Any]:
    return {
        "additionalProperties": False,
        "required": [port.name for port in module.inputs if not port.optional],
        "properties": {port.name: _port(port) for port in module.inputs},
    }


def _port(port: Port) -> dict[str, Any]:
    return {
        "description": f"A {port.kind}" + (" (optional)" if port.optional else ""),
        "anyOf": [_WIRE, {"type": "array", "items": _WIRE, "minItems": 1, "maxItems": 2}],
    }


def _parameter() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["name", "sets"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "sets": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "pattern": "^[^.]+[.].+$", "description": "node.Parameter name"},
            },
            "default": {"description": "Without one, callers must give the parameter"},
            "type": {"enum": list(get_args(ColumnType))},
            "description": {"type": "string"},
        },
    }


def _selection() -> dict[str, Any]:
    """Describe Studio's column selector as ``columns.fault`` has it."""

    def one_of(**members: Any) -> dict[str, Any]:
        return {"type": "object", "minProperties": 1, "maxProperties": 1, **_closed(members)}

    names = {"type": "array", "items": {"type": ["string", "number"]}}
    types = {"enum": list(columns.TYPES)}
    chosen = one_of(
        names={"anyOf": [names, {"type": "string"}]},
        indices={"type": ["string", "integer"], "description": "From 1: 1-4,6"},
        types={"anyOf": [types, {"type": "array", "items": types}]},
        all={"enum": list(columns.ROLES)},
    )
    rules = {
        "begin with": {"enum": list(columns.BEGINNINGS)},
        "rules": {"type": "array", "items": one_of(include=chosen, exclude=chosen)},
        "keep order and duplicates": {"type": "boolean"},
    }
    return {"anyOf": [names, {"type": "string", "description": "age,sex"}, {"type": "object", **_closed(rules)}]}


def _closed(members: dict[str, Any]) -> dict[str, Any]:
    return {"additionalProperties": False, "properties": members}


def _column() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string"},
            "type": {"enum": list(get_args(ColumnType))},
            "categories": {"type": "array"},
            "sample": {},
        },
    }
