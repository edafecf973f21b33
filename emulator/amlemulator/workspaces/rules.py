"""What the members of a workspace folder must not say, alone and together."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence

from amlemulator.core.connection import ACCOUNT_NAME, DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from amlemulator.core.endpoints import Settings, apply_settings, check_name
from amlemulator.core.errors import ServiceError
from amlemulator.core.records import Endpoint
from amlemulator.experiments.graph import Finding
from amlemulator.experiments.yaml_lines import Place, Placed, YamlFile
from amlemulator.workspaces.description import EndpointDescription, ServiceDescription, WorkspaceDescription
from amlemulator.workspaces.members import Fault


def check_rules(workspace: WorkspaceDescription) -> Iterator[Fault]:
    """Find names, keys and settings that the service would not take."""
    yield from _storage(workspace)
    for number, service in enumerate(workspace.services):
        place: Place = ("services", number)
        names = [endpoint.name for endpoint in service.endpoints]
        for entry, endpoint in enumerate(service.endpoints):
            at = (*place, "endpoints", entry)
            if endpoint.name in names[:entry]:
                yield Fault(at, f"Two endpoints are called '{endpoint.name}'.", "Rename one of them.")
            yield from _endpoint(workspace, service, endpoint, at)


def _storage(workspace: WorkspaceDescription) -> Iterator[Fault]:
    storage = workspace.storage
    if storage is not None and not ACCOUNT_NAME.fullmatch(storage.account):
        message = f"'{storage.account}' is no name of a storage account."
        yield Fault(("storage", "account"), message, "One has 3 to 24 lower-case letters and digits.")
    if storage is not None and storage.key is not None and not _is_key(storage.key):
        yield Fault(("storage", "key"), "The storage account's key is not base64.", "Leave it out to have one made.")
    known = {storage.account if storage else DEVELOPMENT_ACCOUNT, DEVELOPMENT_ACCOUNT}
    used = {place[0] for place in (*workspace.containers, *workspace.blobs)}
    for account in sorted(used - known):
        mend = f"Call the folder {' or '.join(sorted(known))}, or name the account under 'storage'."
        yield Fault(("blobs",), f"Blobs lie in the account '{account}', which the workspace does not have.", mend)


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) > 0
    except (ValueError, binascii.Error):
        return False


def _endpoint(
    workspace: WorkspaceDescription, service: ServiceDescription, endpoint: EndpointDescription, place: Place
) -> Iterator[Fault]:
    try:
        check_name(endpoint.name)
        apply_settings(_blank(), settings_of(endpoint), workspace.tier, service.name)
    except ServiceError as error:
        yield Fault(place, error.message or error.group_message, "The service would not take it.")
    for resource in endpoint.models:
        if resource not in service.models and endpoint.experiment is None:
            known = ", ".join(service.models) or "none"
            yield Fault((*place, "models", resource), f"The service has no model '{resource}'.", f"It has: {known}.")


def settings_of(endpoint: EndpointDescription) -> Settings:
    """Return an endpoint's settings as the management host knows them."""
    return Settings(
        endpoint.description,
        endpoint.throttle_level,
        endpoint.max_concurrent_calls,
        endpoint.prevent_update,
        endpoint.diagnostics_trace_level,
        endpoint.sample_data_enabled,
    )


def _blank() -> Endpoint:
    return Endpoint("", 0, "", "", "default", 0.0, "", "")


def check_together(read: Sequence[tuple[YamlFile, WorkspaceDescription]]) -> list[Placed]:
    """Find ids that are given twice, and accounts that are given two keys."""
    found: list[Placed] = []
    ids: dict[str, str] = {}  # to whose they are, and where that stands
    keys = {DEVELOPMENT_ACCOUNT: DEVELOPMENT_KEY}
    for file, workspace in read:
        for label, given, place in _ids(workspace):
            line = file.line((*place, "id"))
            if given in ids:
                mend = f"It is that of {ids[given]}; give one of them another."
                found.append(Placed(file.path, line, Finding(label, f"The id {given} is given twice.", mend)))
            else:
                ids[given] = f"{label} in {file.path}:{line}"
        storage = workspace.storage
        if storage is not None and storage.key not in (None, keys.setdefault(storage.account, storage.key or "")):
            wrong = Finding(
                "storage", f"The account '{storage.account}' has another key elsewhere.", "Give it one key."
            )
            found.append(Placed(file.path, file.line(("storage", "key")), wrong))
    return found


def _ids(workspace: WorkspaceDescription) -> Iterator[tuple[str, str, Place]]:
    if workspace.id:
        yield f"workspace {workspace.name}", workspace.id, ()
    for number, service in enumerate(workspace.services):
        if service.id:
            yield f"service {service.name}", service.id, ("services", number)
        for entry, endpoint in enumerate(service.endpoints):
            if endpoint.id:
                at: Place = ("services", number, "endpoints", entry)
                yield f"endpoint {endpoint.name} of {service.name}", endpoint.id, at
