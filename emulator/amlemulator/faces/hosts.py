"""A logical host of the service as a Flask app: its faces' routes, with the pipeline's stages before every view."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from amlemulator.core.errors import ServiceError, failure
from amlemulator.faces.call import Call
from amlemulator.pipeline import refusal_of, refused, run_stages

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

# The faces of each logical host, in the order in which their routes are added.
FACES: dict[str, tuple[str, ...]] = {
    "services": ("rrs", "bes", "swagger", "odata", "probe"),
    "management": ("management", "swagger", "probe"),
    "studioapi": ("studio", "studio_experiments", "probe"),
    "studio": ("studio_pages", "help", "swagger"),
    "portal": (
        "portal",
        "portal_endpoints",
        "portal_jobs",
        "portal_requests",
        "portal_retraining",
        "portal_models",
        "portal_diagnosis",
    ),
    "control": ("control", "control_workspaces", "control_proxies", "failure_pages", "deployment"),
}


def make_host(emulator: Emulator, role: str) -> Flask:
    """Return the app of one host, complete."""
    app = Flask(f"amlemulator.{role}", static_folder=None, root_path=str(Path(__file__).parents[1]))
    # OPTIONS is not emulated: Flask's own answer would be a made-up success (design, decision 12).
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    # Nothing redirects: no 308 for slashes (design, decision 1); the pipeline has tidied the path.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    for face in FACES[role]:
        app.register_blueprint(import_module(f"amlemulator.faces.{face}").blueprint(emulator))
    app.before_request(lambda: begin(emulator))
    app.register_error_handler(Exception, lambda error: refuse(emulator, error))
    return app


def begin(emulator: Emulator) -> None:
    """Take the Call from the environment, find the operation, or refuse an unknown route or method; run the stages."""
    call: Call = request.environ["amlemulator.call"]
    g.call = call
    problem = request.routing_exception
    if problem is not None:
        raise _no_route(call.host.role, problem)
    assert request.endpoint is not None
    view: Any = current_app.view_functions[request.endpoint]
    call.operation = view.operation
    call.arguments = request.view_args or {}
    run_stages(emulator, call)


def _no_route(role: str, problem: HTTPException) -> ServiceError:
    family = {"services": "scoring", "management": "management", "studioapi": "studio"}.get(role, "control")
    if isinstance(problem, MethodNotAllowed):
        return failure(f"{family}/MethodNotAllowed", request.method, evidence="http.method-not-allowed")
    if family == "scoring":
        return failure("NotFound")
    if family == "management":
        return failure("management/NotFound")
    return failure(f"{family}/NotFound", f"There is no resource at {request.path}.", evidence="http.unknown-route")


def refuse(emulator: Emulator, error: Exception) -> Response:
    """Answer whatever a stage or a view raised: a person with a page, a program in the host's shape."""
    response = _refusal(emulator, error)
    problem = request.routing_exception
    if isinstance(problem, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(problem.valid_methods or ()))  # RFC 9110, 15.5.6
    return response


def _refusal(emulator: Emulator, error: Exception) -> Response:
    call: Call = request.environ["amlemulator.call"]
    if _is_person(call):
        from amlemulator.faces.pages.dress import refusal_page

        return refusal_page(emulator, refusal_of(emulator, call, error))
    refusal = refused(emulator, call, error)
    return Response(refusal.body, refusal.status, refusal.headers)


def _is_person(call: Call) -> bool:
    """Whether a person looks at the answer: browsers say that they take HTML, programs never do."""
    return call.host.role in ("portal", "studio") and "text/html" in (call.header("Accept") or "")
