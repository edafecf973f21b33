"""The Studio API on the wire: access, people, uploads, data sets (clients.md section 9, errors.md section 11)."""

import re

import pytest

from support.state import unchanged
from support.studio import TOKEN, Studio, refusal
from support.wire import BASE, BLOB, Place, Wire

MEMBERS = [
    "VisualizeEndPoint",
    "SchemaEndPoint",
    "SchemaStatus",
    "Id",
    "DataTypeId",
    "Name",
    "Description",
    "FamilyId",
    "ResourceUploadId",
    "SourceOrigin",
    "Size",
    "CreatedDate",
    "Owner",
    "ExperimentId",
    "ClientVersion",
    "PromotedFrom",
    "UploadedFromFilename",
    "ServiceVersion",
    "IsLatest",
    "Category",
    "DownloadLocation",
    "IsDeprecated",
    "Culture",
    "Batch",
    "CreatedDateTicks",
]
LOCATION = [
    "BaseUri",
    "Size",
    "Name",
    "EndpointType",
    "CredentialContainer",
    "AccessCredential",
    "Location",
    "FileType",
    "IsAuxiliary",
]
CSV = b"a,b\r\n1,x\r\n2,y\r\n"


@pytest.fixture
def studio(place):
    return Studio(place)


# Access and addresses


def test_either_token_opens_the_workspace(studio):
    """The primary and the secondary token both open it, in Studio's own header, whatever else is sent."""
    workspace = studio.place.workspace
    for token in (workspace.primary_token, workspace.secondary_token):
        answer = studio.call("GET", "", token=token, headers={"x-ms-client-session-id": "DefaultSession"})
        assert (200, workspace.id) == (answer.status, answer.json["WorkspaceId"])


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_wrong_token_is_refused_in_the_observed_words(studio, token):
    """A wrong token, or none, gets 401 with the address that was asked for, and no WWW-Authenticate."""
    url = f"{studio.home}/experiments"
    answer = studio.place.wire.call("GET", url, headers={TOKEN: token} if token else {})
    said = f"Attempted access to {url} is not authorized and has been denied."
    assert (401, "UserError", said) == refusal(answer)
    assert answer.header("WWW-Authenticate") is None


def test_bearer_alone_does_not_open_studio(studio):
    """The Studio API reads its own header, not Authorization."""
    assert 401 == studio.place.wire.call("GET", studio.home, key=studio.place.workspace.primary_token).status


def test_a_wrong_token_is_refused_in_plain_text_by_a_setting(place_with):
    """The setting brings back 2016: 401 with the request's id and time as bare text."""
    studio = Studio(place_with(studio_unauthorized="text"))
    answer = studio.call("GET", "/datasources", token="wrong")
    assert (401, "text/plain; charset=utf-8") == (answer.status, answer.header("Content-Type"))
    form = re.fullmatch(rb"Request ID: ([0-9a-f-]{36}) \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ ", answer.body)
    assert form is not None
    assert answer.header("x-ms-request-id") == form[1].decode()


def test_another_regions_host_refuses_as_for_a_wrong_token(studio):
    """A workspace of South Central US is not known on Europe's host: 401 (observed)."""
    workspace = studio.place.workspace
    url = f"{BASE}/europewest.studioapi/api/workspaces/{workspace.id}/datasources"
    assert 401 == studio.call("GET", url).status


def test_an_unknown_workspace_is_refused_as_for_a_wrong_token(studio):
    """The id of no workspace gets 401."""
    assert 401 == studio.call("GET", f"{studio.root}/workspaces/{'0' * 32}/datasources").status


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("127.0.0.1:8350", "/studioapi/api"),
        ("127.0.0.1:8350", "/studio/api"),
        ("127.0.0.1:8350", "/api"),
        ("studioapi.azureml.net", "/api"),
        ("studio.azureml.net", "/api"),
    ],
)
def test_every_form_of_the_address_answers(studio, host, path):
    """The API answers below studioapi and studio, by path and by real host name, and without a host in front."""
    workspace = studio.place.workspace
    target = f"http://{host}{path}/workspaces/{workspace.id}/users"
    answer = studio.place.wire.call("GET", target, headers={TOKEN: workspace.primary_token})
    assert 200 == answer.status


