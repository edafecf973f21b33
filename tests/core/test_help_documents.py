"""The sample bodies of the help pages, made for one service."""

from hypothesis import given

from amlemulator.core.help_documents import (
    batch_request,
    batch_status,
    input_files,
    output_files,
    patch_request,
    sample_connection_string,
    sample_parameters,
    sample_request,
    sample_response,
)
from amlemulator.core.interface import Column, InputPort, OutputPort, ServiceInterface
from interfaces import SCORING, TRAINING, WITHOUT_INPUT, interfaces


def test_sample_request_has_two_rows_of_texts():
    """The request is in the plain form, two rows, "0" for a number and "value" for a text."""
    assert {
        "Inputs": {
            "input1": {
                "ColumnNames": ["age", "education", "capital-gain", "income"],
                "Values": [["0", "value", "0", "value"], ["0", "value", "0", "value"]],
            }
        },
        "GlobalParameters": {"Append score columns to output": "true"},
    } == sample_request(SCORING)


def test_sample_response_speaks_the_pages_vocabulary():
    """The response is a DataTable whose types are those that a program which reads the page knows."""
    types = ("String", "Double", "Int32", "Int64", "Boolean", "DateTime", "TimeSpan")
    columns = tuple(Column(kind.lower(), kind) for kind in types)
    table = sample_response(ServiceInterface("scoring", outputs=(OutputPort("output1", columns=columns),)))
    value = table["Results"]["output1"]["value"]
    assert "DataTable" == table["Results"]["output1"]["type"]
    assert ["Object", "Numeric", "Numeric", "Numeric", "Logical", "Object", "Object"] == value["ColumnTypes"]
    assert [kind.lower() for kind in types] == value["ColumnNames"]


def test_sample_response_holds_no_models():
    """A trained model is no answer of RRS."""
    assert ["output2"] == list(sample_response(TRAINING)["Results"])


def test_parameters_have_a_value():
    """Each parameter has its default, or a sample value to replace."""
    assert {"Append score columns to output": "true"} == sample_parameters(SCORING)
    assert {"URI": "value"} == sample_parameters(WITHOUT_INPUT)


def test_batch_request_names_every_port_with_the_right_extension():
    """Inputs are .csv, a trained model is .ilearner, each in the sample container."""
    request = batch_request(TRAINING, "UseDevelopmentStorage=true")
    locations = {
        port: reference["RelativeLocation"] for port, reference in (request["Inputs"] | request["Outputs"]).items()
    }
    assert {
        "input1": "mycontainer/input1data.csv",
        "output1": "mycontainer/output1results.ilearner",
        "output2": "mycontainer/output2results.csv",
    } == locations
    assert {} == request["GlobalParameters"]


def test_batch_request_without_input():
    """A service without inputs has none in the sample, and its parameters."""
    request = batch_request(WITHOUT_INPUT, "x")
    assert ({}, {"URI": "value"}) == (request["Inputs"], request["GlobalParameters"])


def test_batch_status_is_a_finished_job():
    """The sample status has a reference for each output, its three parts ready to be put together."""
    status = batch_status(TRAINING, "https://account.blob.core.windows.net/")
    assert ["StatusCode", "Results", "Details"] == list(status)
    result = status["Results"]["output1"]
    address = result["BaseLocation"] + result["RelativeLocation"] + result["SasBlobToken"]
    assert address.startswith("https://account.blob.core.windows.net/mycontainer/output1results.ilearner?sv=")


def test_patch_request_names_every_resource():
    """The body of Update Resource has one entry for each updatable resource."""
    body = patch_request(["A [trained model]", "B [trained model]"], "https://account.blob.core.windows.net/")
    assert ["A [trained model]", "B [trained model]"] == [entry["Name"] for entry in body["Resources"]]
    members = ["BaseLocation", "RelativeLocation", "SasBlobToken"]
    assert all(members == list(entry["Location"]) for entry in body["Resources"])


def test_connection_string_leads_to_the_blob_endpoint():
    """The sample connection string carries protocol, account and endpoint; only the key is left open."""
    expected = (
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=mystorageacctkey;"
        "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1"
    )
    assert expected == sample_connection_string("devstoreaccount1", "http://127.0.0.1:10000/devstoreaccount1")


@given(interfaces())
def test_file_names_are_plain_and_different(interface):
    """Whatever ports are called, their files have plain names, and no two the same."""
    for files in (input_files(interface), output_files(interface)):
        assert len(files) == len(set(files.values()))
        assert all(
            name.isascii() and name.replace("_", "").replace("-", "").replace(".", "").isalnum()
            for name in files.values()
        )


def test_ports_whose_files_would_be_the_same():
    """Two ports that differ in characters a file name cannot have get numbered files; letters of any case stay."""
    interface = ServiceInterface("scoring", inputs=(InputPort("A b"), InputPort("A/b"), InputPort("A_b")))
    assert {"A b": "A_bdata.csv", "A/b": "A_b_2data.csv", "A_b": "A_b_3data.csv"} == input_files(interface)


def test_each_document_is_whole():
    """Every member of an answer's and a job's document, by the wire's own names."""
    port = OutputPort("output1", columns=(Column("a", "Double"),))
    interface = ServiceInterface("scoring", inputs=(InputPort("input1"),), outputs=(port,))
    table = {"ColumnNames": ["a"], "ColumnTypes": ["Numeric"], "Values": [["0"], ["0"]]}
    assert {"Results": {"output1": {"type": "DataTable", "value": table}}} == sample_response(interface)
    reference = {"ConnectionString": "C", "RelativeLocation": "mycontainer/input1data.csv"}
    result = {"ConnectionString": "C", "RelativeLocation": "mycontainer/output1results.csv"}
    expected = {"Inputs": {"input1": reference}, "Outputs": {"output1": result}, "GlobalParameters": {}}
    assert expected == batch_request(interface, "C")
    sas = "?sv=2015-02-21&sr=b&sig=abcd&st=2000-01-01T00%3A00%3A00Z&se=2000-01-02T00%3A00%3A00Z&sp=r"
    place = {**result, "ConnectionString": None, "BaseLocation": "https://a/", "SasBlobToken": sas}
    expected = {"StatusCode": "Finished", "Results": {"output1": place}, "Details": None}
    assert expected == batch_status(interface, "https://a/")
