"""The sample bodies that the help pages print for one service, as plain data.

The samples are the generated kind: two rows, every cell a string, ``"0"`` for a number and ``"value"`` for a text
(documents.md 4.1), and column types in the pages' own vocabulary, which is not the wire's (documents.md 4.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from amlemulator.core.interface import Column, ColumnType, ServiceInterface

SAMPLE_ROWS = 2
# "0" and "value" are documented; the cells of the other types are ours, chosen so that the sample scores.
SAMPLE_CELLS: dict[ColumnType, str] = {
    "String": "value",
    "Double": "0",
    "Int32": "0",
    "Int64": "0",
    "Boolean": "False",
    "DateTime": "1/1/2000 12:00:00 AM",
    "TimeSpan": "00:00:00",
}
# The three names that a program which reads the page knows; any other makes it fail (documents.md 4.2, AMLP).
PAGE_TYPES: dict[ColumnType, str] = {"Double": "Numeric", "Int32": "Numeric", "Int64": "Numeric", "Boolean": "Logical"}
OTHER_PAGE_TYPE = "Object"
EXTENSIONS = {"dataset": ".csv", "model": ".ilearner"}

SAMPLE_CONTAINER = "mycontainer"
SAMPLE_ACCOUNT_KEY = "mystorageacctkey"
SAMPLE_SAS = "?sv=2015-02-21&sr=b&sig=abcd&st=2000-01-01T00%3A00%3A00Z&se=2000-01-02T00%3A00%3A00Z&sp=r"


def page_type(kind: ColumnType) -> str:
    """Return a column's type as the help pages name it."""
    return PAGE_TYPES.get(kind, OTHER_PAGE_TYPE)


def sample_request(interface: ServiceInterface) -> dict[str, Any]:
    """Return the body of an RRS request in the plain form."""
    return {
        "Inputs": {
            port.name: {"ColumnNames": _names(port.columns), "Values": _rows(port.columns)} for port in interface.inputs
        },
        "GlobalParameters": sample_parameters(interface),
    }


def sample_response(interface: ServiceInterface) -> dict[str, Any]:
    """Return the answer to it: the data-set outputs, for RRS gives no trained models (documents.md section 1)."""
    return {
        "Results": {
            port.name: {
                "type": "DataTable",
                "value": {
                    "ColumnNames": _names(port.columns),
                    "ColumnTypes": [page_type(column.type) for column in port.columns],
                    "Values": _rows(port.columns),
                },
            }
            for port in interface.outputs
            if port.kind == "dataset"
        }
    }


def sample_parameters(interface: ServiceInterface) -> dict[str, str]:
    """Return a text for each web service parameter: its default, or a sample value for the caller to replace."""
    return {
        parameter.name: SAMPLE_CELLS[parameter.type] if parameter.default is None else parameter.default
        for parameter in interface.parameters
    }


def input_files(interface: ServiceInterface) -> dict[str, str]:
    """Return a file name for each input: ``input1data.csv``."""
    return _files([(port.name, "data.csv") for port in interface.inputs])


def output_files(interface: ServiceInterface) -> dict[str, str]:
    """Return a file name for each output, with the extension that its kind needs: ``output1results.ilearner``."""
    return _files([(port.name, "results" + EXTENSIONS[port.kind]) for port in interface.outputs])


def batch_request(interface: ServiceInterface, connection_string: str) -> dict[str, Any]:
    """Return the body that submits a batch job of this service."""

    def references(files: dict[str, str]) -> dict[str, Any]:
        return {
            port: {"ConnectionString": connection_string, "RelativeLocation": f"{SAMPLE_CONTAINER}/{file}"}
            for port, file in files.items()
        }

    return {
        "Inputs": references(input_files(interface)),
        "Outputs": references(output_files(interface)),
        "GlobalParameters": sample_parameters(interface),
    }


def batch_status(interface: ServiceInterface, base_location: str) -> dict[str, Any]:
    """Return the status of a finished job of this service. ``base_location`` ends with a slash."""
    return {
        "StatusCode": "Finished",
        "Results": {
            port: {
                "ConnectionString": None,
                "RelativeLocation": f"{SAMPLE_CONTAINER}/{file}",
                "BaseLocation": base_location,
                "SasBlobToken": SAMPLE_SAS,
            }
            for port, file in output_files(interface).items()
        },
        "Details": None,
    }


def patch_request(resources: Iterable[str], base_location: str) -> dict[str, Any]:
    """Return the body of an Update Resource call for all of ``resources`` (documents.md 10.1)."""
    location = {
        "BaseLocation": base_location,
        "RelativeLocation": f"{SAMPLE_CONTAINER}/output1results{EXTENSIONS['model']}",
        "SasBlobToken": SAMPLE_SAS,
    }
    return {"Resources": [{"Name": name, "Location": location} for name in resources]}


def sample_connection_string(account: str, blob_endpoint: str) -> str:
    """Return a connection string with its key left open; ``BlobEndpoint`` leads SDKs to a storage that is not Azure."""
    protocol = blob_endpoint.partition(":")[0]
    return (
        f"DefaultEndpointsProtocol={protocol};AccountName={account};AccountKey={SAMPLE_ACCOUNT_KEY};"
        f"BlobEndpoint={blob_endpoint}"
    )


def _names(columns: tuple[Column, ...]) -> list[str]:
    return [column.name for column in columns]


def _rows(columns: tuple[Column, ...]) -> list[list[str]]:
    return [[SAMPLE_CELLS[column.type] for column in columns] for _ in range(SAMPLE_ROWS)]


def _files(ports: list[tuple[str, str]]) -> dict[str, str]:
    """Make file names of port names, which may hold anything; a name that comes twice gets a number."""
    files: dict[str, str] = {}
    for port, ending in ports:
        stem = re.sub(r"[^A-Za-z0-9_-]", "_", port)
        wanted = (stem + ending, *(f"{stem}_{number}{ending}" for number in range(2, len(ports) + 2)))
        files[port] = next(file for file in wanted if file not in files.values())
    return files
