"""Listening to whole exchanges, as a stage of the pipeline and around it; in place only while somebody listens.

What an armed fault answered is not kept: it is no promise of the service.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from amlemulator import pipeline
from amlemulator.core.access import bearer
from amlemulator.faces.call import PEOPLE, Call

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from amlemulator.core.records import Endpoint, WebService
    from amlemulator.emulator import Emulator

LONGEST = 4 * 1024 * 1024  # bytes of a request's body, as the pipeline allows
HEADERS = ("Content-Type", "Accept")  # what a service may go by
PLACE = "amlemulator.exchange"


def listen(emulator: Emulator, call: Call) -> None:
    """Note the request, before anything refuses it, where somebody listens to its workspace: a stage."""
    workspace_id = call.arguments.get("workspace_id")
    access = call.operation.access if call.operation else "control"
    if access in (*PEOPLE, "control") or not emulator.exchanges.listens_to(workspace_id):
        return
    if call.content_length > LONGEST:  # which is refused for its length
        return
    body = call.body
    call.environ["wsgi.input"] = io.BytesIO(body)
    call.environ[PLACE] = _request(emulator, call, body)


def _request(emulator: Emulator, call: Call, body: bytes) -> dict[str, Any]:
    directory, arguments = emulator.directory, call.arguments
    assert call.operation is not None
    endpoint = directory.endpoint(arguments.get("endpoint_id", ""))
    service = directory.service(endpoint.service_id if endpoint else arguments.get("service_id", ""))
    if endpoint is None and service is not None and "endpoint_name" in arguments:
        endpoint = directory.endpoint_named(service.id, arguments["endpoint_name"])
    headers = {name.lower(): call.environ.get(_variable(name)) for name in HEADERS}
    return {
        "operation": call.operation.name,
        "method": call.method,
        "url": pipeline.raw_path(call.environ),
        "arguments": dict(arguments),
        "service": service.name if service else None,
        "endpoint": endpoint.name if endpoint else None,
        "caller": _caller(emulator, call, service, endpoint),
        "headers": {name: text for name, text in headers.items() if text},
        "body": text_of(body),
    }


def _variable(header: str) -> str:
    return "CONTENT_TYPE" if header == "Content-Type" else f"HTTP_{header.upper()}"


def _caller(emulator: Emulator, call: Call, service: WebService | None, endpoint: Endpoint | None) -> str:
    """Say with whose key or token somebody calls. For an endpoint that is not there yet, any of the service vouches."""
    workspace = emulator.directory.workspace(call.arguments["workspace_id"])
    studio = call.header("x-ms-metaanalytics-authorizationtoken")
    given = bearer(call.authorization) or studio
    if not given:
        return "nobody" if call.authorization is None else "stranger"
    here = [endpoint] if endpoint else emulator.directory.endpoints(service.id) if service else []
    known = {one.secondary_key: "secondary key" for one in here} | {one.primary_key: "key" for one in here}
    if workspace is not None:
        known |= {workspace.secondary_token: "secondary token", workspace.primary_token: "token"}
    return known.get(given, "stranger")


def text_of(content: bytes) -> Any:
    """Return a body as JSON holds it: its text, or for what is none ``{"base64": text}``."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(content).decode()}


def recorded(emulator: Emulator, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a request by the pipeline, and keep the exchange if the stage has noted the request."""
    answered: dict[str, Any] = {}

    def listening(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        answered.update(status=int(status[:3]), headers=headers)
        return start_response(status, headers, exc_info)

    answer = pipeline.stamp(emulator, environ, listening)
    request: dict[str, Any] | None = environ.get(PLACE)
    call: Call | None = environ.get("amlemulator.call")
    if request is None or call is None or call.fault is not None:
        return answer
    try:
        content = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    shown = {name.lower(): text for name, text in answered["headers"]}
    answer_of = {"status": answered["status"], "answer_headers": shown, "answer": text_of(content)}
    emulator.exchanges.note(call.arguments["workspace_id"], {**request, **answer_of})
    return [content]
