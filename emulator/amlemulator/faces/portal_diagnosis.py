"""The portal's page that says what is wrong with a retraining, by the checks of the troubleshooting document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, request

from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.faces.calls import current, route
from amlemulator.faces.pages.dress import missing, mount_pages, page
from amlemulator.faces.pages.walk import likeness
from amlemulator.faces.portal import address_of
from amlemulator.faces.portal_endpoints import ENDPOINT, endpoint_here
from amlemulator.ports.diagnosis import CannotDiagnose

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator
    from amlemulator.ports.diagnosis import Diagnose

OWN = ("token", "scoring_key")  # left empty they are the endpoint's own, so that no page need show it


class PortalDiagnosis:
    """The views of diagnosis."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("GET", f"{ENDPOINT}/diagnosis", "portal.diagnosis", "page")
    def diagnosis(self, workspace_id: str, service_id: str, endpoint_id: str) -> Response:
        """Ask for the values that a program uses; they stand there as they are right."""
        self._diagnose()
        workspace, service, endpoint = endpoint_here(self._emulator, service_id, endpoint_id)
        return self._show(workspace, service, endpoint, self._right(workspace, service, endpoint))

    @route("POST", f"{ENDPOINT}/diagnosis", "portal.diagnose", "page")
    def diagnose(self, workspace_id: str, service_id: str, endpoint_id: str) -> Response:
        """Walk the checks with the values of the form."""
        diagnose = self._diagnose()
        workspace, service, endpoint = endpoint_here(self._emulator, service_id, endpoint_id)
        form = {name: request.form.get(name, "").strip() for name in self._right(workspace, service, endpoint)}
        values = form | {name: form[name] or endpoint.primary_key for name in OWN}
        values["training_key"] = form["training_key"] or self._key_of(workspace, form["training_url"])
        given = {name: value for name, value in values.items() if value}
        try:
            found = diagnose(workspace.id, given, str(g.language))
        except CannotDiagnose as error:
            return self._show(workspace, service, endpoint, form, problem=str(error))
        return self._show(workspace, service, endpoint, form, found=found)

    def _diagnose(self) -> Diagnose:
        """Return who diagnoses. Raises 404 where nobody does."""
        if self._emulator.diagnose is None:
            raise missing("diagnosis", "")
        return self._emulator.diagnose

    def _key_of(self, workspace: Workspace, url: str) -> str:
        """Return the key of the endpoint of the workspace that an address is of; no key when it is of none."""
        named = re.search(r"/services/([0-9a-f]{32})", url)
        found = self._emulator.directory.endpoint(named[1]) if named is not None else None
        return found.primary_key if found is not None and found.workspace_id == workspace.id else ""

    def _trainer(self, workspace: Workspace, service: WebService) -> Endpoint | None:
        """Return the default endpoint of the training service that is named most like another: Studio names so."""
        directory = self._emulator.directory
        found = [one for one in directory.services(workspace.id) if one.type == "Graph" and not one.resources]
        likeliest = max(found, key=lambda one: likeness(one, service), default=None)
        return directory.endpoint_named(likeliest.id, "default") if likeliest is not None else None

    def _right(self, workspace: Workspace, service: WebService, endpoint: Endpoint) -> dict[str, str]:
        """Return what a program should use for an endpoint, by the flags of ``amlclassic diagnose``, in their order."""
        addresses, trainer = current().addresses, self._trainer(workspace, service)
        return {
            "patch_url": addresses.patch_url(workspace, service, endpoint),
            "token": "",
            "resource_name": endpoint.resources[0].name if endpoint.resources else "",
            "base_location": "",
            "relative_location": "",
            "sas_blob_token": "",
            "scoring_url": addresses.api_location(workspace, endpoint),
            "scoring_key": "",
            "training_url": addresses.api_location(workspace, trainer) if trainer is not None else "",
            "training_key": "",
            "job_id": "",
        }

    def _show(
        self, workspace: Workspace, service: WebService, endpoint: Endpoint, form: dict[str, str], **facts: Any
    ) -> Response:
        return page(
            self._emulator,
            "pages/diagnosis.html",
            evidence="portal.diagnosis",
            status=400 if "problem" in facts else 200,
            section="classic",
            service=service,
            endpoint=endpoint,
            here=address_of(service),
            form=form,
            **{"found": None, "problem": "", **facts},
        )


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of diagnosis."""
    return mount_pages("portal-diagnosis", PortalDiagnosis(emulator), emulator)
