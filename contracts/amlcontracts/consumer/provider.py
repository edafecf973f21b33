"""A service that a contract is played against: its workspace, what fills places in, and how a call goes out."""

from __future__ import annotations

import json
import uuid
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from amlcontracts.consumer.calls import APIS, Call
from amlcontracts.consumer.comparing import Scenario
from amlcontracts.consumer.places import PLACE, Filler, changed, named
from amlcontracts.harness.breach import Breach, hold
from amlcontracts.harness.place import Endpoint, Place, Service
from amlcontracts.harness.wire import Answer
from amlcontracts.operations import Operation, operations

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient

    from amlclient import EndpointsFile
    from amlcontracts.harness.ground import Ground

STUDIO_TOKEN = "x-ms-metaanalytics-authorizationtoken"  # noqa: S105 - a header's name


class Provider:
    """One workspace of a service, for one scenario."""

    def __init__(self, file: EndpointsFile, place: Place) -> None:
        self._file, self._place = file, place
        self._entry = file.workspace(place.id)
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        self.settle = place.settle
        self.filler = Filler(dict(self._known()))

    @classmethod
    def of(cls, ground: Ground, scenario: Scenario) -> Provider:
        """Return the workspace that has the services which are called, of the scenario's region if there is one.

        Raises Breach when there is none.
        """
        names = {call["service"] for call in scenario["calls"] if "service" in call}
        fitting = [place for place in ground.places if names <= {service.name for service in place.services}]
        fitting.sort(key=lambda place: place.region != scenario["region"])
        wanted = ", ".join(repr(name) for name in sorted(names)) or "any web service"
        hold(fitting, f"cannot be played: no workspace of the endpoints file has {wanted}")
        return cls(ground.file, fitting[0])

    @property
    def _connection_string(self) -> str:
        return self._entry.connection_string or self._file.connection_string or ""

    @property
    def has_storage(self) -> bool:
        """Whether the endpoints file names a storage account."""
        return bool(self._connection_string)

    @cached_property
    def account(self) -> BlobServiceClient:
        """The storage account."""
        from azure.storage.blob import BlobServiceClient  # half a second to import

        return BlobServiceClient.from_connection_string(self._connection_string, retry_total=0)

    def _known(self) -> Iterator[tuple[str, str]]:
        """Yield what is known beforehand, as the recording names it."""
        yield "base", self._file.base_url
        yield "workspace", self._place.id
        yield "token", self._place.token
        parts = dict(part.partition("=")[::2] for part in self._connection_string.split(";"))
        if parts.get("AccountName"):
            account = parts["AccountName"]
            yield "connection", self._connection_string
            yield "account", account
            yield "storage_key", parts.get("AccountKey", "")
            yield "blob", (self._file.blob_url or parts.get("BlobEndpoint", "").removesuffix(f"/{account}")).rstrip("/")
            yield "sas", self._signed(account, parts.get("AccountKey", ""))
        for service in self._place.services:
            yield f"service:{named(service.name)}", service.id
            for endpoint in service.endpoints():
                place = named(f"{service.name}/{endpoint.name}")
                yield f"endpoint:{place}", endpoint.guid
                yield f"key:{place}", endpoint.key
                yield f"secondary key:{place}", endpoint.secondary

    @staticmethod
    def _signed(account: str, key: str) -> str:
        """Return a token for everything in the account, in place of one that the program signed itself."""
        from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas

        every = ResourceTypes(service=True, container=True, object=True)
        may = AccountSasPermissions(read=True, write=True, list=True, create=True, add=True)
        until = datetime.now(UTC) + timedelta(hours=1)
        return str(generate_account_sas(account, key, every, may, until))

    def service(self, name: str) -> Service:
        """Return a service by its name. Raises Breach when there is none."""
        found = next((one for one in self._place.services if one.name == name), None)
        if found is None:
            raise Breach(f"cannot be played: the workspace '{self._place.name}' has no web service '{name}'")
        return found

    def endpoint(self, call: Call) -> Endpoint:
        """Return the endpoint that a call names, else the default one. One that has been deleted is remembered."""
        if "service" not in call and not self._place.services:
            raise Breach(f"cannot be played: the workspace '{self._place.name}' has no web service")
        service = self.service(call["service"]) if "service" in call else self._place.services[0]
        key = service.name, call.get("endpoint", "default")
        if key not in self._endpoints:
            self._endpoints |= {(service.name, one.name): one for one in service.endpoints()}
        if key not in self._endpoints:
            raise Breach(f"'{key[0]}' has no endpoint '{key[1]}'")
        return self._endpoints[key]

    def send(self, call: Call) -> Answer:
        """Make a call as it stands in the contract. Raises Breach when no answer comes, UnknownPlace."""
        operation = next((one for one in operations() if one.id == call["operation"] and one.api in APIS), None)
        if operation is None:
            raise Breach(f"cannot be played: the service has no operation {call['operation']}")
        request = changed(call["request"].get("query", {}), self.filler.fill)
        query = f"?{urlencode(request)}" if request else ""
        url = self._root(operation, call) + quote(self._path(operation, call), safe="/:") + query
        headers = {**self._credential(operation, call), **call["request"].get("headers", {})}
        return self._place.wire.call(operation.method, url, headers=headers, raw=self._content(call["request"]))

    def _root(self, operation: Operation, call: Call) -> str:
        if operation.api == "management":
            return self._place.management
        if operation.api == "studio":
            return (self._entry.studio_url or f"{self._file.base_url}/studioapi/api").removesuffix("/api")
        return self.endpoint(call).api.partition("/workspaces/")[0]

    def _path(self, operation: Operation, call: Call) -> str:
        said = changed(call["request"].get("path", {}), self.filler.fill)
        return PLACE.sub(
            lambda part: said[part[1]] if part[1] in said else self._implied(part[1], call), operation.path
        )

    def _implied(self, name: str, call: Call) -> str:
        if name == "workspace_id":
            return self._place.id
        if name == "service_id":
            return self.service(call["service"]).id
        if name == "endpoint_name":
            return str(call["endpoint"])
        if name == "endpoint_id":
            return self.endpoint(call).guid
        raise Breach(f"cannot be played: the contract does not say {name} of {call['operation']}")

    def _credential(self, operation: Operation, call: Call) -> dict[str, str]:
        if call["as"] == "nobody":
            return {}
        key = self._key(call)
        return {STUDIO_TOKEN: key} if operation.api == "studio" else {"Authorization": f"Bearer {key}"}

    def _key(self, call: Call) -> str:
        match call["as"]:
            case "key":
                return self.endpoint(call).key
            case "secondary key":
                return self.endpoint(call).secondary
            case "token":
                return self._place.token
            case "stranger":
                return uuid.uuid4().hex
        raise Breach(f"cannot be played: the endpoints file names no {call['as']}")

    def _content(self, request: dict[str, Any]) -> bytes | None:
        if "body" in request:
            return json.dumps(changed(request["body"], self.filler.fill)).encode()
        if "text" in request:
            return self.filler.fill(request["text"]).encode()
        return b64decode(request["base64"]) if "base64" in request else None
