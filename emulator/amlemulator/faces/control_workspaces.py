"""The control plane for a test in another process: workspaces, their records, and the emulator's own faults."""

from __future__ import annotations

import shutil
import tempfile
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request, send_file

from amlemulator.core.errors import failure
from amlemulator.core.records import Workspace
from amlemulator.core.regions import regions
from amlemulator.faces.calls import answer, mount, nothing, route
from amlemulator.faces.control import contents, given_json, json_object, text_member
from amlemulator.listing import endpoints

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

TIERS = ("standard", "free")


class Workspaces:
    """The views."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("GET", "/control/endpoints", "control.endpoints", "control")
    def endpoints(self) -> Response:
        """Return what the endpoints file holds, as it is now."""
        return answer(endpoints(self._emulator))

    @route("PUT", "/control/addresses", "control.set-addresses", "control")
    def set_addresses(self) -> Response:
        """Say where callers find the emulator, for who learns it only when it runs, behind a mapped port."""
        body = json_object(given_json(), {"base_url", "blob_url"})
        urls = [text_member(body, name) for name in ("base_url", "blob_url")]
        if not all(url and url.startswith(("http://", "https://")) for url in urls):
            raise failure("control/BadRequest", '"base_url" and "blob_url" begin with http:// or https://.')
        self._emulator.move(*(str(url) for url in urls))
        return nothing(204)

    @route("POST", "/control/workspaces", "control.add-workspace", "control")
    def add(self) -> Response:
        """Make a workspace, with copies of the sample services unless told otherwise."""
        body = json_object(given_json({}), {"name", "region", "tier", "samples"})
        options = {name: text for name in ("name", "region", "tier") if (text := text_member(body, name)) is not None}
        samples = body.get("samples", True)
        if not isinstance(samples, bool):
            raise failure("control/BadRequest", '"samples" is true or false.')
        if options.get("region", "South Central US") not in regions():
            raise failure("control/BadRequest", f'"region" is one of: {", ".join(regions())}.')
        if options.get("tier", "standard") not in TIERS:
            raise failure("control/BadRequest", f'"tier" is one of: {", ".join(TIERS)}.')
        name = options.pop("name", "Workspace")
        return answer(self._shown(self._emulator.workspace(name, samples=samples, **options).workspace), 201)

    @route("GET", "/control/workspaces/<workspace_id>", "control.workspace", "control")
    def workspace(self, workspace_id: str) -> Response:
        """Return everything that is kept of a workspace, its services and their endpoints, keys too."""
        return answer(self._shown(self._found(workspace_id)))

    @route("POST", "/control/workspaces/<workspace_id>/services", "control.add-service", "control")
    def add_service(self, workspace_id: str) -> Response:
        """Deploy a module graph as a web service; ``models`` has the saved models' files by resource, in base64."""
        workspace = self._found(workspace_id)
        body = json_object(given_json(), {"name", "experiment", "models"})
        name, experiment = text_member(body, "name"), body.get("experiment")
        if not name or not isinstance(experiment, dict):
            raise failure("control/BadRequest", 'Send "name", a text, and "experiment", a module graph.')
        from amlemulator.experiments.graph import GraphError  # it brings every module of the palette

        try:
            made = self._emulator.add_service(workspace, name, experiment, contents(body.get("models", {}), "models"))
        except (GraphError, KeyError) as error:
            raise failure("control/BadRequest", f"The experiment cannot be deployed: {error}.") from error
        return answer(asdict(made), 201)

    def _found(self, workspace_id: str) -> Workspace:
        found = self._emulator.directory.workspace(workspace_id)
        if found is None:
            raise failure("control/NotFound", f"There is no workspace {workspace_id}.", evidence="control.workspaces")
        return found

    def _shown(self, workspace: Workspace) -> dict[str, Any]:
        directory = self._emulator.directory
        services = directory.services(workspace.id)
        account = workspace.storage_account
        return {
            "workspace": asdict(workspace),
            "services": [asdict(service) for service in services],
            "endpoints": [asdict(one) for service in services for one in directory.endpoints(service.id)],
            "storage": {"account": account, "key": self._emulator.blobs.key(account)},
        }

    @route("GET", "/control/snapshot", "control.snapshot", "control")
    def snapshot(self) -> Response:
        """Return everything that is served as a workspace folder, in a ZIP archive."""
        with tempfile.TemporaryDirectory(dir=self._emulator.folder(), prefix="snapshot-") as place:
            self._emulator.snapshot(Path(place, "folder"))
            archive = shutil.make_archive(str(Path(place, "archive")), "zip", Path(place, "folder"))
            # Open, it can be read to its end, whatever becomes of its name.
            return send_file(Path(archive).open("rb"), mimetype="application/zip")

    @route("GET", "/control/jobs", "control.list-jobs", "control")
    def jobs(self) -> Response:
        """Return the batch jobs, of the workspace in the query or of all."""
        return answer([asdict(job) for job in self._emulator.jobs.list(request.args.get("workspace"))])

    @route("POST", "/control/exchanges", "control.listen", "control")
    def listen(self) -> Response:
        """Keep whole exchanges of a workspace from now on, bodies and all."""
        workspace = self._found(text_member(json_object(given_json(), {"workspace"}), "workspace") or "")
        self._emulator.exchanges.listen(workspace.id)
        return nothing(204)

    @route("GET", "/control/exchanges", "control.exchanges", "control")
    def exchanges(self) -> Response:
        """Return the exchanges of the workspace in the query, as far as somebody listened."""
        return answer(self._emulator.exchanges.heard(request.args.get("workspace", "")))

    @route("DELETE", "/control/exchanges", "control.stop-listening", "control")
    def stop_listening(self) -> Response:
        """Forget the exchanges of the workspace in the query, or of all, and keep no more."""
        self._emulator.exchanges.stop(request.args.get("workspace"))
        return nothing(204)

    @route("GET", "/control/errors", "control.own-errors", "control")
    def errors(self) -> Response:
        """Return the tracebacks of what went wrong inside the emulator itself."""
        return answer(["".join(traceback.format_exception(error)) for error in self._emulator.faults_of_ours])

    @route("DELETE", "/control/errors", "control.forget-errors", "control")
    def forget_errors(self) -> Response:
        """Forget them."""
        self._emulator.faults_of_ours.clear()
        return nothing(204)


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes."""
    return mount("workspaces", Workspaces(emulator))
