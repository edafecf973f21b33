"""The API document and the help pages through the whole pipeline: hosts, regions, slashes, sample services."""

import re

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator

from support.wire import BASE

TOKEN = rb'name="csrf_token" value="\w+"'  # of the test form: each visitor's own

PAGES = ("", "/score", "/jobs", "/update")
UNKNOWN = "f" * 32


@pytest.fixture
def target(place):
    return place.sample("census-model-predictive")


def addresses(target):
    """Return the document's paths: below the scoring host, by ids, and below HelpLocation."""
    by_ids = f"workspaces/{target.place.workspace.id}/webservices/{target.service.id}/endpoints/{target.endpoint.id}"
    scoring = f"workspaces/{target.place.workspace.id}/services/{target.endpoint.id}/swagger.json"
    return scoring, f"{by_ids}/apidocument", f"apihelp/{by_ids}/apidocument"


def help_path(target):
    return addresses(target)[2].removesuffix("/apidocument")


@pytest.mark.parametrize(
    "graph", ["census-model", "census-model-predictive", "bike-rental-training", "bike-rental-scoring"]
)
def test_every_sample_service_is_valid_swagger(place, graph):
    """The documents of all sample services are valid Swagger 2.0, and no angle bracket is in them."""
    answer = place.wire.call("GET", place.sample(graph).api + "/swagger.json")
    assert 200 == answer.status
    assert not set(b"<>") & set(answer.body)
    assert [] == list(OpenAPIV2SpecValidator(answer.json).iter_errors())


def test_scored_labels_with_brackets_survive_the_r_package(wire, target):
    """The census labels stand in the document although the R package strips what it takes for tags."""
    answer = wire.call("GET", target.api + "/swagger.json")
    assert re.sub(b"<.*?>", b"", answer.body, flags=re.DOTALL) == answer.body
    labels = answer.json["definitions"]["output1Item"]["properties"]["Scored Labels"]
    assert ["<=50K", ">50K"] == labels["enum"]


@pytest.mark.parametrize("form", ["{}", "{}?api-version=2.0", "{}/", "{}%20"])
def test_document_answers_in_every_form_clients_ask_in(wire, target, form):
    """With or without the host in front, a query, a slash or a blank behind: the same document, never a redirect."""
    expected = wire.call("GET", target.api + "/swagger.json").body
    scoring, by_ids, below_help = (form.format(path) for path in addresses(target))
    hosted = (f"ussouthcentral.services/{scoring}", f"management/{by_ids}", f"studio/{below_help}")
    for path in (scoring, below_help, *hosted):
        answer = wire.call("GET", "/" + path)
        assert (200, expected) == (answer.status, answer.body), path


def test_double_slash_is_no_redirect(wire, target):
    """The web-app templates ask for //swagger.json."""
    assert 200 == wire.call("GET", target.api + "//swagger.json").status


def test_real_host_names_answer_with_real_addresses(wire, target):
    """Who comes by the real names gets the real host, its port spelled out."""
    scoring, by_ids, _ = addresses(target)
    for host, path in (("ussouthcentral.services.azureml.net", scoring), ("management.azureml.net", by_ids)):
        made = wire.call("GET", "/" + path, headers={"Host": host}).json
        assert "ussouthcentral.services.azureml.net:443" == made["host"]
        assert "/" + scoring.removesuffix("/swagger.json") == made["basePath"]


def test_document_gives_the_address_that_the_r_package_calls(wire, target):
    """R puts scheme, host, ids and the execute path together without the base path: that address must answer too."""
    made = wire.call("GET", target.api + "/swagger.json").json
    assert BASE == made["schemes"][0] + "://" + made["host"]
    path = next(path for path in made["paths"] if re.search(r"/execute\?", path))
    address = "/" + addresses(target)[0].removesuffix("/swagger.json") + path
    example = made["definitions"]["ExecutionRequest"]["example"]
    answer = wire.call("POST", address, example, key=target.endpoint.primary_key)
    assert 200 == answer.status


