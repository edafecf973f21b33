"""What Import Data and Export Data modules read and write: the server does it, for a worker has no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amlemulator.core.records import BlobReference
from amlemulator.experiments.catalogue_data import EXPORT_DATA, IMPORT_DATA
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.graph import load_graph


def staged_sources(
    experiment: Mapping[str, Any], parameters: Mapping[str, str], *, called: bool = True
) -> dict[str, BlobReference]:
    """Return node id to blob of what the Import Data modules read in a call, or in a run of Studio's.

    A module without an address is left out; it fails when it runs. Raises GraphError and ModuleError.
    """
    graph = load_graph(experiment)
    imports = [node for node in graph.order(called=called) if node.module.name == IMPORT_DATA]
    found = {node.id: _import(graph.parameters_of(node, parameters)) for node in imports}
    return {node: reference for node, reference in found.items() if reference is not None}


def _import(values: Mapping[str, Any]) -> BlobReference | None:
    """Return the blob that the parameters of an Import Data module mean."""
    if values["Data source"] == "Web URL via HTTP":
        return _at(values["URL"])
    if values["Authentication type"] == "PublicOrSas":
        return _at(values["URI"])
    path = str(values["Path to container, directory, or blob"] or "")
    if set(path) & set("*?"):
        failed = module_error("0039", f"a path with * or ? is not emulated; name one blob, not {path}")
        failed.module = IMPORT_DATA
        raise failed
    return _in_account(values["Account name"], values["Account key"], path)


@dataclass(frozen=True, slots=True)
class Export:
    """Where an Export Data module writes, and whether a blob may be there."""

    reference: BlobReference
    overwrite: bool = False


def staged_sinks(experiment: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Export]:
    """Return node id to blob of what Export Data modules write: the worker writes a file, the server stores it.

    A module without an address is left out; it fails when it runs. Raises GraphError and ModuleError.
    """
    graph = load_graph(experiment)
    exports = [node for node in graph.order() if node.module.name == EXPORT_DATA]
    found = {node.id: _export(graph.parameters_of(node, parameters)) for node in exports}
    return {node: export for node, export in found.items() if export is not None}


def _export(values: Mapping[str, Any]) -> Export | None:
    if values["Please specify authentication type"] == "SAS":
        reference = _at(values["SAS URI for blob"])
        return Export(reference, overwrite=True) if reference is not None else None
    place = (values["Azure account name"], values["Azure account key"], values["Path to blob beginning with container"])
    reference, overwrite = _in_account(*place), values["Azure Blob Storage write mode"] == "Overwrite"
    return Export(reference, overwrite) if reference is not None else None


def _at(url: str | None) -> BlobReference | None:
    """Return the blob at an address that is public or carries its SAS in the query."""
    address, _, token = (url or "").strip().partition("?")
    return BlobReference(base_location=address, relative_location="", sas_blob_token=token) if address else None


def _in_account(account: str | None, key: str | None, path: str | None) -> BlobReference | None:
    """Return the blob at a path that begins with its container; without a key it has to be public."""
    relative = (path or "").strip("/ ")
    if not account or not relative:
        return None
    if not key:
        return _at(f"https://{account}.blob.core.windows.net/{relative}")
    connection = f"DefaultEndpointsProtocol=https;AccountName={account};AccountKey={key}"
    return BlobReference(connection_string=connection, relative_location=relative)
