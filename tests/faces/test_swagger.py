"""swagger.json and apidocument over HTTP: anonymous, under every address, 404 while an endpoint is not known."""

import json

import pytest

from amlemulator.core.addresses import Addresses
from amlemulator.faces import swagger
from stand_in import ADDED, DEFAULT, SERVICE, WORKSPACE, StandIn

SWAGGER = f"/services/workspaces/{WORKSPACE.id}/services/{DEFAULT.id}/swagger.json"
ENDPOINT = f"workspaces/{WORKSPACE.id}/webservices/{SERVICE.id}/endpoints/{DEFAULT.id}"
API_DOCUMENT = f"/management/{ENDPOINT}/apidocument"
HELP_DOCUMENT = f"/studio/apihelp/{ENDPOINT}/apidocument"


@pytest.mark.parametrize("address", [SWAGGER, SWAGGER + "?api-version=2.0", API_DOCUMENT, HELP_DOCUMENT])
def test_document_needs_no_key(address):
    """Everybody may read the document, under each of its addresses, as JSON."""
    answer = StandIn().client(swagger).get(address)
    assert (200, "application/json; charset=utf-8") == (answer.status_code, answer.content_type)
    assert "Census Model [Predictive Exp.]" == answer.get_json()["info"]["title"]


def test_all_addresses_give_the_same_document():
    """swagger.json and apidocument are the same, byte for byte."""
    client = StandIn().client(swagger)
    assert 1 == len({client.get(address).data for address in (SWAGGER, API_DOCUMENT, HELP_DOCUMENT)})


def test_members_keep_their_order():
    """The order of members survives the way to the wire: R reads the second path."""
    text = StandIn().client(swagger).get(SWAGGER).get_data(as_text=True)
    assert ["/swagger.json", "/execute?api-version=2.0&format=swagger"] == list(json.loads(text)["paths"])[:2]


def test_document_names_the_endpoint_and_its_address():
    """Scheme, host and base path put together are the endpoint's ApiLocation."""
    service = StandIn()
    made = service.client(swagger).get(SWAGGER.replace(DEFAULT.id, ADDED.id)).get_json()
    assert "retrained" == made["info"]["x-endpoint-name"]
    location = made["schemes"][0] + "://" + made["host"] + made["basePath"]
    assert service.addresses.api_location(WORKSPACE, ADDED) == location


def test_real_names_have_their_port():
    """For a caller who came by the real name the host is the real one, its port spelled out."""
    made = StandIn(addresses=Addresses(real=True)).client(swagger).get(SWAGGER).get_json()
    assert ("ussouthcentral.services.azureml.net:443", ["https"]) == (made["host"], made["schemes"])
    assert f"/workspaces/{WORKSPACE.id}/services/{DEFAULT.id}" == made["basePath"]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (SWAGGER.replace(DEFAULT.id, "f" * 32), "WebServiceNotFound"),
        (SWAGGER.replace(WORKSPACE.id, "f" * 32), "WorkspaceNotFound"),
    ],
)
def test_unknown_endpoint_is_404(address, code):
    """The document of an endpoint that is not there is 404 in the scoring host's envelope."""
    answer = StandIn().client(swagger).get(address)
    assert (404, "NotFound", code) == (
        answer.status_code,
        answer.get_json()["error"]["code"],
        answer.get_json()["error"]["details"][0]["code"],
    )


def test_fresh_endpoint_is_404():
    """An endpoint made seconds ago answers 404 for a while, when that is asked for: the R client waits for it."""
    fresh = StandIn(now=5.0, fresh_endpoint_seconds=10.0)
    assert 404 == fresh.client(swagger).get(SWAGGER).status_code
    assert 200 == StandIn(now=15.0, fresh_endpoint_seconds=10.0).client(swagger).get(SWAGGER).status_code


@pytest.mark.parametrize("wrong", [DEFAULT.id, SERVICE.id, WORKSPACE.id])
def test_api_document_of_unknown_ids_is_404(wrong):
    """The API document is found by all three ids together, or not at all."""
    answer = StandIn().client(swagger).get(API_DOCUMENT.replace(wrong, "f" * 32))
    assert {"error": {"code": "NotFound", "message": "Resource not found."}} == answer.get_json()
    assert 404 == answer.status_code
