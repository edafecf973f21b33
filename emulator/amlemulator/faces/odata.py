"""The OData address of an endpoint, which Marketplace knew (documents.md 11.3): its format is not documented."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from amlemulator.core.errors import failure
from amlemulator.faces.calls import mount, route

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

ROOT = "/services/odata/workspaces/<workspace_id>/services/<endpoint_id>"


class OData:
    """The view of the OData address and of whatever lies below it."""

    @route("GET", ROOT, "odata.call", "scoring")
    @route("POST", ROOT, "odata.call", "scoring")
    @route("GET", f"{ROOT}/<path:rest>", "odata.call", "scoring")
    @route("POST", f"{ROOT}/<path:rest>", "odata.call", "scoring")
    def call(self, workspace_id: str, endpoint_id: str, rest: str = "") -> Response:
        """Refuse, with the reason and the address that does the same."""
        raise failure(
            "scoring/NotEmulated",
            "The OData form of a web service is not emulated: nothing documents what it takes and gives. POST to "
            f"/workspaces/{workspace_id}/services/{endpoint_id}/execute?api-version=2.0 instead.",
            evidence="odata.not-emulated",
        )


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the OData address."""
    return mount("odata", OData())
