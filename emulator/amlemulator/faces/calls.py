"""What every face on Flask shares: its blueprint, the call being answered, and how answers are made."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import ClientDisconnected

from amlemulator.core.bodies import parse_json
from amlemulator.faces.call import JSON, Call, Operation, operation, route, to_json

__all__ = [
    "JSON",
    "Call",
    "Operation",
    "answer",
    "current",
    "json_body",
    "mount",
    "nothing",
    "operation",
    "raw_body",
    "route",
    "to_json",
]


def mount(name: str, face: object) -> Blueprint:
    """Return the blueprint of a face: every method of it that ``route`` declared."""
    blueprint = Blueprint(name, __name__)
    for attribute in dir(type(face)):
        # Of the class, for to ask the face itself would make what it makes when first asked.
        for method, path in getattr(getattr(type(face), attribute), "routes", ()):
            blueprint.add_url_rule(path, endpoint=attribute, view_func=getattr(face, attribute), methods=[method])
    return blueprint


def current() -> Call:
    """Return the call being answered."""
    return cast(Call, g.call)


def answer(value: Any, status: int = 200) -> Response:
    """Make a JSON answer."""
    return Response(to_json(value), status, content_type=JSON)


def nothing(status: int = 200) -> Response:
    """Make an answer without a body."""
    response = Response(b"", status)
    response.headers.remove("Content-Type")
    return response


def json_body() -> Any:
    """Return the request's JSON, whatever its Content-Type says (clients.md section 16 no. 2)."""
    return parse_json(raw_body())


def raw_body() -> bytes:
    """Return the request's body; nothing when the caller hung up before its end."""
    try:
        return request.get_data(cache=False)
    except ClientDisconnected:
        return b""