def test_a_european_workspace_answers_on_its_own_hosts(wire):
    """Studio's two host names of a region serve that region's workspaces."""
    place = Place(wire, wire.emulator.add_workspace("EU", "West Europe"))
    for host in ("europewest.studioapi", "europewest.studio"):
        url = f"https://{host}.azureml.net/api/workspaces/{place.workspace.id}/users"
        assert 200 == wire.call("GET", url, headers={TOKEN: place.workspace.primary_token}).status


def test_an_unknown_path_and_method_are_refused_in_the_studio_envelope(studio):
    """404 and 405 wear this host's capitals."""
    assert 404 == refusal(studio.call("GET", "/nothing"))[0]
    assert 405 == refusal(studio.call("PATCH", "/datasources"))[0]


# The workspace and its people


def test_the_workspace_shows_its_settings(studio):
    """Name, region, tokens and storage stand under the names of azuremlps' contract."""
    workspace, shown = studio.place.workspace, studio.get("")
    tokens = {"PrimaryToken": workspace.primary_token, "SecondaryToken": workspace.secondary_token}
    assert (workspace.name, workspace.region, tokens) == (
        shown["FriendlyName"],
        shown["Region"],
        shown["AuthorizationToken"],
    )
    assert "devstoreaccount1" == shown["UserStorage"]


def test_invited_people_are_listed_after_the_owner(studio):
    """An invitation in azuremlps' JavaScript is kept; the same address again changes its role."""
    for role in ("User", "Owner"):
        answer = studio.call("POST", "/invitations", raw=f'{{Role: "{role}", Emails:"a@b.org, c@d.org"}}'.encode())
        assert [{"Email": "a@b.org", "Failed": False, "ErrorMessage": None}] == answer.json[:1]
    owner, first, second = studio.get("/users")
    assert "Owner" == owner["User"]["Role"]
    assert [("Invited", "a@b.org", "Owner"), ("Invited", "c@d.org", "Owner")] == [
        (one["Status"], one["User"]["Email"], one["User"]["Role"]) for one in (first, second)
    ]


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"Emails": 3}', b'{"Emails": "nobody"}', b"{Role: }"])
def test_an_invitation_without_addresses_changes_nothing(studio, raw):
    """A body without addresses is 400."""
    with unchanged(studio.place.emulator):
        assert 400 == refusal(studio.call("POST", "/invitations", raw=raw))[0]


# Uploads


def test_a_file_comes_in_blocks_in_any_order(studio):
    """Blocks arrive in any order, one of them twice, and make one content; each answer is JSON."""
    upload = studio.begin()
    for number, content in ((2, b"3"), (0, b"a,b\n"), (1, b"1,wrong"), (1, b"1,2\n"), (2, b"3,4\n")):
        answer = studio.block(upload, number, 3, content)
        assert (200, upload) == (answer.status, answer.json["Id"])
    dataset = studio.get(f"/datasources/{studio.register(upload).json}")
    assert (12, b"a,b\n1,2\n3,4\n") == (dataset["Size"], studio.download(dataset).body)


def test_a_file_comes_in_one_body(studio):
    """R and azuremlps send the file as the first call's body; the answer has Id and DataTypeId."""
    headers = {"Content-Type": "text/plain"}
    url = studio.uploads("resource") + "?userStorage=true&dataTypeId=GenericTSV"
    begun = studio.call("POST", url, raw=b"a\tb\n1\t2\n", headers=headers).json
    assert "GenericTSV" == begun["DataTypeId"]
    dataset = studio.get(f"/datasources/{studio.register(begun['Id'], kind='GenericTSV').json}")
    assert b"a\tb\n1\t2\n" == studio.download(dataset).body


def test_an_empty_file_can_be_a_data_set(studio):
    """The Python client sends no block at all for no bytes."""
    dataset = studio.add(b"", kind="PlainText")
    assert (0, b"") == (dataset["Size"], studio.download(dataset).body)


def test_a_body_over_4_mb_is_refused_in_plain_text(studio):
    """More than 4 MB in one body is 500 with ASP.NET's sentence, as text (observed); 4 MB are taken."""
    limit = 4 * 1024 * 1024
    url = studio.uploads("resource") + "?userStorage=true&dataTypeId=PlainText"
    assert 200 == studio.call("POST", url, raw=b"x" * limit).status
    with unchanged(studio.place.emulator):
        answer = studio.call("POST", url, raw=b"x" * (limit + 1))
    assert (500, b"Maximum request length exceeded.") == (answer.status, answer.body)
    assert "text/plain; charset=utf-8" == answer.header("Content-Type")


