"""contracts/openapi: valid, complete, and in step with what the emulator serves and the other contracts say."""

import pytest
import yaml
from openapi_spec_validator import validate

from amlcontracts import compile as compiler
from amlcontracts import load
from amlcontracts.operations import APIS, operations, whole_document
from amlcontracts.schemas import references
from amlemulator.core.endpoints import NAME
from amlemulator.faces.call import PEOPLE
from amlemulator.faces.catalogue import PREFIXES, routes
from support import described

FILES = sorted(compiler.SOURCE.glob("openapi/*.yaml"))
# Who may call, by the keys and tokens that a description names.
ACCESS = {
    ("rrs-bes", ("key",)): "scoring",
    ("management", ("token",)): "workspace",
    ("management", ("token", "key")): "endpoint",
    ("studio", ("token",)): "studio",
    ("control", ("token",)): "control",
}


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_document_is_valid(file):
    """Each file is valid OpenAPI 3.1, followed to the schemas beside it."""
    validate(yaml.safe_load(file.read_text("utf-8")), base_uri=file.as_uri())


def test_every_document_is_known():
    """The documents are those that the packages read, in their order."""
    assert sorted(APIS) == [file.stem for file in FILES] == sorted(load("openapi")) == sorted(PREFIXES)


def test_one_document_of_them_all_is_valid():
    """Put together they are valid too, every body among their components."""
    document = whole_document("http://127.0.0.1:8350", PREFIXES)
    validate(document)
    assert set(document["components"]["schemas"]) == {
        reference.rpartition("/")[2] for reference in _references(document) if "/schemas/" in reference
    }


def _references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _references(one)


def test_every_route_is_described_and_every_description_is_served(emulator):
    """Method, path, operation and who may call: the same in the contracts and in the faces; pages are for people."""
    served = set()
    for route in routes(emulator):
        if route.operation.access in PEOPLE:
            continue
        api = next(api for api, prefix in PREFIXES.items() if f"{route.path}/".startswith(f"{prefix}/"))
        path = route.path.removeprefix(PREFIXES[api]) or "/"
        served.add((api, route.method, _shape(path), route.operation.name, route.operation.access))
    known = {
        (one.api, one.method, one.shape, one.name, ACCESS.get((one.api, one.security), "anonymous"))
        for one in operations()
    }
    assert set() == served - known
    assert set() == known - served


def _shape(path):
    return "/".join("{}" if step.startswith("{") else step for step in path.split("/"))


def test_ids_are_unique():
    """No two operations of all documents share an id."""
    ids = [one.id for one in operations()]
    assert sorted(set(ids)) == sorted(ids)


def test_an_operation_names_every_part_of_its_path():
    """The path parameters of an operation are those of its path, described and required."""
    for one in operations():
        given = {place["name"] for place in one.parameters if place["in"] == "path" and place["required"]}
        assert set(_places(one.path)) == given, one.id
        assert [] == [place["name"] for place in one.parameters if "description" not in place]


def _places(path):
    return [step[1:-1] for step in path.split("/") if step.startswith("{")]


def test_the_error_envelope_is_that_of_the_host():
    """A refusal has the schema of its host's envelope."""
    envelopes = {
        "rrs-bes": "error",
        "management": "management-error",
        "studio": "studio-error",
        "control": "control-error",
    }
    for one in operations():
        for status, kinds in one.answers.items():
            if one.api in envelopes and status >= 400 and one.name != "control.readyz":  # says how far it is
                assert envelopes[one.api] == next(references(kinds["application/json"])), (one.id, status)


def test_hosts_are_those_of_the_regions():
    """The regions that the documents name are those of regions.yaml."""
    regions = load("regions").values()
    for api, label in (("rrs-bes", "services"), ("management", "management"), ("studio", "studioapi")):
        servers = load("openapi")[api]["servers"]
        names = {
            region for server in servers for region in server.get("variables", {}).get("region", {}).get("enum", [])
        }
        expected = {facts[label].rpartition(".")[0] for facts in regions}
        assert expected - {""} == names


def test_the_name_of_an_endpoint_is_described_as_it_is_checked():
    """The pattern of an endpoint's name is that of limits.yaml."""
    patterns = {
        place["schema"]["pattern"]
        for one in operations()
        for place in one.parameters
        if place["name"] == "endpoint_name"
    }
    assert {NAME.pattern} == patterns


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ([], ("services", "bes.submit", "POST", 200, "application/json", b'"0123456789abcdef0123456789abcdef"')),
        (["bes.submit is described to answer 200 with ['application/json'], not text/html"],
         ("services", "bes.submit", "POST", 200, "text/html", b"")),
        (["bes.submit is described to answer 200 with ['application/json'], not no body"],
         ("services", "bes.submit", "POST", 200, None, b"")),
        (["bes.submit is not described to answer 202"], ("services", "bes.submit", "POST", 202, None, b"")),
        (["PUT of bes.submit is not described"], ("services", "bes.submit", "PUT", 200, None, b"")),
        (['bes.submit answers 200 with what job-id does not allow: []: "x" does not match "^[0-9a-f]{32}$"'],
         ("services", "bes.submit", "POST", 200, "application/json", b'"x"')),
    ],
)  # fmt: skip
def test_the_look_at_every_answer_sees_a_breach(expected, answer):
    """What the tests of the faces look at in each answer finds a wrong status, type, body or operation."""
    assert expected == described.faults(*answer)