def test_columns_of_the_document_are_those_of_the_answer(wire, target):
    """R reads the columns by position: the document has them in the order of a reply with format=swagger."""
    made = wire.call("GET", target.api + "/swagger.json").json
    example = made["definitions"]["ExecutionRequest"]["example"]
    (row,) = target.score(example, query={"api-version": "2.0", "format": "swagger"}).json["Results"]["output1"]
    assert list(made["definitions"]["output1Item"]["properties"]) == list(row)


def test_other_regions_do_not_know_the_endpoint(wire, target):
    """Another region's scoring host has no such document; its management host fails on the workspace."""
    scoring, by_ids, _ = addresses(target)
    answer = wire.call("GET", f"/europewest.services/{scoring}")
    assert (404, "NotFound", "WorkspaceNotFound") == answer.refusal
    assert (500, "GetWorkspaceFailed", None) == wire.call("GET", f"/europewest.management/{by_ids}").refusal


def test_endpoint_of_another_workspace_is_404(wire, target):
    """The document is not found by the id of a workspace that the endpoint is not in."""
    other = wire.emulator.add_workspace("Other")
    path = addresses(target)[0].replace(target.place.workspace.id, other.id)
    assert (404, "NotFound", "WebServiceIdNotFoundInWorkspace") == wire.call("GET", "/" + path).refusal


@pytest.mark.parametrize("page", PAGES)
def test_help_pages_open_under_each_address(wire, target, page):
    """The pages answer below the studio host, without it and by its real name, and with a trailing slash."""
    path = f"/{help_path(target)}{page}"
    expected = wire.call("GET", f"/studio{path}")
    assert 200 == expected.status
    seen = [re.sub(TOKEN, b"", wire.call("GET", one).body) for one in (f"/studio{path}", path, path + "/")]
    assert seen[0] == seen[1] == seen[2]
    by_name = wire.call("GET", path, headers={"Host": "studio.azureml.net"})
    assert 200 == by_name.status
    assert b"https://studio.azureml.net/apihelp/" in by_name.body


@pytest.mark.parametrize("page", PAGES)
def test_unknown_help_page_is_a_404_page(wire, page):
    """A page of ids that do not exist is 404 as HTML, through the whole pipeline."""
    path = f"/studio/apihelp/workspaces/{UNKNOWN}/webservices/{UNKNOWN}/endpoints/{UNKNOWN}{page}"
    answer = wire.call("GET", path)
    assert (404, "text/html; charset=utf-8") == (answer.status, answer.header("Content-Type"))


def test_update_page_of_an_added_endpoint_can_be_followed(wire, target):
    """What the Update Resource page of an added endpoint shows is the address that takes a PATCH."""
    added = target.add("retrained")
    page = wire.call("GET", f"/{help_path(added)}/update").body.decode()
    found = re.search(r'id="patchUrl">([^<]+)<', page)
    assert found is not None
    assert 200 == wire.call("PATCH", found[1], {"Resources": []}, key=added.endpoint.primary_key).status


def test_head_is_answered(wire, target):
    """HEAD gives what GET gives, without the body."""
    answer = wire.call("HEAD", target.api + "/swagger.json")
    assert (200, b"") == (answer.status, answer.body)
    expected = len(wire.call("GET", target.api + "/swagger.json").body)
    assert str(expected) == answer.header("Content-Length")


def test_code_service_is_described(place):
    """A published function has a document and help pages too: its columns are those of its declared schema."""
    service_id = place.workspace.id[::-1]
    number = {"type": "number", "format": "double"}
    schemas = {"InputSchema": {"a": number}, "OutputSchema": {"sum": number}}
    bundle = {**schemas, "Language": "python-2.7-64", "SourceCode": "x"}
    body = {"Name": "adder", "Type": "Code", "CodeBundle": bundle}
    assert 200 == place.manage("PUT", f"/webservices/{service_id}", body).status
    service = place.emulator.directory.service(service_id)
    target = place.target(service)
    made = place.wire.call("GET", target.api + "/swagger.json").json
    assert {"a": number} == made["definitions"]["input1Item"]["properties"]
    assert "sum" in made["definitions"]["output1Item"]["properties"]
    for page in PAGES:
        assert 200 == place.wire.call("GET", f"/{help_path(target)}{page}").status
