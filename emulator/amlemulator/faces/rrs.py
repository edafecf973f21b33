"""The Request-Response Service: score now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from amlemulator.faces.calls import JSON, current, mount, route
from amlemulator.faces.rrs_answers import EXECUTE

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

ROOT = "/services/workspaces/<workspace_id>/services/<endpoint_id>"


class Views:
    """The views of RRS."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("POST", f"{ROOT}/execute", EXECUTE.name, EXECUTE.access)
    def execute(self, workspace_id: str, endpoint_id: str) -> Response:
        """Score the rows of the request, where the call came through Flask."""
        return Response(self._emulator.rrs.answer(current()), content_type=JSON)

    @route("POST", f"{ROOT}/score", "rrs.score-v1", "scoring")
    def score_v1(self, workspace_id: str, endpoint_id: str) -> Response:
        """Score one row, in the form of API version 1."""
        return Response(self._emulator.rrs.answer_legacy(current()), content_type=JSON)


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of RRS."""
    return mount("rrs", Views(emulator))
