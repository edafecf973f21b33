"""The Swagger document: valid, and in the shape that its known readers rely on."""

import json
import re

import pytest
from hypothesis import given
from openapi_spec_validator import OpenAPIV2SpecValidator

from amlemulator.core.interface import Column, InputPort, OutputPort, ServiceInterface
from amlemulator.core.swagger import swagger_document, swagger_text
from interfaces import SCORING, TRAINING, WITHOUT_INPUT, interfaces


def document(interface, **changes):
    facts = {
        "title": "Census Model [Predictive Exp.]",
        "description": None,
        "endpoint_name": "default",
        "host": "ussouthcentral.services.azureml.net:443",
        "scheme": "https",
        "base_path": "/workspaces/0769e412b3944b9e8fed479bb8905c1e/services/02880fc6ed4b439d9099e41c877735d7",
    }
    return swagger_document(interface, **(facts | changes))


def resolved(made, reference):
    """Follow a $ref as RFC 6901 says."""
    from urllib.parse import unquote

    found = made
    for part in unquote(reference.removeprefix("#/")).split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


@pytest.mark.parametrize("interface", [SCORING, TRAINING, WITHOUT_INPUT], ids=["scoring", "training", "without input"])
def test_document_is_valid_swagger(interface):
    """The document is valid Swagger 2.0, paths with a query string in them included."""
    assert [] == list(OpenAPIV2SpecValidator(document(interface)).iter_errors())


@given(interfaces())
def test_any_interface_gives_valid_swagger(interface):
    """Whatever ports and columns are called, the document is valid and every row definition is found."""
    made = document(interface)
    assert [] == list(OpenAPIV2SpecValidator(made).iter_errors())
    outputs = [port for port in interface.outputs if port.kind == "dataset"]
    for kind, ports in (("ExecutionInputs", interface.inputs), ("ExecutionOutputs", outputs)):
        rows = made["definitions"][kind]["properties"]
        assert [port.name for port in ports] == list(rows)
        for port in ports:
            item = resolved(made, rows[port.name]["items"]["$ref"])
            assert [column.name for column in port.columns] == list(item["properties"])


