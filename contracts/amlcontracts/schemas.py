"""The JSON Schemas (2020-12) of every body, request and answer: ``contracts/schemas``, one body a file.

A file refers to others by their names; what this module gives is in one piece, so that any validator takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from amlcontracts import load

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SUFFIX = ".schema.json"
Schema = dict[str, Any]


def name_of(reference: str) -> str | None:
    """Return the schema that a reference names (``../schemas/job-id.schema.json`` means ``job-id``), or None."""
    return reference.rpartition("/")[2].removesuffix(SUFFIX) if reference.endswith(SUFFIX) else None


def rewritten(value: Any, address: Callable[[str], str]) -> Any:
    """Return a copy of a schema or document in which each reference to a schema is the ``address`` of its name."""
    if isinstance(value, list):
        return [rewritten(one, address) for one in value]
    if not isinstance(value, dict):
        return value
    copy = {name: rewritten(member, address) for name, member in value.items()}
    named = name_of(value["$ref"]) if isinstance(value.get("$ref"), str) else None
    return {**copy, "$ref": address(named)} if named is not None else copy


def references(value: Any) -> Iterator[str]:
    """Yield the names of the schemas that a schema or document refers to, as often as it does."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and isinstance(value.get("$ref"), str):
        named = name_of(value["$ref"])
        if named is not None:
            yield named
    for member in members:
        yield from references(member)


def needed(*names: str) -> dict[str, Schema]:
    """Return the named schemas and all that they refer to, by name. Raises KeyError for an unknown name."""
    found: dict[str, Schema] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = load("schemas")[name]
            waiting += references(found[name])
    return found


def embedded(name: str, address: Callable[[str], str]) -> Schema:
    """Return one schema as it stands inside another document: without a name and a dialect of its own."""
    schema = {key: value for key, value in load("schemas")[name].items() if key not in ("$id", "$schema")}
    changed: Schema = rewritten(schema, address)
    return changed


@cache
def bundled(name: str) -> Schema:
    """Return a schema with all that it refers to, in one piece. Raises KeyError for an unknown name."""
    definitions = {one: embedded(one, _place) for one in needed(name)}
    return {"$schema": DIALECT, "$ref": _place(name), "$defs": definitions}


def _place(name: str) -> str:
    return f"#/$defs/{name}"


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the reference implementation's validator of a body. Needs jsonschema, which the wheel does not bring."""
    from jsonschema import Draft202012Validator

    return Draft202012Validator(bundled(name))


def faults(name: str, value: Any) -> list[str]:
    """Return what of ``value`` its schema does not allow, a line each: where, and what; nothing when all is well."""
    found = sorted(validator(name).iter_errors(value), key=lambda fault: fault.json_path)
    return [f"{fault.json_path}: {fault.message}" for fault in found]