@pytest.mark.parametrize("kind", ["", "Dataset", "GenericXML"])
def test_an_unknown_data_type_is_refused(studio, kind):
    """Only the data types that clients upload are taken, and the refusal lists them."""
    with unchanged(studio.place.emulator):
        status, _, message = refusal(studio.call("POST", studio.uploads("resource") + f"?dataTypeId={kind}"))
    assert 400 == status
    assert "GenericCSVNoHeader" in message


@pytest.mark.parametrize(
    ("number", "count"), [("x", "1"), ("0", ""), ("-1", "1"), ("1", "1"), ("0", "0"), ("0", "50001"), ("0.5", "2")]
)
def test_a_block_that_cannot_be_is_refused(studio, number, count):
    """Block numbers are whole, from 0, below the count, which has a limit."""
    upload = studio.begin()
    with unchanged(studio.place.emulator):
        assert 400 == refusal(studio.block(upload, number, count, b"x"))[0]


def test_the_count_of_blocks_cannot_change_on_the_way(studio):
    """An upload that said 3 blocks cannot say 2."""
    upload = studio.begin()
    studio.block(upload, 0, 3, b"x")
    with unchanged(studio.place.emulator):
        assert 400 == refusal(studio.block(upload, 1, 2, b"x"))[0]


def test_an_upload_belongs_to_its_workspace(studio):
    """Another workspace cannot add to an upload, nor register it."""
    other = Studio(Place(studio.place.wire, studio.place.emulator.add_workspace("Other")))
    upload = studio.begin("GenericCSV", CSV)
    with unchanged(studio.place.emulator):
        assert 400 == refusal(other.block(upload, 0, 1, b"x"))[0]
        assert 400 == refusal(other.register(upload))[0]


# Data sets


def test_a_data_set_has_the_25_members(studio):
    """Members and their order are the recorded ones; so are those of its download location."""
    dataset = studio.add(CSV)
    assert (MEMBERS, LOCATION) == (list(dataset), list(dataset["DownloadLocation"]))
    assert re.fullmatch(r"/Date\(\d{13}\)/", dataset["CreatedDate"])
    assert (True, 1, "Python SDK", "some rows", "AzureBlob") == (
        dataset["IsLatest"],
        dataset["ServiceVersion"],
        dataset["Owner"],
        dataset["Description"],
        dataset["DownloadLocation"]["EndpointType"],
    )


def test_the_id_names_workspace_and_family(studio):
    """The register call answers with the quoted id: workspace, family and instance, which azuremlps takes apart."""
    answer = studio.register(studio.begin("GenericCSV", CSV))
    workspace, family, instance = answer.json.split(".")
    assert re.fullmatch(rb'"[0-9a-f.]{98}"', answer.body)
    assert (studio.place.workspace.id, 32) == (workspace, len(instance))
    assert family == studio.get(f"/datasources/{answer.json}")["FamilyId"]


def test_content_is_at_the_download_location(studio):
    """BaseUri, Location and AccessCredential, joined, are the content, with a SAS that really opens it."""
    dataset = studio.add(CSV)
    place = dataset["DownloadLocation"]
    assert (f"{BLOB}/devstoreaccount1/", "?") == (place["BaseUri"], place["AccessCredential"][:1])
    assert CSV == studio.download(dataset).body
    assert 200 != studio.place.wire.call("GET", place["BaseUri"] + place["Location"]).status


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("GenericCSV", CSV, "Complete"),
        ("GenericCSVNoHeader", b"1,2\n3,4\n", "Complete"),
        ("GenericTSV", b"a\tb\n1\t2\n", "Complete"),
        ("GenericTSVNoHeader", b"1\t2\n", "Complete"),
        ("ARFF", b"@relation r\n@attribute a numeric\n@data\n1\n", "Complete"),
        ("GenericCSV", b"a,b\n1,2,3\n", "Failed"),
        ("GenericCSV", b"\xff\xfe\x00\x01,\n\xff\n", "Failed"),
        ("ARFF", b"this is no ARFF\n", "Failed"),
        ("PlainText", b"anything\n", "NotSupported"),
        ("Zip", b"PK\x05\x06" + b"\0" * 18, "NotSupported"),
        ("RData", b"RDX2\n", "NotSupported"),
    ],
)
def test_schema_status_ends_where_clients_stop_polling(studio, kind, content, expected):
    """Every data type ends on one of the three words; what cannot be parsed fails, and stays a data set."""
    dataset = studio.add(content, kind=kind)
    assert (expected, kind) == (dataset["SchemaStatus"], dataset["DataTypeId"])
    assert content == studio.download(dataset).body


