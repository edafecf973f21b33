"""The forms of the Studio API's objects: dates, ticks, places, ids."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.records import BlobReference, StoredOutput
from amlemulator.core.studio_records import (
    Dataset,
    Experiment,
    ExperimentState,
    Upload,
    WebServiceActivity,
    WorkspaceUser,
)
from amlemulator.core.studio_render import (
    etag_of,
    json_date,
    module_id,
    outputs_of,
    render_activity,
    render_asset,
    render_dataset,
    render_experiment,
    render_location,
    render_module,
    render_node_status,
    render_owner,
    render_status,
    render_upload,
    render_user,
    render_whole_experiment,
    render_workspace,
    stored_key,
    ticks,
)
from support.records import make_workspace


def experiment(**changes):
    facts = {"id": "w.f-id.1", "ordinal": 1, "workspace_id": "w", "name": "n", "created": 1.0, "updated": 1.0}
    return Experiment(**{**facts, **changes})


@given(st.integers(0, 4_000_000_000_000))
def test_dates_come_back_as_clients_read_them(milliseconds):
    """The Python client's pattern finds the milliseconds since the epoch."""
    found = re.search(r"/Date\((\d+)\)/", json_date(milliseconds / 1000))
    assert found is not None
    assert abs(milliseconds - int(found[1])) <= 1


def test_no_date_is_the_beginning_of_dot_net():
    """What has not happened is DateTime.MinValue, which R takes for missing."""
    assert "/Date(-62135596800000)/" == json_date(None)


def test_ticks_count_from_the_year_one():
    """A tick is a tenth of a microsecond (the recorded data set of 2014 has these digits before its last four)."""
    moment = datetime(2014, 12, 13, 4, 24, 28, tzinfo=UTC).timestamp()
    assert 635_540_414_680_000_000 == ticks(moment)


def test_a_place_that_is_not_there_has_every_member():
    """Clients index by member, so an empty place has them all."""
    assert [None, None, None] == [
        render_location(BlobReference())[name] for name in ("BaseUri", "Location", "AccessCredential")
    ]
    assert "AzureBlob" == render_location(BlobReference())["EndpointType"]


def test_status_of_a_draft_has_no_times():
    """A draft was created, not started, not ended."""
    status = render_status(experiment(state=ExperimentState.DRAFT))
    assert ("InDraft", "/Date(1000)/", json_date(None), json_date(None)) == (
        status["StatusCode"],
        status["CreationTime"],
        status["StartTime"],
        status["EndTime"],
    )


def test_the_etag_changes_with_the_experiment():
    """Saving or running changes the tag; looking does not."""
    tags = [etag_of(experiment()), etag_of(experiment()), etag_of(experiment(updated=2.0)), etag_of(experiment(runs=1))]
    assert tags[0] == tags[1]
    assert 3 == len(set(tags))


def test_modules_have_ids_of_the_global_workspace():
    """A known module has its real id, another one of ours; the version's number is ServiceVersion."""
    assert "506153734175476c4f62416c57734963.f.v1-default-1" == module_id("Nobody's Module", "f")
    shown = render_module("Score Model", module_id("Score Model", "unused"))
    assert ("401b4f92e7244d5abe81d5b0ff9bdb33", 1751) == (shown["FamilyId"], shown["ServiceVersion"])


def test_outputs_are_found_by_node():
    """A node's outputs are those under its own id, whatever the port is called."""
    outputs = {stored_key("a", "x"): 1, stored_key("a", "y:z"): 2, stored_key("ab", "x"): 3}
    assert {"x": 1, "y:z": 2} == outputs_of(experiment(outputs=outputs), "a")


PLACE = BlobReference(None, "cont/a/b.csv", "https://a/", "?sas")
EMPTY = {
    "BaseUri": None,
    "Size": 0,
    "Name": "",
    "EndpointType": "AzureBlob",
    "CredentialContainer": None,
    "AccessCredential": None,
    "Location": None,
    "FileType": None,
    "IsAuxiliary": False,
}
SHOWN = {
    **EMPTY,
    "BaseUri": "https://a/",
    "CredentialContainer": "cont",
    "AccessCredential": "?sas",
    "Location": "cont/a/b.csv",
}


