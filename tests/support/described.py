"""Whether an answer is one that ``contracts/openapi`` describes: every answer that a test gets is looked at."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs

from amlcontracts.operations import Operation, operations
from amlcontracts.schemas import bundled

APIS = {
    "services": "rrs-bes",
    "management": "management",
    "studioapi": "studio",
    "studio": "help",
    "control": "control",
}
# Answered before or around every operation: an unknown route, another method, a body too large, a fault of ours.
ANYWHERE = {404, 405, 413, 500}


@cache
def described(role: str, name: str, method: str) -> tuple[Operation, ...]:
    """Return the descriptions of an operation at one host."""
    return tuple(one for one in operations(APIS.get(role)) if (one.name, one.method) == (name, method))


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(bundled(name))


def faults(role: str, name: str, method: str, status: int, content_type: str | None, body: bytes) -> list[str]:
    """Return what of an answer is not described; nothing when all is well."""
    known = described(role, name, "GET" if method == "HEAD" else method)
    if not known:
        return [f"{method} of {name} is not described"]
    if all(status not in one.answers for one in known):
        return [] if status in ANYWHERE else [f"{name} is not described to answer {status}"]
    kinds = {kind for one in known for kind in one.answers.get(status, {})}
    kind = (content_type or "").partition(";")[0]
    if (kind not in kinds) if kinds else (kind != ""):
        return [f"{name} is described to answer {status} with {sorted(kinds) or 'no body'}, not {kind or 'no body'}"]
    schemas = [schema for one in known if (schema := one.schema_of_answer(status, kind))]
    if not schemas or kind != "application/json" or method == "HEAD":
        return []
    value = json.loads(body)
    if any(_alternatives(one, status, kind, value) for one in known):
        return []
    found = [f"{error.instance_path}: {error.message}" for error in _validator(schemas[0]).iter_errors(value)]
    return [f"{name} answers {status} with what {schemas[0]} does not allow: {fault[:300]}" for fault in found]


def _alternatives(operation: Operation, status: int, kind: str, value: Any) -> bool:
    schema = operation.answers.get(status, {}).get(kind, {})
    choices = schema.get("anyOf", [schema])
    return any(_validator(_name(choice)).is_valid(value) for choice in choices)


def _name(schema: dict[str, str]) -> str:
    return schema["$ref"].rpartition("/")[2].removesuffix(".schema.json")
