"""What Import Data and Export Data read and write follows from their parameters."""

import pytest

from amlemulator import samples
from amlemulator.core.records import BlobReference
from amlemulator.experiments.errors import ModuleError
from amlemulator.experiments.transfers import Export, staged_sinks, staged_sources

BIKES = next(one.experiment for one in samples.workspaces()[0].services if one.name == "Bike Rental Training")
URL = "https://acct.blob.core.windows.net/cont/a.csv"
AT = BlobReference(base_location=URL, relative_location="", sas_blob_token="")
WITH_SAS = BlobReference(base_location=URL, relative_location="", sas_blob_token="sv=1&sig=x")
CONNECTION = "DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=key"
BY_KEY = BlobReference(connection_string=CONNECTION, relative_location="cont/a.csv")
PATH = "Path to container, directory, or blob"
IN_ACCOUNT = {"Account name": "acct", PATH: "/cont/a.csv"}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"Data source": "Web URL via HTTP", "URL": f" {URL} "}, {"import": AT}),
        ({"Authentication type": "PublicOrSas", "URI": f"{URL}?sv=1&sig=x"}, {"import": WITH_SAS}),
        (IN_ACCOUNT, {"import": AT}),
        ({**IN_ACCOUNT, "Account key": "key"}, {"import": BY_KEY}),
        ({"Account name": "acct"}, {}),
        ({"Authentication type": "PublicOrSas"}, {}),
        ({}, {}),
    ],
)
def test_import_data_names_what_is_to_be_fetched(parameters, expected):
    """The blob of an Import Data follows from its source and authentication type; the key goes along."""
    nodes = [{"id": "import", "module": "Import Data", "parameters": parameters}]
    assert expected == staged_sources({"experiment": "x", "nodes": nodes}, {})


def test_a_web_service_parameter_drives_the_address():
    """The value that a call gives takes the place of the module's own."""
    assert {"import": AT} == staged_sources(BIKES, {"URI": URL})


def test_a_run_reads_what_a_request_takes_the_place_of():
    """Beside a Web Service Input an Import Data is read in a run of Studio's, and not in a call."""
    nodes = [
        {"id": "import", "module": "Import Data", "parameters": {"Data source": "Web URL via HTTP", "URL": URL}},
        {"id": "request", "module": "Web Service Input", "parameters": {"Name": "input1"}},
        {"id": "rows", "module": "Select Columns in Dataset", "parameters": {"Select columns": ["a"]}},
    ]
    nodes[2]["inputs"] = {"Dataset": ["import", "request"]}
    document = {"experiment": "x", "nodes": nodes}
    assert [{}, {"import": AT}] == [staged_sources(document, {}, called=called) for called in (True, False)]


@pytest.mark.parametrize("path", ["cont/*.csv", "cont/a?.csv"])
def test_wildcards_are_refused_by_name(path):
    """Studio read all blobs that fit; here that is Error 0039 of Import Data, which says what to do."""
    nodes = [{"id": "import", "module": "Import Data", "parameters": {"Account name": "acct", PATH: path}}]
    with pytest.raises(ModuleError, match="name one blob") as caught:
        staged_sources({"experiment": "x", "nodes": nodes}, {})
    assert ("0039", "Import Data") == (caught.value.code, caught.value.module)


def test_a_value_of_a_call_that_does_not_fit_names_the_module():
    """What a web service parameter brings is refused as the module's own."""
    nodes = [{"id": "import", "module": "Import Data", "parameters": {}}]
    links = [{"name": "From", "sets": ["import.Data source"], "default": "Azure Blob Storage"}]
    with pytest.raises(ModuleError) as caught:
        staged_sources({"experiment": "x", "nodes": nodes, "web service parameters": links}, {"From": "Hive Query"})
    assert ("0039", "Import Data") == (caught.value.code, caught.value.module)


TO_ACCOUNT = {"Azure account name": "acct", "Path to blob beginning with container": "cont/a.csv"}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"Please specify authentication type": "SAS", "SAS URI for blob": URL}, {"export": Export(AT, True)}),
        ({**TO_ACCOUNT, "Azure account key": "key"}, {"export": Export(BY_KEY, False)}),
        (
            {**TO_ACCOUNT, "Azure account key": "key", "Azure Blob Storage write mode": "Overwrite"},
            {"export": Export(BY_KEY, True)},
        ),
        ({"Please specify authentication type": "SAS"}, {}),
        ({}, {}),
    ],
)
def test_export_data_names_what_is_to_be_stored(parameters, expected):
    """The blob of an Export Data follows from its authentication type; what is there stays unless told otherwise."""
    nodes = [
        {"id": "data", "module": "Enter Data Manually"},
        {"id": "export", "module": "Export Data", "parameters": parameters, "inputs": {"Dataset": "data"}},
    ]
    assert expected == staged_sinks({"experiment": "x", "nodes": nodes}, {})
