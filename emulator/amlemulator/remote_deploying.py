"""Deployment of an experiment file by an emulator elsewhere, as Emulator.deploy_file does it here (remote.py).

The file is read and checked here, where its data files are; those go through the workspace's storage account, for a
call of the control plane has at most 4 MB.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemulator.core.errors import ServiceError
from amlemulator.engine.deploying import STAGING, DeployRefused, Wish
from amlemulator.engine.trials import ExperimentFailed

if TYPE_CHECKING:
    from amlemulator.remote import Control

LOOK_EVERY = 0.02  # seconds
References = dict[str, dict[str, str | None]]


def deploy(
    control: Control,
    workspace_id: str,
    connection_string: str,
    path: Path,
    data_files: Mapping[str, bytes | Path],
    wishes: Mapping[str, Any],
) -> str:
    """Deploy the file and wait for the end; returns the web service's id.

    Raises GraphError, DeployRefused and ExperimentFailed as in this process, TypeError for a wish that is none.
    """
    from amlemulator.experiments.bringing import bring

    brought = bring(path)
    wish = Wish(brought.document, **wishes)
    body = {
        "experiment": wish.experiment,
        "name": wish.name,
        "update": wish.update,
        "predictive": wish.predictive,
        "parameters": dict(wish.parameters),
        "datasets": _sent(connection_string, {**brought.files, **data_files}),
        "models": _sent(connection_string, wish.models),
    }
    return _watched(control, workspace_id, body)


def _sent(connection_string: str, files: Mapping[str, bytes | Path]) -> References:
    """Upload files; return the references to them, by name. The emulator takes them up and removes them."""
    if not files:
        return {}
    from azure.core.exceptions import ResourceExistsError
    from azure.storage.blob import BlobServiceClient  # half a second to import

    batch = secrets.token_hex(8)  # two deployments at once do not meet
    sent: References = {}
    with BlobServiceClient.from_connection_string(connection_string, retry_total=0) as service, ExitStack() as opened:
        container = service.get_container_client(STAGING)
        with suppress(ResourceExistsError):
            container.create_container()
        for number, (name, content) in enumerate(files.items()):
            blob = f"{batch}/{number}{Path(name).suffix}"
            data = opened.enter_context(content.open("rb")) if isinstance(content, Path) else content
            container.upload_blob(blob, data, overwrite=True)
            sent[name] = {"ConnectionString": connection_string, "RelativeLocation": f"{STAGING}/{blob}"}
    return sent


def _watched(control: Control, workspace_id: str, body: Mapping[str, Any]) -> str:
    try:
        errand = control.call("POST", f"/workspaces/{workspace_id}/deployments", body)
    except ServiceError as error:
        if error.entry.status == 400:
            raise DeployRefused(error.message) from None
        raise
    address = f"/deployments/{errand['id']}"
    try:
        while errand["state"] == "Running":
            time.sleep(LOOK_EVERY)
            errand = control.call("GET", address)
    except KeyboardInterrupt:
        control.call("DELETE", address)
        raise
    if errand["state"] == "Done":
        return str(errand["service"]["id"])
    reason = errand.get("error") or "The emulator stopped the deployment."
    if "module" in errand:
        raise ExperimentFailed(errand["module"], reason.removeprefix(f"{errand['module']}: "))
    raise DeployRefused(reason)
