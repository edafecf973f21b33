"""How a page is made: the template, what every page shows, and the headers that keep it safe."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, g, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from amlemulator.core.addresses import Addresses
from amlemulator.core.errors import ServiceError, failure
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.faces.calls import current, mount
from amlemulator.faces.pages import languages
from amlemulator.faces.pages.paging import kept
from amlemulator.faces.pages.sessions import FIELD

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

FOLDER = Path(__file__).parents[1]
STATIC = {
    "pages.css": "text/css; charset=utf-8",
    "pages.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
REAL_NAMES = {"portal": "https://services.azureml.net", "studio": "https://studio.azureml.net"}
A_YEAR = 365 * 24 * 3600


@cache
def templates() -> Environment:
    """Return the templates of the pages; everything that they show is escaped."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=select_autoescape(["html"]),
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it to the environment
        languages.gettext, languages.ngettext, newstyle=True
    )
    made.filters.update(pretty=pretty, moment=moment)
    return made


def pretty(value: Any) -> str:
    """Lay JSON out for reading."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def moment(seconds: float | None) -> str:
    """Write a time for reading; nothing for none."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def root(role: str) -> str:
    """Return what the addresses of the ``portal``'s or ``studio``'s pages begin with, without trailing slash.

    Without host name, so that a visitor stays on the one that he came by; with the real names as they are.
    """
    call = current()
    if call.addresses.real:
        return "" if call.host.role == role else REAL_NAMES[role]
    return f"{urlsplit(call.addresses.base).path}/{role}"


def help_page(workspace: Workspace, service: WebService, endpoint: Endpoint) -> str:
    """Return the address of an endpoint's help pages on the host name that the visitor came by."""
    return root("studio") + Addresses("").help_location(workspace, service, endpoint).removeprefix("/studio")


@cache
def content(name: str) -> tuple[bytes, str]:
    """Return a file of the pages' own, and a mark of its content."""
    data = (FOLDER / "static" / name).read_bytes()
    return data, hashlib.sha256(data).hexdigest()[:12]


def static(name: str) -> str:
    """Return the address of a file of the pages' own, on the host that the page is on; the control plane has none."""
    role = current().host.role
    return f"{root('portal' if role == 'control' else role)}/static/{name}?v={content(name)[1]}"


def static_file(name: str) -> Response:
    """Answer a file of the pages' own; the mark in its address lets browsers keep it. Raises 404."""
    if name not in STATIC:
        raise failure("control/NotFound", f"There is no file {name[:64]}.", evidence="portal.static")
    response = Response(content(name)[0], content_type=STATIC[name])
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@dataclass(frozen=True, slots=True)
class Chrome:
    """What stands around every page, and what every template may use."""

    emulator: Emulator

    def facts(self) -> dict[str, Any]:
        """Return what every template may use."""
        return {
            "portal": root("portal"),
            "studio": root("studio"),
            "static": static,
            "language": g.language,
            "language_names": languages.LANGUAGES,
            "switch_to": self._switched,
            "session": g.session,
            "form_field": FIELD,
            "form_token": self.emulator.sessions.token(g.session),
            "workspaces": self.emulator.directory.workspaces(),
            "control": self._control(),
        }

    def _control(self) -> str:
        """Return where the control plane is for a browser; "" where it has no name, or asks for a header."""
        hidden = current().addresses.real or self.emulator.sessions.asks_for_token
        return "" if hidden else f"{urlsplit(current().addresses.base).path}/_emulator"

    def _switched(self, language: str) -> str:
        return "?" + urlencode({**kept(), languages.SWITCH: language})


def page(emulator: Emulator, template: str, *, evidence: str, status: int = 200, **facts: Any) -> Response:
    """Render a page. ``evidence`` says how much of it is known, for its wording is mostly ours."""
    shown = {**Chrome(emulator).facts(), **facts}
    html = templates().get_template(template).render(shown)
    response = Response(html, status, content_type="text/html; charset=utf-8")
    if g.session.fresh:
        emulator.sessions.keep(g.session, request, response)
    if languages.SWITCH in request.args:
        response.set_cookie(languages.COOKIE, g.language, samesite="Lax", max_age=A_YEAR)
    response.headers["x-amlclassic-evidence"] = evidence
    return dressed(response)


def dressed(response: Response) -> Response:
    """Give an answer to a person the headers that every one has."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Not "no-referrer": browsers would then send "Origin: null" with our own forms.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"  # keys may stand on it
    response.headers["Vary"] = "Accept-Language, Cookie"
    if "language" in g:
        response.headers["Content-Language"] = g.language
    return response


def refusal_page(emulator: Emulator, error: ServiceError) -> Response:
    """Show a refusal to a person."""
    if "session" not in g:  # refused before anybody looked who it is
        g.session = emulator.sessions.read(request)
    g.language = languages.choose(request)
    sign_in = emulator.sessions.asks_for_token and not g.session.signed_in and error.entry.status == 403
    return page(
        emulator,
        "pages/refusal.html",
        evidence=error.evidence or "portal.refusals",
        status=error.entry.status,
        error=error,
        sign_in=sign_in,
    )


def go(address: str) -> Response:
    """Send a visitor on after a form was done, so that loading the page again does not do it twice."""
    response = Response(b"", 303)
    response.headers["Location"] = address
    return dressed(response)


def workspace_here(emulator: Emulator) -> Workspace:
    """Return the workspace that the address names. Raises 404."""
    workspace = current().workspace
    if workspace is None:
        raise missing("workspace", current().arguments.get("workspace_id", ""))
    return workspace


def missing(what: str, which: str) -> ServiceError:
    """Make the 404 for an address that leads to nothing."""
    return failure("control/NotFound", f"There is no {what} {which[:64]} here.", evidence="portal.refusals")


def mount_pages(name: str, face: object, emulator: Emulator) -> Blueprint:
    """Return the blueprint of a face of pages: its forms are answered only with their visitor's token."""
    blueprint = mount(name, face)

    @blueprint.before_request
    def check_form() -> None:
        if request.method == "POST":
            emulator.sessions.check_form(request)

    return blueprint