def test_head_is_the_recorded_one():
    """The members before the paths stand as an article prints them."""
    made = document(SCORING)
    assert {
        "swagger": "2.0",
        "info": {
            "version": "2.0",
            "title": "Census Model [Predictive Exp.]",
            "description": "No description provided for this web service.",
            "x-endpoint-name": "default",
        },
        "host": "ussouthcentral.services.azureml.net:443",
        "basePath": "/workspaces/0769e412b3944b9e8fed479bb8905c1e/services/02880fc6ed4b439d9099e41c877735d7",
        "schemes": ["https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
    } == dict(list(made.items())[:7])


def test_operations_are_the_recorded_ones():
    """Paths, methods, operationIds and summaries are those of a client generated from a real document."""
    operations = [
        (path, method, operation["operationId"], operation["summary"])
        for path, methods in document(SCORING)["paths"].items()
        for method, operation in methods.items()
    ]
    assert [
        ("/swagger.json", "get", "getSwaggerDocument", "Get swagger API document for the web service"),
        (
            "/execute?api-version=2.0&format=swagger",
            "post",
            "execute",
            "Execute the web service and get a response synchronously",
        ),
        ("/jobs?api-version=2.0", "post", "submitjob", "Submit an asynchronous job to execute the web service"),
        ("/jobs/{jobId}?api-version=2.0", "get", "getjobstatus", "Get the status for a give job"),
        ("/jobs/{jobId}?api-version=2.0", "delete", "canceljob", "Cancel a job"),
        ("/jobs/{jobId}/start?api-version=2.0", "post", "startjob", "Start running a job"),
    ] == operations


def test_parameters_are_the_recorded_ones():
    """Names, places and descriptions of parameters are those of a client generated from a real document."""
    found = {
        operation["operationId"]: [(one["name"], one["in"], one["description"]) for one in operation["parameters"]]
        for methods in document(SCORING)["paths"].values()
        for operation in methods.values()
    }
    job_id = [("jobId", "path", "job id")]
    assert {
        "getSwaggerDocument": [("api-version", "query", "API version")],
        "execute": [("body", "body", "Execution request")],
        "submitjob": [("body", "body", "Batch execution request")],
        "getjobstatus": job_id,
        "canceljob": job_id,
        "startjob": job_id,
    } == found
    assert "2.0" == document(SCORING)["paths"]["/swagger.json"]["get"]["parameters"][0]["default"]


def test_second_path_is_execute():
    """The R package takes the first key of the second path for the method, and the path must match its pattern."""
    path, methods = list(document(SCORING)["paths"].items())[1]
    assert "post" == next(iter(methods))
    assert re.search(r"/execute\?", path)
    assert path.endswith("/execute?api-version=2.0&format=swagger")


def test_old_r_package_can_walk_the_operations():
    """An old R package compares the first member of whatever it finds with a text: lists there would stop it."""
    for methods in document(SCORING)["paths"].values():
        for operation in methods.values():
            for member in operation.values():
                inner = [] if isinstance(member, str) else member.values() if isinstance(member, dict) else member
                for one in inner:
                    assert isinstance(next(iter(one.values())), str | bool)


def test_tag_stripping_leaves_the_text_alone():
    """The R package strips everything between angle brackets, and categories such as <=50K survive that."""
    made = document(SCORING, title="<b>bold</b>")
    text = swagger_text(made)
    assert text == re.sub(r"<.*?>", "", text, flags=re.DOTALL)
    assert made == json.loads(text)
    income = made["definitions"]["input1Item"]["properties"]["income"]
    assert {"type": "string", "enum": ["<=50K", ">50K"]} == income


@given(interfaces())
def test_text_is_the_document(interface):
    """Serialising loses nothing, keeps every order and is plain ASCII without angle brackets."""
    made = document(interface)
    text = swagger_text(made)
    assert text.isascii()
    assert not set("<>") & set(text)
    assert json.dumps(made) == json.dumps(json.loads(text))


def test_definitions_are_the_recorded_ones():
    """The names of the definitions are those of a client generated from a real document."""
    assert {
        "ExecutionRequest",
        "ExecutionInputs",
        "input1Item",
        "ExecutionResults",
        "ExecutionOutputs",
        "output1Item",
        "BatchExecutionRequest",
        "BatchInputs",
        "BatchOutputs",
        "AzureBlobDataReference",
        "BatchExecutionStatus",
        "GlobalParameters",
    } == set(document(SCORING)["definitions"])


def test_rows_are_described_as_the_web_app_templates_read_them():
    """Each port leads to rows whose columns are all required and typed, in the order of the columns."""
    made = document(SCORING)
    rows = made["definitions"]["ExecutionInputs"]["properties"]["input1"]
    assert {"type": "array", "items": {"$ref": "#/definitions/input1Item"}} == rows
    item = made["definitions"]["input1Item"]
    assert ["age", "education", "capital-gain", "income"] == item["required"] == list(item["properties"])
    assert {"type": "integer", "format": "int32"} == item["properties"]["age"]
    assert {"type": "number", "format": "double"} == item["properties"]["capital-gain"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("String", {"type": "string"}),
        ("Double", {"type": "number", "format": "double"}),
        ("Int32", {"type": "integer", "format": "int32"}),
        ("Int64", {"type": "integer", "format": "int64"}),
        ("Boolean", {"type": "boolean"}),
        ("DateTime", {"type": "string", "format": "date-time"}),
        ("TimeSpan", {"type": "string", "format": "time-span"}),
    ],
)
def test_column_types(kind, expected):
    """A column's .NET type becomes the type and format that clients know."""
    interface = ServiceInterface("scoring", inputs=(InputPort("input1", (Column("x", kind),)),))
    assert expected == document(interface)["definitions"]["input1Item"]["properties"]["x"]


def test_numeric_categories_are_numbers():
    """The known values of a categorical number stand in the enum as numbers."""
    interface = ServiceInterface("scoring", inputs=(InputPort("input1", (Column("x", "Int32", ("1", "2")),)),))
    expected = {"type": "integer", "format": "int32", "enum": [1, 2]}
    assert expected == document(interface)["definitions"]["input1Item"]["properties"]["x"]


