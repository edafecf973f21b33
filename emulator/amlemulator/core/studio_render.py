"""The Studio API's objects as they stand on the wire: members, their order and their forms (clients.md section 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from amlemulator.core.records import BlobReference, StoredOutput, Workspace
from amlemulator.core.studio import FACTS
from amlemulator.core.studio_records import (
    Dataset,
    Experiment,
    ExperimentState,
    Upload,
    WebServiceActivity,
    WorkspaceUser,
)

NO_TIME = -62135596800000  # .NET's DateTime.MinValue in /Date()/: R reads what is below 0 as missing
TICKS_AT_EPOCH = 621_355_968_000_000_000
NOWHERE = BlobReference()


def json_date(seconds: float | None) -> str:
    """Format a time as ASP.NET's JSON did: ``/Date(1418444668177)/``, milliseconds since the epoch."""
    return f"/Date({NO_TIME if seconds is None else int(seconds * 1000)})/"


def ticks(seconds: float) -> int:
    """Return a time as .NET ticks: tenths of a microsecond since the year 1."""
    return TICKS_AT_EPOCH + int(seconds * 10_000_000)


def render_location(reference: BlobReference, size: int = 0) -> dict[str, Any]:
    """Return a place in storage: nine members, of which clients join BaseUri, Location and AccessCredential."""
    container = (reference.relative_location or "").partition("/")[0]
    return {
        "BaseUri": reference.base_location,
        "Size": size,
        "Name": "",
        "EndpointType": "AzureBlob",
        "CredentialContainer": container or None,
        "AccessCredential": reference.sas_blob_token,
        "Location": reference.relative_location,
        "FileType": None,
        "IsAuxiliary": False,
    }


def render_upload(upload: Upload) -> dict[str, Any]:
    """Return an upload: five members (declarations of Studio's front end); clients read Id and DataTypeId."""
    return {
        "Id": upload.id,
        "DataTypeId": upload.data_type_id,
        "ContentType": None,
        "Endpoint": None,
        "Committed": upload.committed,
    }


def render_dataset(dataset: Dataset, location: BlobReference) -> dict[str, Any]:
    """Return a data set: the 25 members in the recorded order. ``location`` carries a fresh SAS."""
    return {
        "VisualizeEndPoint": render_location(NOWHERE),
        "SchemaEndPoint": render_location(NOWHERE),
        "SchemaStatus": dataset.schema_status.value,
        "Id": dataset.id,
        "DataTypeId": dataset.data_type_id,
        "Name": dataset.name,
        "Description": dataset.description,
        "FamilyId": dataset.family_id,
        "ResourceUploadId": dataset.upload_id or None,
        "SourceOrigin": dataset.source_origin,
        "Size": dataset.size,
        "CreatedDate": json_date(dataset.created),
        "Owner": dataset.owner,
        "ExperimentId": None,
        "ClientVersion": None,
        "PromotedFrom": None,
        "UploadedFromFilename": dataset.file_name,
        "ServiceVersion": dataset.version,
        "IsLatest": dataset.is_latest,
        "Category": None,
        "DownloadLocation": render_location(location, dataset.size),
        "IsDeprecated": False,
        "Culture": None,
        "Batch": dataset.version,
        "CreatedDateTicks": ticks(dataset.created),
    }


def render_workspace(workspace: Workspace) -> dict[str, Any]:
    """Return a workspace's settings: the members of azuremlps' contract; what the emulator has not is null."""
    created = datetime.fromtimestamp(workspace.created, UTC)
    return {
        "WorkspaceId": workspace.id,
        "FriendlyName": workspace.name,
        "Description": None,
        "HDInsightClusterConnectionString": None,
        "HDInsightStorageConnectionString": None,
        "UseDefaultHDInsightSettings": False,
        "AuthorizationToken": {
            "PrimaryToken": workspace.primary_token,
            "SecondaryToken": workspace.secondary_token,
        },
        "MigrationStatus": None,
        "OwnerEmail": OWNER_EMAIL,
        "UserStorage": workspace.storage_account,
        "UserStorageKey": None,
        "SubscriptionId": None,
        "SubscriptionName": None,
        "SubscriptionState": None,
        "Region": workspace.region,
        "WorkspaceStatus": "Enabled",
        "Type": "Free" if workspace.tier == "free" else "Standard",
        "CreatedTime": f"{created:%Y-%m-%dT%H:%M:%S}Z",
    }


OWNER_EMAIL = "owner@example.com"


def render_owner(workspace: Workspace) -> dict[str, Any]:
    """Return the one user that every workspace has."""
    user = {"Email": OWNER_EMAIL, "Name": "Owner", "Role": "Owner", "UserId": workspace.id}
    return {"Status": "Active", "User": user}


def render_user(user: WorkspaceUser) -> dict[str, Any]:
    """Return somebody who was invited."""
    shown = {"Email": user.email, "Name": user.email.partition("@")[0], "Role": user.role, "UserId": user.id}
    return {"Status": user.status, "User": shown}