def test_data_sets_are_listed_with_the_samples(studio):
    """The list has the workspace's own and the samples, under the global workspace's id, with their content."""
    mine = studio.add(CSV)
    listed = studio.get("/datasources")
    samples = [one for one in listed if one["Id"].startswith("506153734175476c4f62416c57734963.")]
    assert mine["Id"] == listed[0]["Id"]
    assert ["bikeshare", "census-test", "census-train"] == [one["Name"] for one in samples]
    assert len(listed) == 1 + len(samples)
    assert studio.download(samples[1]).body.startswith(b"age,workclass,")
    assert samples[1]["Size"] == len(studio.download(samples[1]).body)
    assert samples[1]["Name"] == studio.get(f"/datasources/{samples[1]['Id']}")["Name"]


def test_a_name_that_is_taken_is_409(studio):
    """A second data set of the same name is refused; the first stays as it was."""
    studio.add(CSV)
    upload = studio.begin("GenericCSV", b"a\n9\n")
    with unchanged(studio.place.emulator):
        assert (409, "UserError") == refusal(studio.register(upload))[:2]


def test_another_workspace_may_use_the_name(studio):
    """Names are unique within a workspace only."""
    studio.add(CSV)
    other = Studio(Place(studio.place.wire, studio.place.emulator.add_workspace("Other")))
    assert "mine" == other.add(CSV)["Name"]


@pytest.mark.parametrize("name", ["a:b", "a/b", "a\\b", "a?b", "a*b", 'a"b', "a<b", "a|b", "a\nb"])
def test_forbidden_characters_in_a_name_are_400(studio, name):
    """The message holds the two words that the Python client's tests look for."""
    upload = studio.begin("GenericCSV", CSV)
    with unchanged(studio.place.emulator):
        status, _, message = refusal(studio.register(upload, name))
    assert 400 == status
    assert "forbidden characters" in message


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"DataSource": {}},
        {"DataSource": {"Name": "n", "DataTypeId": "GenericCSV"}},
        {"DataSource": {"Name": 3, "DataTypeId": "GenericCSV"}, "UploadId": "0" * 32},
        {"DataSource": {"Name": "n", "DataTypeId": "Nothing"}, "UploadId": "0" * 32},
        {"DataSource": {"Name": "n", "DataTypeId": "GenericCSV", "FamilyId": 1}, "UploadId": "0" * 32},
    ],
)
def test_a_registration_that_lacks_something_is_400(studio, body):
    """Without body, name, data type or upload nothing is registered."""
    with unchanged(studio.place.emulator):
        assert 400 == refusal(studio.call("POST", "/datasources", body))[0]


def test_an_upload_with_missing_blocks_cannot_be_registered(studio):
    """The refusal names the blocks that are missing."""
    upload = studio.begin()
    studio.block(upload, 1, 3, b"x")
    with unchanged(studio.place.emulator):
        status, _, message = refusal(studio.register(upload))
    assert (400, "Blocks of the upload are missing: 0, 2.") == (status, message)


def test_a_new_version_takes_the_place_of_the_old(studio):
    """With FamilyId the data set is replaced: the list shows the new one, the old id still answers."""
    old = studio.add(CSV)
    new = studio.add(b"a\n9\n", "renamed", FamilyId=old["FamilyId"])
    listed = [one for one in studio.get("/datasources") if one["FamilyId"] == old["FamilyId"]]
    assert [("renamed", 2, new["Id"])] == [(one["Name"], one["ServiceVersion"], one["Id"]) for one in listed]
    kept = studio.get(f"/datasources/{old['Id']}")
    assert (False, CSV) == (kept["IsLatest"], studio.download(kept).body)


def test_the_family_of_a_new_version_must_be_there(studio):
    """A FamilyId that no data set of the workspace has is 400."""
    upload = studio.begin("GenericCSV", CSV)
    with unchanged(studio.place.emulator):
        assert 400 == refusal(studio.register(upload, FamilyId="f" * 32))[0]


