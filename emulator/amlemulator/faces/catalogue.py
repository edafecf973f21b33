"""What there is to call, read off the routes as they are declared: an OpenAPI document, and how each is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amlcontracts import load
from amlemulator.faces.calls import Operation

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

ROLES = ("services", "management", "studioapi", "studio", "control")
# The first path segment of each host; that of the scoring and management hosts depends on the region (interface.md).
LABELS = {"services": "ussouthcentral.services", "control": "_emulator"}
SECURITY = {"scoring": "key", "endpoint": "key", "workspace": "token", "studio": "studioToken"}
SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An endpoint's key, or for management a token."},
    "token": {"type": "http", "scheme": "bearer", "description": "The workspace's authorization token."},
    "studioToken": {"type": "apiKey", "in": "header", "name": "x-ms-metaanalytics-authorizationtoken"},
}


@dataclass(frozen=True, slots=True)
class Route:
    """One method at one path, as a face declares it."""

    method: str
    path: str
    operation: Operation
    text: str


def routes(emulator: Emulator) -> Iterator[Route]:
    """Return every route of every host, in the order of the hosts."""
    for role in ROLES:
        app = emulator.host(role)
        for rule in app.url_map.iter_rules():
            view: Any = app.view_functions[rule.endpoint]
            rest = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix(f"/{role}"))
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                text = (view.__doc__ or "").strip().partition("\n")[0]
                yield Route(method, f"/{LABELS.get(role, role)}{rest}", view.operation, text)


def openapi(emulator: Emulator) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document of every route: where, who may call, and what it is for.

    Bodies are not in it: a scoring call's depend on its service, whose own swagger.json has them.
    """
    paths: dict[str, dict[str, Any]] = {}
    seen: dict[str, int] = {}
    for route in routes(emulator):
        name = route.operation.name
        seen[name] = seen.get(name, 0) + 1
        paths.setdefault(route.path, {})[route.method.lower()] = {
            "operationId": name if seen[name] == 1 else f"{name}-{seen[name]}",
            "tags": [name.partition(".")[0]],
            "summary": route.text,
            "security": [{SECURITY[route.operation.access]: []}] if route.operation.access in SECURITY else [],
            "parameters": [_parameter(place) for place in re.findall(r"{(\w+)}", route.path)],
            "responses": {"default": {"description": "See the evidence of the operation, and the error catalogue."}},
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "amlclassic", "version": "2.0", "description": "Azure ML Studio (classic), emulated."},
        "servers": [{"url": emulator.base_url or "/"}],
        "paths": paths,
        "components": {"securitySchemes": SCHEMES},
    }


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def coverage(emulator: Emulator) -> list[dict[str, Any]]:
    """Return every operation with its routes and its evidence: id, mark and test of each entry."""
    evidence: dict[str, list[dict[str, str]]] = {}
    for entry in load("evidence"):
        for name in entry.get("operations", ()):
            evidence.setdefault(name, []).append({part: entry[part] for part in ("id", "mark", "test")})
    found: dict[str, dict[str, Any]] = {}
    for route in routes(emulator):
        name = route.operation.name
        shown = found.setdefault(name, {"operation": name, "routes": [], "evidence": evidence.get(name, [])})
        shown["routes"].append(f"{route.method} {route.path}")
    return list(found.values())