def render_activity(activity: WebServiceActivity) -> dict[str, Any]:
    """Return the state of a deployment; clients wait for Completed."""
    return {
        "ActivityId": activity.id,
        "WebServiceGroupId": activity.service_id,
        "EndpointId": activity.endpoint_id,
        "Status": activity.status,
    }


# Experiments


def render_status(experiment: Experiment) -> dict[str, Any]:
    """Return an experiment's status with its times."""
    return {
        "StatusCode": experiment.state.value,
        "StatusDetail": experiment.detail,
        "CreationTime": json_date(experiment.created),
        "StartTime": json_date(experiment.started),
        "EndTime": json_date(experiment.ended),
        "Metadata": None,
    }


def etag_of(experiment: Experiment) -> str:
    """Return the tag that changes whenever the experiment does."""
    return f'"{ticks(experiment.updated)}-{experiment.runs}"'


def render_experiment(experiment: Experiment) -> dict[str, Any]:
    """Return an experiment as the list shows it: 12 members in the recorded order, and Status."""
    version = f"{ticks(experiment.updated):x}"
    return {
        "ExperimentId": experiment.id,
        "Description": experiment.name,
        "Etag": etag_of(experiment),
        "Creator": experiment.creator,
        "IsArchived": False,
        "JobId": None,
        "VersionId": version,
        "RunId": experiment.id.rpartition(".")[2],
        "OriginalExperimentDocumentationLink": None,
        "Summary": experiment.summary,
        "Category": experiment.category,
        "Tags": [],
        "Status": render_status(experiment),
    }


def render_whole_experiment(
    experiment: Experiment,
    wire: Mapping[str, Any],
    statuses: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return one experiment with its graph (azuremlps and the declarations of Studio's front end)."""
    return {
        **render_experiment(experiment),
        "ParentExperimentId": experiment.parent_id,
        "IsLeaf": True,
        "DisableNodesUpdate": False,
        "SchemaVersion": 1,
        "Graph": wire["Graph"],
        "WebService": wire["WebService"],
        "NodeStatuses": list(statuses),
    }


def render_node_status(
    experiment: Experiment, node: str, outputs: Mapping[str, BlobReference], *, failed: bool = False
) -> dict[str, Any]:
    """Return the state of one module with its outputs, each with a fresh SAS."""
    state = ExperimentState.FAILED if failed else ExperimentState.FINISHED
    return {
        "NodeId": node,
        "OutputEndpoints": [{**render_location(place), "Name": port} for port, place in outputs.items()],
        "MetadataOutputEndpoints": {},
        "StandardErrorEndpoint": None,
        "StandardOutEndpoint": None,
        "Status": {
            **render_status(experiment),
            "StatusCode": state.value,
            "StatusDetail": experiment.detail if failed else None,
        },
    }


def render_asset(
    workspace_id: str, name: str, data_type_id: str, ids: tuple[str, str], created: float
) -> dict[str, Any]:
    """Return a saved model or transform: the members of azuremlps' UserAsset. ``ids``: family and instance."""
    return {
        "Id": f"{workspace_id}.{ids[0]}.{ids[1]}",
        "DataTypeId": data_type_id,
        "Name": name,
        "Description": "",
        "FamilyId": ids[0],
        "ResourceUploadId": None,
        "SourceOrigin": "FromOutputPromotion",
        "Size": 0,
        "CreatedDate": json_date(created),
        "Owner": "",
        "ExperimentId": None,
        "ClientVersion": None,
        "PromotedFrom": None,
        "ServiceVersion": 1,
        "IsLatest": True,
        "Category": None,
        "IsDeprecated": False,
        "Batch": 1,
        "Language": None,
    }


def module_id(name: str, derived: str) -> str:
    """Return the id of a module: the known family and version, or the ``derived`` family of ours."""
    known = FACTS["modules"].get(name)
    family, instance = (known["family"], known["instance"]) if known else (derived, "v1-default-1")
    return f"{FACTS['global_workspace']}.{family}.{instance}"


def render_module(name: str, identifier: str) -> dict[str, Any]:
    """Return a module of the palette: the members of azuremlps' contract."""
    _, family, instance = identifier.split(".")
    return {
        "Id": identifier,
        "Name": name,
        "Description": "",
        "Category": None,
        "FamilyId": family,
        "IsDeterministic": True,
        "IsBlocking": False,
        "ModuleType": "Stock",
        "ReleaseState": "Release",
        "ModuleLanguage": None,
        "ResourceUploadId": None,
        "Size": 0,
        "CreatedDate": json_date(None),
        "Owner": "Microsoft Corporation",
        "IsLatest": True,
        "IsDeprecated": False,
        "SourceOrigin": None,
        "ClientVersion": None,
        "ServiceVersion": int(instance.rpartition("-")[2]),
        "Batch": 1,
        "EscalationEmail": None,
        "InformationUrl": None,
    }


def stored_key(node: str, port: str) -> str:
    """Return the key of a node's output among the outputs of a run."""
    return f"{node}:{port}"


def outputs_of(experiment: Experiment, node: str) -> dict[str, StoredOutput]:
    """Return the outputs of a node in the last run, by port."""
    return {
        key.partition(":")[2]: output for key, output in experiment.outputs.items() if key.partition(":")[0] == node
    }
