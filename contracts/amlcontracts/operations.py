"""The operations of the service as ``contracts/openapi`` describes them, and one document of all hosts.

The name of an operation is what evidence, faults and journal call it; one operation may stand at several addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from amlcontracts import load
from amlcontracts.schemas import embedded, needed, references, rewritten

METHODS = ("get", "put", "post", "delete", "patch")
# The order in which people meet them.
APIS = ("rrs-bes", "management", "studio", "help", "control")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one path of one API (a file of ``contracts/openapi``), references to its own parts resolved.

    ``parameters`` are OpenAPI's own, those of the path first. ``bodies`` is content type to schema of the request,
    ``answers`` status to content type to schema; a schema is ``{"$ref": "<name>.schema.json"}`` or written out.
    ``security`` holds the names of the keys or tokens of which one does; empty: anybody may call.
    """

    api: str
    name: str
    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Mapping[str, Any], ...]
    body_required: bool
    bodies: Mapping[str, Any]
    answers: Mapping[int, Mapping[str, Any]]
    security: tuple[str, ...]

    @property
    def shape(self) -> str:
        """The path with its parameters unnamed: ``/workspaces/{}/webservices``."""
        return re.sub(r"{\w+}", "{}", self.path)

    def schema_of_answer(self, status: int, content_type: str) -> str | None:
        """Return the name of the schema of an answer, None when it is not described or written out."""
        schema = self.answers.get(status, {}).get(content_type.partition(";")[0].strip().lower(), {})
        return next(references(schema), None) if "$ref" in schema else None


@cache
def operations(api: str | None = None) -> tuple[Operation, ...]:
    """Return the operations of one API, or of all, in the order of their documents."""
    return tuple(one for name in APIS if api in (None, name) for one in _operations(name, load("openapi")[name]))


def _operations(api: str, document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        shared = item.get("parameters", ())
        for method in METHODS:
            if method in item:
                yield _operation(api, document, method, path, shared, item[method])


def _operation(
    api: str, document: Mapping[str, Any], method: str, path: str, shared: Iterable[Any], facts: Mapping[str, Any]
) -> Operation:
    answers = {int(code): _resolved(document, answer) for code, answer in facts["responses"].items()}
    body = facts.get("requestBody", {})
    return Operation(
        api=api,
        name=facts.get("x-operation", facts["operationId"]),
        id=facts["operationId"],
        method=method.upper(),
        path=path,
        summary=facts["summary"],
        description=facts.get("description", ""),
        parameters=tuple(_resolved(document, one) for one in (*shared, *facts.get("parameters", ()))),
        body_required=body.get("required", False),
        bodies=_schemas(body),
        answers={code: _schemas(answer) for code, answer in answers.items()},
        security=tuple(name for need in facts.get("security", document.get("security", ())) for name in need),
    )


def _schemas(content: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: facts["schema"] for kind, facts in content.get("content", {}).items()}


def _resolved(document: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference into the document's own components; one to a schema stays."""
    reference = value.get("$ref", "")
    if not reference.startswith("#/"):
        return value
    found: Any = document
    for step in reference[2:].split("/"):
        found = found[step]
    return _resolved(document, found)


def whole_document(base: str, prefixes: Mapping[str, str]) -> dict[str, Any]:
    """Return one OpenAPI 3.1 document of several APIs under ``base``, each below its prefix, schemas and all.

    Components are named ``<api>.<name>``, for several APIs have, say, a response called ``refused``.
    """
    paths: dict[str, Any] = {}
    tags: list[dict[str, str]] = []
    components: dict[str, dict[str, Any]] = {}
    for api, prefix in prefixes.items():
        document = _renamed(load("openapi")[api], api)
        shared = document.get("security", [])
        for path, item in document["paths"].items():
            paths[f"{prefix}{path}".removesuffix("/") or "/"] = {
                key: {"security": shared, **facts} if key in METHODS else facts for key, facts in item.items()
            }
        tags += [tag for tag in document["tags"] if tag["name"] not in {one["name"] for one in tags}]
        for kind, named in document.get("components", {}).items():
            components.setdefault(kind, {}).update({f"{api}.{name}": facts for name, facts in named.items()})
    names = dict.fromkeys(references([paths, components]))
    components["schemas"] = {name: embedded(name, _component) for name in needed(*names)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "amlclassic", "version": "2.0", "description": "Azure ML Studio (classic), emulated."},
        "servers": [{"url": base or "/"}],
        "tags": tags,
        "paths": rewritten(paths, _component),
        "components": rewritten(components, _component),
    }


def _component(name: str) -> str:
    return f"#/components/schemas/{name}"


def _renamed(value: Any, api: str) -> Any:
    """Return a copy in which references to components, and the names of keys and tokens, begin with the API's name."""
    if isinstance(value, list):
        return [_renamed(one, api) for one in value]
    if not isinstance(value, dict):
        return value
    copy = {key: _renamed(member, api) for key, member in value.items()}
    if isinstance(value.get("$ref"), str) and value["$ref"].startswith("#/components/"):
        kind, _, name = value["$ref"].removeprefix("#/components/").partition("/")
        copy["$ref"] = f"#/components/{kind}/{api}.{name}"
    if isinstance(value.get("security"), list):
        copy["security"] = [{f"{api}.{name}": scopes for name, scopes in need.items()} for need in value["security"]]
    return copy
