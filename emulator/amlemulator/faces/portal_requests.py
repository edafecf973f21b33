"""The portal's page of the request journal: what programs have called, how it was answered, and how that is known."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from amlcontracts import load
from amlemulator.faces.calls import route
from amlemulator.faces.pages.dress import mount_pages, page
from amlemulator.faces.pages.paging import part_of

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

MARKS = ("observed", "documented", "inferred", "chosen")


class PortalRequests:
    """The view of the journal."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("GET", "/portal/requests", "portal.requests", "page")
    def requests(self) -> Response:
        """Show the journal, the newest call first, each with the evidence of its operation."""
        entries = self._emulator.requests.entries()[::-1]
        part = part_of(entries, lambda one: f"{one['method']} {one['url']} {one['operation']} {one['status']}")
        return page(
            self._emulator,
            "pages/requests.html",
            evidence="portal.requests",
            section="requests",
            part=part,
            known=_known(),
            marks=MARKS,
        )


@cache
def _known() -> dict[str, list[dict[str, Any]]]:
    """Return the evidence of each operation, the best known first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in sorted(load("evidence"), key=lambda one: MARKS.index(one["mark"])):
        for name in entry.get("operations", ()):
            found.setdefault(name, []).append(entry)
    return found


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the route of the journal."""
    return mount_pages("portal-requests", PortalRequests(emulator), emulator)