def test_example_holds_sample_values():
    """The example is one row of sample values in their own types, and the parameters' defaults."""
    assert {
        "Inputs": {"input1": [{"age": 39, "education": "Bachelors", "capital-gain": 2174.0, "income": "<=50K"}]},
        "GlobalParameters": {"Append score columns to output": True},
    } == document(SCORING)["definitions"]["ExecutionRequest"]["example"]


def test_example_without_samples():
    """Where no sample value is known, a number is 1 and a text is empty, as the service's own examples had it."""
    columns = (
        Column("n", "Double"),
        Column("s"),
        Column("big", "Int64", sample=2**62 + 1),
        Column("bad", "Int32", sample="x"),
    )
    interface = ServiceInterface("scoring", inputs=(InputPort("input1", columns),))
    example = document(interface)["definitions"]["ExecutionRequest"]["example"]
    assert {"n": 1, "s": "", "big": 2**62 + 1, "bad": 1} == example["Inputs"]["input1"][0]


def test_dates_are_written_as_swagger_demands():
    """A date stands in the document in the form of RFC 3339, which RRS reads as well."""
    columns = (Column("at", "DateTime", sample="5/30/2010 6:07:00 PM"), Column("for", "TimeSpan", sample="1.02:03:04"))
    interface = ServiceInterface("scoring", inputs=(InputPort("input1", columns),))
    example = document(interface)["definitions"]["ExecutionRequest"]["example"]
    assert {"at": "2010-05-30T18:07:00Z", "for": "1.02:03:04"} == example["Inputs"]["input1"][0]


def test_parameters_are_described():
    """Web service parameters have their type, description and default."""
    expected = {"type": "boolean", "description": "all columns", "default": True}
    assert {"Append score columns to output": expected} == document(SCORING)["definitions"]["GlobalParameters"][
        "properties"
    ]


def test_job_status_is_described():
    """StatusCode is an enumeration of the five names, Details a text."""
    status = document(SCORING)["definitions"]["BatchExecutionStatus"]["properties"]
    assert ["NotStarted", "Running", "Failed", "Cancelled", "Finished"] == status["StatusCode"]["enum"]
    assert "NotStarted" == status["StatusCode"]["default"]
    assert ["StatusCode", "Results", "Details"] == list(status)
    assert {"type": "string"} == status["Details"]


def test_batch_ports_are_blob_references():
    """Every port, a trained model too, is a blob reference in a batch request; RRS outputs are data sets only."""
    definitions = document(TRAINING)["definitions"]
    reference = {"$ref": "#/definitions/AzureBlobDataReference"}
    assert {"output1": reference, "output2": reference} == definitions["BatchOutputs"]["properties"]
    assert {"input1": reference} == definitions["BatchInputs"]["properties"]
    assert ["output2"] == list(definitions["ExecutionOutputs"]["properties"])
    members = ["BaseLocation", "ConnectionString", "RelativeLocation", "SasBlobToken"]
    assert members == list(definitions["AzureBlobDataReference"]["properties"])


def test_key_goes_into_the_authorization_header():
    """All operations but the document's own need the key, in the header Authorization."""
    made = document(SCORING)
    assert {"api_key": {"type": "apiKey", "name": "Authorization", "in": "header"}} == made["securityDefinitions"]
    assert [{"api_key": []}] == made["security"]
    assert [] == made["paths"]["/swagger.json"]["get"]["security"]


def test_input_and_output_of_one_name():
    """An input and an output called alike have row definitions of their own."""
    column, other = Column("x"), Column("y")
    interface = ServiceInterface("scoring", (InputPort("data", (column,)),), (OutputPort("data", columns=(other,)),))
    definitions = document(interface)["definitions"]
    assert {"type": "string"} == definitions["dataItem"]["properties"]["x"]
    assert {"type": "string"} == definitions["dataOutputItem"]["properties"]["y"]