def test_deleting_a_family_deletes_every_version(studio):
    """204 without a body, as recorded; ids, name and content are gone."""
    old = studio.add(CSV)
    new = studio.add(CSV, FamilyId=old["FamilyId"])
    answer = studio.call("DELETE", f"/datasources/family/{old['FamilyId']}")
    assert (204, b"") == (answer.status, answer.body)
    for dataset in (old, new):
        assert 404 == refusal(studio.call("GET", f"/datasources/{dataset['Id']}"))[0]
        assert 404 == studio.download(dataset).status
    assert "mine" == studio.add(CSV)["Name"]


def test_what_is_not_there_is_404(studio):
    """Unknown data sets and families are 404, another workspace's and the samples' family among them."""
    other = Studio(Place(studio.place.wire, studio.place.emulator.add_workspace("Other"))).add(CSV)
    sample = studio.get("/datasources")[0]
    with unchanged(studio.place.emulator):
        for path in ("/datasources/nothing", f"/datasources/{other['Id']}"):
            assert 404 == refusal(studio.call("GET", path))[0]
        for family in ("nothing", other["FamilyId"], sample["FamilyId"]):
            assert 404 == refusal(studio.call("DELETE", f"/datasources/family/{family}"))[0]


def test_real_host_names_give_real_blob_addresses(studio):
    """Who calls the real name is sent to the real storage name."""
    studio.add(CSV)
    workspace = studio.place.workspace
    url = f"https://studioapi.azureml.net/api/workspaces/{workspace.id}/datasources"
    place = studio.call("GET", url).json[0]["DownloadLocation"]
    assert "https://devstoreaccount1.blob.core.windows.net/" == place["BaseUri"]


# What is not emulated


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/packages?api-version=2.0&experimentid=e/&clearCredentials=true&includeAuthorId=false"),
        ("PUT", "/packages?api-version=2.0&packageUri=u&region=SouthCentralUS"),
        ("GET", "/packages?packageActivityId=a"),
        ("POST", "/modules/custom"),
        ("GET", "/modules/custom?activityGroupId=a"),
        ("POST", "/trainedmodels"),
        ("POST", "/transformmodules"),
    ],
)
def test_what_is_not_emulated_says_so(studio, method, path):
    """501 with the reason and what to do instead, never a made-up success."""
    with unchanged(studio.place.emulator):
        status, code, message = refusal(studio.call(method, path))
    assert (501, "NotEmulated") == (status, code)
    assert "not emulated" in message


def test_saving_an_output_as_a_data_set_is_not_emulated(studio):
    """Promoting a module's output is 501."""
    body = {"ExperimentId": "e", "ModuleNodeId": "n", "OutputName": "o", "DataSource": {"Name": "n"}}
    assert 501 == refusal(studio.call("POST", "/datasources", body))[0]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"a": NaN}',
        b'{"a": [1e999]}',
        b'{"a":' * 150 + b"1" + b"}" * 150,
        b"\xff",
    ],
)
@pytest.mark.parametrize("path", ["/datasources", "/experiments"])
def test_a_body_that_is_no_plain_json_object_is_refused(studio, path, raw):
    """What is no JSON, no object, or could not be given back as it came is 400 and changes nothing."""
    with unchanged(studio.place.emulator):
        assert 400 == refusal(studio.call("POST", path, raw=raw))[0]


@pytest.mark.parametrize("path", ["/projectcontainers", "/notebooks", "/gateways"])
def test_lists_of_what_nobody_can_make_are_empty(studio, path):
    """Projects, notebooks and gateways are empty arrays."""
    assert [] == studio.get(path)


def test_the_root_answers_everybody(wire: Wire):
    """R asks the roots of Studio's hosts before anything else, without a token."""
    assert [200, 200, 200] == [wire.call("GET", path).status for path in ("/studioapi", "/studioapi/api", "/api")]


def test_a_fault_of_ours_has_the_observed_answer(place_with, monkeypatch):
    """What breaks in the emulator is 500 with the recorded ServiceError."""
    studio = Studio(place_with())

    def breaks(workspace):
        raise ZeroDivisionError

    monkeypatch.setattr(studio.place.emulator.studio, "datasets", breaks)
    assert (500, "ServiceError", "InternalServerError") == refusal(studio.call("GET", "/datasources"))
    assert [ZeroDivisionError] == [type(fault) for fault in studio.place.emulator.faults_of_ours]
