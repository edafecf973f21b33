"""The work of ``amlclassic status``: ask the management host of every workspace what it has."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from amlclient import (
    AmlError,
    Endpoint,
    ManagementClient,
    Resource,
    Transport,
    WebService,
    WorkspaceEntry,
    WrongCall,
    mask,
)
from amlemulator import background
from amlemulator.commands import _environment
from amlemulator.commands._targets import background_file, read_endpoints


def show(arguments: argparse.Namespace) -> int:
    """Print the listing. Returns the exit status."""
    transport = Transport()
    try:
        file = read_endpoints(arguments)
        workspaces = [_workspace(entry, transport, arguments.show_keys) for entry in file.workspaces]
    except AmlError as error:
        print(f"amlclassic status: {error}", file=sys.stderr)
        return 2 if isinstance(error, WrongCall) else 1
    finally:
        transport.close()
    listing = {"ok": True, "base_url": file.base_url, "blob_url": file.blob_url, "workspaces": workspaces}
    print(json.dumps(listing) if arguments.json else _text(listing))
    return 0


def print_environment(arguments: argparse.Namespace) -> int:
    """Print the addresses as variables. Returns the exit status."""
    try:
        read_endpoints(arguments)  # which says what is wrong with the file
    except WrongCall as error:
        print(f"amlclassic status: {error}", file=sys.stderr)
        return 2
    file = background_file(arguments)
    running = background.find(file)
    if running is None:
        print(f"amlclassic status: the emulator that wrote {file} does not run any more.", file=sys.stderr)
        return 1
    print(_environment.lines(running.endpoints, file, arguments.print_env))
    return 0


def _workspace(entry: WorkspaceEntry, transport: Transport, show_keys: bool) -> dict[str, Any]:
    client = ManagementClient(entry.management_url, entry.token, entry.id, transport=transport, timeout=30.0)
    kinds = {service.id: service.kind for service in entry.services}
    return {
        "id": entry.id,
        "name": entry.name,
        "region": entry.region,
        "management_url": entry.management_url,
        "services": [_service(client, service, kinds, show_keys) for service in client.services()],
    }


def _service(client: ManagementClient, service: WebService, kinds: dict[str, str], show_keys: bool) -> dict[str, Any]:
    listed = client.endpoints(service.id)
    whole = [client.endpoint(service.id, endpoint.name) for endpoint in listed]
    kind = kinds.get(service.id)
    if kind is None:  # deployed since the file was written: only a scoring service has updatable resources
        kind = "scoring" if any(endpoint.resources for endpoint in whole) else "unknown"
    return {
        "id": service.id,
        "name": service.name,
        "kind": kind,
        "endpoints": [_endpoint(endpoint, show_keys) for endpoint in whole],
    }


def _endpoint(endpoint: Endpoint, show_keys: bool) -> dict[str, Any]:
    key = endpoint.primary_key or ""
    return {
        "name": endpoint.name,
        "api_location": endpoint.api_location,
        "help_location": endpoint.help_location,
        "primary_key": key if show_keys else mask(key),
        "resources": [_resource(resource) for resource in endpoint.resources or ()],
    }


def _resource(resource: Resource) -> dict[str, Any]:
    place = resource.location.address
    return {"name": resource.name, "kind": resource.kind, "as_deployed": not place, "location": place or None}


def _text(listing: dict[str, Any]) -> str:
    lines = [f"{listing['base_url']}  blobs at {listing['blob_url']}"]
    for workspace in listing["workspaces"]:
        lines += ["", f"{workspace['name']}, {workspace['region']}  (workspace {workspace['id']})"]
        for service in workspace["services"]:
            lines.append(f"  {service['name']}  {service['kind']}  (web service {service['id']})")
            for endpoint in service["endpoints"]:
                lines += _endpoint_lines(endpoint)
    return "\n".join(lines)


def _endpoint_lines(endpoint: dict[str, Any]) -> list[str]:
    lines = [f"    {endpoint['name']:<12} {endpoint['api_location']}  key {endpoint['primary_key']}"]
    for resource in endpoint["resources"]:
        lines.append(f"      {resource['name']}: {resource['location'] or 'as deployed'}")
    return lines
