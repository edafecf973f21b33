"""One renderer for every refusal: the entry says which envelope (errors.md 0.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amlemulator.core.errors import ServiceError
from amlemulator.faces.call import JSON, to_json


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that refuses, whoever writes it: the server's own callable or Flask."""

    body: bytes
    status: int
    headers: dict[str, str]


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


def render_error(error: ServiceError) -> Refusal:
    """Return the answer that carries the refusal; a wording of ours names its evidence in a header.

    The Studio API's plain ones are text alone (errors.md O14, O15).
    """
    if error.entry.envelope == "plain":
        body, content_type = error.message.encode(), "text/plain; charset=utf-8"
    else:
        body, content_type = to_json(ENVELOPES[error.entry.envelope](error)), JSON
    headers = {"Content-Type": content_type, "Content-Length": str(len(body))}
    if error.evidence is not None:
        headers["x-amlclassic-evidence"] = error.evidence
    return Refusal(body, error.entry.status, headers)