def test_a_place_is_shown_whole():
    """Nine members in the wire's order."""
    assert [*EMPTY.items()] == [*render_location(BlobReference()).items()]
    assert [*{**SHOWN, "Size": 7}.items()] == [*render_location(PLACE, 7).items()]


def test_an_upload_is_shown_whole():
    """Five members in the wire's order."""
    expected = {"Id": "u", "DataTypeId": "GenericCSV", "ContentType": None, "Endpoint": None, "Committed": True}
    shown = render_upload(Upload("u", 1, "w", "GenericCSV", 0.0, committed=True))
    assert [*expected.items()] == [*shown.items()]


def test_a_data_set_is_shown_whole():
    """Twenty-five members in the recorded order."""
    one = Dataset(
        id="w.f.i",
        ordinal=1,
        workspace_id="w",
        family_id="f",
        name="n",
        data_type_id="GenericCSV",
        created=1.5,
        content=StoredOutput("a", "c", "n"),
        size=7,
        description="d",
        owner="o",
        upload_id="u",
        file_name="a.csv",
        source_origin="s",
        version=3,
        is_latest=False,
    )
    expected = {
        "VisualizeEndPoint": EMPTY,
        "SchemaEndPoint": EMPTY,
        "SchemaStatus": "NotSupported",
        "Id": "w.f.i",
        "DataTypeId": "GenericCSV",
        "Name": "n",
        "Description": "d",
        "FamilyId": "f",
        "ResourceUploadId": "u",
        "SourceOrigin": "s",
        "Size": 7,
        "CreatedDate": "/Date(1500)/",
        "Owner": "o",
        "ExperimentId": None,
        "ClientVersion": None,
        "PromotedFrom": None,
        "UploadedFromFilename": "a.csv",
        "ServiceVersion": 3,
        "IsLatest": False,
        "Category": None,
        "DownloadLocation": {**SHOWN, "Size": 7},
        "IsDeprecated": False,
        "Culture": None,
        "Batch": 3,
        "CreatedDateTicks": 621_355_968_015_000_000,
    }
    assert [*expected.items()] == [*render_dataset(one, PLACE).items()]
    assert None is render_dataset(replace(one, upload_id=""), PLACE)["ResourceUploadId"]


@pytest.mark.parametrize(("tier", "kind"), [("free", "Free"), ("standard", "Standard")])
def test_a_workspace_is_shown_whole(tier, kind):
    """The members of azuremlps' contract."""
    workspace = make_workspace(created=86400.0, tier=tier)
    expected = {
        "WorkspaceId": workspace.id,
        "FriendlyName": "Census",
        "Description": None,
        "HDInsightClusterConnectionString": None,
        "HDInsightStorageConnectionString": None,
        "UseDefaultHDInsightSettings": False,
        "AuthorizationToken": {"PrimaryToken": "token-one", "SecondaryToken": "token-two"},
        "MigrationStatus": None,
        "OwnerEmail": "owner@example.com",
        "UserStorage": workspace.storage_account,
        "UserStorageKey": None,
        "SubscriptionId": None,
        "SubscriptionName": None,
        "SubscriptionState": None,
        "Region": "South Central US",
        "WorkspaceStatus": "Enabled",
        "Type": kind,
        "CreatedTime": "1970-01-02T00:00:00Z",
    }
    assert expected == render_workspace(workspace)


def test_people_and_deployments_are_shown_whole():
    """The owner, somebody who was invited, and the state of a deployment."""
    owner = {"Email": "owner@example.com", "Name": "Owner", "Role": "Owner", "UserId": make_workspace().id}
    assert {"Status": "Active", "User": owner} == render_owner(make_workspace())
    user = WorkspaceUser("i", 1, "w", "ann@b@example.org", "User")
    shown = {"Email": "ann@b@example.org", "Name": "ann", "Role": "User", "UserId": "i"}
    assert {"Status": "Invited", "User": shown} == render_user(user)
    activity = WebServiceActivity("a", 1, "w", "s", "e")
    expected = {"ActivityId": "a", "WebServiceGroupId": "s", "EndpointId": "e", "Status": "Completed"}
    assert expected == render_activity(activity)


