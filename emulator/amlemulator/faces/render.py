"""One renderer for every refusal: the entry says which envelope (errors.md 0.2)."""

from __future__ import annotations

from typing import Any

from flask import Response

from amlemulator.core.errors import ServiceError
from amlemulator.faces.calls import answer


def _details(error: ServiceError) -> dict[str, Any]:
    # Members in the observed order; target is absent, not null, when there is none.
    details: list[dict[str, str]] = []
    if error.code:
        target = {} if error.target is None else {"target": error.target}
        details = [{"code": error.code, **target, "message": error.message}]
    return {"error": {"code": error.entry.group, "message": error.group_message, "details": details}}


def _flat(error: ServiceError) -> dict[str, Any]:
    return {"error": {"code": error.entry.code, "message": error.message}}


def _studio(error: ServiceError) -> dict[str, Any]:
    shown = {"Code": error.entry.code, "Message": error.message, "Target": error.target}
    return {"Error": {**shown, "Details": [], "InnerError": None, "DebugInfo": None}}


ENVELOPES = {"details": _details, "flat": _flat, "studio": _studio, "control": _flat}


def render_error(error: ServiceError) -> Response:
    """Return the answer that carries the refusal; a wording of ours names its evidence in a header.

    The Studio API's plain ones are text alone (errors.md O14, O15).
    """
    if error.entry.envelope == "plain":
        response = Response(error.message, error.entry.status, content_type="text/plain; charset=utf-8")
    else:
        response = answer(ENVELOPES[error.entry.envelope](error), error.entry.status)
    if error.evidence is not None:
        response.headers["x-amlclassic-evidence"] = error.evidence
    return response
