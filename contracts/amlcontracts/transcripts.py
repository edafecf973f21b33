"""Calls and answers as people saw them: ``contracts/transcripts``, to be held against the schemas and to be played.

A transcript is one program's calls in order. Its texts have places: ``{key}``, ``{job}`` and so on, which the player
fills; in an answer ``{any}`` stands for anything, and ``{job}`` for what is to be remembered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from amlcontracts import load
from amlcontracts.operations import Operation, operations

PLACE = re.compile(r"{([a-z_]+)}")
ANY = "{any}"
# Whose address an API's paths stand below, among the values of a player.
BASES = {"rrs-bes": "services_url", "management": "management_url", "studio": "studio_url"}
Answer = tuple[int, bytes]
Send = Callable[[str, str, Mapping[str, str], bytes], Answer]


@dataclass(frozen=True, slots=True)
class Call:
    """One request, ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes


def transcripts(*, played: bool | None = None) -> list[dict[str, Any]]:
    """Return the transcripts: all, those that can be played, or those that are recorded only."""
    found: list[dict[str, Any]] = load("transcripts")
    return [one for one in found if played in (None, "at" in one)]


def operation_of(exchange: Mapping[str, Any]) -> Operation:
    """Return the operation that an exchange calls. Raises StopIteration for one that there is none of."""
    return next(one for one in operations() if one.name == exchange["operation"])


def filled(value: Any, values: Mapping[str, str]) -> Any:
    """Return a copy with every place filled that ``values`` has; others stay."""
    if isinstance(value, str):
        return PLACE.sub(lambda place: values.get(place[1], place[0]), value)
    if isinstance(value, list):
        return [filled(one, values) for one in value]
    if isinstance(value, dict):
        return {filled(name, values): filled(one, values) for name, one in value.items()}
    return value


def call_of(exchange: Mapping[str, Any], values: Mapping[str, str]) -> Call:
    """Return the request of an exchange.

    ``values`` has the addresses ``services_url``, ``management_url`` and ``studio_url`` of the workspace's region, the
    ids ``workspace``, ``service`` and ``endpoint``, the endpoint's ``name`` and ``key``, the workspace's ``token``, and
    whatever else the transcript's places name.
    """
    operation, request = operation_of(exchange), exchange["request"]
    own = {**values, **{name: request[name] for name in ("name", "service") if name in request}}
    address = own[BASES[operation.api]] + _path(operation, request, own) + request.get("suffix", "")
    query = f"?{urlencode(request['query'])}" if "query" in request else ""
    headers = filled(request.get("headers", {}), own)
    if (
        operation.security
        and not request.get("anonymous")
        and not any(one.lower() == "authorization" for one in headers)
    ):
        headers["Authorization"] = f"Bearer {own['key' if operation.security == ('key',) else 'token']}"
    content = json.dumps(filled(request["body"], own)).encode() if "body" in request else b""
    return Call(operation.method, quote(address, safe="/:") + query, headers, content)


def _path(operation: Operation, request: Mapping[str, Any], values: Mapping[str, str]) -> str:
    if "path" in request:  # below the endpoint's own address
        return f"/workspaces/{values['workspace']}/services/{values['endpoint']}{filled(request['path'], values)}"
    ids = {name: values[value] for name, value in PARTS.items() if value in values}
    return str(filled(operation.path, ids))


PARTS = {
    "workspace_id": "workspace",
    "service_id": "service",
    "endpoint_id": "endpoint",
    "endpoint_name": "name",
    "job_id": "job",
}


def differences(expected: Mapping[str, Any], answer: Answer, values: MutableMapping[str, str]) -> list[str]:
    """Return how an answer differs from the expected one, a line each; a ``{job}`` is put into ``values``."""
    status, content = answer
    if expected["status"] != status:
        return [f"status {status} instead of {expected['status']}: {content[:200].decode('utf-8', 'replace')}"]
    if "body" not in expected:
        return [] if not content else [f"a body where none is: {content[:200].decode('utf-8', 'replace')}"]
    try:
        body = json.loads(content)
    except ValueError:
        return [f"no JSON: {content[:200].decode('utf-8', 'replace')}"]
    return list(_compared("$", expected["body"], body, values))


def _compared(where: str, expected: Any, found: Any, values: MutableMapping[str, str]) -> Iterator[str]:
    place = PLACE.fullmatch(expected) if isinstance(expected, str) else None
    if expected == ANY:
        return
    if place is not None and place[1] not in values:
        values[place[1]] = str(found)
    elif isinstance(expected, dict) and isinstance(found, dict) and set(expected) == set(found):
        for name, one in expected.items():
            yield from _compared(f"{where}.{name}", one, found[name], values)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, one in enumerate(expected):
            yield from _compared(f"{where}[{number}]", one, found[number], values)
    elif filled(expected, values) != found:
        yield f"{where} is {json.dumps(found)[:200]} instead of {json.dumps(expected)[:200]}"


def play(transcript: Mapping[str, Any], values: Mapping[str, str], send: Send) -> list[str]:
    """Make the calls of a transcript in order, and return how the answers differ from those expected, a line each."""
    own = dict(values)
    found: list[str] = []
    for exchange in transcript["exchanges"]:
        call = call_of(exchange, own)
        answer = send(call.method, call.url, call.headers, call.content)
        told = differences(exchange["answer"], answer, own)
        found += [f"{transcript['id']}, {exchange['operation']}: {one}" for one in told]
    return found
