"""The Swagger document: valid, and in the shape that its known readers rely on."""

import json
import re

import pytest
from hypothesis import given
from openapi_spec_validator import OpenAPIV2SpecValidator

from amlemulator.core.interface import Column, InputPort, OutputPort, Parameter, ServiceInterface
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


SMALL = ServiceInterface(
    "scoring",
    inputs=(InputPort("in", (Column("n", "Int32"), Column("c", "String", ("x", "y")))),),
    outputs=(OutputPort("in", columns=(Column("d", "DateTime"),)), OutputPort("model", "model")),
    parameters=(Parameter("p", "Double", default="2", description="how much"), Parameter("q", "Boolean")),
)
ID = {"name": "jobId", "in": "path", "description": "job id", "required": True, "type": "string"}


def ref(name):
    return {"$ref": f"#/definitions/{name}"}


def test_paths_are_whole():
    """Every operation with its parameters and its answer."""
    paths = document(SMALL)["paths"]
    version = {"name": "api-version", "in": "query", "description": "API version", "type": "string", "default": "2.0"}
    assert {
        "/swagger.json": {
            "get": {
                "summary": "Get swagger API document for the web service",
                "operationId": "getSwaggerDocument",
                "parameters": [version],
                "responses": {"200": {"description": "Swagger API document for this service"}},
                "security": [],
            }
        },
        "/execute?api-version=2.0&format=swagger": {
            "post": {
                "summary": "Execute the web service and get a response synchronously",
                "operationId": "execute",
                "parameters": [
                    {
                        "name": "body",
                        "in": "body",
                        "description": "Execution request",
                        "schema": ref("ExecutionRequest"),
                    }
                ],
                "responses": {"200": {"description": "Execution response", "schema": ref("ExecutionResults")}},
            }
        },
        "/jobs?api-version=2.0": {
            "post": {
                "summary": "Submit an asynchronous job to execute the web service",
                "operationId": "submitjob",
                "parameters": [
                    {
                        "name": "body",
                        "in": "body",
                        "description": "Batch execution request",
                        "schema": ref("BatchExecutionRequest"),
                    }
                ],
                "responses": {"200": {"description": "Job id", "schema": {"type": "string"}}},
            }
        },
        "/jobs/{jobId}?api-version=2.0": {
            "get": {
                "summary": "Get the status for a give job",
                "operationId": "getjobstatus",
                "parameters": [ID],
                "responses": {"200": {"description": "Job status", "schema": ref("BatchExecutionStatus")}},
            },
            "delete": {
                "summary": "Cancel a job",
                "operationId": "canceljob",
                "parameters": [ID],
                "responses": {"200": {"description": "Job cancelled"}},
            },
        },
        "/jobs/{jobId}/start?api-version=2.0": {
            "post": {
                "summary": "Start running a job",
                "operationId": "startjob",
                "parameters": [ID],
                "responses": {"200": {"description": "Job started"}},
            }
        },
    } == paths


def test_definitions_are_whole():
    """Requests, answers, rows, references and parameters of one service."""
    row = {
        "type": "object",
        "required": ["n", "c"],
        "properties": {"n": {"type": "integer", "format": "int32"}, "c": {"type": "string", "enum": ["x", "y"]}},
    }
    answer = {
        "type": "object",
        "required": ["d"],
        "properties": {"d": {"type": "string", "format": "date-time"}},
    }
    text = {"type": "string"}
    states = ["NotStarted", "Running", "Failed", "Cancelled", "Finished"]
    code = {"type": "string", "description": "job status code", "enum": states, "default": "NotStarted"}
    places = dict.fromkeys(("BaseLocation", "ConnectionString", "RelativeLocation", "SasBlobToken"), text)
    amount = {"type": "number", "format": "double", "description": "how much", "default": 2.0}

    def of(**properties):
        return {"type": "object", "properties": properties}

    assert {
        "ExecutionRequest": {
            **of(Inputs=ref("ExecutionInputs"), GlobalParameters=ref("GlobalParameters")),
            "example": {"Inputs": {"in": [{"n": 1, "c": "x"}]}, "GlobalParameters": {"p": 2.0, "q": False}},
        },
        "ExecutionInputs": of(**{"in": {"type": "array", "items": ref("inItem")}}),
        "inItem": row,
        "ExecutionResults": of(Results=ref("ExecutionOutputs")),
        "ExecutionOutputs": of(**{"in": {"type": "array", "items": ref("inOutputItem")}}),
        "inOutputItem": answer,
        "BatchExecutionRequest": of(
            GlobalParameters=ref("GlobalParameters"), Inputs=ref("BatchInputs"), Outputs=ref("BatchOutputs")
        ),
        "BatchInputs": of(**{"in": ref("AzureBlobDataReference")}),
        "BatchOutputs": of(**{"in": ref("AzureBlobDataReference")}, model=ref("AzureBlobDataReference")),
        "AzureBlobDataReference": of(**places),
        "BatchExecutionStatus": of(StatusCode=code, Results={"type": "object"}, Details=text),
        "GlobalParameters": of(p=amount, q={"type": "boolean"}),
    } == document(SMALL)["definitions"]


def test_names_of_ports_are_escaped_in_references():
    """First as a JSON pointer wants it, then as a fragment does; a tilde stays one."""
    made = document(ServiceInterface("scoring", inputs=(InputPort("a/b~c d", ()),)))
    assert (
        "#/definitions/a~1b~0c%20dItem"
        == made["definitions"]["ExecutionInputs"]["properties"]["a/b~c d"]["items"]["$ref"]
    )


@pytest.mark.parametrize(
    ("column", "sample"),
    [
        (Column("a", "Double", sample=float("inf")), 1),
        (Column("a", "DateTime", sample="5/30/2010"), "2010-05-30T00:00:00Z"),
        (Column("a", "TimeSpan", sample="1:02:03"), "01:02:03"),
        (Column("a", "Int32", ("7", "8")), 7),
        (Column("a", "Int32", ("7", "8"), sample=9), 9),
        (Column("a", "Int64", sample="x"), 1),
        (Column("a"), ""),
        (Column("a", "Boolean"), False),
    ],
)
def test_the_example_has_a_value_of_each_type(column, sample):
    """A value of the data, a category, or what the service had; never one that JSON cannot hold."""
    made = document(ServiceInterface("scoring", inputs=(InputPort("i", (column,)),)))
    found = made["definitions"]["ExecutionRequest"]["example"]["Inputs"]["i"][0]["a"]
    assert (type(sample), sample) == (type(found), found)


def test_a_description_is_the_services_own():
    """Where it has one, it stands in the head."""
    assert "mine" == document(SMALL, description="mine")["info"]["description"]


def test_angle_brackets_are_escaped_and_members_indented():
    """JSON's own escapes in small letters, two blanks a level."""
    assert '{\n  "a": "\\u003cb\\u003e"\n}' == swagger_text({"a": "<b>"})


def test_a_port_without_columns_has_rows_of_anything():
    """Nothing is required of them, for JSON Schema wants no empty list."""
    made = document(ServiceInterface("scoring", inputs=(InputPort("i"),)))
    assert {"type": "object", "properties": {}} == made["definitions"]["iItem"]
