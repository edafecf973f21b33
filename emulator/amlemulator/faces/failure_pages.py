"""The documented failures on the control plane: pages that explain them, and a button that sets one up.

A program gets JSON where a browser gets a page; both are guarded as the rest of the control plane is, so no page of
another site can arm anything.
"""

from __future__ import annotations

import json
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request

from amlemulator.core.bodies import parse_json
from amlemulator.core.errors import ServiceError
from amlemulator.core.errors import failure as refusal
from amlemulator.core.records import Workspace
from amlemulator.engine.faults import read_rule
from amlemulator.faces.calls import answer, mount, nothing, raw_body, route
from amlemulator.faces.pages.dress import POLICY, root, static
from amlemulator.faces.pages.languages import LANGUAGES as NAMES_OF_LANGUAGES
from amlemulator.faces.pages.languages import catalogue
from amlemulator.failures.arming import WHEN, Arming, Beside, missing_settings, set_up_beside
from amlemulator.failures.catalogue import LANGUAGES, Failure, failures, find, sections
from amlemulator.failures.patterns import described

if TYPE_CHECKING:
    from jinja2 import Environment

    from amlemulator.emulator import Emulator

TEMPLATES = Path(__file__).parent / "templates" / "failures"
ROOT = "/control/failures"
HERE = "/_emulator/failures"
NUMBERS = {"nth": int, "count": int, "share": float, "seconds": float}


class FailurePages:
    """The views of the failures."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._arming = Arming(emulator)

    @cached_property
    def _models(self) -> Any:
        from amlemulator.failures.material import Models  # samples and csv, which no other face needs

        return Models()

    @route("GET", ROOT, "control.failures", "control")
    def index(self) -> Response:
        """List the documented failures, in the order of the user's document."""
        armed = [one.to_json() for one in self._arming.armed()]
        if not _wants_page():
            return answer({"failures": [_summary(one) for one in failures()], "armed": armed})
        listed = [(titles, [one for one in failures() if one.section == section]) for section, titles in sections()]
        return _page("index", here=HERE, sections=listed, armed={one["failure"] for one in armed})

    @route("GET", f"{ROOT}/<failure_id>", "control.failure", "control")
    def show(self, failure_id: str) -> Response:
        """Explain one failure, and say where it is armed."""
        return self._shown(_known(failure_id))

    @route("POST", f"{ROOT}/<failure_id>", "control.arm-failure", "control")
    def arm(self, failure_id: str) -> Response:
        """Set a failure up, so that a program meets it: in a workspace, or with its own calls in one of its own."""
        known, given = _known(failure_id), {}
        try:
            given = _given()
            workspace = given.pop("workspace", None) or self._first_workspace()
            if not given.pop("beside", False):
                armed = self._arming.arm(known, str(workspace), given)
                return self._shown(known, 201) if _wants_page() else answer(armed.to_json(), 201)
            beside = set_up_beside(self._emulator, known, self._models)
        except ServiceError as error:
            if not _wants_page():
                raise
            return self._shown(known, error.entry.status, error=error.message)
        made = {"failure": known.id, "workspace": beside.workspace, "calls": list(beside.calls)}
        return self._shown(known, 201, beside=beside) if _wants_page() else answer(made, 201)

    @route("DELETE", f"{ROOT}/<failure_id>", "control.disarm-failure", "control")
    def disarm(self, failure_id: str) -> Response:
        """Disarm a failure wherever it is armed."""
        self._arming.disarm(_known(failure_id).id)
        return nothing(204)

    @route("POST", f"{ROOT}/<failure_id>/disarm", "control.take-back-failure", "control")
    def disarm_by_form(self, failure_id: str) -> Response:
        """Disarm a failure, for a page's button: forms know no DELETE."""
        known = _known(failure_id)
        self._arming.disarm(known.id)
        return self._shown(known)

    def _workspaces(self) -> tuple[Workspace, ...]:
        return tuple(self._emulator.directory.workspaces())

    def _first_workspace(self) -> str:
        return next((one.id for one in self._workspaces()), "")

    def _shown(
        self, known: Failure, status: int = 200, *, beside: Beside | None = None, error: str | None = None
    ) -> Response:
        armed, fault = self._arming.armed(known.id), known.data["arm"]["fault"]
        if not _wants_page():
            return answer({"failure": known.data, "armed": [one.to_json() for one in armed]}, status)
        return _page(
            "failure",
            status,
            here=f"{HERE}/{known.id}",
            failure=known,
            answers=[(step["call"], described(step["answer"])) for step in known.steps("calls") if "call" in step],
            names={one.id: f"{one.name} ({one.region})" for one in self._workspaces()},
            workspaces=self._workspaces(),
            armed=armed,
            hits={one["id"]: one["hits"] for one in self._emulator.faults.list()},
            moment=read_rule(fault).moment or "call",
            usual=next(((name, fault[name]) for name in WHEN if name in fault), ("count", 1)),
            flags=missing_settings(self._emulator, known),
            beside=beside,
            error=error,
        )


def _known(failure_id: str) -> Failure:
    found = find(failure_id)
    if found is None:
        raise refusal("control/NotFound", f"There is no failure {failure_id}.", evidence="control.failures")
    return found


def _summary(failure: Failure) -> dict[str, Any]:
    titles = {language: failure.text("title", language) for language in LANGUAGES}
    return {"id": failure.id, "section": failure.section, "title": titles, "can_be_armed": True}


def _wants_page() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _given() -> dict[str, Any]:
    """Return what the form or the JSON says, empty members left out. Raises 400 of the control plane."""
    raw = raw_body()
    try:
        if request.mimetype == "application/x-www-form-urlencoded":
            given = _form(raw)
        else:
            given = parse_json(raw) if raw.strip() else {}
    except (ServiceError, ValueError) as error:
        raise refusal("control/BadRequest", "The body is no JSON, or a number in it is none.") from error
    if not isinstance(given, dict) or not set(given) <= {"workspace", "beside", *WHEN} or not _says(given, "beside"):
        raise refusal("control/BadRequest", f"Send an object with: workspace, beside, {', '.join(WHEN)}.")
    return given


def _says(given: dict[str, Any], member: str) -> bool:
    """Whether a member is true, false, or not there."""
    return isinstance(given.get(member, False), bool)


def _form(raw: bytes) -> dict[str, Any]:
    """Read a form: which calls are meant is a choice (``which``) and a number (``number``)."""
    fields = dict(parse_qsl(raw.decode("utf-8", "replace")))
    given: dict[str, Any] = {"workspace": fields["workspace"]} if fields.get("workspace") else {}
    which, number = fields.get("which", ""), fields.get("number", "1").strip()
    if fields.get("beside"):
        given["beside"] = True
    if which:
        given[which] = NUMBERS.get(which, str)(number)
    return given


@cache
def _words() -> dict[str, dict[str, str]]:
    words: dict[str, dict[str, str]] = json.loads((TEMPLATES / "words.json").read_text("utf-8"))
    return words


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return made


def _page(name: str, status: int = 200, /, **facts: Any) -> Response:
    """Render a page in the language that the query or the browser asks for."""
    asked = request.args.get("lang")
    language = asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en")
    shown = {"language": language, "words": _words()[language], "_": catalogue(language).gettext}
    shown["language_names"] = NAMES_OF_LANGUAGES
    places = {"static": static, "portal": root("portal"), "studio": root("studio"), "root": HERE}
    html = _environment().get_template(f"{name}.html").render(facts, **shown, **places)
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Vary"] = "Accept, Accept-Language"
    return response


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the failures."""
    return mount("failure_pages", FailurePages(emulator))
