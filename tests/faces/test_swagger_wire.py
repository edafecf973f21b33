"""The API document and the help pages through the whole pipeline: hosts, regions, slashes, sample services."""

import re

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator
from werkzeug.test import Client

from amlemulator import Emulator

BASE = "http://127.0.0.1:8350"


@pytest.fixture(scope="module")
def emulator():
    made = Emulator(public_url=BASE)
    yield made
    made.close()


@pytest.fixture
def client(emulator):
    return Client(emulator.wsgi_app)


def endpoints(emulator):
    """Return (workspace, service, endpoint) of every sample endpoint."""
    directory = emulator.directory
    return [
        (workspace, service, endpoint)
        for workspace in directory.workspaces()
        for service in directory.services(workspace.id)
        for endpoint in directory.endpoints(service.id)
    ]


def paths(emulator, number=0):
    """Return the document's paths for one endpoint: by scoring host, by management host and below HelpLocation."""
    workspace, service, endpoint = endpoints(emulator)[number]
    by_ids = f"workspaces/{workspace.id}/webservices/{service.id}/endpoints/{endpoint.id}/apidocument"
    return f"workspaces/{workspace.id}/services/{endpoint.id}/swagger.json", by_ids, f"apihelp/{by_ids}"


def test_every_sample_service_is_valid_swagger(emulator, client):
    """The documents of all sample services are valid Swagger 2.0, and no angle bracket is in them."""
    for number in range(len(endpoints(emulator))):
        answer = client.get("/" + paths(emulator, number)[0])
        assert 200 == answer.status_code
        assert not set("<>") & set(answer.text)
        assert [] == list(OpenAPIV2SpecValidator(answer.json).iter_errors())


def test_scored_labels_with_brackets_survive_the_r_package(emulator, client):
    """The census labels stand in the document although the R package strips what it takes for tags."""
    scoring = next(n for n, (_, service, _) in enumerate(endpoints(emulator)) if "Predictive" in service.name)
    answer = client.get("/" + paths(emulator, scoring)[0])
    assert re.sub("<.*?>", "", answer.text, flags=re.DOTALL) == answer.text
    labels = answer.json["definitions"]["output1Item"]["properties"]["Scored Labels"]
    assert ["<=50K", ">50K"] == labels["enum"]


@pytest.mark.parametrize("change", ["{}", "{}?api-version=2.0", "{}/", "{}%20"])
def test_document_answers_in_every_form_clients_ask_in(emulator, client, change):
    """With or without the host in front, a query, a slash or a blank behind: the same document, never a redirect."""
    scoring, by_ids, below_help = (change.format(path) for path in paths(emulator))
    expected = client.get("/" + paths(emulator)[0]).data
    for path in (
        scoring,
        f"ussouthcentral.services/{scoring}",
        f"management/{by_ids}",
        below_help,
        f"studio/{below_help}",
    ):
        answer = client.get("/" + path)
        assert (200, expected) == (answer.status_code, answer.data), path


def test_double_slash_is_no_redirect(emulator, client):
    """The web-app templates ask for //swagger.json."""
    scoring = paths(emulator)[0].replace("/swagger.json", "//swagger.json")
    assert 200 == client.get(f"/ussouthcentral.services/{scoring}").status_code


def test_real_host_names_answer_with_real_addresses(emulator, client):
    """Who comes by the real names gets the real host, its port spelled out."""
    scoring, by_ids, _ = paths(emulator)
    for host, path in (("ussouthcentral.services.azureml.net", scoring), ("management.azureml.net", by_ids)):
        answer = client.get("/" + path, headers={"Host": host})
        assert "ussouthcentral.services.azureml.net:443" == answer.json["host"]
        assert answer.json["basePath"] == "/" + scoring.removesuffix("/swagger.json")


def test_document_gives_the_address_that_the_r_package_calls(emulator, client):
    """R puts scheme, host, ids and the execute path together without the base path: that address must answer too."""
    scoring = paths(emulator)[0]
    made = client.get(f"/ussouthcentral.services/{scoring}").json
    assert made["schemes"][0] + "://" + made["host"] == BASE
    path = next(path for path in made["paths"] if re.search(r"/execute\?", path))
    answer = client.post("/" + scoring.removesuffix("/swagger.json") + path, json={})
    assert 401 == answer.status_code


def test_other_regions_do_not_know_the_endpoint(emulator, client):
    """Another region's scoring host has no such document; its management host fails on the workspace."""
    scoring, by_ids, _ = paths(emulator)
    answer = client.get(f"/europewest.services/{scoring}")
    assert (404, "WorkspaceNotFound") == (answer.status_code, answer.json["error"]["details"][0]["code"])
    answer = client.get(f"/europewest.management/{by_ids}")
    assert (500, "GetWorkspaceFailed") == (answer.status_code, answer.json["error"]["code"])


def test_help_pages_open_under_each_address(emulator, client):
    """The pages answer below the studio host, without it and by its real name, and with a trailing slash."""
    below_help = paths(emulator)[2].removesuffix("/apidocument")
    for page in ("", "/score", "/jobs", "/update"):
        expected = client.get(f"/studio/{below_help}{page}")
        assert 200 == expected.status_code
        assert expected.data == client.get(f"/{below_help}{page}").data == client.get(f"/{below_help}{page}/").data
        by_name = client.get(f"/{below_help}{page}", headers={"Host": "studio.azureml.net"})
        assert 200 == by_name.status_code
        assert "https://studio.azureml.net/apihelp/" in by_name.text


def test_unknown_help_page_is_a_404_page(client):
    """A page of ids that do not exist is 404 as HTML, through the whole pipeline."""
    unknown = "f" * 32
    answer = client.get(f"/studio/apihelp/workspaces/{unknown}/webservices/{unknown}/endpoints/{unknown}/update")
    assert (404, "text/html; charset=utf-8") == (answer.status_code, answer.content_type)


def test_head_is_answered(emulator, client):
    """HEAD gives what GET gives, without the body."""
    scoring = paths(emulator)[0]
    answer = client.head("/" + scoring)
    assert (200, b"", client.get("/" + scoring).content_length) == (
        answer.status_code,
        answer.data,
        answer.content_length,
    )


def test_code_service_is_described(emulator, client):
    """A published function has a document and help pages too: its columns are those of its declared schema."""
    workspace = emulator.directory.workspaces()[0]
    service_id = "c0de" * 8
    number = {"type": "number", "format": "double"}
    bundle = {
        "InputSchema": {"a": number},
        "OutputSchema": {"sum": number},
        "Language": "python-2.7-64",
        "SourceCode": "x",
    }
    answer = client.put(
        f"/management/workspaces/{workspace.id}/webservices/{service_id}",
        json={"Name": "adder", "Type": "Code", "CodeBundle": bundle},
        headers={"Authorization": f"Bearer {workspace.primary_token}"},
    )
    assert answer.status_code < 300
    (endpoint,) = emulator.directory.endpoints(service_id)
    made = client.get(f"/workspaces/{workspace.id}/services/{endpoint.id}/swagger.json").json
    assert {"a": number} == made["definitions"]["input1Item"]["properties"]
    assert "sum" in made["definitions"]["output1Item"]["properties"]
    for page in ("", "/score", "/jobs", "/update"):
        path = f"/apihelp/workspaces/{workspace.id}/webservices/{service_id}/endpoints/{endpoint.id}{page}"
        assert 200 == client.get(path).status_code
