"""The one ordered list of what happens to every request.

Outside Flask, once per request: ``stamp`` -> ``address`` -> blob storage, or the host that is meant. Then, before the
view, in the order of ``STAGES``: the region is refused first, then the key, then the body (design, decision 8). Each
stage is a small callable; what it finds out it notes on the Call.

A host is a Flask app (faces/hosts.py), loaded when it is first asked, for Flask is half of a start. Only RRS, the one
call that programs make thousands of times a second, goes past Flask's routing and contexts (``express``): they cost as
much as all the rest of it (benchmarks/rrs.py). Stages and answer are the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from amlcontracts import load
from amlemulator.core.access import bearer, opens_endpoint, opens_workspace
from amlemulator.core.errors import Envelope, ServiceError, failure
from amlemulator.core.regions import DEFAULT_REGION, Host, host_of_label, host_of_name
from amlemulator.engine.faults import ConnectionCut, Rule, refuse
from amlemulator.faces.call import JSON, PEOPLE, Call
from amlemulator.faces.render import Refusal, render_error
from amlemulator.faces.rrs_answers import EXECUTE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from amlemulator.emulator import Emulator

LOG = logging.getLogger(__name__)
RRS = ("services", "POST", "workspaces", "services", "execute")  # the host, the method, every other path segment
RRS_SEGMENTS = 5
BODY_LIMIT: int = load("limits")["request_body_bytes"]

# Without a host in front, the path itself tells whose it is (interface.md, Addresses).
BARE_ROOTS = {"workspaces": "services", "api": "studioapi", "apihelp": "studio", "odata": "services"}


# --- outside Flask -------------------------------------------------------------------------------------------------


def stamp(emulator: Emulator, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Give the request its id and its time, send it on, and note in the journal how it was answered."""
    request_id = emulator.request_ids()
    arrived = emulator.clock.now()
    method, uri = environ["REQUEST_METHOD"], raw_path(environ)

    def stamped(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if not any(name.lower() == "x-ms-request-id" for name, _ in headers):
            headers.append(("x-ms-request-id", request_id))
        call: Call | None = environ.get("amlemulator.call")
        name = call.operation.name if call and call.operation else None
        if call is not None and call.fault is not None:
            spoil(call.fault, headers)
        if not _is_for_people(call):
            emulator.journal.note(request_id, arrived, method, uri, name, int(status[:3]))
        return start_response(status, headers, exc_info)

    token = emulator.gate.enter()
    try:
        return address(emulator, environ, stamped, request_id, arrived)
    except ConnectionCut:
        struck: Call | None = environ.get("amlemulator.call")
        name = struck.operation.name if struck and struck.operation else None
        emulator.journal.note(request_id, arrived, method, uri, name, 0)
        raise ConnectionResetError("The connection was cut, as an armed fault has it.") from None
    finally:
        emulator.gate.leave(token)


def _is_for_people(call: Call | None) -> bool:
    """Whether a page is looked at, which is no call of the service: pages that follow a job would fill the journal."""
    return call is not None and call.operation is not None and call.operation.access in PEOPLE


def address(
    emulator: Emulator, environ: WSGIEnvironment, start_response: StartResponse, request_id: str, arrived: float
) -> Iterable[bytes]:
    """Find out which of the service's hosts is meant, by Host header or by first path segment, and go there.

    Nothing redirects: double slashes, a trailing slash and trailing blanks are answered as they are (clients.md
    section 16 no. 3, documents.md section 17). The path that Flask routes is ``/{role}/...``.
    """
    named = host_of_name(environ.get("HTTP_HOST", ""))
    path = environ["PATH_INFO"]
    if named is not None:
        host, rest = named, path
    else:
        first, _, rest = path.lstrip("/").partition("/")
        host = host_of_label(first) or _bare_host(first, rest)
        if first in BARE_ROOTS or (host.role == "control" and first != "_emulator"):
            rest = path
    if host.role == "studio" and rest.lstrip("/").partition("/")[0] == "api":
        # studio.azureml.net/api is the Python client's default (clients.md section 9).
        host = Host("studioapi", host.region or DEFAULT_REGION)
    if host.role == "blob":
        return to_blobs(emulator, environ, start_response, host, named is not None)
    addresses = replace(emulator.addresses, real=True) if named is not None else emulator.addresses
    call = environ["amlemulator.call"] = Call(request_id, host, addresses, arrived, environ)
    # Blanks alone are a name that nothing has, but at the end: without one the address would be another operation's.
    segments = [part.rstrip(" ") or part for part in rest.rstrip("/ ").split("/") if part]
    if len(segments) == RRS_SEGMENTS and (host.role, call.method, *segments[::2]) == RRS:
        call.arguments = {"workspace_id": segments[1], "endpoint_id": segments[3]}
        return express(emulator, call, start_response)
    environ["PATH_INFO"] = "/".join(["", host.role, *segments])
    return emulator.host(host.role).wsgi_app(environ, start_response)


def express(emulator: Emulator, call: Call, start_response: StartResponse) -> Iterable[bytes]:
    """Answer an RRS call: the stages, then the view, without Flask around them."""
    try:
        call.operation = EXECUTE
        run_stages(emulator, call)
        body = emulator.rrs.answer(call)
    except Exception as error:
        refusal = refused(emulator, call, error)
        start_response(f"{refusal.status} {HTTPStatus(refusal.status).phrase}", list(refusal.headers.items()))
        return [refusal.body]
    start_response("200 OK", [("Content-Type", JSON), ("Content-Length", str(len(body)))])
    return [body]


def _bare_host(first: str, rest: str) -> Host:
    role = BARE_ROOTS.get(first)
    if role == "services" and rest.lstrip("/").partition("/")[2].lstrip("/").startswith("webservices"):
        return Host("management")
    if role == "services":
        return Host("services")
    return Host("studioapi") if role == "studioapi" else Host("studio") if role == "studio" else Host("control")


def to_blobs(
    emulator: Emulator, environ: WSGIEnvironment, start_response: StartResponse, host: Host, by_name: bool
) -> Iterable[bytes]:
    """Hand a request to blob storage as if it had come to the blob listener.

    ``amlemulator.signed_path`` keeps the path as the client knows it, for that is what it signed.
    """
    uri = raw_path(environ)
    path, mark, query = uri.partition("?")
    rest = path if by_name else "/" + path.lstrip("/").partition("/")[2]
    environ["amlemulator.signed_path"] = path
    environ["REQUEST_URI"] = f"/{host.account}{rest}{mark}{query}"
    decoded = environ["PATH_INFO"]
    environ["PATH_INFO"] = f"/{host.account}" + (decoded if by_name else "/" + decoded.lstrip("/").partition("/")[2])
    answer: Iterable[bytes] = emulator.blob_application(environ, start_response)
    return answer


def raw_path(environ: WSGIEnvironment) -> str:
    """Return the request target as it came, query and all; rebuilt where the server does not tell."""
    uri = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if uri:
        # A proxy's client sends the absolute form.
        return str(uri) if uri.startswith("/") else "/" + str(uri).partition("://")[2].partition("/")[2]
    query = environ.get("QUERY_STRING", "")
    return quote(environ["PATH_INFO"].encode("latin-1"), safe="/$!*'(),~;:@&=+") + (f"?{query}" if query else "")


def application(emulator: Emulator) -> WSGIApplication:
    """Return the WSGI callable that serves the whole address tree."""
    return lambda environ, start_response: emulator.entry(emulator, environ, start_response)


# --- before the view ------------------------------------------------------------------------------------------------


def run_stages(emulator: Emulator, call: Call) -> None:
    """Run every stage, in order."""
    for stage in emulator.stages:
        stage(emulator, call)


# The shape of a refusal on each host.
ENVELOPE_OF: dict[str, Envelope] = {
    "services": "details",
    "management": "flat",
    "studioapi": "studio",
    "studio": "control",
    "portal": "control",
}


def strike(emulator: Emulator, call: Call) -> None:
    """Do what an armed fault says. This stage stands in the list only while one is armed."""
    assert call.operation is not None
    if call.host.role != "control":
        path, workspace = raw_path(call.environ), call.arguments.get("workspace_id")
        call.fault = emulator.faults.strike(call.operation.name, path, workspace)
        if call.fault is not None:
            refuse(call.fault, ENVELOPE_OF[call.host.role])


def interfere(emulator: Emulator, call: Call) -> None:
    """Lead a call elsewhere, or nowhere, as an armed effect has it; after ``authenticate``, while one is armed."""
    if call.operation is None or call.workspace is None or call.host.role not in ("services", "management"):
        return
    name, service, endpoint, workspace_id = call.operation.name, call.service, call.endpoint, call.workspace.id
    lists, scores = name == "services.list", service is not None and bool(service.resources)
    hidden = (lists or scores) and emulator.faults.interfere("find", workspace_id, "predictive-not-deployed")
    if hidden and scores:
        management = call.host.role == "management"
        raise failure("NotFound/WebServiceNotFound" if management else "Unauthorized/ScoreRequestUnauthorized")
    call.without_scoring = bool(hidden)
    added = endpoint is not None and not endpoint.is_default and name.startswith("rrs.")
    if added and emulator.faults.interfere("score", workspace_id, "another-endpoint-scored"):
        assert endpoint is not None
        call.endpoint = emulator.directory.endpoint_named(endpoint.service_id, "default") or endpoint


def spoil(fault: Rule, headers: list[tuple[str, str]]) -> None:
    """Do to the answer what an armed fault says."""
    headers += fault.headers.items()
    if fault.cut == "after":
        raise ConnectionCut


def region(emulator: Emulator, call: Call) -> None:
    """Refuse a workspace of another region. Management: 500 (observed, errors.md O4); scoring: as an unknown one."""
    workspace_id = call.arguments.get("workspace_id")
    if workspace_id is None:
        return
    workspace = emulator.directory.workspace(workspace_id)
    elsewhere = workspace is not None and call.host.region not in (None, workspace.region)
    if call.host.role == "management":
        if workspace is None:
            raise failure("management/InvalidWorkspaceId")
        if elsewhere:
            raise failure("management/GetWorkspaceFailed")
    call.workspace = None if elsewhere else workspace


def authenticate(emulator: Emulator, call: Call) -> None:
    """Check the key or token that the operation asks for."""
    assert call.operation is not None
    AUTHENTICATORS[call.operation.access](emulator, call)


def _scoring(emulator: Emulator, call: Call) -> None:
    # An endpoint that the front end does not know answers 401, not 404 (observed for fresh ones, errors.md O11, U1).
    workspace, endpoint = call.workspace, emulator.directory.endpoint(call.arguments["endpoint_id"])
    if workspace is None or endpoint is None or endpoint.workspace_id != workspace.id:
        if emulator.settings.unknown_address == "404":
            raise failure("NotFound/WorkspaceNotFound" if workspace is None else "NotFound/WebServiceNotFound")
        raise failure("Unauthorized/ScoreRequestUnauthorized")
    # An age below zero is no youth: somebody turned the clock back.
    fresh = 0 <= call.arrived - endpoint.created < emulator.settings.fresh_endpoint_seconds
    if fresh or not opens_endpoint(bearer(call.authorization), endpoint):
        raise failure("Unauthorized/ScoreRequestUnauthorized")
    call.endpoint = endpoint
    call.service = emulator.directory.service(endpoint.service_id)


def _workspace(emulator: Emulator, call: Call) -> None:
    token = bearer(call.authorization)
    if call.workspace is None or not opens_workspace(token, call.workspace):
        raise failure("Unauthorized/ManagementRequestUnauthorized")
    _locate(emulator, call)


def _endpoint(emulator: Emulator, call: Call) -> None:
    # An endpoint's own key does for every call on that endpoint (clients.md section 2). Where the call names none, or
    # one that is not there yet, any endpoint of the service vouches (chosen: access.endpoint-key-on-list).
    arguments = call.arguments
    token = bearer(call.authorization)
    assert call.workspace is not None
    if not opens_workspace(token, call.workspace):
        service = emulator.directory.service(arguments.get("service_id", ""))
        here = service is not None and service.workspace_id == call.workspace.id
        named = emulator.directory.endpoint_named(service.id, arguments.get("endpoint_name", "")) if service else None
        everyone = emulator.directory.endpoints(service.id) if service and named is None else ()
        vouching = (named,) if named else everyone
        if not here or not any(opens_endpoint(token, endpoint) for endpoint in vouching):
            raise failure("Unauthorized/ManagementRequestUnauthorized")
    _locate(emulator, call)


def _locate(emulator: Emulator, call: Call) -> None:
    """Find service and endpoint of a management call. Ids as in errors.md section 4."""
    arguments = call.arguments
    service_id, name = arguments.get("service_id"), arguments.get("endpoint_name")
    assert call.workspace is not None
    if service_id is None or (call.method == "PUT" and name is None):
        return
    if len(service_id) != 32 or set(service_id) - set("0123456789abcdef"):
        raise failure("management/InvalidWebServiceId")
    service = emulator.directory.service(service_id)
    if service is None:
        raise failure("NotFound/WebServiceNotFound")
    if service.workspace_id != call.workspace.id:
        raise failure("NotFound/WebServiceIdNotFoundInWorkspace")
    call.service = service
    if name is not None:
        call.endpoint = emulator.directory.endpoint_named(service_id, name)
        if call.endpoint is None and call.method != "PUT":
            raise failure("management/NotFound")


def _studio(emulator: Emulator, call: Call) -> None:
    token = call.header("x-ms-metaanalytics-authorizationtoken") or ""
    if call.workspace is None or not opens_workspace(token, call.workspace):
        if emulator.settings.studio_unauthorized == "text":
            moment = datetime.fromtimestamp(call.arrived, UTC)
            raise failure("studio/UnauthorizedText", call.request_id, f"{moment:%Y-%m-%d %H:%M:%SZ}")
        scheme = "https" if call.addresses.real else call.environ["wsgi.url_scheme"]
        path = raw_path(call.environ).partition("?")[0]
        raise failure("studio/UserError", f"{scheme}://{call.host_header}{path}")


def _anonymous(emulator: Emulator, call: Call) -> None:
    """Anybody may read swagger.json, the API document and the help pages (clients.md section 2)."""


def _control(emulator: Emulator, call: Call) -> None:
    emulator.guard.check(call)


def _page(emulator: Emulator, call: Call) -> None:
    emulator.sessions.admit(call, signed_in=True)


def _visitor(emulator: Emulator, call: Call) -> None:
    emulator.sessions.admit(call, signed_in=False)


AUTHENTICATORS: dict[str, Callable[[Any, Call], None]] = {
    "scoring": _scoring,
    "workspace": _workspace,
    "endpoint": _endpoint,
    "studio": _studio,
    "anonymous": _anonymous,
    "control": _control,
    "page": _page,
    "visitor": _visitor,
}


def limits(emulator: Emulator, call: Call) -> None:
    """Refuse a body over 4 MB. The Studio API's answer is observed (errors.md O15), the others' chosen (U9)."""
    role = call.host.role
    if call.content_length <= BODY_LIMIT:
        return
    if role in ("control", "studio", "portal"):
        raise failure("control/PayloadTooLarge", f"A body has at most {BODY_LIMIT} bytes.")
    if role == "studioapi":
        raise failure("studio/MaximumRequestLength")
    name = "BadArgument/RequestBodyInvalid" if role == "services" else "management/RequestBodyInvalid"
    raise failure(name, evidence="http.body-limit")


STAGES: tuple[Callable[[Any, Call], None], ...] = (region, authenticate, limits)


# --- refusals, and what goes wrong here -----------------------------------------------------------------------------


def refused(emulator: Emulator, call: Call, error: Exception) -> Refusal:
    """Answer a refusal in the host's shape."""
    return render_error(refusal_of(emulator, call, error))


def refusal_of(emulator: Emulator, call: Call, error: Exception) -> ServiceError:
    """Return what is answered: a refusal as it is; for a fault of our own, logged and kept for its test, a 500."""
    if isinstance(error, ServiceError):
        return error
    LOG.error("a fault of the emulator's own at %s %s", call.method, call.environ["PATH_INFO"], exc_info=error)
    emulator.faults_of_ours.append(error)
    role = call.host.role
    if role == "services":
        return failure("InternalError/UnknownError")
    if role == "management":
        return failure("management/InternalError")
    return failure("studio/ServiceError") if role == "studioapi" else failure("control/InternalError", "")
