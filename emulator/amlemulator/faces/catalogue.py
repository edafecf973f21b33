"""What there is to call: the routes as they are declared, how each is known, and one OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amlcontracts import load
from amlcontracts.operations import whole_document
from amlemulator.faces.calls import Operation

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

ROLES = ("services", "management", "studioapi", "studio", "portal", "control")
# The first path segment of each host; that of the scoring and management hosts depends on the region (interface.md).
LABELS = {"services": "ussouthcentral.services", "control": "_emulator"}
# Where each API of contracts/openapi stands in the address tree.
PREFIXES = {
    "rrs-bes": "/ussouthcentral.services",
    "management": "/management",
    "studio": "/studioapi",
    "help": "/studio",
    "control": "/_emulator",
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
            if not f"{rule.rule}/".startswith(f"/{role}/"):
                continue  # a face of several hosts declares the routes of them all
            view: Any = app.view_functions[rule.endpoint]
            rest = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix(f"/{role}"))
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                text = (view.__doc__ or "").strip().partition("\n")[0]
                yield Route(method, f"/{LABELS.get(role, role)}{rest}", view.operation, text)


def openapi(emulator: Emulator) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document of every route, with every body: ``contracts/openapi``, put together.

    What the tables of a scoring call hold depends on its service, whose own swagger.json says it.
    """
    return whole_document(emulator.base_url, PREFIXES)


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
