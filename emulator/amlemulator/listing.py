"""What is served, as the endpoints file lists it: addresses and keys of everything (interface.md)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from amlemulator.core.records import WebService, Workspace

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator


def endpoints(emulator: Emulator) -> dict[str, Any]:
    """Return addresses and keys of everything served (interface.md, endpoints file)."""
    return {
        "version": 1,
        "pid": os.getpid(),
        "base_url": emulator.base_url,
        "blob_url": emulator.blob_url,
        "control_url": f"{emulator.base_url}/_emulator",
        "local_url": emulator.local_url,
        **_real_names(emulator),
        "storage": _storage(emulator, next(iter(emulator.blobs.accounts()))),
        "workspaces": [_workspace(emulator, workspace) for workspace in emulator.directory.workspaces()],
    }


def _storage(emulator: Emulator, account: str) -> dict[str, Any]:
    key, blob = emulator.blobs.key(account), f"BlobEndpoint={emulator.blob_url}/{account};"
    connection = f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};{blob}"
    return {"account": account, "key": key, "connection_string": connection}


def _real_names(emulator: Emulator) -> dict[str, Any]:
    """Return how programs that use the real host names get here, where they can."""
    found: dict[str, Any] = {}
    for door in emulator.ways_in():
        found |= {"proxy_url": door.url} if door.proxy else {"tls_port": door.port}
        found["ca_file"] = str(door.certificate)
    return found


def _workspace(emulator: Emulator, workspace: Workspace) -> dict[str, Any]:
    services = emulator.directory.services(workspace.id)
    return {
        "id": workspace.id,
        "name": workspace.name,
        "region": workspace.region,
        "token": workspace.primary_token,
        "storage": _storage(emulator, workspace.storage_account),
        "management_url": emulator.addresses.management_url(workspace),
        "studio_url": emulator.addresses.studio_url(workspace),
        "services": [shown_service(emulator, workspace, service) for service in services],
    }


def shown_service(emulator: Emulator, workspace: Workspace, service: WebService) -> dict[str, Any]:
    """Return one web service as the endpoints file lists it."""
    found = emulator.directory.endpoints(service.id)
    return {
        "id": service.id,
        "name": service.name,
        "kind": emulator.directory.kind(service.experiment),
        "endpoints": [
            {
                "name": endpoint.name,
                "api_location": emulator.addresses.api_location(workspace, endpoint),
                "help_location": emulator.addresses.help_location(workspace, service, endpoint),
                "primary_key": endpoint.primary_key,
            }
            for endpoint in found
        ],
    }
