"""Deployment of experiments over the control plane: begun, watched and stopped. ``amlclassic deploy`` calls it.

What deploys is imported when somebody deploys; whoever asks the control plane for health keeps a megabyte that way.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from amlemulator.core.bodies import parse_json
from amlemulator.core.errors import ServiceError, failure
from amlemulator.core.records import BlobReference, Workspace
from amlemulator.core.references import read_reference
from amlemulator.engine.storage import StorageRefused, locate
from amlemulator.faces.calls import answer, mount, nothing, raw_body, route
from amlemulator.listing import shown_service

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator
    from amlemulator.engine.deploying import Errand, Wish

TEXTS = ("name", "trainer")
TRUTHS = ("update", "predictive")
MAPPINGS = ("models", "datasets", "parameters")


class DeploymentControl:
    """The views of deployment."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("POST", "/control/workspaces/<workspace_id>/deployments", "control.deploy", "control")
    def begin(self, workspace_id: str) -> Response:
        """Begin to deploy an experiment as a web service."""
        from amlemulator.engine.deploying import DeployRefused

        workspace = self._emulator.directory.workspace(workspace_id)
        if workspace is None:
            raise failure("control/NotFound", f"There is no workspace {workspace_id}.", evidence="control.deploy")
        try:
            errand = self._emulator.errands.begin(workspace, self._wish(workspace, _body()))
        except DeployRefused as error:
            raise failure("control/BadRequest", str(error), evidence="control.deploy") from error
        return answer(self._shown(errand), 202)

    @route("GET", "/control/deployments/<errand_id>", "control.deployment", "control")
    def show(self, errand_id: str) -> Response:
        """Show how far a deployment is, and what came of it."""
        return answer(self._shown(self._errand(errand_id)))

    @route("DELETE", "/control/deployments/<errand_id>", "control.stop-deployment", "control")
    def stop(self, errand_id: str) -> Response:
        """Stop a deployment; nothing has been changed then, unless it is done already."""
        self._errand(errand_id).watch.stop()
        return nothing(204)

    def _errand(self, errand_id: str) -> Errand:
        errand = self._emulator.errands.find(errand_id)
        if errand is None:
            raise failure("control/NotFound", f"There is no deployment {errand_id}.", evidence="control.deploy")
        return errand

    def _wish(self, workspace: Workspace, body: Mapping[str, Any]) -> Wish:
        from amlemulator.engine.deploying import Wish

        try:
            models = {name: self._read(value) for name, value in (body.get("models") or {}).items()}
            datasets = self._bring(workspace, body.get("datasets") or {})
        except StorageRefused as error:
            raise failure("control/BadRequest", f"What was to be read is not there. {error}") from error
        except ServiceError as error:
            message = '"models" and "datasets" hold references to blobs (AzureBlobDataReference), by name.'
            raise failure("control/BadRequest", message) from error
        return Wish(
            experiment=body["experiment"],
            name=body.get("name") or None,
            models=models,
            datasets=datasets,
            update=bool(body.get("update")),
            predictive=bool(body.get("predictive")),
            trainer=body.get("trainer") or None,
            parameters={str(name): str(value) for name, value in (body.get("parameters") or {}).items()},
        )

    def _read(self, value: Any) -> bytes:
        from amlemulator.engine.models import LARGEST_MODEL

        reference = read_reference(value)
        content = self._emulator.storage.read(reference, LARGEST_MODEL)
        self._sweep(reference)
        return content

    def _bring(self, workspace: Workspace, references: Mapping[str, Any]) -> dict[str, str]:
        """Make data sets of the blobs; return names to ids."""
        with tempfile.TemporaryDirectory(prefix="bring-", dir=self._emulator.folder()) as folder:
            files: dict[str, bytes | Path] = {}
            for number, (name, value) in enumerate(references.items()):
                path = Path(folder) / str(number)
                self._emulator.storage.fetch(read_reference(value), path)
                self._sweep(read_reference(value))
                files[name] = path
            return self._emulator.data_files.bring(workspace, files)

    def _sweep(self, reference: BlobReference) -> None:
        from amlemulator.engine.deploying import STAGING

        located = locate(reference)
        if located.container == STAGING:
            self._emulator.blobs.delete(located.account, located.container, located.name)

    def _shown(self, errand: Errand) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": errand.id, "state": errand.state, "progress": errand.watch.progress}
        if errand.state == "Failed":
            shown["error"] = errand.error
            shown |= {"module": errand.module} if errand.module else {}
        if errand.deployed is not None:
            deployed = errand.deployed
            shown |= {"created": deployed.created, "stayed": list(deployed.stayed)}
            workspace = self._emulator.directory.workspace(errand.workspace_id)
            if workspace is not None:  # else it has gone since
                shown["service"] = shown_service(self._emulator, workspace, deployed.service)
                if deployed.trainer is not None:
                    shown["trainer"] = shown_service(self._emulator, workspace, deployed.trainer)
        return shown


def _body() -> dict[str, Any]:
    """Return the request's body, its members of the right kind. Raises 400 in the control plane's own words."""
    try:
        body = parse_json(raw_body())
    except ServiceError as error:
        raise failure("control/BadRequest", "The body is no JSON.") from error
    known = {"experiment", *TEXTS, *TRUTHS, *MAPPINGS}
    if not isinstance(body, dict) or not set(body) <= known or not isinstance(body.get("experiment"), dict):
        raise failure("control/BadRequest", f'Send an object with "experiment" and: {", ".join(sorted(known))}.')
    wrong = [name for name in MAPPINGS if not isinstance(body.get(name, {}), dict)]
    wrong += [name for name in TRUTHS if not isinstance(body.get(name, False), bool)]
    wrong += [name for name in TEXTS if not isinstance(body.get(name) or "", str)]
    if wrong:
        raise failure("control/BadRequest", f"Of another kind than they must be: {', '.join(wrong)}.")
    return body


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of deployment."""
    return mount("deployment", DeploymentControl(emulator))
