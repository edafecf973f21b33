"""The help pages of an endpoint: what it takes and gives, samples, programs, and where to PATCH.

Real programs and people read them: a client takes the text of ``#requestSummary pre`` and ``#responseSummary pre``
(documents.md 11.1), the retraining article sends its readers from HelpLocation over the link "Update Resource" to the
PATCH URL and the resource names (documents.md 10.2).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, g, request

from amlcontracts import load
from amlemulator.core import help_documents as documents
from amlemulator.core.interface import ServiceInterface
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.core.trial import fill_in, request_of
from amlemulator.faces.calls import current, route
from amlemulator.faces.pages import trial
from amlemulator.faces.pages.dress import mount_pages, page, pretty, root
from amlemulator.faces.pages.languages import choose
from amlemulator.faces.pages.languages import gettext as _
from amlemulator.faces.programs import programs
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
        return self._page("index", self._facts(service_id, endpoint_id), evidence="help.index")

    @route("GET", f"{ROOT}/score", "help.score", "anonymous")
    def score(self, workspace_id: str, service_id: str, endpoint_id: str) -> Response:
        """Show how to call RRS."""
        return self._score(self._facts(service_id, endpoint_id))

    @route("POST", f"{ROOT}/score", "help.test", "page")
    def test(self, workspace_id: str, service_id: str, endpoint_id: str) -> Response:
        """Call RRS for real with the row of the form, and show the answer beside it."""
        facts = self._facts(service_id, endpoint_id)
        return self._score(facts, made=True)

    def _score(self, facts: dict[str, Any], *, made: bool = False) -> Response:
        interface = facts["interface"]
        facts["score_request"] = documents.sample_request(interface)
        facts["sample_response"] = documents.sample_response(interface)
        facts["programs"] = programs("score", facts)
        return self._page("score", facts | self._trial(facts, made=made), evidence="help.score")

    def _trial(self, facts: dict[str, Any], *, made: bool) -> dict[str, Any]:
        """Return the form of a row, the call that it means and, when it was made, the answer."""
        form, problem, exchange = fill_in(facts["interface"], request.form), "", None
        workspace, endpoint = facts["workspace"], facts["endpoint"]
        addresses = (current().addresses.api_location, trial.PLAIN.api_location)
        try:
            body = request_of(form)
        except ValueError as error:
            body, problem = None, _("The table of %s is no JSON.") % error
        real, plain = (f"{locate(workspace, endpoint)}/execute" for locate in addresses)
        planned = trial.plan("POST", real, plain, "api-version=2.0&details=true", body)
        if made and not problem:
            exchange = trial.make(self._emulator, planned, endpoint.primary_key)
        return {"form": form, "problem": problem, "exchange": exchange, "planned": planned}

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
        return self._page("jobs", facts, evidence="help.jobs")

    @route("GET", f"{ROOT}/update", "help.update", "anonymous")
    def update(self, workspace_id: str, service_id: str, endpoint_id: str) -> Response:
        """Show what to PATCH, or why nothing can be patched here."""
        facts = self._facts(service_id, endpoint_id)
        if not facts["resources"]:
            return self._no_resources(facts)
        if facts["endpoint"].is_default:
            return self._page("update_default", facts, evidence="help.update.default-endpoint")
        if self._emulator.faults.interfere("help", workspace_id) is not None:
            return self._no_resources(facts)
        facts["sample_request"] = documents.patch_request(facts["resources"], facts["base_location"])
        first = facts["sample_request"]["Resources"][0]
        facts["programs"] = programs("update", facts | {"resource_name": first["Name"], "location": first["Location"]})
        return self._page("update", facts, evidence="help.update")

    def _facts(self, service_id: str, endpoint_id: str) -> dict[str, Any]:
        """Return what every page says of the endpoint; end the call with 404 and a page when there is none."""
        found = locate(self._emulator.directory, current().workspace, service_id, endpoint_id)
        if found is None:
            abort(self._page("missing", {}, evidence="help.unknown", status=404))
        return _facts(*found, self._emulator.directory.interface(found[2]))

    def _no_resources(self, facts: dict[str, Any]) -> Response:
        """Say the service's own three sentences: English, or Korean for those who ask for it (errors.md section 9)."""
        sentences = SENTENCES["no_updatable_resources"]
        language = choose(request)
        evidence = "help.update.no-resources" if language == "en" else "help.update.korean"
        shown = {"sentences": sentences[language], "sentences_language": language}
        return self._page("update_none", facts | shown, evidence=evidence)

    def _page(self, name: str, facts: dict[str, Any], *, evidence: str, status: int = 200) -> Response:
        """Render a page for whoever asks: anybody may, so nobody has looked yet who it is."""
        if "session" not in g:
            g.session, g.language = self._emulator.sessions.read(request), choose(request)
        here = root("studio") + request.path.removeprefix("/studio")
        facts = {"here": here, "pretty": pretty, **facts}
        return page(self._emulator, f"help/{name}.html", evidence=evidence, status=status, **facts)


def _facts(
    workspace: Workspace, service: WebService, endpoint: Endpoint, interface: ServiceInterface
) -> dict[str, Any]:
    addresses = current().addresses
    api, here = addresses.api_location(workspace, endpoint), addresses.help_location(workspace, service, endpoint)
    management = f"{addresses.management_url(workspace)}/workspaces/{workspace.id}/webservices/{service.id}/endpoints"
    account = workspace.storage_account
    return {
        "workspace": workspace,
        "service": service,
        "service_page": f"{root('portal')}/workspaces/{workspace.id}/webservices/{service.id}",
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


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the help pages."""
    return mount_pages("help", HelpPages(emulator), emulator)
