"""A service whose names hold everything that ends a string somewhere, and what its sample programs must send."""

from __future__ import annotations

from dataclasses import replace

from amlemulator.core.help_documents import patch_request, sample_request
from amlemulator.core.interface import Column, InputPort, Parameter
from amlemulator.faces import help as help_pages
from interfaces import SCORING
from pages import Page
from stand_in import ADDED, SERVICE, WORKSPACE, StandIn

NAME = "한글 \"x\" \\ 'y' {z} \t`$"
INTERFACE = replace(
    SCORING,
    inputs=(InputPort(NAME, (Column(NAME), Column("line\nbreak", "Double"), Column("😀"))), InputPort("any table")),
    parameters=(Parameter(NAME, default=NAME), Parameter("plain")),
    resources=(NAME + " [trained model]",),
)
SERVED = StandIn(INTERFACE)
BASE = SERVED.addresses.base
CALLS = {
    "score": (
        "POST",
        f"/ussouthcentral.services/workspaces/{WORKSPACE.id}/services/{ADDED.id}/execute?api-version=2.0&details=true",
        "Bearer abc123",
        sample_request(INTERFACE),
    ),
    "update": (
        "PATCH",
        f"/management/workspaces/{WORKSPACE.id}/webservices/{SERVICE.id}/endpoints/retrained",
        "Bearer abc123",
        patch_request(INTERFACE.resources, SERVED.addresses.blob_account(WORKSPACE.storage_account)),
    ),
}


def program(page: str, extension: str) -> str:
    """Return the program from the awkward service's page."""
    path = f"/studio/apihelp/workspaces/{WORKSPACE.id}/webservices/{SERVICE.id}/endpoints/{ADDED.id}/{page}"
    return Page(SERVED.client(help_pages).get(path).get_data(as_text=True)).text(f"sampleCode-{extension}")
