"""The Studio API: workspace, people, data sets with their uploads (clients.md section 9)."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from amlemulator.core.errors import ServiceError, failure
from amlemulator.core.records import Workspace
from amlemulator.core.studio import BlockOf, check_plain, object_of, read_block, read_registration, refused, text_of
from amlemulator.core.studio_records import Dataset
from amlemulator.core.studio_render import (
    render_dataset,
    render_owner,
    render_upload,
    render_user,
    render_workspace,
)
from amlemulator.faces.calls import answer, current, json_body, mount, nothing, raw_body, route

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator
    from amlemulator.engine.studio import Studio

API = "/studioapi/api"
ROOT = f"{API}/workspaces/<workspace_id>"
BARE_NAME = re.compile(r"([{,]\s*)([A-Za-z_]\w*)\s*:")


def here() -> Workspace:
    """Return the workspace of the call, which the pipeline has found."""
    workspace = current().workspace
    assert workspace is not None
    return workspace


def studio_body() -> Any:
    """Return the request's JSON, or refuse in this host's own envelope."""
    try:
        body = json_body()
    except ServiceError as error:
        raise refused("The request has no body, or it is not JSON.", evidence="studio.body") from error
    check_plain(body)
    return body


def loose_body() -> dict[str, Any]:
    """Return an object whose member names may lack their quotes, as azuremlps writes the one of invitations."""
    text = raw_body().decode("utf-8", "replace")
    for attempt in (text, BARE_NAME.sub(r'\1"\2":', text)):
        try:
            return object_of(json.loads(attempt))
        except (ValueError, RecursionError):
            continue
    raise refused("The request has no body, or it is not JSON.", evidence="studio.body")


class StudioApi:
    """The views of the Studio API that need no experiment."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @property
    def _studio(self) -> Studio:
        return self._emulator.studio

    def _dataset(self, dataset: Dataset) -> dict[str, Any]:
        return render_dataset(dataset, self._studio.location(dataset, current().addresses))

    @route("GET", ROOT, "studio.workspace", "studio")
    def workspace(self, workspace_id: str) -> Response:
        """Show the workspace's settings."""
        return answer(render_workspace(here()))

    @route("GET", f"{ROOT}/users", "studio.users", "studio")
    def users(self, workspace_id: str) -> Response:
        """List who may use the workspace: its owner, then who was invited."""
        return answer([render_owner(here()), *map(render_user, self._studio.users(here()))])

    @route("POST", f"{ROOT}/invitations", "studio.invite", "studio")
    def invite(self, workspace_id: str) -> Response:
        """Invite people; nobody is written to."""
        body = loose_body()
        emails = [one.strip() for one in re.split("[,;]", text_of(body, "Emails")) if one.strip()]
        if not emails or not all("@" in email for email in emails):
            raise refused(
                "'Emails' must hold one or more addresses, separated by commas.", evidence="studio.invitations"
            )
        invited = self._studio.invite(here(), emails, text_of(body, "Role") or "User")
        return answer([{"Email": user.email, "Failed": False, "ErrorMessage": None} for user in invited])

    # --- data sets ---------------------------------------------------------------------------------------------------

    @route("GET", f"{ROOT}/datasources", "studio.datasets", "studio")
    def datasets(self, workspace_id: str) -> Response:
        """List the data sets, each with a fresh SAS for its content."""
        return answer([self._dataset(one) for one in self._studio.datasets(here())])

    @route("GET", f"{ROOT}/datasources/<dataset_id>", "studio.dataset", "studio")
    def dataset(self, workspace_id: str, dataset_id: str) -> Response:
        """Show one data set; SchemaStatus is among it."""
        return answer(self._dataset(self._studio.dataset(here(), dataset_id)))

    @route("DELETE", f"{ROOT}/datasources/family/<family_id>", "studio.delete-dataset", "studio")
    def delete_dataset(self, workspace_id: str, family_id: str) -> Response:
        """Delete a data set with all its versions."""
        self._studio.delete_family(here(), family_id)
        return nothing(204)

    @route("POST", f"{ROOT}/datasources", "studio.register-dataset", "studio")
    def register_dataset(self, workspace_id: str) -> Response:
        """Make an uploaded file a data set; the answer is its id, a JSON string."""
        return answer(self._studio.register(here(), read_registration(studio_body())).id)

    @route("POST", f"{API}/resourceuploads/workspaces/<workspace_id>", "studio.begin-upload", "studio")
    def begin_upload(self, workspace_id: str) -> Response:
        """Begin an upload; a file in the body is all of it (azuremlps and the R package send it so)."""
        upload = self._studio.begin_upload(here(), request.args.get("dataTypeId", ""))
        content = raw_body()
        if content:
            upload = self._studio.receive(here(), BlockOf(upload.id, 0, 1), io.BytesIO(content))
        return answer(render_upload(upload))

    @route("POST", f"{API}/blobuploads/workspaces/<workspace_id>", "studio.upload-block", "studio")
    def upload_block(self, workspace_id: str) -> Response:
        """Take one block of an upload."""
        return answer(render_upload(self._studio.receive(here(), read_block(request.args), io.BytesIO(raw_body()))))

    # --- what there is nothing of ------------------------------------------------------------------------------------

    @route("GET", f"{ROOT}/projectcontainers", "studio.empty-lists", "studio")
    @route("GET", f"{ROOT}/notebooks", "studio.empty-lists", "studio")
    @route("GET", f"{ROOT}/gateways", "studio.empty-lists", "studio")
    def empty_list(self, workspace_id: str) -> Response:
        """List what the emulator has none of: projects, notebooks, gateways."""
        return answer([])

    @route("POST", f"{ROOT}/packages", "studio.packages", "studio")
    @route("PUT", f"{ROOT}/packages", "studio.packages", "studio")
    @route("GET", f"{ROOT}/packages", "studio.packages", "studio")
    def packages(self, workspace_id: str) -> Response:
        """Refuse to pack or unpack an experiment."""
        raise failure(
            "studio/NotEmulated",
            "Packing and unpacking experiments is not emulated: nothing is known of what a package holds. Copy an "
            "experiment with GET experiments/{id} and POST experiments.",
            evidence="studio.packages",
        )

    @route("GET", f"{ROOT}/modules/custom", "studio.custom-modules", "studio")
    @route("POST", f"{ROOT}/modules/custom", "studio.custom-modules", "studio")
    def custom_modules(self, workspace_id: str) -> Response:
        """Refuse custom modules."""
        raise failure(
            "studio/NotEmulated",
            "Custom modules are not emulated: they are R packages. Use Execute Python Script.",
            evidence="studio.custom-modules",
        )


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the Studio API."""
    return mount("studio", StudioApi(emulator))