RUN = {
    "state": ExperimentState.FAILED,
    "detail": "why",
    "started": 2.0,
    "ended": 3.0,
    "creator": "c",
    "summary": "s",
    "parent_id": "p",
    "runs": 4,
}
STATUS = {
    "StatusCode": "Failed",
    "StatusDetail": "why",
    "CreationTime": "/Date(1000)/",
    "StartTime": "/Date(2000)/",
    "EndTime": "/Date(3000)/",
    "Metadata": None,
}


def test_an_experiment_is_shown_whole():
    """Thirteen members in the recorded order, and with its graph seven more."""
    one = experiment(**RUN, id="w.f-id.x.y")
    expected = {
        "ExperimentId": "w.f-id.x.y",
        "Description": "n",
        "Etag": '"621355968010000000-4"',
        "Creator": "c",
        "IsArchived": False,
        "JobId": None,
        "VersionId": f"{621_355_968_010_000_000:x}",
        "RunId": "y",
        "OriginalExperimentDocumentationLink": None,
        "Summary": "s",
        "Category": "user",
        "Tags": [],
        "Status": STATUS,
    }
    assert [*expected.items()] == [*render_experiment(one).items()]
    more = {
        "ParentExperimentId": "p",
        "IsLeaf": True,
        "DisableNodesUpdate": False,
        "SchemaVersion": 1,
        "Graph": {"g": 1},
        "WebService": {"s": 1},
        "NodeStatuses": [{"n": 1}],
    }
    wire = {"Graph": {"g": 1}, "WebService": {"s": 1}}
    assert [*{**expected, **more}.items()] == [*render_whole_experiment(one, wire, ({"n": 1},)).items()]


@pytest.mark.parametrize(("failed", "state", "detail"), [(True, "Failed", "why"), (False, "Finished", None)])
def test_a_node_is_shown_whole(failed, state, detail):
    """Its outputs by port; the reason only where it failed."""
    expected = {
        "NodeId": "m",
        "OutputEndpoints": [{**SHOWN, "Name": "Results"}],
        "MetadataOutputEndpoints": {},
        "StandardErrorEndpoint": None,
        "StandardOutEndpoint": None,
        "Status": {**STATUS, "StatusCode": state, "StatusDetail": detail},
    }
    assert expected == render_node_status(experiment(**RUN), "m", {"Results": PLACE}, failed=failed)


def test_a_node_has_not_failed_unless_it_is_said():
    """Of a run that went well every node is Finished."""
    assert "Finished" == render_node_status(experiment(**RUN), "m", {})["Status"]["StatusCode"]


def test_a_saved_model_is_shown_whole():
    """The members of azuremlps' UserAsset."""
    expected = {
        "Id": "w.f.i",
        "DataTypeId": "ILearner",
        "Name": "n",
        "Description": "",
        "FamilyId": "f",
        "ResourceUploadId": None,
        "SourceOrigin": "FromOutputPromotion",
        "Size": 0,
        "CreatedDate": "/Date(1000)/",
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
    assert [*expected.items()] == [*render_asset("w", "n", "ILearner", ("f", "i"), 1.0).items()]


def test_a_module_is_shown_whole():
    """The members of azuremlps' contract; the number at the end of its id is its version."""
    expected = {
        "Id": "g.f.v1-default-1751",
        "Name": "Score Model",
        "Description": "",
        "Category": None,
        "FamilyId": "f",
        "IsDeterministic": True,
        "IsBlocking": False,
        "ModuleType": "Stock",
        "ReleaseState": "Release",
        "ModuleLanguage": None,
        "ResourceUploadId": None,
        "Size": 0,
        "CreatedDate": "/Date(-62135596800000)/",
        "Owner": "Microsoft Corporation",
        "IsLatest": True,
        "IsDeprecated": False,
        "SourceOrigin": None,
        "ClientVersion": None,
        "ServiceVersion": 1751,
        "Batch": 1,
        "EscalationEmail": None,
        "InformationUrl": None,
    }
    assert [*expected.items()] == [*render_module("Score Model", "g.f.v1-default-1751").items()]
