"""The help pages of an endpoint: what it takes and gives, samples, programs, and where to PATCH.

Real programs and people read them: a client takes the text of ``#requestSummary pre`` and ``#responseSummary pre``
(documents.md 11.1), the retraining article sends its readers from HelpLocation over the link "Update Resource" to the
PATCH URL and the resource names (documents.md 10.2).
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request

from amlcontracts import load
from amlemulator.core import help_documents as documents
from amlemulator.core.interface import ServiceInterface
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.faces.calls import current, mount, route
from amlemulator.faces.programs import TEMPLATES, environment, programs
from amlemulator.faces.swagger import locate

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

ROOT = "/studio/apihelp/workspaces/<workspace_id>/webservices/<service_id>/endpoints/<endpoint_id>"
SENTENCES = load("help")


class HelpPages:
    """The views of the help pages."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("GET", ROOT, "help.index", "anonymous")
    def index(self, workspace_id: str, service_id: str, endpoint_id: str) -> Response:
        """Show what HelpLocation leads to: links to the other pages."""
        return _page("index", self._facts(service_id, endpoint_id), evidence="help.index")

    @route("GET", f"{ROOT}/score", "help.score", "anonymous")
    def score(self, workspace_id: str, service_id: str, endpoint_id: str) -> Response:
        """Show how to call RRS."""
        facts = self._facts(service_id, endpoint_id)
        interface = facts["interface"]
        facts["score_request"] = documents.sample_request(interface)
        facts["sample_response"] = documents.sample_response(interface)
        facts["programs"] = programs("score", facts)
        return _page("score", facts, evidence="help.score")

    @route("GET", f"{ROOT}/jobs", "help.jobs", "anonymous")
    def jobs(self, workspace_id: str, service_id: str, endpoint_id: str) -> Response:
        """Show how to call BES."""
        facts = self._facts(service_id, endpoint_id)
        interface = facts["interface"]
        connection = documents.sample_connection_string(facts["account"], facts["blob_endpoint"])
        facts["sample_request"] = documents.batch_request(interface, connection)
        facts["sample_response"] = documents.batch_status(interface, facts["base_location"])
        facts["input_files"] = documents.input_files(interface)
        facts["output_files"] = documents.output_files(interface)
        facts["parameters"] = documents.sample_parameters(interface)
        facts["programs"] = programs("jobs", facts)
        return _page("jobs", facts, evidence="help.jobs")

    @route("GET", f"{ROOT}/update", "help.update", "anonymous")
    def update(self, workspace_id: str, service_id: str, endpoint_id: str) -> Response:
        """Show what to PATCH, or why nothing can be patched here."""
        facts = self._facts(service_id, endpoint_id)
        if not facts["resources"]:
            return _no_resources(facts)
        if facts["endpoint"].is_default:
            return _page("update_default", facts, evidence="help.update.default-endpoint")
        facts["sample_request"] = documents.patch_request(facts["resources"], facts["base_location"])
        first = facts["sample_request"]["Resources"][0]
        facts["programs"] = programs("update", facts | {"resource_name": first["Name"], "location": first["Location"]})
        return _page("update", facts, evidence="help.update")

    def _facts(self, service_id: str, endpoint_id: str) -> dict[str, Any]:
        """Return what every page says of the endpoint; end the call with 404 and a page when there is none."""
        found = locate(self._emulator.directory, current().workspace, service_id, endpoint_id)
        if found is None:
            abort(_page("missing", {}, evidence="help.unknown", status=404))
        return _facts(*found, self._emulator.directory.interface(found[2]))


def _facts(
    workspace: Workspace, service: WebService, endpoint: Endpoint, interface: ServiceInterface
) -> dict[str, Any]:
    addresses = current().addresses
    api, here = addresses.api_location(workspace, endpoint), addresses.help_location(workspace, service, endpoint)
    management = f"{addresses.management_url(workspace)}/workspaces/{workspace.id}/webservices/{service.id}/endpoints"
    account = workspace.storage_account
    return {
        "service": service,
        "endpoint": endpoint,
        "interface": interface,
        "description": service.description or SENTENCES["no_description"],
        "updated": datetime.fromtimestamp(service.updated, UTC).strftime("%m/%d/%Y %H:%M"),
        "details_note": SENTENCES["details_note"],
        "help_url": here,
        "score_url": f"{api}/execute?api-version=2.0&details=true",
        "jobs_url": f"{api}/jobs",
        "patch_url": addresses.patch_url(workspace, service, endpoint),
        "swagger_url": f"{api}/swagger.json",
        "api_document_url": f"{management}/{endpoint.id}/apidocument",
        "resources": [resource.name for resource in endpoint.resources],
        "account": account,
        "base_location": addresses.blob_account(account),
        "blob_endpoint": addresses.blob_account(account).rstrip("/"),
        "page_type": documents.page_type,
    }


def _no_resources(facts: dict[str, Any]) -> Response:
    """Say the service's own three sentences: English, or Korean for those who ask for it (errors.md section 9)."""
    sentences = SENTENCES["no_updatable_resources"]
    language = request.accept_languages.best_match(list(sentences), "en")
    evidence = "help.update.no-resources" if language == "en" else "help.update.korean"
    response = _page("update_none", facts | {"sentences": sentences[language], "language": language}, evidence=evidence)
    response.headers["Vary"] = "Accept-Language"
    return response


def _page(name: str, facts: dict[str, Any], *, evidence: str, status: int = 200) -> Response:
    """Render a page; ``evidence`` says how much of it is known, for its wording is mostly ours."""
    style, policy = _style()
    html = environment().get_template(f"{name}.html").render(facts, style=style, pretty=_pretty)
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["x-amlclassic-evidence"] = evidence
    return response


@cache
def _style() -> tuple[str, str]:
    """Return the style sheet, which stands in each page, and the policy that allows it and nothing else."""
    style = (TEMPLATES / "style.css").read_text("utf-8")
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return style, (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the help pages."""
    return mount("help", HelpPages(emulator))
